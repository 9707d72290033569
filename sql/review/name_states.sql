-- Names in several states that do not hold across them: are the clinics of each state one organisation after all?
-- Grain: one row per name, all its states together. sides have a clinic of the name for each unit that bears it.
-- Inputs: clinic_names, match_names, evidence_clinics, linked_clinics.
with
sides as (
    select name, any_value(chance) as chance, coalesce(root, clinic) as unit, min(clinic_id) as clinic_id
    from clinic_names
    join match_names using (kind, name)
    join evidence_clinics using (clinic)
    left join linked_clinics using (clinic)
    where kind = 'name' and num_states > 1 and not holds_across_states
    group by name, unit
)
select
    'name_states' as kind,
    name as name_a,
    null::varchar as name_b,
    any_value(chance) as chance,
    null::double as similarity,
    list({'unit': unit, 'clinic_id': clinic_id}) as sides
from sides
group by name
having count(*) > 1
