"""Participants of accountable care organisations, which have neither an NPI nor a state: matched by name and area."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import state

LAYOUT = layout(
    "aco",
    "a list of participants of ACOs",
    {"aco_id": "aco_id", "name": "par_lbn", "areas": "aco_service_area"},
)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return participants: `aco_id`, `name`, `name_key` (normalised), `areas` (states that the ACO serves, a list).

    A participant that stands several times in one ACO, as in dumps that repeat a page, is used once.
    """
    opened = open_files(LAYOUT, paths, temp)
    ordered = numbered(opened).sort(FILE, "aco_id", "name", "areas")  # so that the first is always the same
    rows = ordered.select(
        FILE,
        "aco_id",
        "name",
        normalized_name(pl.col("name")).alias("name_key"),
        pl.col("areas").str.split(",").list.eval(state(pl.element().str.strip_chars()).drop_nulls()).alias("areas"),
    )
    used = rows.filter(pl.col("name_key").is_not_null()).unique(
        ["aco_id", "name_key"], keep="first", maintain_order=True
    )
    return source(LAYOUT.name, opened, used)
