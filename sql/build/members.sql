-- The organisations that are used, each with its clinic. The main one is no subpart if there is one, the earliest,
-- the lowest NPI.
-- Grain: one row per NPI; `is_alone` where its clinic has no other.
-- Inputs: organizations, nppes, clinic_keys.
with
placed as (
    select
        clinic_keys.clinic_id,
        clinic_keys.state_code,
        organizations.id,
        organizations.npi,
        nppes.is_subpart,
        nppes.enumerated_on
    from organizations
    join nppes using (id)
    join clinic_keys on nppes.same_name = clinic_keys.same_name and nppes.state = clinic_keys.state_code
    where organizations.left_out is null and clinic_keys.num_npis > 1
)
select clinic_keys.clinic_id, clinic_keys.state_code, organizations.id, organizations.npi, true as is_main, true as is_alone
from clinic_keys
join organizations on clinic_keys.clinic_id = organizations.id
where clinic_keys.num_npis = 1
union all
select
    clinic_id,
    state_code,
    id,
    npi,
    row_number() over (partition by clinic_id order by coalesce(is_subpart, false), enumerated_on nulls last, npi) = 1,
    false
from placed
