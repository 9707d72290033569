-- Which clinics say by a taxonomy code that they are a health center.
-- Grain: one row per NPI with that code.
-- Inputs: members, nppes, run_settings (health_center_code).
select
    members.clinic_id,
    null::bigint as source_row,
    'fqhc_flag' as field,
    'nppes' as file,
    'taxonomy code' as key,
    run_settings.health_center_code as value,
    'exact' as match,
    members.npi as detail,
    null::date as dated
from members
join nppes using (id)
cross join run_settings
where list_contains(nppes.taxonomy_codes, run_settings.health_center_code)
