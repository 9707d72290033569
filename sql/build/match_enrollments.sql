-- Which clinics are enrolled in Medicare, and as what.
-- Grain: one row per clinic and row of an enrolment file.
-- Inputs: clinic_enrollments.
select
    clinic_id,
    source_row,
    'pecos_enrolled' as field,
    'enrollments' as file,
    'npi' as key,
    npi as value,
    'exact' as match,
    kind as detail,
    null::date as dated
from clinic_enrollments
