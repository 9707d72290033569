"""The scorecard `icp` by hand in Polars: what somebody would write who needs this one score, once.

    python scripts/rivals/icp_polars.py EXTRACT OUT.parquet

Reads clean Parquet, scores, sorts, writes one table: no reasons, no evidence, no networks, no questions asked of the
data. `bench.py` compares the results with those of the engine, and then the cost.
"""

import sys

import polars as pl

HOME = ["behavioral health", "mental health", "substance abuse", "psychiatry", "psychology"]
HOME += ["home health", "home care", "hospice", "palliative"]
RURAL = ["fqhc", "federally qualified", "rural health", "community health", "hrsa"]
MULTI = ["multi-specialty", "multi specialty", "health system", "hospital-affiliated", "hospital affiliated"]
MULTI += ["private equity", "pe-backed"]
PRIMARY = ["primary care", "family medicine"]
POST_ACUTE = ["home health", "post-acute", "post acute", "hospice"]
BEHAVIORAL = ["behavioral", "mental health", "substance abuse", "psychiatry", "psychology"]


def mentions(field: str, phrases: list[str]) -> pl.Expr:
    """Whether a text holds any of the phrases."""
    return pl.col(field).str.to_lowercase().str.contains_any(phrases).fill_null(value=False)


def steps(field: pl.Expr, *steps: tuple[float, float]) -> pl.Expr:
    """Points from edges downwards; 0 below the last, and where nothing is known."""
    chain: pl.Expr = pl.lit(0.0)
    for edge, points in reversed(steps):
        chain = pl.when(field >= edge).then(points).otherwise(chain)
    return chain


def above_nothing(field: str, *above: tuple[float, float], least: float) -> pl.Expr:
    """Points from edges downwards; the least for whatever is above 0."""
    value = pl.col(field)
    return pl.when(value > 0).then(pl.max_horizontal(steps(value, *above), pl.lit(least))).otherwise(0.0)


def is_true(field: str) -> pl.Expr:
    """Whether a flag is known to be true."""
    return pl.col(field).fill_null(value=False)


def scored(clinics: pl.LazyFrame) -> pl.LazyFrame:
    """Return the clinics with their scores, in the order of `clinics_icp`."""
    label, npi, sites = pl.col("segment_label"), pl.col("npi_count"), pl.col("site_count")
    denial, coding = pl.col("denial_pressure"), pl.col("coding_complexity")
    home, multi, primary = pl.col("home"), pl.col("multi"), pl.col("primary")
    revenue = pl.when((pl.col("bene_count") > 0) & (pl.col("allowed_amt") > 0)).then(
        pl.col("allowed_amt") / pl.col("bene_count")
    )
    several, broad = steps(sites, (5, 2.0)), steps(pl.col("services_count"), (10, 3.0))
    fit = (
        pl.when(label.is_null()).then(0.0)
        .when(home).then(18 + several)
        .when(pl.col("rural")).then(16 + broad)
        .when(primary).then(15 + several)
        .when(multi).then(13 + broad)
        .otherwise(10 + several + broad)
    )  # fmt: skip
    pressure = pl.when(denial >= 7).then(8 + (denial - 7) * 2 / 3).when(denial > 0).then(denial).otherwise(0.0)
    poor = (
        pl.when(revenue >= 1000).then(0.0).when(revenue >= 600).then(3.0).when(revenue >= 300).then(5.0)
        .when(revenue.is_not_null()).then(7.0).otherwise(0.0)
    )  # fmt: skip
    compliance = (
        pl.when(is_true("oig_leie_flag")).then(10.0)
        .when(mentions("segment_label", POST_ACUTE)).then(8.0)
        .when(pl.col("behavioral") & (denial >= 7)).then(7.0)
        .when(is_true("fqhc_flag")).then(5.0)
        .when(pl.col("behavioral") | is_true("aco_member")).then(4.0)
        .otherwise(2.0)
    )  # fmt: skip
    propensity = (
        above_nothing("roi_readiness", (7, 4.0), (4, 2.0), least=1.0)
        + pl.when(is_true("pecos_enrolled")).then(2.0).otherwise(0.0)
        + pl.when(is_true("aco_member")).then(2.0).otherwise(0.0)
        + steps(coding, (8, 2.0))
    )
    scale = (
        steps(npi, (100, 8.0), (50, 7.0), (20, 5.5), (10, 4.0), (5, 2.5), (1, 1.0))
        + steps(sites, (10, 4.0), (5, 3.0), (3, 2.0), (1, 1.0))
        + above_nothing("bene_count", (10_000, 4.0), (5_000, 3.5), (1_000, 2.5), (500, 1.5), least=0.5)
        + above_nothing("allowed_amt", (10e6, 4.0), (5e6, 3.5), (1e6, 2.5), (5e5, 1.5), least=0.5)
    )
    nothing = pl.all_horizontal(pl.col("segment_label", "sector", "npi_count", "fqhc_flag").is_null())
    rural_segment = is_true("fqhc_flag") | pl.col("rural")
    segment = (
        pl.when(nothing).then(8.0)
        .when(home | rural_segment | multi | (npi >= 100)).then(20.0)
        .when(mentions("segment_label", ["primary care"])).then(14.0)
        .otherwise(pl.max_horizontal(steps(npi, (50, 15.0), (20, 12.0)), pl.lit(8.0)))
    )  # fmt: skip
    letter = pl.when(nothing).then(pl.lit("C")).when(home).then(pl.lit("A")).when(rural_segment).then(pl.lit("B"))
    total = pl.col("icp_total_score")
    columns = clinics.collect_schema().names()
    return (
        clinics.with_columns(pl.col("denial_pressure", "roi_readiness").clip(upper_bound=10))
        .with_columns(
            home=mentions("segment_label", HOME),
            rural=mentions("segment_label", RURAL) | mentions("sector", RURAL),
            multi=mentions("segment_label", MULTI),
            primary=mentions("segment_label", PRIMARY),
            behavioral=mentions("segment_label", BEHAVIORAL),
        )
        .with_columns(
            icp_segment=letter.otherwise(pl.lit("C")),
            icp_fit_score=fit.clip(upper_bound=20).round(2),
            icp_pain_score=(pressure.round(2) + poor + steps(coding, (10, 3.0), (5, 1.5)))
            .clip(upper_bound=20)
            .round(2),
            icp_compliance_score=compliance,
            icp_propensity_score=propensity,
            icp_scale_score=scale,
            icp_segment_score=segment,
        )
        .with_columns(icp_total_score=pl.sum_horizontal(pl.col(f"icp_{name}_score") for name in CATEGORIES).round(2))
        .with_columns(icp_tier=pl.when(total >= 80).then(1).when(total >= 60).then(2).otherwise(3).cast(pl.Int8))
        .with_columns(icp_tier_label=pl.col("icp_tier").replace_strict(TIERS))
        .select(*columns, *SCORES)
        .sort("state_code", "icp_total_score", "clinic_id", descending=[False, True, False], nulls_last=True)
    )


CATEGORIES = ("fit", "pain", "compliance", "propensity", "scale", "segment")
TIERS = {1: "Tier 1 - HOT", 2: "Tier 2 - Qualified", 3: "Tier 3 - Monitor"}
SCORES = (
    "icp_total_score", "icp_tier", "icp_tier_label", "icp_segment", *(f"icp_{name}_score" for name in CATEGORIES),
)  # fmt: skip

if __name__ == "__main__":
    scored(pl.scan_parquet(sys.argv[1])).sink_parquet(sys.argv[2])
