-- Every name that several clinics share: where they are, and whether the name holds across states.
-- Grain: one row per kind of name (name, brand) and name that at least two clinics carry.
-- Inputs: clinic_names (kind, clinic, name, is_shared: false where nobody else has the name, has_numeral), evidence_clinics
-- (clinic, state_code, zip5).
-- chance is how many of all names would be expected to read so if their words came together by accident. A name holds
-- across states where that is next to nothing, or where its clinics stand densely in few states, as those of one owner
-- do. Names with numerals are left out of the counts: they would make every word look rare. A word that a name says
-- twice counts twice; names that several states do not share have no chance. Shares are multiplied in order of size: no
-- order of rows can change a digit.
with
plain as (
    select kind, name from clinic_names where not has_numeral and not is_shared
    union all
    select distinct kind, name from clinic_names where not has_numeral and is_shared
),
totals as (
    select kind, greatest(count(*), 1) as num_names from plain group by kind
),
words as (
    select kind, word, count(*) as num_names
    from (select kind, unnest(string_split(name, ' ')) as word from plain)
    group by kind, word
),
shared as (
    select
        kind,
        name,
        count(*) as num_clinics,
        count(distinct state_code) as num_states,
        count(distinct zip5) as num_zips
    from clinic_names
    join evidence_clinics using (clinic)
    where is_shared
    group by kind, name
    having count(*) > 1
),
chances as (
    select
        shared.kind,
        shared.name,
        coalesce(any_value(totals.num_names), 1)
            * list_product(list_sort(list(coalesce(words.num_names, 1) / coalesce(totals.num_names, 1)))) as chance
    from (
        select kind, name, unnest(list_distinct(string_split(name, ' '))) as word
        from shared
        where num_states > 1 or kind <> 'name'
    ) as shared
    left join totals using (kind)
    left join words using (kind, word)
    group by shared.kind, shared.name
),
spread as (
    select
        shared.*,
        chance,
        if(num_zips > 0, num_zips, num_clinics) / greatest(num_states, 1) as a_state,
        if(num_zips > 0, 1.75, 2.5) as enough
    from shared
    left join chances using (kind, name)
)
select
    kind,
    name,
    num_clinics,
    num_states,
    num_zips,
    chance,
    coalesce(chance <= 0.0001 or (a_state >= enough and a_state >= 10 * chance / 52), false) as holds_across_states,
    kind = 'name' or chance <= 1 as holds_in_a_state
from spread
