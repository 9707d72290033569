-- How far the ranking spreads: clinics per step of score and tier.
-- Grain: one row per step that occurs and tier, from_score in points.
-- Inputs: clinic_scores; $step, the width of a step in hundredths of a point.
select
    hundredths // $step * $step / 100 as from_score,
    tier,
    count(*) as num_clinics
from clinic_scores
group by all
order by all
