-- The networks that hang together by the kinds of ties taken so far.
-- Grain: one row per such network.
-- Inputs: network_edges, open_networks, linked_so_far.
select network_id
from (select distinct network_id, clinic from network_edges semi join open_networks using (network_id))
left join linked_so_far using (clinic)
group by network_id
having count(distinct coalesce(root, clinic)) = 1
