-- Which clinics are within five points of tier 1, and where is there room?
with
edge as (select at_least from scorecard_tiers where level = 'clinic' and tier = 1),
most as (
    select
        any_value(maximum) filter (where category = 'pain') as pain,
        any_value(maximum) filter (where category = 'propensity') as propensity,
        any_value(maximum) filter (where category = 'scale') as scale
    from scorecard_categories
)
select clinic_id, account_name, state_code, icp_total_score, round(at_least - icp_total_score, 2) as points_short,
    round(most.pain - icp_pain_score, 2) as pain_room,
    round(most.propensity - icp_propensity_score, 2) as propensity_room,
    round(most.scale - icp_scale_score, 2) as scale_room
from icp_scores, edge, most
where icp_total_score >= at_least - 5 and icp_total_score < at_least
order by icp_total_score desc, clinic_id
limit 200;
