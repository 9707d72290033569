-- The MD5 of what stands for a practice, as two whole numbers (each half with its lowest byte first): always the same.
-- Grain: one row per row of the input, in its order.
-- Inputs: practice_keys (row_number, key).
select
    row_number,
    md5_number_upper(key) as high,
    md5_number_lower(key) as low
from practice_keys
order by row_number
