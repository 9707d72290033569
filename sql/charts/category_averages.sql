-- What each category brings on average, in points, by segment.
-- Grain: one row per category and segment. Inputs: clinic_scores, scorecard_categories.
with
averages as (
    select segment, avg(columns('^category_.*'))
    from clinic_scores
    group by segment
),
long as (
    unpivot averages on columns('^category_.*') into name category value average
)
select categories.category, categories.label, long.segment, round(long.average, 2) as average, categories.maximum
from long
join scorecard_categories as categories on long.category = 'category_' || categories.category
order by categories.position, long.segment
