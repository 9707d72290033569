-- What clinics are called in the extract.
-- Grain: one row per clinic.
-- Inputs: clinic_keys, members, nppes.
select
    clinic_keys.clinic_id,
    coalesce(clinic_keys.slug, nppes.slug) || '-' || clinic_keys.state_code as public_id,
    coalesce(clinic_keys.name, nppes.name) as account_name
from clinic_keys
join (from members where is_main) as main using (clinic_id)
join nppes using (id)
