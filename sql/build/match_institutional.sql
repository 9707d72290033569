-- Which clinics are paid by Medicare as institutions, by the CCN of their enrolments.
-- Grain: one row per clinic and row of an institutional file.
-- Inputs: institutional (with source_row), clinic_enrollments.
select distinct
    clinic_enrollments.clinic_id,
    institutional.source_row,
    'allowed_amt' as field,
    'institutional' as file,
    'ccn' as key,
    institutional.ccn as value,
    'exact' as match,
    null::varchar as detail,
    null::date as dated,
    institutional.bene_count,
    institutional.allowed_amt
from institutional
join clinic_enrollments using (ccn)
