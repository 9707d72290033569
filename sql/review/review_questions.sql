-- Questions that are asked: sides that could be a network, and of which nobody has said yet that they are not one.
-- Grain: one row per question, of each kind so many at the most (run_review: max_of_kind), those that may change the most
-- clinics: no kind crowds out another. sides has a clinic of each, the largest side first.
-- Inputs: review_topics, held_topics, review_sides, review_units, decision_pairs, review_clinics, run_settings,
-- run_review.
-- Where two sides have owners, which then differ (one would tie them), only brands are asked about: words that names
-- have in common and that are next to impossible by chance, or that names of a first word repeat.
with
sized as (
    select
        topic_id,
        max(num_clinics) as clinics_a,
        (sum(num_clinics) - max(num_clinics))::bigint as clinics_b,
        count(*) filter (owners > 0) as num_owned
    from review_sides
    join (select unit, num_clinics, owners from review_units) as units using (unit)
    anti join held_topics using (topic_id)
    group by topic_id
),
possible as (
    select review_topics.*, clinics_a, clinics_b, num_owned
    from sized
    join review_topics using (topic_id), run_settings, run_review
    where (num_owned < 2 or is_brand)
      and clinics_a + clinics_b >= min_clinics
    qualify row_number() over (partition by kind order by precision * (clinics_a + clinics_b) desc, topic) <= max_of_kind
),
placed as (
    select
        topic_id,
        review_sides.name,
        clinic_id,
        review_units.*,
        row_number() over (partition by topic_id order by num_clinics desc, clinic_id) as place
    from review_sides
    semi join possible using (topic_id)
    join review_units using (unit)
),
asked as (
    select
        topic_id,
        arg_min(name, place) as first_name,
        [side.name for side in list_sort(list({'place': place, 'name': name}))] as names,
        [side.clinic_id for side in list_sort(list({'place': place, 'clinic_id': clinic_id}))] as sides,
        [side.num_clinics for side in list_sort(list({'place': place, 'num_clinics': num_clinics}))] as side_clinics,
        [side.unit for side in list_sort(list({'place': place, 'unit': unit}))] as units,
        list_sort(list_distinct(flatten(list(states)))) as states
    from placed
    group by topic_id
),
decided as (
    select a.unit, b.unit as other_unit
    from decision_pairs
    join review_clinics as a using (clinic_id)
    join review_clinics as b on b.clinic_id = other_clinic_id
    where not together
),
answered as (
    select distinct topic_id
    from asked
    join decided on list_contains(units, unit) and list_contains(units, other_unit)
)
select
    'q_' || left(md5(concat_ws(' ', kind, topic, array_to_string(list_sort(list_distinct(names)), ' '))), 12)
        as question_id,
    possible.* exclude (topic_id),
    asked.* exclude (topic_id),
    list_filter(names, lambda name, number: name <> first_name and list_position(names, name) = number) as other_names,
    sum(clinics_a + clinics_b) over (order by topic_id) // 200000 as part
from asked
join possible using (topic_id)
anti join answered using (topic_id), run_settings
where len(states) >= min_states or clinics_a + clinics_b >= min_single_state
