-- Whom to call first: the anchor clinic of every network, best networks first.
-- Grain: one row per network. Inputs: network_scores, clinic_scores.
select
    networks.network_id,
    networks.display_name,
    networks.total_score as network_total_score,
    networks.tier_label as network_tier_label,
    networks.segment as network_segment,
    networks.num_clinics,
    networks.states_covered,
    anchors.clinic_id,
    anchors.account_name,
    anchors.state_code,
    anchors.total_score,
    anchors.tier_label,
    anchors.reason_codes
from network_scores as networks
join clinic_scores as anchors on anchors.clinic_id = networks.anchor_clinic_id
order by networks.total_score desc, networks.network_id
