-- Decisions that hold by what the run says, and do not: clinics to be joined stand in two networks or in none, an anchor
-- is none, a network has another name than was decided.
-- Grain: one row per such decision. Inputs: decisions, decision_pairs, clinics_icp_with_networks, networks_icp.
with
holding as (
    select * from decisions where state = 'holds'
),
named as (
    select clinic_id from decision_pairs where together
    union
    select other_clinic_id from decision_pairs where together
    union
    select subject from holding where action in ('anchor', 'rename')
),
members as (
    select clinic_id, network_id, is_network_anchor
    from clinics_icp_with_networks
    semi join named using (clinic_id)
),
broken as (
    select decision_pairs.line
    from decision_pairs
    join members as a using (clinic_id)
    join members as b on b.clinic_id = other_clinic_id
    where together and coalesce(a.network_id <> b.network_id, true)
    union
    select line
    from holding
    join members on clinic_id = subject
    where action = 'anchor' and not is_network_anchor
    union
    select line
    from holding
    join members on clinic_id = subject
    left join networks_icp using (network_id)
    where action = 'rename' and display_name is distinct from object
)
select line, action, subject, object
from holding
semi join broken using (line)
