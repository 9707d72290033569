-- The segment of every clinic: the most frequent one among its NPIs, by their primary codes; hospitals and health
-- centers first.
-- Grain: one row per clinic; segment is missing where no NPI has a code that tells.
-- Inputs: members, nppes, code_segments, segments (rank, segment, role), clinic_enrollments, clinic_flags.
-- A hospital by the CCN of an enrolment is one whatever its codes; else a health center by its flag; is_clinic is
-- false where
-- every NPI that has a code is a supplier or a service that is no clinic.
with
coded as (
    select
        members.clinic_id,
        members.is_alone,
        code_segments.segment,
        code_segments.beside_hospital,
        coalesce(segments.role = 'hospital', false) as is_hospital
    from members
    join nppes using (id)
    left join code_segments on nppes.primary_code = code_segments.code
    left join segments using (segment)
),
hospitals as (
    select clinic_id, true as has_ccn
    from clinic_enrollments
    where kind = 'hospital' and ccn is not null
    group by clinic_id
),
hospital_npis as (
    select distinct clinic_id, true as is_hospital from coded where is_hospital
),
told as (
    select
        coded.clinic_id,
        coded.is_alone,
        case
            when hospital_npis.is_hospital or hospitals.has_ccn then coded.beside_hospital
            else coded.segment
        end as segment
    from coded
    left join hospital_npis using (clinic_id)
    left join hospitals using (clinic_id)
),
counted as (
    select clinic_id, segment, count(*) as num_npis
    from told
    where not is_alone
    group by clinic_id, segment
),
frequent as (
    select
        told.clinic_id,
        segments.segment is not null as has_segment,
        told.segment is not null as has_code,
        segments.segment
    from told
    left join segments using (segment)
    where told.is_alone
    union all
    select
        counted.clinic_id,
        bool_or(segments.segment is not null),
        count(counted.segment) > 0,
        first(segments.segment order by counted.num_npis desc, segments.rank)
            filter (where segments.segment is not null)
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
