-- Who bears which name, by what hangs together already.
-- Grain: one row per name, unit and state. A unit is called by the smallest number of its clinics.
-- Inputs: clinic_names, evidence_clinics, linked_clinics.
select
    name,
    coalesce(root, clinic) as unit,
    state_code,
    min(clinic_id) as clinic_id,
    count(*) as num_clinics
from clinic_names
join evidence_clinics using (clinic)
left join linked_clinics using (clinic)
where kind = 'name'
group by all
