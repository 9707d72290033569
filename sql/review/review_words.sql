-- How common words are in names.
-- Grain: one row per word of names without numerals, which would make every word look rare. share is that of names.
-- Inputs: review_names.
with
plain as (
    select distinct name from review_names where not regexp_matches(name, '[0-9]')
)
select word, count(*) as num_names, count(*) / any_value(total) as share, any_value(total) as total
from (select unnest(list_distinct(string_split(name, ' '))) as word from plain), (select count(*) as total from plain)
group by word
