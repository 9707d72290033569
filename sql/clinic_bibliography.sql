-- The explanation of every score: what was looked at, what it was worth, and why.
-- Grain: one row per clinic and bibliography entry, in scorecard order (position).
-- Inputs: clinic_evidence (bands and values), scorecard_categories, scorecard_characteristics, scorecard_bands.
-- A band number says everything but the value: code, points, reason and note are look-ups on it.
with
landed as (
    select clinic_id, unnest(bands) as band, generate_subscripts(bands, 1) as position, shown, numbers
    from clinic_evidence
),
-- Points in hundredths, which are whole numbers, so that no order of addition changes a digit. What lies on a line or
-- is a share of a list goes by its value; where that is missing the band says what it gives.
worth as not materialized (
    select
        clinic_id,
        position,
        band,
        shown,
        coalesce(
            round(bands.points * 100),
            least(
                round(bands.bonus * 100) + round(100 * coalesce(
                    case when numbers[bands.points_place] is not null then
                        round_even(
                            (
                                bands.line_start + bands.line_slope * (
                                    least(greatest(numbers[bands.points_place], bands.line_low), bands.line_high)
                                    - bands.line_low
                                )
                            ) * power(10, bands.line_decimals),
                            0
                        ) / power(10, bands.line_decimals)
                    end,
                    bands.share_points[
                        1 + len(list_intersect(shown[bands.points_place]::varchar[], bands.share_items))
                    ],
                    bands.absent_points
                )),
                round(bands.cap * 100)
            )
        )::bigint as hundredths
    from landed
    join scorecard_bands as bands using (position, band)
),
entries as (
    select
        worth.clinic_id,
        worth.position,
        categories.bibliography as score,
        bands.code,
        bands.sources,
        case
            when bands.is_missing then null
            when len(parts.value_fields) = 1 then coalesce(shown[parts.value_places[1]], 'null'::json)
            else to_json(map_from_entries(list_zip(parts.value_fields, list_select(shown, parts.value_places))))
        end as value,
        hundredths / 100 as points,
        case when bands.is_missing then 'MISSING' end as status,
        bands.reason,
        case
            when bands.is_missing then bands.note
            else nullif(
                array_to_string(
                    [
                        parts.unknown_notes[place] for place in range(1, len(parts.unknown_places) + 1)
                        if shown[parts.unknown_places[place]] is null
                    ],
                    '; '
                ),
                ''
            )
        end as note
    from worth
    join scorecard_bands as bands using (position, band)
    join scorecard_characteristics as parts using (position)
    join scorecard_categories as categories using (category)
),
-- Where a category's maximum cuts, a last entry takes the rest away.
caps as (
    select
        worth.clinic_id,
        any_value(categories.last_position) + 0.5 as position,
        any_value(categories.bibliography) as score,
        any_value(categories.cap_code) as code,
        []::varchar[] as sources,
        null::json as value,
        (any_value(round(categories.maximum * 100)) - sum(hundredths)) / 100 as points,
        null as status,
        any_value(categories.cap_reason) as reason,
        null as note
    from worth
    join scorecard_characteristics as parts using (position)
    join scorecard_categories as categories using (category)
    where categories.can_exceed
    group by worth.clinic_id, category
    having sum(hundredths) > any_value(round(categories.maximum * 100))
),
-- The small part first: DuckDB 1.4 on two cores waits for itself for ever the other way round.
bibliography as (
    from caps
    union all
    from entries
)
select *
from bibliography
