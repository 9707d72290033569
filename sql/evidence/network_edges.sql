-- What ties the clinics of each network together.
-- Grain: one row per clinic of a network, kind and value; all clinics with the same kind and value are tied.
-- Inputs: clinic_edges, network_members, network_spellings, evidence_kinds.
-- status is decided where people said so, automatic otherwise. similarity is that of two spellings, missing of other kinds.
select network_id, clinic_id, clinic, other, kind, value, if(is_decided, 'decided', 'automatic') as status, similarity
from clinic_edges
join evidence_kinds using (kind)
join network_members using (clinic)
left join (select distinct 'spelling' as kind, value, similarity from network_spellings) as spellings using (kind, value)
