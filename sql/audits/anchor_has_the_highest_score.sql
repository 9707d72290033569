-- Members that score higher than the anchor of their network, where neither override nor decision has chosen the anchor.
-- Grain: one row per such member. Inputs: network_members, network_overrides, decisions.
with
anchors as (
    select network_id, clinic_id, total_score
    from network_members
    where is_network_anchor
      and clinic_id not in (select clinic_id from network_overrides where is_anchor)
      and clinic_id not in (select subject from decisions where action = 'anchor' and state = 'holds')
)
select members.network_id, members.clinic_id, members.total_score, anchors.total_score as anchor_score
from network_members as members
join anchors using (network_id)
where members.total_score > anchors.total_score
