-- Names of one state that differ as spellings do, and share a phone or an address.
-- Grain: one row per clinic and pair of names; value names both, similarity is one less the edits by letters of the longer.
-- Inputs: names_to_compare (clinic, name, value: a phone or address that several have), evidence_clinics.
-- Spellings differ by spaces, by a plural, or by one edit in one word of at least five letters. Names of which one word
-- differs have the first or the last one in common, if they have several: only such are compared, and those that are one
-- but for spaces. Of more than 30 that have this word in common, only those are compared that are one once a letter is
-- left out of one or of both, as all are that are one edit apart: a phone of thousands of clinics takes no more for each
-- than one of a few.
with
places as (
    select clinic, name, state_code, value as contact
    from names_to_compare
    join evidence_clinics using (clinic)
    where state_code is not null
),
met as (
    select state_code, contact, row_number() over () as place
    from places
    group by state_code, contact
    having min(name) <> max(name)
),
named as (
    select distinct place, name from places join met using (state_code, contact)
),
keyed as (
    select place, name, split_part(name, ' ', 1) || ' ' as key from named where name like '% %'
    union all
    select place, name, ' ' || split_part(name, ' ', -1) from named where name like '% %'
    union all
    select place, name, ' ' from named where name not like '% %'
),
counted as (
    select *, count(*) over (partition by place, key) as num_names from keyed
),
crowded as (
    select distinct place, name from counted where num_names > 30
),
letters as (
    select place, name, unnest(range(1, length(name) + 1)) as letter from crowded
),
near as (
    select place, name, key from counted where num_names <= 30
    union all
    select place, name, left(name, letter - 1) || substring(name, letter + 1) from letters
    where regexp_matches(name[letter], '[^0-9 ]')
    union all
    select place, name, name from crowded
    union all
    select place, name, replace(name, ' ', '') from named
),
pairs as (
    select distinct place, a.name as name_a, b.name as name_b
    from near as a
    join near as b using (place, key)
    where a.name < b.name
      and (
          replace(a.name, ' ', '') = replace(b.name, ' ', '')
          or (abs(length(a.name) - length(b.name)) <= 1 and damerau_levenshtein(a.name, b.name) = 1)
      )
),
split as (
    select *, string_split(name_a, ' ') as words_a, string_split(name_b, ' ') as words_b
    from pairs
),
compared as (
    select
        *,
        list_filter(list_zip(words_a, words_b), lambda pair: pair[1] is distinct from pair[2]) as different
    from split
),
alike as (
    select *
    from compared
    where replace(name_a, ' ', '') = replace(name_b, ' ', '')
       or (
           len(words_a) = len(words_b)
           and len(different) = 1
           and not regexp_matches(different[1][1] || different[1][2], '[0-9]')
           and (
               different[1][1] || 's' = different[1][2]
               or different[1][2] || 's' = different[1][1]
               or least(length(different[1][1]), length(different[1][2])) >= 5
           )
       )
)
select distinct
    places.clinic,
    name_a || ' = ' || name_b || ', ' || met.state_code as value,
    1 - levenshtein(name_a, name_b) / greatest(length(name_a), length(name_b)) as similarity
from alike
join met using (place)
join places on places.state_code = met.state_code
    and places.contact = met.contact
    and places.name in (name_a, name_b)
