-- The id of every network: that of the largest former network that it holds at least half of, or else its own.
-- Grain: one row per network; fresh_id is the id that it would have by its name alone.
-- Inputs: network_members, evidence_clinics, network_shares, former_aliases.
-- An id that somebody knows for other clinics is not given again: neither one that is kept by another network or has
-- just gone into one, nor one that an alias leads away from, unless its clinics come back from there. Then the id is made
-- of the name and the state of most clinics, and where that is taken too, of the name and the first clinic.
with
kept as (
    select network_id as fresh_id, former_id as network_id
    from network_shares
    where claims
    qualify row_number() over (
        partition by network_id order by num_former desc, num_shared desc, former_id = network_id desc, former_id
    ) = 1
),
latest as (
    select old_id, new_id from former_aliases
    qualify row_number() over (partition by old_id order by line desc) = 1
),
-- What had merged and now parts again, under its old name, from the network that its id led to.
coming_back as (
    select old_id
    from latest
    join network_shares on former_id = new_id and network_id = old_id
    where num_shared * 2 >= num_now
),
taken as (
    select former_id as network_id from network_shares where claims
    union
    select old_id from latest where new_id is not null and old_id not in (from coming_back)
),
fresh as (
    select network_id as fresh_id, network_name, min(clinic_id) as first_id
    from network_members
    where network_id not in (select fresh_id from kept)
    group by network_id, network_name
),
-- Those whose own id is taken.
crowded as (
    from fresh where fresh_id in (select network_id from taken)
),
states as (
    select network_id as fresh_id, state_code
    from network_members
    semi join crowded on crowded.fresh_id = network_members.network_id
    join evidence_clinics using (clinic_id)
    where state_code is not null
    group by network_id, state_code
    qualify row_number() over (partition by network_id order by count(*) desc, state_code) = 1
),
longer_names as (
    select fresh_id, 2 as place, network_name || ' ' || lower(state_code) as name
    from crowded
    join states using (fresh_id)
    union all
    select fresh_id, 3, network_name || ' ' || first_id from crowded
    union all
    select fresh_id, 4, network_name || ' ' || first_id || ' ' || (select count(*) from former_aliases) from crowded
),
candidates as (
    select fresh_id, 1 as place, fresh_id as network_id from fresh
    union all
    select fresh_id, place, 'net_' || left(md5(name), 12) as longer_id
    from longer_names
    where longer_id not in (select fresh_id from fresh)
),
free as (
    select fresh_id, network_id
    from candidates
    anti join taken using (network_id)
    qualify row_number() over (partition by fresh_id order by place) = 1
)
select fresh_id, network_id from kept
union all
select fresh_id, network_id from free
