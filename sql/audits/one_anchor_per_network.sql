-- Networks that have no anchor among their members, or more than one, or another than they name; anchors of no network,
-- and clinics of which nothing says whether they are one.
-- Grain: one row per such network or clinic. Inputs: networks_icp, clinics_icp_with_networks.
with
anchors as (
    select network_id, count(*) as num_anchors, any_value(clinic_id) as clinic_id
    from clinics_icp_with_networks
    where is_network_anchor
    group by network_id
)
select networks_icp.network_id, anchor_clinic_id, clinic_id, coalesce(num_anchors, 0) as num_anchors
from networks_icp
left join anchors using (network_id)
where num_anchors is distinct from 1 or clinic_id is distinct from anchor_clinic_id
union all
select network_id, null, clinic_id, cast(is_network_anchor as bigint)
from clinics_icp_with_networks
where is_network_anchor is null or (is_network_anchor and network_id is null)
