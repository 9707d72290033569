-- The cities and ZIPs of clinics, of their practice locations and their mail, upper case.
-- Grain: one row per clinic, city and ZIP.
-- Inputs: members, locations.
select clinic_id, city_key as city, zip5 from members
union
select clinic_id, mailing_city_key, mailing_zip5 from members
union
select members.clinic_id, locations.city_key, locations.zip5
from locations
join members using (npi)
