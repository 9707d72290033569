-- Which networks of five and more clinics score best, and how sure is the grouping?
select network_id, display_name, network_icp_total_score, network_icp_tier_label, num_clinics, num_states,
    states_covered, total_npi_count, anchor_clinic_id, is_ambiguous
from networks_icp
where num_clinics >= 5
order by network_icp_total_score desc, network_id
limit 100;
