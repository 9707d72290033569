-- Where points are lost to missing data: what an average clinic cannot get because a field is missing.
-- Grain: one row per field that the scorecard reads, the dearest first; average_points per clinic.
-- Inputs: icp_bands, missing_outcomes (what each MISSING band of the scorecard loses), field_coverage.
-- Where a rule reads several fields, they share its loss in proportion to how often each is missing.
with
counted as (
    select histogram(columns(* exclude (clinic_id, normalized_name))) from icp_bands
),
long as (
    unpivot counted on columns(*) into name characteristic value counts
),
bands as (
    select characteristic, entry.key as band, entry.value as num_clinics
    from (select characteristic, unnest(map_entries(counts)) as entry from long)
),
losses as (
    select outcomes.fields, sum(outcomes.points * bands.num_clinics) as points
    from bands
    join missing_outcomes as outcomes using (characteristic, band)
    group by outcomes.fields
),
parts as (
    select
        losses.fields,
        losses.points,
        coverage.field,
        1 - coverage.given_share as missing,
        sum(1 - coverage.given_share) over same_fields as missing_of_all,
        count(*) over same_fields as num_fields
    from (select fields, points, unnest(fields) as field from losses) as losses
    join field_coverage as coverage using (field)
    window same_fields as (partition by losses.fields)
),
per_field as (
    select
        field,
        sum(points * if(missing_of_all = 0, 1 / num_fields, missing / missing_of_all)) as points
    from parts
    group by field
)
select
    coverage.field,
    coalesce(per_field.points, 0) / (select count(*) from icp_bands) as average_points,
    coverage.given_share
from field_coverage as coverage
left join per_field using (field)
where coverage.is_read
order by average_points desc, coverage.given_share, coverage.field
