-- Names that are alike, as questions: one for each name with those that are most like it and are borne by fewer.
-- Grain: one row per question, name and unit.
-- Inputs: similar_names (kind, state_code, name_a, name_b, similarity, shared, against, precision, is_brand), review_names,
-- name_chances.
-- Each name is asked about once, beside the name of most clinics that it is like: a set is one line, not each pair.
with
led as (
    select
        similar_names.* exclude (name_a, name_b),
        if(a_leads, name_a, name_b) as lead,
        if(a_leads, name_b, name_a) as name,
        if(a_leads, a.num_clinics, b.num_clinics) as num_clinics
    from similar_names
    join name_chances as a on a.name = name_a
    join name_chances as b on b.name = name_b,
    (select unnest([true, false]) as a_leads)
    where a_leads = ((-a.num_clinics, length(name_a), name_a) < (-b.num_clinics, length(name_b), name_b))
),
attached as (
    from led
    qualify row_number() over (
        partition by kind, state_code, name order by num_clinics desc, length(lead), lead
    ) = 1
),
topics as (
    select
        kind,
        state_code,
        lead,
        min(similarity) as similarity,
        arg_min(shared, length(shared)) as shared,
        arg_min(against, precision) as against,
        min(precision) as precision,
        bool_and(is_brand) as is_brand,
        [lead] || list(name) as names
    from attached
    group by kind, state_code, lead
)
select
    kind,
    concat_ws(', ', lead, topics.state_code) as topic,
    name,
    unit,
    min(clinic_id) as clinic_id,
    any_value(similarity) as similarity,
    any_value(shared) as shared,
    any_value(against) as against,
    any_value(precision) as precision,
    any_value(is_brand) as is_brand
from (select * exclude (names), unnest(names) as name from topics) as topics
join review_names using (name)
where topics.state_code is null or topics.state_code = review_names.state_code
group by all
