-- The networks to work first: many clinics that score well count more than a few that score best.
-- Grain: one row per network, by clinics times score, highest first, then network_id, at most $max_rows.
-- Inputs: network_scores.
select
    network_id,
    display_name,
    num_clinics * hundredths / 100 as clinics_times_score,
    total_score,
    tier,
    tier_label,
    num_clinics,
    num_states,
    anchor_clinic_id
from network_scores
order by num_clinics * hundredths desc, network_id
limit $max_rows
