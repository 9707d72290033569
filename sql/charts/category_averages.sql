-- What each category brings on average, in points, by segment; an empty segment where clinics have none.
-- Grain: one row per category and segment. Inputs: clinic_scores, scorecard_categories.
with
long as (
    select
        segment,
        unnest(category_hundredths) as hundredths,
        generate_subscripts(category_hundredths, 1) as position
    from clinic_scores
),
averages as (
    select segment, position, avg(hundredths) / 100 as average
    from long
    group by segment, position
)
select
    categories.category,
    categories.label,
    coalesce(averages.segment, '') as segment,
    round(averages.average, 2) as average,
    categories.maximum
from averages
join scorecard_categories as categories using (position)
order by categories.position, averages.segment
