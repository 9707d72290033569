-- Names in several states that do not hold across them: are the clinics of each state one organisation after all?
-- Grain: one row per name and unit that bears it, all states of a name together.
-- Inputs: review_names, match_names.
-- precision is measured on hospitals and home health agencies by their owners (PAC ids): of 20 improbable names 8 had one
-- owner in all their states, of 295 that words make likely 34, of 129 common ones 5.
with
common as (
    select name, chance, format(' ({:.2g} expected by accident)', chance) as expected
    from match_names
    where kind = 'name' and num_states > 1 and not holds_across_states
)
select
    'name_states' as kind,
    name as topic,
    name,
    unit,
    min(clinic_id) as clinic_id,
    null::double as similarity,
    'name' as shared,
    case
        when any_value(chance) >= 1 then 'a common name' || any_value(expected)
        when any_value(chance) >= 0.001 then 'words that many names have' || any_value(expected)
    end as against,
    case when any_value(chance) < 0.001 then 0.40 when any_value(chance) < 1 then 0.12 else 0.04 end as precision,
    false as is_brand
from review_names
join common using (name)
group by name, unit
