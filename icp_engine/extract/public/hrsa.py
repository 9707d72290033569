"""Sites of health centres that HRSA funds, and look-alikes: the daily file, or an export of its Data Explorer."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import npi, state

LAYOUT = layout(
    "hrsa",
    "a list of health centre sites of HRSA",
    {
        "site_name": "Site Name",
        "state": "Site State Abbreviation",
        "status": "Site Status Description",
        "npi": "FQHC Site NPI Number",
        "center_name": "Health Center Name",
        "grant_number": "Health Center Number",
    },
    {"city": "Site City"},
)
EXPLORER = layout(
    "hrsa_explorer",
    "an export of health centre sites of HRSA's Data Explorer",
    {"site_name": "Site Name", "state": "State", "grant_number": ("Grant #", "Grant Number")},
    {"npi": "FQHC Site NPI Number", "center_name": "Health Center Name", "city": "City", "status": "Site Status"},
)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return active sites: `npi`, `site_name`, `center_name`, `state`, `city`, `grant_number`.

    The grant number ties the sites of one centre. A site without an NPI is matched by its names.
    Sites of a file that has no status are taken for active.
    """
    opened = open_files([LAYOUT, EXPLORER], paths, temp)
    without = [file.path for file in opened.files if not file.has("status")]
    active = (pl.col("status").str.to_lowercase() == "active") | pl.col(FILE).is_in(
        [number for number, file in enumerate(opened.files) if not file.has("status")]
    )
    rows = (
        numbered(opened)
        .filter(active)
        .select(
            FILE,
            npi(pl.col("npi")).alias("npi"),
            "site_name",
            "center_name",
            state(pl.col("state")).alias("state"),
            "city",
            "grant_number",
        )
    )
    notes = [f"{path} has no status of sites: all count as active." for path in without]
    return source(LAYOUT.name, opened, rows, npi="npi", notes=notes)
