-- Clinics per tier and segment.
-- Grain: one row per tier and segment that occur. Inputs: clinic_scores.
select tier, tier_label, segment, count(*) as num_clinics
from clinic_scores
group by all
order by tier, segment
