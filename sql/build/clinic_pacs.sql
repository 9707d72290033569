-- The legal owners of clinics in PECOS, as PAC ids.
-- Grain: one row per enrolled clinic.
-- Inputs: clinic_enrollments.
select clinic_id, list_sort(list(distinct pac_id)) as pac_ids
from clinic_enrollments
where pac_id is not null
group by clinic_id
