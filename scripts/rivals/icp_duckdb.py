"""The scorecard `icp` by hand in DuckDB SQL, as `icp_polars.py` is in Polars.

python scripts/rivals/icp_duckdb.py EXTRACT OUT.parquet
"""

import sys

import duckdb

QUERY = """
copy (
    with texts as (
        select *, lower(segment_label) as label, lower(sector) as wider,
            if(denial_pressure > 10, 10, denial_pressure) as denial, if(roi_readiness > 10, 10, roi_readiness) as roi,
            case when bene_count > 0 and allowed_amt > 0 then allowed_amt / bene_count end as revenue
        from read_parquet($extract)
    ),
    flags as (
        select *,
            coalesce(regexp_matches(label, 'behavioral health|mental health|substance abuse|psychiatry|psychology|home health|home care|hospice|palliative'), false) as home,
            coalesce(regexp_matches(label, 'fqhc|federally qualified|rural health|community health|hrsa'), false)
            or coalesce(regexp_matches(wider, 'fqhc|federally qualified|rural health|community health|hrsa'), false) as rural,
            coalesce(regexp_matches(label, 'multi-specialty|multi specialty|health system|hospital-affiliated|hospital affiliated|private equity|pe-backed'), false) as multi,
            coalesce(regexp_matches(label, 'behavioral|mental health|substance abuse|psychiatry|psychology'), false) as behavioral,
            case when site_count >= 5 then 2.0 else 0.0 end as several,
            case when services_count >= 10 then 3.0 else 0.0 end as broad
        from texts
    ),
    parts as (
        select *,
            case
                when label is null then 0.0
                when home then 18 + several
                when rural then 16 + broad
                when regexp_matches(label, 'primary care|family medicine') then 15 + several
                when multi then 13 + broad
                else 10 + several + broad
            end as fit,
            round_even(case when denial >= 7 then 8 + (denial - 7) * (2.0::double / 3) when denial > 0 then denial else 0 end, 2)
            + case when revenue >= 1000 then 0.0 when revenue >= 600 then 3.0 when revenue >= 300 then 5.0
                when revenue is not null then 7.0 else 0.0 end
            + case when coding_complexity >= 10 then 3.0 when coding_complexity >= 5 then 1.5 else 0.0 end as pain,
            case
                when oig_leie_flag then 10.0
                when regexp_matches(label, 'home health|post-acute|post acute|hospice') then 8.0
                when behavioral and denial >= 7 then 7.0
                when fqhc_flag then 5.0
                when behavioral or aco_member then 4.0
                else 2.0
            end as compliance,
            case when roi >= 7 then 4.0 when roi >= 4 then 2.0 when roi > 0 then 1.0 else 0.0 end
            + case when pecos_enrolled then 2.0 else 0.0 end
            + case when aco_member then 2.0 else 0.0 end
            + case when coding_complexity >= 8 then 2.0 else 0.0 end as propensity,
            case when npi_count >= 100 then 8.0 when npi_count >= 50 then 7.0 when npi_count >= 20 then 5.5
                when npi_count >= 10 then 4.0 when npi_count >= 5 then 2.5 when npi_count >= 1 then 1.0 else 0.0 end
            + case when site_count >= 10 then 4.0 when site_count >= 5 then 3.0 when site_count >= 3 then 2.0
                when site_count >= 1 then 1.0 else 0.0 end
            + case when bene_count >= 10000 then 4.0 when bene_count >= 5000 then 3.5 when bene_count >= 1000 then 2.5
                when bene_count >= 500 then 1.5 when bene_count > 0 then 0.5 else 0.0 end
            + case when allowed_amt >= 10e6 then 4.0 when allowed_amt >= 5e6 then 3.5 when allowed_amt >= 1e6 then 2.5
                when allowed_amt >= 5e5 then 1.5 when allowed_amt > 0 then 0.5 else 0.0 end as scale,
            label is null and sector is null and npi_count is null and fqhc_flag is null as nothing,
            coalesce(fqhc_flag, false) or rural as rural_segment
        from flags
    ),
    scores as (
        select *,
            case
                when nothing then 8.0
                when home or rural_segment or multi or npi_count >= 100 then 20.0
                when contains(label, 'primary care') then 14.0
                when npi_count >= 50 then 15.0
                when npi_count >= 20 then 12.0
                else 8.0
            end as strategic,
            case when nothing then 'C' when home then 'A' when rural_segment then 'B' else 'C' end as letter
        from parts
    ),
    totals as (
        select *, round(least(fit, 20) + least(pain, 20) + compliance + propensity + scale + strategic, 2) as total
        from scores
    )
    select
        * exclude (
            label, wider, denial, roi, revenue, home, rural, multi, behavioral, several, broad, fit, pain, compliance,
            propensity, scale, nothing, rural_segment, strategic, letter, total
        ),
        total::double as icp_total_score,
        (case when total >= 80 then 1 when total >= 60 then 2 else 3 end)::tinyint as icp_tier,
        case when total >= 80 then 'Tier 1 - HOT' when total >= 60 then 'Tier 2 - Qualified' else 'Tier 3 - Monitor' end
            as icp_tier_label,
        letter as icp_segment,
        least(fit, 20)::double as icp_fit_score,
        round(least(pain, 20), 2)::double as icp_pain_score,
        compliance::double as icp_compliance_score,
        propensity::double as icp_propensity_score,
        scale::double as icp_scale_score,
        strategic::double as icp_segment_score
    from totals
    order by state_code nulls last, total desc, clinic_id
) to $out (format parquet, compression zstd)
"""  # noqa: E501 (phrases of one condition stand on one line)

if __name__ == "__main__":
    extract, out = sys.argv[1:]
    with duckdb.connect() as db:
        db.execute(QUERY, {"extract": extract, "out": out})
