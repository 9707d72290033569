-- Ids out of use that lead nowhere: neither to a network nor to the line that says that nothing was left.
-- Grain: one row per such id. Inputs: network_aliases, networks_icp.
-- The last line of an id holds; a network has no need of one. Ids went out of use one after the other: a line that does
-- not lead to a later one leads round in a circle.
with
latest as (
    select line, old_id, new_id
    from network_aliases
    qualify row_number() over (partition by old_id order by line desc) = 1
),
led as (
    select line, old_id, new_id from latest where old_id not in (select network_id from networks_icp)
)
select led.old_id, led.new_id
from led
left join led as next on next.old_id = led.new_id
where led.new_id is not null
  and led.new_id not in (select network_id from networks_icp)
  and not coalesce(next.line > led.line, false)
