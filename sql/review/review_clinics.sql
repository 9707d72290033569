-- Clinics that a question may be about: all but those that overrides place.
-- Grain: one row per clinic. unit is the smallest number of the clinics that it hangs together with, or its own.
-- Inputs: evidence_clinics, linked_clinics, clinic_names, network_members, network_overrides.
select
    evidence_clinics.clinic,
    clinic_id,
    state_code,
    coalesce(root, evidence_clinics.clinic) as unit,
    name,
    network_id
from evidence_clinics
left join linked_clinics using (clinic)
left join (from clinic_names where kind = 'name') as names using (clinic)
left join network_members using (clinic_id)
where clinic_id not in (select clinic_id from network_overrides)
