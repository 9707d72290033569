-- Clinics of tier 1 that keep it in at least 95% of the variations of the weights, best first; of a run with --stability.
-- Grain: one row per such clinic. Inputs: clinic_scores.
select
    clinic_id,
    account_name,
    state_code,
    total_score,
    tier_label,
    segment,
    tier_stability,
    rank
from clinic_scores
where tier = 1 and tier_stability >= 0.95
order by rank, clinic_id
