-- Category scores below 0, above their maximum, or missing, of clinics and of networks.
-- Grain: one row per such score. Inputs: icp_scores, networks_icp, scorecard_categories (category, maximum).
with
maxima as (
    select
        any_value(maximum) filter (where category = 'fit') as fit,
        any_value(maximum) filter (where category = 'pain') as pain,
        any_value(maximum) filter (where category = 'compliance') as compliance,
        any_value(maximum) filter (where category = 'propensity') as propensity,
        any_value(maximum) filter (where category = 'scale') as scale,
        any_value(maximum) filter (where category = 'segment') as segment
    from scorecard_categories
),
scored as (
    select 'clinic' as level, clinic_id as id, icp_fit_score as fit_score, icp_pain_score as pain_score,
        icp_compliance_score as compliance_score, icp_propensity_score as propensity_score,
        icp_scale_score as scale_score, icp_segment_score as segment_score
    from icp_scores
    union all
    select 'network', network_id, network_icp_fit_score, network_icp_pain_score,
        network_icp_compliance_score, network_icp_propensity_score,
        network_icp_scale_score, network_icp_segment_score
    from networks_icp
)
select scored.*
from scored, maxima
where not coalesce(
    fit_score between 0 and fit and pain_score between 0 and pain and compliance_score between 0 and compliance
    and propensity_score between 0 and propensity and scale_score between 0 and scale
    and segment_score between 0 and segment,
    false
)
