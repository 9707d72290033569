-- The organisations that are used, each with its clinic: one name in one state, spelling aside.
-- Grain: one row per NPI.
-- Inputs: organizations. The commonest spelling names the clinic; on a tie the first by letter.
with
spellings as (
    select same_name, state, name, any_value(slug) as slug, count(*) as num_rows
    from organizations
    where left_out is null
    group by same_name, state, name
),
clinics as (
    select
        same_name,
        state,
        first(name order by num_rows desc, name) as account_name,
        first(slug order by num_rows desc, name) || '-' || state as clinic_id
    from spellings
    group by same_name, state
)
select
    clinics.clinic_id,
    clinics.account_name,
    row_number() over (
        partition by clinics.clinic_id order by coalesce(is_subpart, false), enumerated_on nulls last, npi
    ) = 1 as is_main,
    organizations.* exclude (left_out)
from organizations
join clinics using (same_name, state)
where organizations.left_out is null
