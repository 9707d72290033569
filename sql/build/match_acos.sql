-- Which clinics take part in an ACO: by legal name, in a state of the area that the ACO serves.
-- Grain: one row per clinic and row of the list of participants.
-- Inputs: aco (with source_row), clinic_names.
select distinct
    clinic_names.clinic_id,
    aco.source_row,
    'aco_member' as field,
    'aco' as file,
    'name and state of the service area' as key,
    aco.name as value,
    'name' as match,
    aco.aco_id as detail,
    null::date as dated
from aco
join clinic_names
    on aco.name_key = clinic_names.name_key
   and list_contains(aco.areas, clinic_names.state_code)
where clinic_names.kind = 'legal'
