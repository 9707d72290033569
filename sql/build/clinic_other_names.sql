-- The other names of clinics, of all their rows, files of other names and enrolments.
-- Grain: one row per clinic with another name.
-- Inputs: clinic_names.
select clinic_id, list_sort(list(distinct name)) as other_names
from clinic_names
where kind = 'other'
group by clinic_id
