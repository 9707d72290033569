-- Whom do I call first in each state? The five best anchors per state, with what their network adds.
select state_code, clinic_id, account_name, icp_total_score, display_name, network_icp_total_score, num_clinics
from anchors_to_call
where state_code is not null
qualify row_number() over (partition by state_code order by network_icp_total_score desc, clinic_id) <= 5
order by state_code, network_icp_total_score desc, clinic_id;
