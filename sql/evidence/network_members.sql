-- The clinics of every network, by evidence.
-- Grain: one row per clinic that belongs to a network.
-- Inputs: linked_clinics, evidence_clinics, placing_overrides, decided_clinics, run_settings.
-- A network is named after the most frequent name of its clinics; where several would have one name the largest keeps
-- it, and the others take their state as well. Clinics that an override puts into a network count towards its size.
-- What overrides or decisions join is a network of any size. Of several anchors an override's holds, then the last one.
with
found as (
    select root, clinic, clinic_id, state_code, normalized_name
    from linked_clinics
    join evidence_clinics using (clinic)
),
names as (
    select root, normalized_name, count(*) as num_clinics
    from found
    where normalized_name is not null
    group by root, normalized_name
),
called as (
    select root, min(normalized_name) as normalized_name
    from names
    join (select root, max(num_clinics) as num_clinics from names group by root) as most using (root, num_clinics)
    group by root
),
states as (
    select root, state_code
    from found
    where state_code is not null
    group by root, state_code
    qualify row_number() over (partition by root order by count(*) desc, state_code) = 1
),
groups as (
    select root, count(*) as num_clinics, min(clinic_id) as first_id from found group by root
),
named as (
    select
        root,
        coalesce(normalized_name, first_id) as name,
        lower(coalesce(state_code, first_id)) as place,
        first_id,
        row_number() over (
            partition by coalesce(normalized_name, first_id) order by num_clinics desc, first_id
        ) as rank
    from groups
    left join called using (root)
    left join states using (root)
),
apart as (
    select root, first_id, if(rank = 1, name, name || ' ' || place) as name from named
),
distinct_names as (
    select
        root,
        if(row_number() over (partition by name order by first_id) = 1, name, name || ' ' || first_id) as network_name
    from apart
),
-- Numbers are quicker to group by than names.
numbered as (
    select root as network, network_name from distinct_names
    union all
    select -row_number() over (), network_name
    from (select distinct network_name from placing_overrides)
    anti join distinct_names using (network_name)
),
placed as (
    select root as network, clinic, clinic_id, state_code, coalesce(is_merged, false) as is_forced, anchor_line
    from found
    left join decided_clinics using (clinic_id)
    union all
    select
        network,
        clinic,
        placing_overrides.clinic_id,
        state_code,
        true,
        if(is_anchor, 9223372036854775807, null)
    from placing_overrides
    join numbered using (network_name)
    join evidence_clinics using (clinic_id)
),
sized as (
    select network
    from placed, run_settings
    group by network
    having bool_or(is_forced)
        or (
            count(*) >= any_value(min_clinics)
            and (count(distinct state_code) >= any_value(min_states) or count(*) >= any_value(min_single_state))
        )
),
last as (
    select network, max(anchor_line) as last_line from placed where anchor_line is not null group by network
)
select
    network_id,
    network_name,
    clinic,
    clinic_id,
    coalesce(anchor_line = last_line, false) as is_forced_anchor
from placed
semi join sized using (network)
join (select network, network_name, 'net_' || left(md5(network_name), 12) as network_id from numbered) as called
    using (network)
left join last using (network)
