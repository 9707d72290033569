-- Networks in which several known owners, or parents, meet by weaker ties: are they one organisation indeed?
-- Grain: one row per network; sides has a clinic of each owner, that of most clinics first.
-- Inputs: network_evidence, network_edges, evidence_kinds, network_members, review_clinics, clinic_values, decision_pairs.
-- No changes the network: the sides part. precision is how often that is the answer, a reading by eye: 3 of 34 such
-- networks of hospitals and home health agencies looked like several organisations. By owners, where PAC ids of one legal
-- name, state and date are one, and by 84 brands 65 of 136 are of several; but each company of a group counts there.
-- What a decision has joined is settled.
with
meeting as (
    select network_id, weakest_edge, num_owners
    from network_evidence
    join evidence_kinds on kind = weakest_edge
    where num_owners > 1
      and strength > (select strength from evidence_kinds where kind = 'parent')
),
-- What ties the most clinics by the weakest kind.
shared as (
    select network_id, kind || ' ' || value as shared
    from network_edges
    join meeting using (network_id)
    where kind = weakest_edge
    group by network_id, kind, value
    qualify row_number() over (partition by network_id order by count(*) desc, value) = 1
),
members as (
    select network_id, clinic, clinic_id, state_code, name
    from network_members
    semi join meeting using (network_id)
    join review_clinics using (clinic, clinic_id)
),
settled as (
    select a.network_id
    from decision_pairs
    join members as a using (clinic_id)
    join members as b on b.clinic_id = other_clinic_id
    where together and a.network_id = b.network_id
),
owned as (
    select network_id, clinic_id, state_code, members.name, min(kind) as kind, arg_min(value, kind || value) as owner
    from members
    join clinic_values using (clinic)
    where kind in ('owner', 'parent')
    group by all
),
sides as (
    select
        network_id,
        owner,
        count(*) as num_clinics,
        min(clinic_id) as clinic_id,
        arg_min(name, clinic_id) as name,
        list(distinct state_code) as states
    from owned
    where (network_id, kind) in (select (network_id, min(kind)) from owned group by network_id)
    group by network_id, owner
),
placed as (
    select *, row_number() over (partition by network_id order by num_clinics desc, clinic_id) as place from sides
)
select
    'q_' || left(md5('owners ' || network_id), 12) as question_id,
    'owners' as kind,
    network_id as topic,
    0.09 as precision,
    false as is_brand,
    null::double as similarity,
    any_value(shared) as shared,
    any_value(num_owners) || ' owners are known' as against,
    arg_min(name, place) as first_name,
    [side.clinic_id for side in list_sort(list({'place': place, 'clinic_id': clinic_id}))] as sides,
    list_sort(list_distinct(flatten(list(states)))) as states,
    max(num_clinics) as clinics_a,
    (sum(num_clinics) - max(num_clinics))::bigint as clinics_b,
    0 as num_owned,
    [side.num_clinics for side in list_sort(list({'place': place, 'num_clinics': num_clinics}))] as side_clinics,
    [side.name for side in list_sort(list({'place': place, 'name': name}))] as names,
    list_filter(names, lambda name, number: name <> first_name and list_position(names, name) = number) as other_names
from placed
join meeting using (network_id)
join shared using (network_id)
anti join settled using (network_id)
group by network_id
having count(*) > 1
