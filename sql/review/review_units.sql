-- Clinics that hang together already, or stand alone: what questions are about.
-- Grain: one row per unit. owners counts its known ones.
-- Inputs: evidence_clinics, linked_clinics, network_members, clinic_values, network_overrides.
with
units as (
    select clinic, clinic_id, state_code, coalesce(root, clinic) as unit, network_id
    from evidence_clinics
    left join linked_clinics using (clinic)
    left join network_members using (clinic_id)
    where clinic_id not in (select clinic_id from network_overrides)
),
owned as (
    select unit, count(distinct value) as owners
    from clinic_values
    join units using (clinic)
    where kind in ('owner', 'parent')
    group by unit
)
select
    unit,
    count(*) as num_clinics,
    any_value(network_id) as network_id,
    list(distinct state_code) as states,
    coalesce(any_value(owners), 0) as owners
from units
left join owned using (unit)
group by unit
