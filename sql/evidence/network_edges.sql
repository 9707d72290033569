-- What ties the clinics of each network together.
-- Grain: one row per clinic of a network, kind and value; all clinics with the same kind and value are tied.
-- Inputs: clinic_edges, evidence_clinics, network_members.
select network_id, clinic_id, clinic, kind, value
from clinic_edges
join evidence_clinics using (clinic)
join network_members using (clinic_id)
