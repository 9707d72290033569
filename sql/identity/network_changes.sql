-- What became of networks since the run before.
-- Grain: one row per change, network and former network; clinics are those that the change is about.
-- Inputs: former_members, former_networks, network_members, network_shares.
-- Every clinic that went from one network to another is in one row, merged or split. Without a former run there is
-- no change.
with
names as (
    select network_id, any_value(network_name) as network_name from network_members group by network_id
),
former as (
    select network_id as former_id, network_name as former_name from former_networks
),
moved as (
    select
        former_members.network_id as former_id,
        network_members.network_id,
        list(clinic_id order by clinic_id) as clinics
    from former_members
    join network_members using (clinic_id)
    group by all
),
parted as (
    select
        case
            when not claims then 'split'
            when network_id in (select former_id from former) then 'merged'
            else 'renamed'
        end as change,
        network_id,
        former_id,
        moved.clinics
    from network_shares
    join moved using (former_id, network_id)
    where network_id <> former_id
),
-- Networks that are new, or have a new name, whose clinics are all of theirs.
fresh as (
    select 'renamed' as change, network_id, former_id
    from former
    join names on network_id = former_id
    where network_name <> former_name
    union all
    select 'added', network_id, null
    from names
    where network_id not in (select former_id from former)
      and network_id not in (select network_id from parted)
      and exists (from former)
),
whole as (
    select change, network_id, any_value(former_id) as former_id, list(clinic_id order by clinic_id) as clinics
    from fresh
    join network_members using (network_id)
    group by change, network_id
),
gone as (
    select 'gone' as change, null as network_id, former_id, clinics
    from (
        select network_id as former_id, list(clinic_id order by clinic_id) as clinics
        from former_members
        group by former_id
    )
    where former_id not in (select network_id from names)
      and former_id not in (select former_id from parted)
),
changes as (
    from whole union all from gone union all from parted
)
select change, network_id, former_id, network_name, former_name, len(changes.clinics) as num_clinics, changes.clinics
from changes
left join names using (network_id)
left join former using (former_id)
order by change, network_id, former_id
