-- Where the better clinics are.
-- Grain: one row per state and tier that occur, missing state last. Inputs: clinic_scores.
select state_code, tier, tier_label, count(*) as num_clinics, sum(total_score) as sum_of_scores
from clinic_scores
group by all
order by state_code nulls last, tier
