-- Names in different states that differ as spellings do: by spaces, by a plural, or by one edit in one word of at least
-- five letters. Are they one organisation?
-- Grain: one row per pair of names. sides have the clinics of both with their units.
-- Inputs: clinic_names, evidence_clinics, linked_clinics.
-- Only names with one word left out in common are compared, and only where few names are left out of so: what stands
-- around a common gap (home health of ...) says nothing.
with
named as (
    select
        name,
        list(distinct coalesce(root, clinic)) as units,
        list(distinct state_code) as states,
        list({'unit': coalesce(root, clinic), 'clinic_id': clinic_id}) as sides
    from clinic_names
    join evidence_clinics using (clinic)
    left join linked_clinics using (clinic)
    where kind = 'name' and state_code is not null and not regexp_matches(name, '[0-9]') and name like '% %'
    group by name
),
worded as (
    select name, string_split(name, ' ') as words from named
),
totals as (
    select count(*) as num_names from worded
),
word_counts as (
    select word, count(*) as num_names from (select unnest(list_distinct(words)) as word from worded) group by word
),
chances as (
    select name, any_value(total) * product(num_names / total) as chance
    from (select name, unnest(list_distinct(words)) as word from worded)
    join word_counts using (word), (select num_names as total from totals)
    group by name
),
gaps as (
    select
        name,
        words[place] as word,
        array_to_string(words[:place - 1] || ['_'] || words[place + 1:], ' ') as gap
    from (select name, words, unnest(range(1, len(words) + 1)) as place from worded)
    where length(words[place]) >= 5
),
few as (
    select gap from gaps group by gap having count(*) between 2 and 20
),
of_edits as (
    select a.name as name_a, b.name as name_b
    from gaps as a
    semi join few using (gap)
    join gaps as b on a.gap = b.gap and a.name < b.name
    where a.word || 's' = b.word or b.word || 's' = a.word or damerau_levenshtein(a.word, b.word) = 1
),
closed as (
    select replace(name, ' ', '') as letters, list(name order by name) as names from named group by letters
),
of_spaces as (
    select a.name_a, b.name_b
    from (select letters, unnest(names) as name_a from closed where len(names) > 1) as a
    join (select letters, unnest(names) as name_b from closed where len(names) > 1) as b using (letters)
    where name_a < name_b
),
pairs as (
    from of_edits union from of_spaces
)
select
    'spelling_states' as kind,
    name_a,
    name_b,
    least(chance_a.chance, chance_b.chance) as chance,
    1 - levenshtein(name_a, name_b) / greatest(length(name_a), length(name_b)) as similarity,
    a.sides || b.sides as sides
from pairs
join named as a on a.name = name_a
join named as b on b.name = name_b
join chances as chance_a on chance_a.name = name_a
join chances as chance_b on chance_b.name = name_b
where len(list_distinct(a.units || b.units)) > 1 and not list_has_any(a.states, b.states)
