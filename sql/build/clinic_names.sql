-- The names that a clinic is matched by: normalised, and normalised after 30 characters as the list of exclusions cuts.
-- Grain: one row per clinic, kind of name and name.
-- Inputs: members, other_names (npi, name, name_key, name_key_cut), clinic_enrollments.
select distinct clinic_id, state_code, kind, name, name_key, name_key_cut
from (
    select clinic_id, state as state_code, 'legal' as kind, name, name_key, name_key_cut
    from members
    union all
    select clinic_id, state, 'other', other_name, other_name_key, other_name_key_cut
    from members
    union all
    select members.clinic_id, members.state, 'other', other_names.name, other_names.name_key, other_names.name_key_cut
    from other_names
    join members using (npi)
    union all
    select clinic_id, state_code, 'other', dba_name, dba_name_key, dba_name_key_cut
    from clinic_enrollments
)
where name_key is not null
