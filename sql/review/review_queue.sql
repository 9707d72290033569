-- Questions for people: clinics that may be one organisation, which no rule joins by itself.
-- Grain: one row per question, those first whose answer is likely yes and changes the most.
-- Inputs: review_questions, review_units, decision_pairs, evidence_clinics, linked_clinics, run_settings.
-- sides has a clinic of each side, the largest side first. precision is the share of sides with one known owner, measured
-- on hospitals and home health agencies. A question is not asked where two sides have owners, which then differ (one
-- would tie them), where a decision keeps sides apart, or where the answer could change nothing.
with
sides as (
    select kind, name_a, name_b, any_value(chance) as chance, any_value(similarity) as similarity, side.unit as unit,
        min(side.clinic_id) as clinic_id
    from (select * exclude (sides), unnest(sides) as side from review_questions)
    group by kind, name_a, name_b, side.unit
),
sided as (
    select
        sides.*,
        review_units.* exclude (unit),
        row_number() over (partition by kind, name_a, name_b order by num_clinics desc, clinic_id) as place
    from sides
    join review_units using (unit)
),
asked as (
    select
        kind,
        name_a,
        name_b,
        any_value(chance) as chance,
        any_value(similarity) as similarity,
        list(clinic_id order by place) as sides,
        list(unit) as units,
        list_sort(list_distinct(flatten(list(states)))) as states,
        max(num_clinics) as clinics_a,
        sum(num_clinics) - max(num_clinics) as clinics_b,
        count(*) filter (owners > 0) as num_owned,
        sum(num_clinics) filter (place > 1 or network_id is null) as would_change
    from sided
    group by kind, name_a, name_b
),
decided as (
    select coalesce(linked.root, a.clinic) as unit, coalesce(other.root, b.clinic) as other_unit
    from decision_pairs
    join evidence_clinics as a using (clinic_id)
    join evidence_clinics as b on b.clinic_id = other_clinic_id
    left join linked_clinics as linked on linked.clinic = a.clinic
    left join linked_clinics as other on other.clinic = b.clinic
    where not together
),
answered as (
    select distinct kind, name_a, coalesce(name_b, '') as name_b
    from asked
    join decided on list_contains(units, unit) and list_contains(units, other_unit)
),
rated as (
    select
        *,
        case
            when kind = 'spelling_states' then 0.01
            when chance < 0.001 then 0.73
            when chance < 1 then 0.18
            else 0.04
        end as precision
    from asked, run_settings
    where num_owned < 2
      and clinics_a + clinics_b >= min_clinics
      and (len(states) >= min_states or clinics_a + clinics_b >= min_single_state)
      and (kind, name_a, coalesce(name_b, '')) not in (select (kind, name_a, name_b) from answered)
)
select
    'q_' || left(md5(concat_ws(' ', kind, name_a, name_b)), 12) as question_id,
    kind,
    name_a,
    name_b,
    array_to_string(states, ',') as states,
    clinics_a,
    clinics_b::bigint as clinics_b,
    round(similarity, 3) as similarity,
    if(kind = 'name_states', 'name', 'all but the spelling') as shared,
    'names by accident: ' || format('{:.2g}', chance) || if(num_owned > 0, ', an owner is known of one side', '') as against,
    would_change::bigint as would_change,
    precision,
    sides
from rated
order by precision * would_change desc, question_id
