-- Which clinics are health centers: by the NPI of a site; where that tells nothing, by the name of the site or its
-- center and the state.
-- Grain: one row per clinic and row of the list of sites.
-- Inputs: hrsa (with source_row, site_name_key, center_name_key), clinic_npis, clinic_names.
with
by_npi as (
    select clinic_npis.clinic_id, hrsa.source_row, 'npi' as key, hrsa.npi as value, 'exact' as match, hrsa.site_name
    from hrsa
    join clinic_npis using (npi)
),
others as (
    from hrsa anti join by_npi using (source_row)
),
by_name as (
    select clinic_names.clinic_id, others.source_row, 'site name and state' as key, others.site_name as value,
           'name' as match, others.site_name
    from others
    join clinic_names on others.site_name_key = clinic_names.name_key and others.state = clinic_names.state_code
    union all
    select clinic_names.clinic_id, others.source_row, 'health center name and state', others.center_name,
           'name', others.site_name
    from others
    join clinic_names on others.center_name_key = clinic_names.name_key and others.state = clinic_names.state_code
)
select
    clinic_id,
    source_row,
    'fqhc_flag' as field,
    'hrsa' as file,
    key,
    value,
    match,
    site_name as detail,
    null::date as dated
from (from by_npi union from by_name)
