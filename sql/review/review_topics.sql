-- What may be asked: topics with two sides or more.
-- Grain: one row per kind and topic, with a number.
-- Inputs: review_found (kind, topic, name, unit, clinic_id, similarity, shared, against, precision, is_brand), review_units.
select
    row_number() over () as topic_id,
    kind,
    topic,
    min(similarity) as similarity,
    any_value(shared) as shared,
    any_value(against) as against,
    any_value(precision) as precision,
    any_value(is_brand) as is_brand
from review_found
semi join review_units using (unit)
group by kind, topic
having min(unit) <> max(unit)
