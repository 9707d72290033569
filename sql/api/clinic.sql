-- Everything known of one clinic: values, bands, scores, network columns.
-- Grain: one row per clinic of that id, so one or none. Inputs: clinics; $clinic_id is the id.
from clinics
where clinic_id = $clinic_id
