-- What the clinics of networks get from their network.
-- Grain: one row per clinic that belongs to a network.
-- Inputs: network_members, networks_icp.
select
    network_members.clinic_id,
    networks_icp.network_id,
    networks_icp.network_name,
    networks_icp.network_icp_total_score as network_icp_score,
    networks_icp.network_icp_tier as network_tier,
    networks_icp.network_icp_tier_label as network_tier_label,
    network_members.clinic_id = networks_icp.anchor_clinic_id as is_network_anchor,
    networks_icp.num_clinics
from network_members
join networks_icp using (network_id)
