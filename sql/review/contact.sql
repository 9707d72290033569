-- Clinics of other names with one phone or mailing address: are they one organisation?
-- Grain: one row per phone or address and unit that has it. What more than 20 clinics share is somebody's who serves many.
-- precision is measured on organisations of NPPES: of 63 questions whose parents are known 21 had one parent on all sides.
-- Inputs: clinic_values, review_clinics.
with
few as (
    select kind, value
    from clinic_values
    where kind in ('phone', 'mailing_address')
    group by kind, value
    having count(*) between 2 and 20
)
select
    'contact' as kind,
    value as topic,
    arg_min(name, clinic_id) as name,
    unit,
    min(clinic_id) as clinic_id,
    null::double as similarity,
    if(clinic_values.kind = 'phone', 'phone ', 'mailing address ') || value as shared,
    'other names' as against,
    0.33 as precision,
    false as is_brand
from clinic_values
semi join few using (kind, value)
join review_clinics using (clinic)
where name is not null
group by clinic_values.kind, value, unit
