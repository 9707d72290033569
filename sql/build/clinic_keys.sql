-- The clinics: one name in one state, spelling aside. The commonest spelling names the clinic; on a tie the first by
-- letter.
-- Grain: one row per clinic; `clinic_id` is a number that the other steps join by, `public_id` the id in the extract.
-- Inputs: organizations, nppes.
with
used as (
    select nppes.same_name, nppes.state, nppes.name, nppes.slug
    from nppes
    join organizations using (id)
    where organizations.left_out is null
),
alike as (
    select
        same_name,
        state,
        count(*) as num_npis,
        any_value(name) as name,
        any_value(slug) as slug,
        min(hash(name)) <> max(hash(name)) as has_spellings
    from used
    group by same_name, state
),
spellings as (
    select same_name, state, name, any_value(used.slug) as slug, count(*) as num_rows
    from used
    semi join (from alike where has_spellings) as several using (same_name, state)
    group by same_name, state, name
),
commonest as (
    select
        same_name,
        state,
        first(name order by num_rows desc, name) as name,
        first(slug order by num_rows desc, name) as slug
    from spellings
    group by same_name, state
)
select
    row_number() over () as clinic_id,
    coalesce(commonest.slug, alike.slug) || '-' || alike.state as public_id,
    coalesce(commonest.name, alike.name) as account_name,
    alike.state as state_code,
    alike.same_name,
    alike.num_npis
from alike
left join commonest using (same_name, state)
