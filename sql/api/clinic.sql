-- Everything known of one clinic: values, bands, scores, network columns.
-- Grain: one row, or none. Inputs: clinics. Parameter: clinic_id.
from clinics
where clinic_id = $clinic_id
