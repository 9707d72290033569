-- What the rows of clinics of several NPIs say together: NPIs, codes, and how many share nothing with the main row. A row
-- whose parent is called as the main row is shares it.
-- Grain: one row per clinic of several NPIs.
-- Inputs: members, nppes, contacts.
with
several as (
    from members where not is_alone
),
linked as (
    select several.clinic_id, several.is_main, contacts.numbers, contacts.addresses, contacts.name_key, contacts.parent_key
    from several
    join contacts using (id)
),
main as (
    from linked where is_main
),
unlinked as (
    select linked.clinic_id, count(*) as unlinked_rows
    from linked
    join main using (clinic_id)
    where not linked.is_main
      and not list_has_any(linked.numbers, main.numbers)
      and not list_has_any(linked.addresses, main.addresses)
      and (linked.parent_key in (main.parent_key, main.name_key)) is not true
    group by linked.clinic_id
)
select
    several.clinic_id,
    list_sort(list(several.npi)) as npis,
    list_sort(list_distinct(flatten(list(nppes.taxonomy_codes)))) as taxonomy_codes,
    coalesce(any_value(unlinked.unlinked_rows), 0) as unlinked_rows
from several
join nppes using (id)
left join unlinked using (clinic_id)
group by several.clinic_id
