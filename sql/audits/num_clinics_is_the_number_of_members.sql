-- Networks whose num_clinics is not the number of their members, and members that say another number.
-- Grain: one row per such network. Inputs: networks_icp, clinics_icp_with_networks.
with
members as (
    select network_id, count(*) as num_members, min(num_clinics) as least, max(num_clinics) as most,
        count(num_clinics) as num_said
    from clinics_icp_with_networks
    where network_id is not null
    group by network_id
)
select networks_icp.network_id, networks_icp.num_clinics, num_members, least, most
from networks_icp
left join members using (network_id)
where num_members is distinct from networks_icp.num_clinics
   or least is distinct from networks_icp.num_clinics
   or most is distinct from networks_icp.num_clinics
   or num_said is distinct from num_members
