-- What Medicare paid for the patients of clinics.
-- Grain: one row per clinic with utilisation.
-- Inputs: match_utilization, match_institutional. Of several years of one NPI or CCN the largest numbers count; the
-- file by provider
-- goes before the file by service. Beneficiaries of several NPIs may be the same people: their sum is an upper bound.
with
by_npi as (
    select
        clinic_id,
        value,
        max(share) as share,
        max(services_count) as services_count,
        max(bene_count) as bene_count,
        coalesce(max(allowed_amt) filter (where not by_service), max(allowed_amt)) as allowed_amt
    from match_utilization
    group by clinic_id, value
),
by_ccn as (
    select clinic_id, value, max(bene_count) as bene_count, max(allowed_amt) as allowed_amt
    from match_institutional
    group by clinic_id, value
),
amounts as (
    select clinic_id, services_count, bene_count * share as bene_count, allowed_amt * share as allowed_amt from by_npi
    union all
    select clinic_id, null, bene_count, allowed_amt from by_ccn
)
select
    clinic_id,
    max(services_count) as services_count,
    round(sum(bene_count))::bigint as bene_count,
    round(sum(allowed_amt), 2) as allowed_amt
from amounts
group by clinic_id
