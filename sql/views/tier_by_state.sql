-- Clinics per state and tier, and their average score.
-- Grain: one row per state (missing last) and tier. Inputs: clinic_scores.
select
    state_code,
    tier,
    tier_label,
    count(*) as num_clinics,
    round(avg(total_score), 2) as avg_score
from clinic_scores
group by all
order by state_code nulls last, tier
