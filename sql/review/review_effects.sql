-- What would change for clinics if a question were answered with yes.
-- Grain: one row per question. num_changed counts clinics that would get another network, or whose network would get
-- another tier or anchor.
-- Inputs: review_questions, members_if and networks_if (the networks that there would be), network_members,
-- network_scores.
with
now as (
    select clinic_id, network_id, tier, anchor_clinic_id
    from network_members
    join network_scores using (network_id)
),
members as (
    select members_if.network_id as question_id, clinic_id, now.* exclude (clinic_id)
    from members_if
    left join now using (clinic_id)
),
-- The largest network gives the id.
largest as (
    select question_id, network_id as kept_id
    from members
    where network_id is not null
    group by question_id, network_id
    qualify row_number() over (partition by question_id order by count(*) desc, network_id) = 1
)
select
    members.question_id,
    count(*) filter (
        members.network_id is distinct from coalesce(kept_id, '')
        or members.tier is distinct from networks_if.tier
        or members.anchor_clinic_id is distinct from networks_if.anchor_clinic_id
    ) as num_changed
from members
join networks_if on networks_if.network_id = members.question_id
left join largest using (question_id)
group by members.question_id
