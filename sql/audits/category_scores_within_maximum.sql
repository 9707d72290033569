-- Category scores below 0, above their maximum, or missing, of clinics and of networks.
-- Grain: one row per such score. Inputs: clinic_scores, network_scores, scorecard_categories (position, maximum).
with
scored as not materialized (
    select 'clinic' as level, clinic_id as id, category_hundredths from clinic_scores
    union all
    select 'network', network_id, category_hundredths from network_scores
),
long as not materialized (
    select level, id, unnest(category_hundredths) as hundredths, generate_subscripts(category_hundredths, 1) as position
    from scored
),
extremes as (
    select
        position,
        min(hundredths) as lowest,
        max(hundredths) as highest,
        count(*) - count(hundredths) as num_missing
    from long
    group by position
),
-- As a rule there are none, and then no row is looked at by itself.
violated as (
    select position, category, maximum
    from extremes
    join scorecard_categories using (position)
    where lowest < 0 or highest > maximum * 100 or num_missing > 0
)
select level, id, category, hundredths / 100 as score, maximum
from long
join violated using (position)
where not coalesce(hundredths between 0 and maximum * 100, false)
