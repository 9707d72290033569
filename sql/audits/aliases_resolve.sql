-- Ids out of use that lead nowhere: neither to a network nor to the line that says that nothing was left.
-- Grain: one row per such id. Inputs: network_aliases, networks_icp.
-- The last line of an id holds; a network has no need of one.
with
latest as (
    select old_id, new_id
    from network_aliases
    qualify row_number() over (partition by old_id order by line desc) = 1
),
led as (
    select old_id, new_id from latest where old_id not in (select network_id from networks_icp)
)
select old_id, new_id
from led
where new_id is not null
  and new_id not in (select network_id from networks_icp)
  and new_id not in (select old_id from led)
