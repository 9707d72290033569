-- The ties of networks that do not yet hang together, of the kinds taken so far.
-- Grain: one row per clinic, kind and value.
-- Inputs: network_edges, open_networks, kinds_so_far.
select clinic, kind, value
from network_edges
semi join open_networks using (network_id)
semi join kinds_so_far using (kind)
