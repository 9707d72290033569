-- The clinics of every network, from which sql/networks.sql and sql/network_columns.sql start.
-- Grain: one row per clinic that belongs to a network. is_forced_anchor: an override or a decision made it the anchor.
-- Inputs: clinics_icp_with_networks, network_overrides, decisions.
select
    network_id,
    network_name,
    clinic_id,
    is_network_anchor
    and (
        clinic_id in (select clinic_id from network_overrides where is_anchor)
        or clinic_id in (select subject from decisions where action = 'anchor' and state = 'holds')
    ) as is_forced_anchor
from clinics_icp_with_networks
where network_id is not null
