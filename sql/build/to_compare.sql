-- The rows whose contacts and addresses have to be compared: clinics of several NPIs, or with secondary locations.
-- Grain: one row per NPI.
-- Inputs: members, locations.
select id
from members
where not is_alone or npi in (select npi from locations)
