-- The ties of networks that do not yet hang together: what hangs together so far, and the ties of one more kind.
-- Grain: one row per clinic and another one that it hangs together with.
-- Inputs: network_edges, open_networks, linked_so_far, kind_to_add.
select clinic, other
from network_edges
semi join open_networks using (network_id)
semi join kind_to_add using (kind)
union all
select clinic, root from linked_so_far
