-- The cities and ZIPs of clinics, of their practice locations and their mail, upper case.
-- Grain: one row per NPI and place.
-- Inputs: members, nppes, locations.
select members.clinic_id, upper(nppes.city) as city, nppes.zip5
from members
join nppes using (id)
union all
select members.clinic_id, upper(nppes.mailing_city), nppes.mailing_zip5
from members
join nppes using (id)
union all
select members.clinic_id, locations.city_key, locations.zip5
from locations
join members using (npi)
