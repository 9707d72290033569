-- Networks that stand twice, or whose num_clinics is not the number of their members, and members that say another
-- number; clinics of no network that say one.
-- Grain: one row per such network or clinic. Inputs: networks_icp, clinics_icp_with_networks.
with
networks as (
    select network_id, min(num_clinics) as num_clinics, count(*) as num_rows from networks_icp group by network_id
),
members as (
    select network_id, count(*) as num_members, min(num_clinics) as least, max(num_clinics) as most,
        count(num_clinics) as num_said
    from clinics_icp_with_networks
    where network_id is not null
    group by network_id
)
select networks.network_id, null as clinic_id, num_rows, networks.num_clinics, num_members, least, most
from networks
left join members using (network_id)
where num_rows > 1
   or num_members is distinct from networks.num_clinics
   or least is distinct from networks.num_clinics
   or most is distinct from networks.num_clinics
   or num_said is distinct from num_members
union all
select null, clinic_id, null, num_clinics, null, null, null
from clinics_icp_with_networks
where network_id is null and num_clinics is not null
