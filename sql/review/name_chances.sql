-- How many of all names would be expected to read as a name does if its words came together by accident.
-- Grain: one row per name.
-- Inputs: review_names, review_words.
with
totals as (
    select coalesce(max(total), 1) as total from review_words
),
worded as (
    select name, num_clinics, unnest(list_distinct(string_split(name, ' '))) as word
    from (select name, sum(num_clinics)::bigint as num_clinics from review_names group by name)
)
select
    name,
    any_value(num_clinics) as num_clinics,
    any_value(totals.total) * product(coalesce(share, 1 / totals.total)) as chance
from worded
left join review_words using (word), totals
group by name
