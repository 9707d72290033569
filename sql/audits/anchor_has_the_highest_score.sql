-- Members that score higher than the anchor of their network, where no override has chosen the anchor.
-- Grain: one row per such member. Inputs: clinics_icp_with_networks, networks_icp, network_overrides.
with
anchors as (
    select network_id, clinic_id, icp_total_score
    from clinics_icp_with_networks
    where is_network_anchor
      and clinic_id not in (select clinic_id from network_overrides where is_anchor)
)
select members.network_id, members.clinic_id, members.icp_total_score, anchors.icp_total_score as anchor_score
from clinics_icp_with_networks as members
join anchors using (network_id)
where members.icp_total_score > anchors.icp_total_score
