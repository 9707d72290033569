-- How do the segments differ? Clinics, average score and average per category.
select
    icp_segment, label, count(*) as num_clinics, round(avg(icp_total_score), 2) as total,
    round(avg(icp_fit_score), 2) as fit, round(avg(icp_pain_score), 2) as pain,
    round(avg(icp_compliance_score), 2) as compliance, round(avg(icp_propensity_score), 2) as propensity,
    round(avg(icp_scale_score), 2) as scale, round(avg(icp_segment_score), 2) as segment
from icp_scores
join scorecard_segments on segment = icp_segment
group by icp_segment, label
order by icp_segment;
