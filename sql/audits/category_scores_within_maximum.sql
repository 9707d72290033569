-- Category scores below 0, above their maximum, or missing, of clinics and of networks.
-- Grain: one row per such score. Inputs: clinic_scores, network_scores, scorecard_categories (position, maximum).
with
scored as (
    select 'clinic' as level, clinic_id as id, category_hundredths from clinic_scores
    union all
    select 'network', network_id, category_hundredths from network_scores
),
long as (
    select level, id, unnest(category_hundredths) as hundredths, generate_subscripts(category_hundredths, 1) as position
    from scored
)
select level, id, categories.category, hundredths / 100 as score, categories.maximum
from long
join scorecard_categories as categories using (position)
where not coalesce(hundredths between 0 and categories.maximum * 100, false)
