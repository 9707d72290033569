-- What ties the clinics of each network together, where they are grouped by exact names alone: the name.
-- Grain: one row per clinic of a network.
-- Inputs: network_members.
select network_id, clinic_id, 'name' as kind, network_name as value, 'automatic' as status, null::double as similarity
from network_members
