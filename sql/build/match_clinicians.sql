-- Which clinics have clinicians who reassign their benefits to them, by what.
-- Grain: one row per clinic and row of a reassignment file.
-- Inputs: clinicians.
select
    clinic_id,
    unnest(source_rows) as source_row,
    'npi_count' as field,
    'reassignments' as file,
    key,
    value,
    'exact' as match,
    null::varchar as detail,
    null::date as dated
from clinicians
