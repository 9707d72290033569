-- The names that a clinic is matched by: normalised, and normalised after 30 characters as the list of exclusions
-- cuts.
-- Grain: one row per NPI and name.
-- Inputs: members, nppes, name_keys (id, name_key, name_key_cut; empty where no list is matched by names), other_names
-- (npi, name, name_key, name_key_cut), clinic_enrollments.
select
    members.clinic_id,
    members.state_code,
    'legal' as kind,
    nppes.name,
    name_keys.name_key,
    name_keys.name_key_cut,
    true as has_npi
from members
join nppes using (id)
join name_keys using (id)
where name_keys.name_key is not null
union all
select members.clinic_id, members.state_code, 'other', nppes.other_name, nppes.other_name_key, nppes.other_name_key_cut, true
from members
join nppes using (id)
where nppes.other_name_key is not null
union all
select members.clinic_id, members.state_code, 'other', other_names.name, other_names.name_key, other_names.name_key_cut, true
from other_names
join members using (npi)
where other_names.name_key is not null
union all
select clinic_id, state_code, 'other', dba_name, dba_name_key, dba_name_key_cut, true
from clinic_enrollments
where dba_name_key is not null
