-- Which clinics belong to a group whose number of members is known.
-- Grain: one row per clinic and group.
-- Inputs: group_sizes (with source_row), clinic_enrollments.
select distinct
    clinic_enrollments.clinic_id,
    group_sizes.source_row,
    'npi_count' as field,
    'group_sizes' as file,
    'pac_id' as key,
    group_sizes.pac_id as value,
    'exact' as match,
    group_sizes.members::varchar as detail,
    null::date as dated
from group_sizes
join clinic_enrollments using (pac_id)
