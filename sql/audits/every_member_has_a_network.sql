-- Clinics that name a network which is not there.
-- Grain: one row per such clinic. Inputs: network_members, networks_icp.
select clinic_id, network_id
from network_members
where network_id is not null
  and network_id not in (select network_id from networks_icp)
