-- Clinics whose names are one but for places and numbers, and whose official phone is one: are they one organisation?
-- Grain: one row per stem, phone and unit.
-- precision is an estimate. Read by eye 24 of 26 questions on organisations of NPPES were yes; of the 6 whose parents are
-- known 2 had one parent on all sides, since a company of a state is often its own parent.
-- Inputs: clinic_values, review_clinics, name_stems.
select
    'stem_phone' as kind,
    stem || ', ' || value as topic,
    arg_min(name, clinic_id) as name,
    unit,
    min(clinic_id) as clinic_id,
    null::double as similarity,
    'official phone ' || value || ', and the name but for places and numbers' as shared,
    null::varchar as against,
    0.79 as precision,
    false as is_brand
from clinic_values
join review_clinics using (clinic)
join name_stems using (name)
where kind = 'official_phone' and stem <> ''
group by stem, value, unit
