-- The rows whose contacts and addresses have to be compared: clinics of several NPIs, or with secondary locations.
-- Grain: one row per NPI.
-- Inputs: members, clinic_keys, locations.
select members.id
from members
join clinic_keys using (clinic_id)
where clinic_keys.num_npis > 1
   or members.npi in (select npi from locations)
