"""How many clinicians a group has, from the national file of clinicians (one row per clinician and address)."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import count, pac_id

LAYOUT = layout(
    "group_sizes",
    "the national file of clinicians (DAC)",
    {
        "pac_id": ("org_pac_id", "Group Practice PAC ID"),
        "members": ("num_org_mem", "Number of Group Practice members"),
    },
)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return groups, one row each: `pac_id`, `members` (Int64), the largest number where rows differ.

    Rows of clinicians without a group are not used; of each group one row is.
    """
    opened = open_files(LAYOUT, paths, temp)
    rows = numbered(opened).select(
        FILE, pac_id(pl.col("pac_id")).alias("pac_id"), count(pl.col("members")).alias("members")
    )
    used = rows.drop_nulls().group_by("pac_id").agg(pl.col(FILE, "members").sort_by("members", FILE).last())
    return source(LAYOUT.name, opened, used)
