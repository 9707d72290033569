-- Names of one state that are alike but for a number, a direction, a place or an added word.
-- Grain: one row per state and pair of names.
-- Inputs: review_names, name_stems, review_words, run_review (min_similarity).
-- Names are compared that have one stem, or of which one is the other with a word more. A stem of more than a hundred
-- names in a state says nothing. chance is that of the words in common but numbers, directions and places. precision is a
-- reading by eye of hospitals and home health agencies: 25 of 29 improbable ones were one organisation, of others 8 of 28.
-- Public bodies say what they are, and of which place: districts, authorities and what belongs to two counties are never
-- one, and not asked about.
-- By owners (PAC ids) and 84 brands, which count each company of a group, it is 3 of 10 and 2 of 11.
with
named as (
    select distinct state_code, name, stem
    from review_names
    join name_stems using (name)
    where state_code is not null
),
few as (
    select state_code, stem from named where stem <> '' group by all having count(*) between 2 and 100
),
of_stems as (
    select a.state_code, a.name as name_a, b.name as name_b
    from (from named semi join few using (state_code, stem)) as a
    join named as b on a.state_code = b.state_code and a.stem = b.stem and a.name < b.name
),
shorter as (
    select state_code, name, array_to_string(words[:place - 1] || words[place + 1:], ' ') as rest
    from (
        select state_code, name, words, unnest(range(1, len(words) + 1)) as place
        from (select state_code, name, string_split(name, ' ') as words from named)
    )
),
of_words as (
    select state_code, least(shorter.name, named.name) as name_a, greatest(shorter.name, named.name) as name_b
    from shorter
    join named using (state_code)
    where shorter.rest = named.name
),
compared as (
    select
        *,
        1 - levenshtein(name_a, name_b) / greatest(length(name_a), length(name_b)) as similarity,
        [word for word in string_split(name_a, ' ') if list_contains(string_split(name_b, ' '), word)] as words,
        [word for word in words if list_contains(string_split(stem, ' '), word)] as stem_words
    from (from of_stems union from of_words)
    join name_stems on name_stems.name = name_a
),
alike as (
    select *
    from compared, run_review
    where similarity >= min_similarity
      and not list_has_any(words, ['district', 'authority'])
      and not (
          list_contains(words, 'county')
          and regexp_extract(name_a, '(\S+) county', 1) <> regexp_extract(name_b, '(\S+) county', 1)
      )
),
chances as (
    select state_code, name_a, name_b, any_value(totals.total) * product(coalesce(share, 1 / totals.total)) as chance
    from (select state_code, name_a, name_b, unnest(list_distinct(stem_words)) as word from alike)
    left join review_words using (word), (select coalesce(max(total), 1) as total from review_words) as totals
    group by all
)
select
    'sibling' as kind,
    state_code,
    name_a,
    name_b,
    similarity,
    array_to_string(words, ' ') || ' in ' || state_code as shared,
    if(chance < 0.3, null, 'what they share is common') as against,
    if(chance < 0.3, 0.86, 0.29) as precision,
    chance <= 0.0001 as is_brand
from alike
left join chances using (state_code, name_a, name_b)
