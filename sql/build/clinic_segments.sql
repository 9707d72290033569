-- The segment of every clinic: the most frequent one among its NPIs, by their primary codes; hospitals and health
-- centers first.
-- Grain: one row per clinic; segment is missing where no NPI has a code that tells.
-- Inputs: members, nppes, code_segments, segments (rank, segment, role), clinic_enrollments, clinic_flags.
-- A hospital by the CCN of an enrolment is one whatever its codes; else a health center by its flag; is_clinic is
-- false where
-- every NPI that has a code is a supplier or a service that is no clinic.
with
coded as (
    select members.clinic_id, code_segments.segment, code_segments.beside_hospital
    from members
    join nppes using (id)
    left join code_segments on nppes.primary_code = code_segments.code
),
hospitals as (
    select clinic_id, true as has_ccn
    from clinic_enrollments
    where kind = 'hospital' and ccn is not null
    group by clinic_id
),
own as (
    select clinic_id, bool_or(segments.role = 'hospital') as is_hospital
    from coded
    left join segments using (segment)
    group by clinic_id
),
counted as (
    select
        coded.clinic_id,
        case
            when coalesce(own.is_hospital, false) or hospitals.has_ccn then coded.beside_hospital
            else coded.segment
        end as segment,
        count(*) as num_npis
    from coded
    join own using (clinic_id)
    left join hospitals using (clinic_id)
    group by all
),
frequent as (
    select
        counted.clinic_id,
        bool_or(segments.segment is not null) as has_segment,
        count(counted.segment) > 0 as has_code,
        first(segments.segment order by counted.num_npis desc, segments.rank)
            filter (where segments.segment is not null) as segment
    from counted
    left join segments using (segment)
    group by counted.clinic_id
),
roles as (
    select max(segment) filter (where role = 'hospital') as hospital, max(segment) filter (where role = 'health center') as center
    from segments
)
select
    frequent.clinic_id,
    case
        when hospitals.has_ccn then roles.hospital
        when clinic_flags.fqhc_flag then roles.center
        else frequent.segment
    end as segment,
    has_segment or not has_code or coalesce(hospitals.has_ccn, false) or coalesce(clinic_flags.fqhc_flag, false) as is_clinic
from frequent
left join hospitals using (clinic_id)
left join clinic_flags using (clinic_id)
cross join roles
