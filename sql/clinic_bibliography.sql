-- The explanation of every score: what was looked at, what it was worth, and why.
-- Grain: one row per clinic and bibliography entry, in scorecard order (position).
-- Inputs: clinics (values and bands), scorecard_categories, scorecard_characteristics, scorecard_bands.
-- A band number says everything but the value: code, points, reason and note are look-ups on it.
with
long as (
    unpivot (
        select clinic_id, to_json(__icp_row) as fields, columns('^__icp_band_') from clinics as __icp_row
    )
    on columns('^__icp_band_') into name band_column value band
),
entries as (
    select
        long.clinic_id,
        parts.position,
        parts.category,
        bands.code,
        coalesce(bands.sources, parts.sources) as sources,
        case
            when bands.is_missing then null
            when parts.numerator is not null then
                to_json(round_even((fields ->> parts.numerator)::double / (fields ->> parts.denominator)::double, 2))
            when len(parts.value_fields) = 1 then json_value_as_compared(fields, parts.value_fields[1])
            else to_json(map_from_entries(
                [{'k': name, 'v': json_value_as_compared(fields, name)} for name in parts.value_fields]
            ))
        end as value,
        coalesce(
            bands.points,
            round_even(
                bands.line_start + bands.line_slope * (
                    least(greatest((fields ->> bands.line_field)::double, bands.line_low), bands.line_high)
                    - bands.line_low
                ),
                bands.decimals
            )
        ) as points,
        case when bands.is_missing then 'MISSING' end as status,
        bands.reason,
        coalesce(
            bands.note,
            case when (fields ->> parts.unknown_field) is null then parts.unknown_note end
        ) as note
    from long
    join scorecard_characteristics as parts using (band_column)
    join scorecard_bands as bands on bands.band_column = long.band_column and bands.band = long.band
),
-- Where a category's maximum cuts, a last entry takes the rest away.
caps as (
    select entries.clinic_id, categories.category, round(sum(points) * 100) / 100 - categories.maximum as excess
    from entries
    join scorecard_categories as categories using (category)
    where categories.can_exceed
    group by entries.clinic_id, categories.category, categories.maximum
    having round(sum(points) * 100) > categories.maximum * 100
)
select clinic_id, entries.position, bibliography as score, code, sources, value, points, status, reason, note
from entries
join scorecard_categories using (category)
union all
select
    clinic_id,
    last_position + 0.5,
    bibliography,
    category || '.cap',
    [],
    null,
    -excess,
    null,
    'Capped at ' || printf('%g', maximum),
    null
from caps
join scorecard_categories using (category)
