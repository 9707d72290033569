-- How many clinicians clinics have: members of their groups, else clinicians who reassign their benefits to them.
-- Grain: one row per clinic of which a file knows.
-- Inputs: match_group_sizes, clinicians.
with
groups as (
    select clinic_id, sum(members)::bigint as npi_count
    from (select clinic_id, value, max(detail::bigint) as members from match_group_sizes group by clinic_id, value)
    group by clinic_id
),
counted as (
    select clinic_id, count(distinct clinician) as npi_count from clinicians group by clinic_id
)
select
    clinic_id,
    coalesce(groups.npi_count, counted.npi_count) as npi_count,
    case when groups.npi_count is null then 'reassignments' else 'group_sizes' end as npi_count_source
from groups
full join counted using (clinic_id)
