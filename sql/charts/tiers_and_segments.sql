-- Clinics per tier and segment; an empty segment where clinics have none.
-- Grain: one row per tier and segment that occur. Inputs: clinic_scores.
select tier, tier_label, coalesce(segment, '') as segment, count(*) as num_clinics
from clinic_scores
group by all
order by tier, segment
