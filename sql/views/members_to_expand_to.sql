-- Where an open door leads: the other members of every network, best first.
-- Grain: one row per member that is not the anchor. Inputs: clinics_icp_with_networks, networks_icp.
select
    networks_icp.network_id,
    networks_icp.display_name,
    networks_icp.network_icp_total_score,
    networks_icp.anchor_clinic_id,
    members.clinic_id,
    members.account_name,
    members.state_code,
    members.icp_total_score,
    members.icp_tier_label,
    members.icp_segment
from clinics_icp_with_networks as members
join networks_icp using (network_id)
where not members.is_network_anchor
order by networks_icp.network_icp_total_score desc, networks_icp.network_id, members.icp_total_score desc, members.clinic_id
