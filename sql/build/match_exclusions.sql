-- Which clinics are excluded: by NPI; where the row or the clinic has none, by name (cut to 30 characters), state,
-- and city or ZIP.
-- Grain: one row per clinic and exclusion. Without city or ZIP the match is only possible, and sets no flag.
-- Inputs: leie (with source_row), clinic_npis, clinic_names, clinic_places.
with
by_npi as (
    select clinic_npis.clinic_id, leie.source_row, 'npi' as key, leie.npi as value, 'exact' as match,
           leie.exclusion_type, leie.excluded_on
    from leie
    join clinic_npis using (npi)
),
named as (
    select clinic_names.clinic_id, leie.*
    from leie
    join clinic_names on leie.state = clinic_names.state_code and leie.name_key = clinic_names.name_key_cut
    where leie.npi is null or not clinic_names.has_npi
    union
    select clinic_names.clinic_id, leie.*
    from leie
    join clinic_names on leie.state = clinic_names.state_code and leie.name_key = clinic_names.name_key
    where leie.npi is null or not clinic_names.has_npi
),
placed as (
    select named.clinic_id, named.source_row
    from named
    join clinic_places
        on named.clinic_id = clinic_places.clinic_id
       and (upper(named.city) = clinic_places.city or named.zip5 = clinic_places.zip5)
    group by all
),
by_name as (
    select
        named.clinic_id,
        named.source_row,
        case when placed.clinic_id is null then 'name and state' else 'name, state, and city or ZIP' end as key,
        named.name as value,
        case when placed.clinic_id is null then 'possible' else 'name' end as match,
        named.exclusion_type,
        named.excluded_on
    from named
    left join placed using (clinic_id, source_row)
)
select
    clinic_id,
    source_row,
    'oig_leie_flag' as field,
    'leie' as file,
    key,
    value,
    match,
    exclusion_type as detail,
    excluded_on as dated
from (from by_npi union all from by_name)
