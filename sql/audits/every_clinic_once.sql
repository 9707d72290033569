-- Clinics that stand in a result table more than once, or not at all, and counts that differ from the run's.
-- Grain: one row per table. Inputs: icp_scores, clinics_icp, clinics_icp_with_networks, run_facts.
-- No id stands twice in clinics_icp, and the others hold the same ids: a sum of hashes sees a lost and a doubled one.
with
tables as (
    select
        'clinics_icp' as name,
        count(*) as num_rows,
        sum(hash(clinic_id)) as ids,
        count(distinct clinic_id) as num_ids
    from clinics_icp
    union all
    select 'icp_scores', count(*), sum(hash(clinic_id)), null
    from icp_scores
    union all
    select 'clinics_icp_with_networks', count(*), sum(hash(clinic_id)), null
    from clinics_icp_with_networks
)
select tables.name, tables.num_rows, tables.num_ids, run_facts.rows_scored
from tables, run_facts
where num_rows is distinct from rows_scored
   or coalesce(num_ids, rows_scored) is distinct from rows_scored
   or ids is distinct from (select ids from tables where name = 'clinics_icp')
