-- The sides of every question that may be asked.
-- Grain: one row per kind, topic and unit, the largest unit first by place.
-- Inputs: review_found (kind, topic, name, unit, clinic_id, similarity, shared, against, precision,
-- is_brand), review_units.
-- A question is left out whose sides all stand in another one that is as likely to be answered with yes.
with
sides as (
    select
        kind,
        topic,
        unit,
        arg_min(name, clinic_id) as name,
        min(clinic_id) as clinic_id,
        max(similarity) as similarity,
        any_value(shared) as shared,
        any_value(against) as against,
        any_value(precision) as precision,
        any_value(is_brand) as is_brand
    from review_found
    semi join review_units using (unit)
    group by kind, topic, unit
),
counted as (
    select
        *,
        count(*) over (partition by kind, topic) as num_sides,
        count(*) over (partition by unit) as num_topics
    from sides
    qualify num_sides > 1
),
-- What holds all sides of a question holds the one that stands in the fewest questions.
rarest as (
    from counted
    qualify row_number() over (partition by kind, topic order by num_topics, unit) = 1
),
candidates as (
    select rarest.kind, rarest.topic, rarest.num_sides, beside.kind as other_kind, beside.topic as other_topic
    from rarest
    join counted as beside using (unit)
    where (-beside.precision, -beside.num_sides, beside.kind, beside.topic)
        < (-rarest.precision, -rarest.num_sides, rarest.kind, rarest.topic)
      and beside.num_sides >= rarest.num_sides
),
held as (
    select candidates.kind, candidates.topic
    from candidates
    join counted as a using (kind, topic)
    join counted as b on b.kind = other_kind and b.topic = other_topic and b.unit = a.unit
    group by candidates.kind, candidates.topic, other_kind, other_topic
    having count(*) = any_value(candidates.num_sides)
)
select
    counted.*,
    review_units.* exclude (unit),
    row_number() over (partition by kind, topic order by num_clinics desc, counted.clinic_id) as place
from counted
join review_units using (unit)
anti join held using (kind, topic)
