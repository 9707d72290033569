-- Totals that are not the sum of their six categories: exactly for clinics, within 0.03 points for networks, whose
-- parts are rounded one by one.
-- Grain: one row per such clinic or network. Inputs: icp_scores, networks_icp.
select 'clinic' as level, clinic_id as id, icp_total_score as total
from icp_scores
where round(icp_total_score * 100) is distinct from
    round(icp_fit_score * 100) + round(icp_pain_score * 100) + round(icp_compliance_score * 100)
    + round(icp_propensity_score * 100) + round(icp_scale_score * 100) + round(icp_segment_score * 100)
union all
select 'network', network_id, network_icp_total_score
from networks_icp
where not coalesce(
    abs(round(network_icp_total_score * 100)
        - round(network_icp_fit_score * 100) - round(network_icp_pain_score * 100)
        - round(network_icp_compliance_score * 100) - round(network_icp_propensity_score * 100)
        - round(network_icp_scale_score * 100) - round(network_icp_segment_score * 100)) <= 3,
    false
)
