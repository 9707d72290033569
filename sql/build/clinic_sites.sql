-- How many practice locations clinics have in their state, secondary ones included.
-- Grain: one row per clinic with an address.
-- Inputs: members, nppes, contacts, locations (npi, state, street, city_key, zip5). An address is its street without
-- suite, floor or
-- unit, city and ZIP; clinics of one NPI without secondary locations have one.
with
places as (
    select members.clinic_id, contacts.street, contacts.city_key, contacts.zip5
    from members
    join contacts using (id)
    union
    select members.clinic_id, locations.street, locations.city_key, locations.zip5
    from locations
    join members using (npi)
    where locations.state = members.state_code
)
select clinic_id, count(*) as site_count
from places
where street is not null
group by clinic_id
union all
select members.clinic_id, 1
from members
join nppes using (id)
anti join contacts using (id)
where coalesce(nppes.address_1, nppes.address_2) is not null
