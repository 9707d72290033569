-- The ties of networks that do not yet hang together, of the kinds taken so far.
-- Grain: one row per clinic, kind and value.
-- Inputs: network_edges, open_networks, kinds_so_far.
-- Where a decision keeps clinics apart, several networks have one value: it ties the clinics of each.
select clinic, kind, network_id || ': ' || value as value
from network_edges
semi join open_networks using (network_id)
semi join kinds_so_far using (kind)
