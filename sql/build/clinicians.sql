-- The clinicians who reassign their benefits to the enrolments of clinics.
-- Grain: one row per clinic and clinician.
-- Inputs: reassignments, enrollments (which tell the NPIs of people), clinic_enrollments. A clinician is told by NPI,
-- where no file says it
-- by enrolment. The PAC id of a group decides only where its enrolment is in no file.
with
people as (
    select enrollment_id, min(npi) as npi
    from enrollments
    where person and npi is not null
    group by enrollment_id
),
clinic_of_enrollment as (
    select distinct enrollment_id, clinic_id from clinic_enrollments where enrollment_id is not null
),
clinic_of_pac as (
    select distinct pac_id, clinic_id from clinic_enrollments where pac_id is not null
),
received as (
    select reassignments.*, clinic_of_enrollment.clinic_id, 'enrollment_id' as key, reassignments.enrollment_id as value
    from reassignments
    join clinic_of_enrollment using (enrollment_id)
    union all
    select others.*, clinic_of_pac.clinic_id, 'pac_id', others.pac_id
    from (from reassignments anti join clinic_of_enrollment using (enrollment_id)) as others
    join clinic_of_pac using (pac_id)
)
select
    received.clinic_id,
    coalesce(received.clinician_npi, people.npi, received.clinician_enrollment_id) as clinician,
    max(coalesce(received.clinician_npi, people.npi)) as clinician_npi,
    max(received.employers) as employers,
    min(received.key) as key,
    min(received.value) as value,
    list(distinct received.source_row) as source_rows
from received
left join people on received.clinician_enrollment_id = people.enrollment_id
where coalesce(received.clinician_npi, people.npi, received.clinician_enrollment_id) is not null
group by all
