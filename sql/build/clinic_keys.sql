-- The clinics: one name in one state, spelling aside. The commonest spelling names the clinic; on a tie the first by
-- letter.
-- Grain: one row per clinic; `clinic_id` is the lowest id of its rows, by which the other steps join.
-- Inputs: organizations, nppes. Texts are what costs: `same_name` is there where a clinic has several NPIs, `name` and
-- `slug` where these spell it in several ways. All other clinics are called as their main row says.
with
used as (
    select nppes.id, nppes.same_name, nppes.state
    from nppes
    semi join (from organizations where left_out is null) as organizations using (id)
),
alike as (
    select same_name, state, count(*) as num_npis, min(id) as clinic_id
    from used
    group by same_name, state
),
spellings as (
    select alike.clinic_id, nppes.name, any_value(nppes.slug) as slug, count(*) as num_rows
    from used
    join (from alike where num_npis > 1) as alike using (same_name, state)
    join nppes using (id)
    group by alike.clinic_id, nppes.name
),
commonest as (
    select
        clinic_id,
        first(name order by num_rows desc, name) as name,
        first(slug order by num_rows desc, name) as slug
    from spellings
    group by clinic_id
    having count(*) > 1
)
select
    alike.clinic_id,
    alike.state as state_code,
    alike.num_npis,
    case when alike.num_npis > 1 then alike.same_name end as same_name,
    commonest.name,
    commonest.slug
from alike
left join commonest using (clinic_id)
