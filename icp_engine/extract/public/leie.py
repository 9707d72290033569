"""Organisations that the OIG excludes from federal programmes (LEIE): the whole list, and monthly supplements."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import date_ymd, npi, state, zip5

_CUT = 30  # characters that BUSNAME holds
LAYOUT = layout(
    "leie",
    "a list of exclusions of the OIG (LEIE)",
    {
        "name": "BUSNAME",
        "npi": "NPI",
        "city": "CITY",
        "state": "STATE",
        "zip": "ZIP",
        "exclusion_type": "EXCLTYPE",
        "excluded_on": "EXCLDATE",
        "reinstated_on": "REINDATE",
    },
    {"surname": "LASTNAME"},
)


def name_key(name: pl.Expr) -> pl.Expr:
    """Return the normalised name of what LEIE keeps of a name, its first 30 characters, to match clinics by."""
    return normalized_name(name.str.strip_chars().str.head(_CUT))


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return the exclusions of organisations that are in force.

    Columns: `npi`, `name`, `name_key`, `city`, `state`, `zip5`, `exclusion_type`, `excluded_on` (Date). Rows about
    people are not read. A reinstatement ends the exclusion of the same name and date, and those before it of the same
    NPI.
    """
    organisation = pl.col("name").is_not_null() & pl.col("surname").is_null()
    opened = open_files(LAYOUT, paths, temp, keep=organisation)
    rows = numbered(opened).select(
        FILE,
        npi(pl.col("npi")).alias("npi"),
        "name",
        name_key(pl.col("name")).alias("name_key"),
        "city",
        state(pl.col("state")).alias("state"),
        zip5(pl.col("zip")).alias("zip5"),
        "exclusion_type",
        date_ymd(pl.col("excluded_on")).alias("excluded_on"),
        date_ymd(pl.col("reinstated_on")).alias("reinstated_on"),
    )
    rows = rows.sort(FILE, "name", "npi").collect().lazy()  # a few thousand
    excluded = rows.filter(pl.col("reinstated_on").is_null()).drop("reinstated_on")
    in_force = _in_force(excluded, rows.filter(pl.col("reinstated_on").is_not_null()))
    ended = excluded.select(pl.len()).collect().item() - in_force.select(pl.len()).collect().item()
    columns = [name for name in in_force.collect_schema() if name != FILE]
    notes = [f"{ended:,} exclusion{'s have' if ended > 1 else ' has'} ended by reinstatement."] if ended else []
    used = in_force.unique(columns, keep="first", maintain_order=True)
    return source(LAYOUT.name, opened, used, npi="npi", notes=notes)


def _in_force(excluded: pl.LazyFrame, reinstated: pl.LazyFrame) -> pl.LazyFrame:
    """Return the exclusions that no reinstatement has ended; a name and date of two NPIs are two organisations."""
    number = excluded.with_row_index("exclusion")
    by_npi = number.join(reinstated.select("npi", "reinstated_on"), on="npi").filter(
        (pl.col("excluded_on") <= pl.col("reinstated_on")).fill_null(value=True)
    )
    by_name = number.join(
        reinstated.select("name_key", "excluded_on", pl.col("npi").alias("other_npi")), on=["name_key", "excluded_on"]
    ).filter((pl.col("npi") == pl.col("other_npi")).fill_null(value=True))
    ended = pl.concat([by_npi.select("exclusion"), by_name.select("exclusion")])
    return number.join(ended, on="exclusion", how="anti").sort("exclusion").drop("exclusion")
