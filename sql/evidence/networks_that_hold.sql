-- The networks that hang together by the kinds of ties taken so far.
-- Grain: one row per such network.
-- Inputs: linked_so_far (network_id, clinic, root).
select network_id
from linked_so_far
group by network_id
having min(root) = max(root)
