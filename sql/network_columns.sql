-- What the clinics of networks get from their network.
-- Grain: one row per clinic that belongs to a network.
-- Inputs: network_members, network_scores.
select
    network_members.clinic_id,
    network_scores.network_id,
    network_scores.network_name,
    network_scores.total_score as network_score,
    network_scores.tier as network_tier,
    network_scores.tier_label as network_tier_label,
    network_members.clinic_id = network_scores.anchor_clinic_id as is_network_anchor,
    network_scores.num_clinics
from network_members
join network_scores using (network_id)
