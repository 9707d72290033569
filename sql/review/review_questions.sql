-- Questions that are asked: sides that could be a network, and of which nobody has said yet that they are not one.
-- Grain: one row per question; sides has a clinic of each, the largest side first.
-- Inputs: review_sides, decision_pairs, review_clinics, run_settings.
-- Where two sides have owners, which then differ (one would tie them), only brands are asked about: words that names
-- have in common and that are next to impossible by chance, or that names of a first word repeat.
with
asked as (
    select
        kind,
        topic,
        any_value(precision) as precision,
        any_value(is_brand) as is_brand,
        min(similarity) as similarity,
        any_value(shared) as shared,
        any_value(against) as against,
        arg_min(name, place) as first_name,
        list(name order by place) as names,
        list(clinic_id order by place) as sides,
        list(unit order by place) as units,
        list_sort(list_distinct(flatten(list(states)))) as states,
        max(num_clinics) as clinics_a,
        (sum(num_clinics) - max(num_clinics))::bigint as clinics_b,
        count(*) filter (owners > 0) as num_owned
    from review_sides
    group by kind, topic
),
decided as (
    select a.unit, b.unit as other_unit
    from decision_pairs
    join review_clinics as a using (clinic_id)
    join review_clinics as b on b.clinic_id = other_clinic_id
    where not together
),
answered as (
    select distinct kind, topic
    from asked
    join decided on list_contains(units, unit) and list_contains(units, other_unit)
)
select
    'q_' || left(md5(concat_ws(' ', kind, topic, array_to_string(list_sort(list_distinct(names)), ' '))), 12)
        as question_id,
    asked.*,
    list_filter(names, lambda name, number: name <> first_name and list_position(names, name) = number) as other_names
from asked
anti join answered using (kind, topic), run_settings
where (num_owned < 2 or is_brand)
  and clinics_a + clinics_b >= min_clinics
  and (len(states) >= min_states or clinics_a + clinics_b >= min_single_state)
