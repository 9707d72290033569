-- Clinics that name a network which is not there.
-- Grain: one row per such clinic. Inputs: clinics_icp_with_networks, networks_icp.
select clinic_id, network_id
from clinics_icp_with_networks
where network_id is not null
  and network_id not in (select network_id from networks_icp)
