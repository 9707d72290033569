-- How many practice locations clinics have in their state, secondary ones included.
-- Grain: one row per clinic with an address.
-- Inputs: members, locations (npi, state, street, city, zip5). An address is its street without suite, floor or unit, city and ZIP.
with
places as (
    select clinic_id, street, city_key, zip5
    from members
    union
    select members.clinic_id, locations.street, locations.city_key, locations.zip5
    from locations
    join members using (npi)
    where locations.state = members.state
)
select clinic_id, count(*) as site_count
from places
where street is not null
group by clinic_id
