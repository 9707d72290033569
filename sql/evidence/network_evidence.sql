-- Why each network is one.
-- Grain: one row per network. evidence has the kinds of ties with the clinics that they tie, strongest first;
-- weakest_edge is the weakest kind without which the network falls apart; num_owners is missing where none is known.
-- Inputs: network_members, network_edges, network_weakest, evidence_clinics, clinic_owners, evidence_kinds, network_overrides.
with
counted as (
    select network_id, kind, count(distinct clinic) as num_clinics
    from network_edges
    group by network_id, kind
    union all
    select network_id, 'override', count(*)
    from network_members
    semi join (from network_overrides where network_name is not null) using (clinic_id)
    group by network_id
),
ordered as (
    select network_id, list_sort(list({'strength': strength, 'text': kind || ' ' || num_clinics})) as ties
    from counted
    join evidence_kinds using (kind)
    group by network_id
),
kinds as (
    select network_id, array_to_string([tie.text for tie in ties], ', ') as evidence from ordered
),
owners as (
    select
        network_id,
        count(distinct value) filter (where kind = 'owner') as num_owners,
        count(distinct value) filter (where kind = 'parent') as num_parents
    from clinic_owners
    join network_members using (clinic)
    group by network_id
),
sized as (
    select network_id, min(state_code) <> max(state_code) as is_in_several_states
    from network_members
    join evidence_clinics using (clinic)
    group by network_id
)
select
    network_id,
    evidence,
    coalesce(weakest_edge, 'override') as weakest_edge,
    coalesce(weakest_edge in ('name_rare', 'brand') and is_in_several_states, false) as is_ambiguous,
    coalesce(nullif(num_owners, 0), nullif(num_parents, 0)) as num_owners
from kinds
join sized using (network_id)
left join network_weakest using (network_id)
left join owners using (network_id)
