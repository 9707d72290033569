-- Topics that are left out: all their sides stand in another one that is as likely to be answered with yes.
-- Grain: one row per such topic.
-- Inputs: review_topics, review_sides.
with
counted as (
    select
        topic_id,
        unit,
        precision,
        kind || ' ' || topic as name,
        count(*) over (partition by topic_id) as num_sides,
        count(*) over (partition by unit) as num_topics
    from review_sides
    join (select topic_id, precision, kind, topic from review_topics) as topics using (topic_id)
),
-- What holds all sides of a topic holds the one that stands in the fewest topics.
rarest as (
    from counted
    qualify row_number() over (partition by topic_id order by num_topics, unit) = 1
),
candidates as (
    select rarest.topic_id, rarest.num_sides, beside.topic_id as other_id
    from rarest
    join counted as beside using (unit)
    where (-beside.precision, -beside.num_sides, beside.name) < (-rarest.precision, -rarest.num_sides, rarest.name)
      and beside.num_sides >= rarest.num_sides
)
select distinct candidates.topic_id
from candidates
join review_sides as a using (topic_id)
join review_sides as b on b.topic_id = other_id and b.unit = a.unit
group by candidates.topic_id, other_id
having count(*) = any_value(num_sides)
