-- Which clinics have organisations as owners that hold 5% or more, or control them.
-- Grain: one row per clinic and row of an owners file.
-- Inputs: owners (with source_row), clinic_enrollments.
select distinct
    clinic_enrollments.clinic_id,
    owners.source_row,
    'owner_names' as field,
    'owners' as file,
    'enrollment_id' as key,
    owners.enrollment_id as value,
    'exact' as match,
    owners.owner_name as detail,
    null::date as dated,
    owners.owner_pac_id,
    owners.private_equity,
    owners.chain_home_office
from owners
join clinic_enrollments using (enrollment_id)
