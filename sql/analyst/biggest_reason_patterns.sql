-- What do most clinics look like? The commonest patterns of reasons, with a clinic for each.
select icp_reason_codes, count(*) as num_clinics, any_value(icp_total_score) as a_score, min(clinic_id) as a_clinic
from icp_scores
group by icp_reason_codes
order by num_clinics desc, icp_reason_codes
limit 25;
