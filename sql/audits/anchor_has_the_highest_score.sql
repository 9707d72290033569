-- Members that score higher than the anchor of their network, where neither override nor decision has chosen the anchor;
-- where a score is missing, or is no finite number, nobody knows.
-- Grain: one row per such member. Inputs: member_scores, network_overrides, decisions.
with
anchors as (
    select network_id, clinic_id, total_score
    from member_scores
    where is_network_anchor
      and clinic_id not in (select clinic_id from network_overrides where is_anchor)
      and clinic_id not in (select subject from decisions where action = 'anchor' and state = 'holds')
)
select members.network_id, members.clinic_id, members.total_score, anchors.total_score as anchor_score
from member_scores as members
join anchors using (network_id)
where members.network_id is not null
  and not coalesce(members.total_score <= anchors.total_score and isfinite(anchors.total_score), false)
