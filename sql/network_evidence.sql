-- What is said of why each network is one, where clinics are grouped by exact names alone.
-- Grain: one row per network. A pair in two states is ambiguous: all its evidence is one shared name.
-- Inputs: network_members, icp_scores (state_code).
select
    network_id,
    null::varchar as evidence,
    null::varchar as weakest_edge,
    count(*) = 2 and count(distinct state_code) = 2 as is_ambiguous,
    null::bigint as num_owners
from network_members
join icp_scores using (clinic_id)
group by network_id
