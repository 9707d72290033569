-- Names of one state that differ as spellings do, and share a phone or an address.
-- Grain: one row per clinic and pair of names; value names both, similarity is one less the edits by letters of the longer.
-- Inputs: clinic_names, evidence_clinics, clinic_values.
-- Spellings differ by spaces, by a plural, or by one edit in one word of at least five letters.
with
places as (
    select clinic_names.clinic, name, state_code, value as contact
    from clinic_names
    join evidence_clinics using (clinic)
    join clinic_values using (clinic)
    where clinic_names.kind = 'name'
      and clinic_values.kind in ('phone', 'mailing_address', 'address')
      and state_code is not null
),
pairs as (
    select distinct a.name as name_a, b.name as name_b, a.state_code, a.contact
    from places as a
    join places as b on a.contact = b.contact and a.state_code = b.state_code and a.name < b.name
    where abs(length(a.name) - length(b.name)) <= 2
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
               or (
                   least(length(different[1][1]), length(different[1][2])) >= 5
                   and damerau_levenshtein(different[1][1], different[1][2]) = 1
               )
           )
       )
)
select distinct
    places.clinic,
    name_a || ' = ' || name_b || ', ' || alike.state_code as value,
    1 - levenshtein(name_a, name_b) / greatest(length(name_a), length(name_b)) as similarity
from alike
join places on places.state_code = alike.state_code
    and places.contact = alike.contact
    and places.name in (alike.name_a, alike.name_b)
