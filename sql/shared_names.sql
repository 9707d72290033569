-- Every clinic whose normalised name another clinic carries too, or that an override puts into a network.
-- Grain: one row per such clinic; network_name is the name after the overrides.
-- Inputs: icp_bands (normalized_name), icp_scores (state_code), network_overrides, excluded_names.
with
named as (
    select clinic_id, normalized_name
    from icp_bands
    where normalized_name is not null
      and clinic_id not in (select clinic_id from network_overrides)
),
shared as (
    select normalized_name from named group by normalized_name having count(*) > 1
    union
    select network_name from network_overrides where network_name is not null
),
placed as (
    select clinic_id, normalized_name as network_name, false as is_forced, false as is_forced_anchor
    from named
    where normalized_name in (from shared)
    union all
    select clinic_id, network_name, true, is_anchor
    from network_overrides
    where network_name is not null
)
select
    placed.clinic_id,
    placed.network_name,
    placed.is_forced,
    placed.is_forced_anchor,
    icp_scores.state_code
from placed
join icp_scores using (clinic_id)
