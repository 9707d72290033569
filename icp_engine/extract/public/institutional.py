"""Utilisation of home health, hospice and nursing facilities, by CCN (Medicare Post-Acute Care and Hospice)."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.errors import InputError
from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import ccn, count, number, whole

_CENTS = 2  # decimals: sums do not depend on the order in which rows come
LAYOUT = layout(
    "institutional",
    "a file of Medicare post-acute care and hospice by provider",
    {"ccn": "PRVDR_ID", "bene_count": "BENE_DSTNCT_CNT", "allowed_amt": "TOT_ALOWD_AMT"},
    {"level": "SMRY_CTGRY", "service": "SRVC_CTGRY", "year": "YEAR"},
)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return facilities, one row each: `ccn`, `bene_count` (Int64), `allowed_amt` (dollars of one year).

    Of a facility with several services, amounts are added, and beneficiaries are those of the largest.
    Summaries of states and of the nation are not used, nor any but the latest year where the file says the year.
    """
    opened = open_files(LAYOUT, paths, temp)
    rows = numbered(opened).select(
        FILE,
        ccn(pl.col("ccn")).alias("ccn"),
        count(pl.col("bene_count")).alias("bene_count"),
        number(pl.col("allowed_amt")).alias("allowed_amt"),
        pl.col("level").str.to_uppercase(),
        "service",
        whole(pl.col("year")).alias("year"),
    )
    providers = rows.filter(
        pl.col("ccn").str.contains(r"^[0-9A-Z]{6}$") & (pl.col("level") == "PROVIDER").fill_null(value=True)
    )
    latest = providers.filter((pl.col("year") == pl.col("year").max()).fill_null(value=True))
    used = latest.sort(FILE).unique(["ccn", "service", "bene_count", "allowed_amt"], keep="first", maintain_order=True)
    used = used.collect().lazy()  # some tens of thousands
    _refuse_several(used)
    allowed = pl.col("allowed_amt")
    facilities = used.group_by("ccn").agg(
        pl.col("bene_count").max(), pl.when(allowed.count() > 0).then(allowed.sum().round(_CENTS)).alias("allowed_amt")
    )
    years = providers.select(pl.col("year").drop_nulls().unique().sort(descending=True)).collect().to_series()
    notes = [f"Of the years in --institutional, {years[0]} is used."] if len(years) > 1 else []
    return source(LAYOUT.name, opened, used, facilities, notes=notes)


def _refuse_several(used: pl.LazyFrame) -> None:
    """Make sure that a service of a facility stands there once: two years cannot be told apart without the year."""
    several = used.group_by("ccn", "service").len().filter(pl.col("len") > 1).sort("ccn").head(1).collect()
    if not several.is_empty():
        raise InputError(
            f"The files of --institutional have several rows for the facility {several['ccn'][0]}, with other numbers; "
            "give the file of one year."
        )
