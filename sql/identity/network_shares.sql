-- What became of the clinics of each former network.
-- Grain: one row per former network and network that has clinics of it now.
-- Inputs: former_members (clinic_id, network_id), network_members.
-- claims: the network holds at least half of the former one's clinics, those that are gone counted. Of two halves the
-- one that bears the id by itself claims, then the larger.
with
former as (
    select network_id as former_id, count(*) as num_former from former_members group by former_id
),
now as (
    select network_id, count(*) as num_now from network_members group by network_id
),
shared as (
    select former_members.network_id as former_id, network_members.network_id, count(*) as num_shared
    from former_members
    join network_members using (clinic_id)
    group by all
),
sized as (
    select *, num_shared * 2 >= num_former as is_half
    from shared
    join former using (former_id)
    join now using (network_id)
),
-- Of several former networks that it holds half of, a network goes on the largest.
going_on as (
    select
        *,
        is_half and row_number() over (
            partition by network_id
            order by is_half desc, num_former desc, num_shared desc, network_id = former_id desc, former_id
        ) = 1 as goes_on
    from sized
),
ranked as (
    select
        *,
        row_number() over (
            partition by former_id
            order by num_shared desc, goes_on desc, network_id = former_id desc, num_now desc, network_id
        ) = 1 as is_largest
    from going_on
)
select former_id, network_id, num_shared, num_former, num_now, is_largest, is_largest and is_half as claims
from ranked
