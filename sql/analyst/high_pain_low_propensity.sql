-- Who hurts but is not ready to buy? Clinics in the upper half of pain and the lowest quarter of propensity.
with
most as (
    select
        any_value(maximum) filter (where category = 'pain') as pain,
        any_value(maximum) filter (where category = 'propensity') as propensity
    from scorecard_categories
)
select clinic_id, account_name, state_code, icp_segment, icp_pain_score, icp_propensity_score, icp_total_score
from icp_scores, most
where icp_pain_score >= 0.5 * most.pain and icp_propensity_score <= 0.25 * most.propensity
order by icp_pain_score desc, icp_total_score desc, clinic_id
limit 200;
