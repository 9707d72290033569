-- Ids that networks no longer have, and where each went: all lines of former runs, and those of this one.
-- Grain: one row per id and time that it went; the last line of an id holds. new_id is missing where nothing was left.
-- Inputs: former_aliases, former_networks, network_shares, network_members, run_moment.
with
gone as (
    select former_networks.network_id as old_id
    from former_networks
    anti join network_members using (network_id)
),
lines as (
    select
        old_id,
        network_id as new_id,
        case
            when network_id is null then 'gone'
            when not claims then 'split'
            when network_id in (select network_id from former_networks) then 'merged'
            else 'renamed'
        end as why
    from gone
    left join (from network_shares where is_largest) as shares on former_id = old_id
)
select line, old_id, new_id, since, why from former_aliases
union all
select
    (select coalesce(max(line), 0) from former_aliases) + row_number() over (order by old_id),
    old_id,
    new_id,
    moment,
    why
from lines, run_moment
order by line
