-- The enrolments of clinics in Medicare, by NPI.
-- Grain: one row per clinic and row of an enrolment file.
-- Inputs: enrollments (with source_row), clinic_npis.
select
    clinic_npis.clinic_id,
    clinic_npis.state_code,
    enrollments.*
from enrollments
join clinic_npis using (npi)
