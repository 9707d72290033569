"""The list of deactivated NPIs, a workbook with a title above its header, or the same as CSV."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import date_mdy, npi

LAYOUT = layout(
    "deactivated",
    "the list of deactivated NPIs of NPPES",
    {"npi": "NPI", "deactivated_on": ("NPPES Deactivation Date", "NPI Deactivation Date", "Deactivation Date")},
    never="Entity Type Code",  # the main file has such dates too, and NPIs that were reactivated
)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return deactivated NPIs: `npi` and `deactivated_on` (Date); a row without a date is not used."""
    opened = open_files(LAYOUT, paths, temp)
    rows = numbered(opened).select(
        FILE, npi(pl.col("npi")).alias("npi"), date_mdy(pl.col("deactivated_on")).alias("deactivated_on")
    )
    return source(LAYOUT.name, opened, rows.drop_nulls(), npi="npi")
