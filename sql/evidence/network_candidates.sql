-- Every shared name: whether clinics of it are grouped, or what kept them apart.
-- Grain: one row per name, as grouping compares names, that at least two clinics carry.
-- Inputs: match_names, clinic_names, network_members, run_settings.
with
members as (
    select name, count(*) as num_members
    from network_members
    join clinic_names using (clinic)
    where kind = 'name' and is_shared
    group by name
)
select
    name as network_name,
    num_clinics,
    num_states,
    chance,
    holds_across_states,
    num_members is not null as is_grouped,
    case
        when num_members is not null then null
        when num_clinics < min_clinics then 'fewer than ' || min_clinics || ' clinics'
        when num_states > 1 and not holds_across_states
            then 'a name of many owners, and too few clinics in each of its ' || num_states || ' states'
        else 'fewer than ' || min_states || ' states and fewer than ' || min_single_state || ' clinics'
    end as kept_apart_by
from match_names
left join members using (name), run_settings
where kind = 'name'
order by num_clinics desc, network_name
