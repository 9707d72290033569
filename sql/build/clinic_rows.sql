-- What the rows of clinics say together: their NPIs, codes and names, and how many share nothing with the main row.
-- Grain: one row per clinic.
-- Inputs: members, clinic_names.
with
contacts as (
    select
        clinic_id,
        npi,
        is_main,
        list_distinct([phone, official_phone, mailing_phone, fax, mailing_fax]) as numbers,
        list_distinct([
            street || ', ' || coalesce(zip5, city_key),
            mailing_street || ', ' || coalesce(mailing_zip5, mailing_city_key)
        ]) as addresses,
        parent_key
    from members
),
main as (
    from contacts where is_main
),
unlinked as (
    select contacts.clinic_id, count(*) as unlinked_rows
    from contacts
    join main using (clinic_id)
    where not contacts.is_main
      and not list_has_any(contacts.numbers, main.numbers)
      and not list_has_any(contacts.addresses, main.addresses)
      and (contacts.parent_key = main.parent_key) is not true
    group by contacts.clinic_id
),
other_names as (
    select clinic_id, list_sort(list(distinct name)) as other_names
    from clinic_names
    where kind = 'other'
    group by clinic_id
),
codes as (
    select clinic_id, list_sort(list(distinct code)) as taxonomy_codes
    from (select clinic_id, unnest(taxonomy_codes) as code from members)
    group by clinic_id
)
select
    members.clinic_id,
    list_sort(list(members.npi)) as npis,
    count(*) as org_npi_count,
    any_value(coalesce(codes.taxonomy_codes, [])) as taxonomy_codes,
    any_value(other_names.other_names) as other_names,
    any_value(coalesce(unlinked.unlinked_rows, 0)) as unlinked_rows
from members
left join codes using (clinic_id)
left join other_names using (clinic_id)
left join unlinked using (clinic_id)
group by members.clinic_id
