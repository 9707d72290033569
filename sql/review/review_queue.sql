-- Questions for people: clinics that may be one organisation, which no rule joins by itself.
-- Grain: one row per question, those first whose answer is likely yes and changes the most.
-- Inputs: review_questions, owner_questions, review_effects.
select
    question_id,
    kind,
    if(kind = 'brand_prefix', topic, first_name) as name_a,
    nullif(
        array_to_string(other_names[:3], '; ')
            || if(len(other_names) > 3, ' and ' || (len(other_names) - 3) || ' more', ''),
        ''
    ) as name_b,
    array_to_string(states, ',') as states,
    clinics_a,
    clinics_b,
    round(similarity, 3) as similarity,
    shared,
    concat_ws(
        '; ',
        against,
        case when num_owned > 1 then 'known owners differ' when num_owned = 1 then 'an owner is known of one side' end
    ) as against,
    coalesce(num_changed, clinics_b) as would_change,
    precision,
    sides,
    side_clinics
from (from review_questions union all by name from owner_questions)
left join review_effects using (question_id)
where would_change > 0
order by precision * would_change desc, question_id
