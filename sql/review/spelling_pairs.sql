-- Names that differ as spellings do: by spaces, by a plural, or by one edit in one word of at least five letters.
-- Grain: one row per pair of names, and per state that both have clinics in (spelling_alone), or with no state where
-- they have none in common (spelling_states).
-- Inputs: review_names, name_chances, run_review (max_chance).
-- Only names with one word left out in common are compared, and only where few names are left out of so: what stands
-- around a common gap (home health of ...) says nothing. Of names that are not improbable hardly any had one owner.
with
named as (
    select name, list(distinct state_code) as states
    from review_names
    where state_code is not null and not regexp_matches(name, '[0-9]') and name like '% %'
    group by name
),
worded as (
    select name, string_split(name, ' ') as words from named
),
gaps as (
    select
        name,
        words[place] as word,
        array_to_string(words[:place - 1] || ['_'] || words[place + 1:], ' ') as gap
    from (select name, words, unnest(range(1, len(words) + 1)) as place from worded)
    where length(words[place]) >= 2
),
few as (
    select gap from gaps group by gap having count(*) between 2 and 20
),
of_edits as (
    select a.name as name_a, b.name as name_b
    from gaps as a
    semi join few using (gap)
    join gaps as b on a.gap = b.gap and a.name < b.name
    where a.word || 's' = b.word
       or b.word || 's' = a.word
       or (length(a.word) >= 5 and length(b.word) >= 5 and damerau_levenshtein(a.word, b.word) = 1)
),
closed as (
    select replace(name, ' ', '') as letters, list(name) as names from named group by letters
),
of_spaces as (
    select a.name_a, b.name_b
    from (select letters, unnest(names) as name_a from closed where len(names) > 1) as a
    join (select letters, unnest(names) as name_b from closed where len(names) > 1) as b using (letters)
    where name_a < name_b
),
pairs as (
    from of_edits union from of_spaces
),
improbable as (
    select name_a, name_b, list_intersect(a.states, b.states) as states
    from pairs
    join named as a on a.name = name_a
    join named as b on b.name = name_b
    join name_chances as chance_a on chance_a.name = name_a
    join name_chances as chance_b on chance_b.name = name_b, run_review
    where least(chance_a.chance, chance_b.chance) <= max_chance
)
select
    if(state_code is null, 'spelling_states', 'spelling_alone') as kind,
    state_code,
    name_a,
    name_b,
    1 - levenshtein(name_a, name_b) / greatest(length(name_a), length(name_b)) as similarity,
    'all but the spelling' || if(state_code is null, '', ', in ' || state_code) as shared,
    'hardly any two spellings had one owner' as against,
    0.01 as precision,
    false as is_brand
from (select name_a, name_b, unnest(if(len(states) = 0, [null], states)) as state_code from improbable)
