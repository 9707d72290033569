-- Whom to call first: the anchor clinic of every network, best networks first.
-- Grain: one row per network. Inputs: networks_icp, clinics_icp_with_networks.
select
    networks_icp.network_id,
    networks_icp.display_name,
    networks_icp.network_icp_total_score,
    networks_icp.network_icp_tier_label,
    networks_icp.network_icp_segment,
    networks_icp.num_clinics,
    networks_icp.states_covered,
    anchors.clinic_id,
    anchors.account_name,
    anchors.state_code,
    anchors.icp_total_score,
    anchors.icp_tier_label,
    anchors.icp_reason_codes
from networks_icp
join clinics_icp_with_networks as anchors on anchors.clinic_id = networks_icp.anchor_clinic_id
order by networks_icp.network_icp_total_score desc, networks_icp.network_id
