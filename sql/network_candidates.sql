-- Every shared name: whether its clinics are grouped into a network, or the rule that kept them apart.
-- Grain: one row per name that at least two clinics share, or that an override names.
-- Inputs: shared_names, excluded_names, run_settings. An unknown state is no state.
with
names as (
    select
        network_name,
        count(*) as num_clinics,
        count(distinct state_code) as num_states,
        bool_or(is_forced) as is_forced
    from shared_names
    group by network_name
),
ruled as (
    select
        names.*,
        case
            when network_name in (select normalized_name from excluded_names) then 'excluded name'
            when num_clinics < min_clinics then 'fewer than ' || min_clinics || ' clinics'
            when num_states < min_states and num_clinics < min_single_state
                then 'fewer than ' || min_states || ' states and fewer than ' || min_single_state || ' clinics'
        end as kept_apart_by
    from names, run_settings
)
select
    network_name,
    num_clinics,
    num_states,
    kept_apart_by is null or is_forced as is_grouped,
    kept_apart_by
from ruled
order by num_clinics desc, network_name
