-- Clinics that stand in a result table more than once, or not at all, and counts that differ from the run's.
-- Grain: one row per such clinic or table. Inputs: icp_scores, clinics_icp, clinics_icp_with_networks, run_facts.
-- Every table is counted, and ids are compared by a sum of hashes, which sees a lost id and a doubled one.
with
tables as (
    select 'clinics_icp' as name, count(*) as num_rows, count(distinct clinic_id) as num_ids, sum(hash(clinic_id)) as ids
    from clinics_icp
    union all
    select 'icp_scores', count(*), count(distinct clinic_id), sum(hash(clinic_id))
    from icp_scores
    union all
    select 'clinics_icp_with_networks', count(*), count(distinct clinic_id), sum(hash(clinic_id))
    from clinics_icp_with_networks
)
select tables.name, tables.num_rows, tables.num_ids, run_facts.rows_scored
from tables, run_facts
where num_rows is distinct from rows_scored
   or num_ids is distinct from rows_scored
   or ids is distinct from (select ids from tables where name = 'clinics_icp')
