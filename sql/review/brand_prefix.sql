-- First words of at least ten names and three states that hardly stand elsewhere in a name: is the word a brand?
-- Grain: one row per brand and unit that bears it.
-- Inputs: review_names, name_stems, review_units.
-- Where four in five names have one second word, the brand is both. A brand repeats itself: it has such a word, or its
-- names have few stems. precision is a reading by eye of hospitals, home health agencies and organisations of NPPES: 30
-- of 35 that repeat themselves were brands, and 8 of 118 others. By owners (PAC ids) it cannot be measured: hardly any
-- brand has one on all its sides. Of words that do not repeat themselves none was a brand that more than a hundred names
-- begin with (saints, first names of doctors): these are not asked about. Nor does such a word lay claim to a network of
-- which it names less than a fifth of the clinics.
with
worded as (
    select name, any_value(stem) as stem, string_split(name, ' ') as words, list(distinct state_code) as states
    from review_names
    join name_stems using (name)
    group by name
),
counts as (
    select word, count(*) as num_names
    from (select unnest(list_distinct(words)) as word from worded)
    group by word
),
first_words as (
    select
        words[1] as word,
        count(*) as num_leading,
        count(distinct stem) as num_stems,
        len(list_distinct(flatten(list(states)))) as num_states
    from worded
    group by words[1]
),
second_words as (
    select words[1] as word, words[2] as second
    from worded
    join first_words on first_words.word = words[1]
    where len(words) > 1
    group by words[1], words[2]
    having count(*) >= 0.8 * any_value(num_leading)
),
brands as (
    select
        word,
        concat_ws(' ', word, second) as brand,
        num_leading,
        second is not null or num_stems <= 0.6 * num_leading as repeats
    from first_words
    join counts using (word)
    left join second_words using (word)
    where num_leading >= 10
      and num_states >= 3
      and num_leading >= 0.9 * num_names
),
borne as (
    select
        brand,
        any_value(num_leading) as num_leading,
        any_value(repeats) as repeats,
        unit,
        arg_min(name, clinic_id) as name,
        min(clinic_id) as clinic_id,
        sum(num_clinics) as num_clinics
    from brands
    join review_names on string_split(name, ' ')[1] = word and starts_with(name || ' ', brand || ' ')
    where repeats or num_leading <= 100
    group by brand, unit
)
select
    'brand_prefix' as kind,
    brand as topic,
    borne.name,
    unit,
    borne.clinic_id,
    null::double as similarity,
    format('first word of {:,} names', num_leading) as shared,
    if(repeats, null, 'may be an ordinary word') as against,
    if(repeats, 0.86, 0.07) as precision,
    repeats as is_brand
from borne
join (select unit, num_clinics as size from review_units) as units using (unit)
where repeats or num_clinics >= 0.2 * size
