-- Clinics that hang together already, or stand alone: what questions are about.
-- Grain: one row per unit. owners counts its known ones.
-- Inputs: review_clinics, clinic_values.
with
owned as (
    select unit, count(distinct value) as owners
    from clinic_values
    join review_clinics using (clinic)
    where kind in ('owner', 'parent')
    group by unit
)
select
    unit,
    count(*) as num_clinics,
    any_value(network_id) as network_id,
    list(distinct state_code) as states,
    coalesce(any_value(owners), 0) as owners
from review_clinics
left join owned using (unit)
group by unit
