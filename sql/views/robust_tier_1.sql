-- Clinics of tier 1 that keep it in at least 95% of the variations of the weights, best first; of a run with --stability.
-- Grain: one row per such clinic. Inputs: clinic_scores, scorecard_tiers.
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
where
    tier = (select min(tier) from scorecard_tiers where level = 'clinic')
    and tier_stability >= 0.95
order by rank, clinic_id
