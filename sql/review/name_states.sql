-- Names in several states that do not hold across them: are the clinics of each state one organisation after all?
-- Grain: one row per name, all its states together. units are the sides, the largest first.
-- Inputs: clinic_names, match_names, evidence_clinics, linked_clinics.
select
    'name_states' as kind,
    name as name_a,
    null::varchar as name_b,
    any_value(chance) as chance,
    null::double as similarity,
    list(distinct coalesce(root, clinic)) as units
from clinic_names
join match_names using (kind, name)
left join linked_clinics using (clinic)
where kind = 'name' and num_states > 1 and not holds_across_states
group by name
having count(distinct coalesce(root, clinic)) > 1
