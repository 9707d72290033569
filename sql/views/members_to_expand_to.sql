-- Where an open door leads: the other members of every network, best first.
-- Grain: one row per member that is not the anchor. Inputs: clinic_scores, network_scores.
select
    networks.network_id,
    networks.display_name,
    networks.total_score as network_total_score,
    networks.anchor_clinic_id,
    members.clinic_id,
    members.account_name,
    members.state_code,
    members.total_score,
    members.tier_label,
    members.segment
from clinic_scores as members
join network_scores as networks using (network_id)
where not members.is_network_anchor
order by networks.total_score desc, networks.network_id, members.rank, members.clinic_id
