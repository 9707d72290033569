-- The sides of every topic that may be asked.
-- Grain: one row per topic and unit.
-- Inputs: review_found, review_topics, review_units.
select topic_id, unit, arg_min(name, clinic_id) as name, min(clinic_id) as clinic_id
from review_found
semi join review_units using (unit)
join review_topics using (kind, topic)
group by topic_id, unit
