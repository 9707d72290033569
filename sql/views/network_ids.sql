-- Every id that a network has or had, and the network that it leads to now.
-- Grain: one row per id. since and why say when and how an id went out of use; network_id is missing where nothing is left.
-- Inputs: networks_icp, network_aliases. No step is taken twice, so that aliases in a circle, which are damaged, end too.
with recursive
latest as (
    select old_id, new_id, since, why from network_aliases
    qualify row_number() over (partition by old_id order by line desc) = 1
),
steps(asked_id, network_id, since, why) as (
    select old_id, new_id, since, why
    from latest
    where old_id not in (select network_id from networks_icp)
    union
    select asked_id, latest.new_id, steps.since, steps.why
    from steps
    join latest on latest.old_id = steps.network_id
    where steps.network_id not in (select network_id from networks_icp)
)
select network_id as asked_id, network_id, null::varchar as since, null::varchar as why
from networks_icp
union all
select asked_id, network_id, since, why
from steps
where network_id is null or network_id in (select network_id from networks_icp)
