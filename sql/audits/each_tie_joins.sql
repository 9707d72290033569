-- Ties that join nothing: of a clinic that is not in the network of the tie, or a value that clinics of two networks
-- share though no decision keeps these apart. Ties that wait for review are of no network, and only they.
-- Grain: one row per tie of such a clinic, or value and two networks. Inputs: network_edges, decision_pairs,
-- clinics_icp_with_networks.
with
members as (
    select clinic_id, network_id
    from clinics_icp_with_networks
    where network_id is not null
),
strays as (
    select kind, value, clinic_id, network_edges.network_id, members.network_id as other_id
    from network_edges
    left join members using (clinic_id)
    where members.network_id is distinct from network_edges.network_id and status is distinct from 'review'
       or (status = 'review') = (network_edges.network_id is not null)
),
spread as (
    select kind, value, list(distinct network_id) as networks
    from network_edges
    group by kind, value
    having min(network_id) <> max(network_id)
),
parted as (
    select a.network_id, b.network_id as other_id
    from decision_pairs
    join members as a using (clinic_id)
    join members as b on b.clinic_id = other_clinic_id
    where not together
),
unparted as (
    select kind, value, null as clinic_id, a.network_id, b.network_id as other_id
    from (select kind, value, unnest(networks) as network_id from spread) as a
    join (select kind, value, unnest(networks) as network_id from spread) as b using (kind, value)
    where a.network_id < b.network_id
      and (a.network_id, b.network_id) not in (
          select (network_id, other_id) from parted union all select (other_id, network_id) from parted
      )
)
from strays union all from unparted
