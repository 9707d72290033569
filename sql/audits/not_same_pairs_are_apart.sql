-- Clinics of one network that a decision keeps apart.
-- Grain: one row per such pair. Inputs: decision_pairs, clinics_icp_with_networks.
with
apart as (
    select * from decision_pairs where not together
),
members as (
    select clinic_id, network_id
    from clinics_icp_with_networks
    where network_id is not null
      and (
          clinic_id in (select clinic_id from apart)
          or clinic_id in (select other_clinic_id from apart)
      )
)
select apart.line, apart.clinic_id, other_clinic_id, a.network_id
from apart
join members as a on a.clinic_id = apart.clinic_id
join members as b on b.clinic_id = other_clinic_id
where a.network_id = b.network_id
