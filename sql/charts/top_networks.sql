-- The networks with the highest scores, and whom to call there.
-- Grain: one row per network, best first, at most $max_rows. Inputs: network_scores, clinic_scores.
with
best as (
    select * from network_scores order by total_score desc, network_id limit $max_rows
)
select
    best.network_id,
    best.display_name,
    best.total_score as network_total_score,
    best.tier as network_tier,
    best.tier_label as network_tier_label,
    best.num_clinics,
    best.num_states,
    best.anchor_clinic_id,
    anchors.account_name as anchor_name,
    anchors.state_code as anchor_state
from best
left join clinic_scores as anchors on anchors.clinic_id = best.anchor_clinic_id
order by best.total_score desc, best.network_id
