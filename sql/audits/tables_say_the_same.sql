-- Clinics of which a table says another score, tier or segment than icp_scores does.
-- Grain: one row per such clinic and table. Inputs: told_scores (table_name, clinic_id, total_score, tier, tier_label,
-- segment, category_scores).
with
hashed as not materialized (
    select table_name, sum(hash(clinic_id, total_score, tier, tier_label, segment, category_scores)) as said
    from told_scores
    group by table_name
),
-- As a rule there are none, and then no clinic is looked at by itself.
other as (
    select table_name
    from hashed
    where said is distinct from (select said from hashed where table_name = 'icp_scores')
)
select
    told.table_name, told.clinic_id, told.total_score, due.total_score as due_score, told.tier, due.tier as due_tier,
    told.category_scores, due.category_scores as due_scores
from told_scores as told
semi join other using (table_name)
join told_scores as due on due.clinic_id = told.clinic_id and due.table_name = 'icp_scores'
where told.total_score is distinct from due.total_score
   or told.tier is distinct from due.tier
   or told.tier_label is distinct from due.tier_label
   or told.segment is distinct from due.segment
   or told.category_scores is distinct from due.category_scores
