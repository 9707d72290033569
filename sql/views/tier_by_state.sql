-- Clinics per state and tier, and their average score.
-- Grain: one row per state (missing last) and tier. Inputs: icp_scores.
select
    state_code,
    icp_tier,
    icp_tier_label,
    count(*) as num_clinics,
    round(avg(icp_total_score), 2) as avg_score
from icp_scores
group by all
order by state_code nulls last, icp_tier
