-- The networks to work first, and whom to call there.
-- Grain: one row per network, best first, at most $most. Inputs: networks_icp, clinic_scores.
with
best as (
    select * from networks_icp order by network_icp_total_score desc, network_id limit $most
)
select
    best.network_id,
    best.display_name,
    best.network_icp_total_score,
    best.network_icp_tier,
    best.network_icp_tier_label,
    best.num_clinics,
    best.num_states,
    best.anchor_clinic_id,
    anchors.account_name as anchor_name,
    anchors.state_code as anchor_state
from best
left join clinic_scores as anchors on anchors.clinic_id = best.anchor_clinic_id
order by best.network_icp_total_score desc, best.network_id
