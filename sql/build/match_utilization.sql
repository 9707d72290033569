-- Which clinics are paid by Medicare, under their own NPIs and those of their clinicians.
-- Grain: one row per clinic, NPI and row of a utilisation file.
-- Inputs: utilization (with source_row), clinic_npis, clinicians. `share` divides what a clinician bills by the
-- number of employers.
with
billing as (
    select clinic_id, npi, 1.0 as share, 'npi' as key from clinic_npis
    union all
    select clinic_id, clinician_npi, 1.0 / greatest(coalesce(employers, 1), 1), 'npi of a clinician'
    from clinicians
    where clinician_npi is not null
)
select
    billing.clinic_id,
    utilization.source_row,
    'allowed_amt' as field,
    'utilization' as file,
    billing.key,
    utilization.npi as value,
    'exact' as match,
    null::varchar as detail,
    null::date as dated,
    billing.share,
    utilization.by_service,
    utilization.services_count,
    utilization.bene_count,
    utilization.allowed_amt
from utilization
join billing using (npi)
