"""Other names of organisations in NPPES (`othername_pfile`)."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import npi, whole

KINDS = {"3": "doing business as", "4": "former", "5": "other"}
LAYOUT = layout(
    "other_names",
    "a file of other names of NPPES (othername_pfile)",
    {
        "npi": "NPI",
        "name": "Provider Other Organization Name",
        "kind": "Provider Other Organization Name Type Code",
    },
)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return other names: `npi`, `name`, `kind` (doing business as, former, other; missing for other codes)."""
    opened = open_files(LAYOUT, paths, temp)
    kind = whole(pl.col("kind")).replace_strict(KINDS, default=None, return_dtype=pl.String)
    rows = numbered(opened).select(FILE, npi(pl.col("npi")).alias("npi"), "name", kind.alias("kind"))
    used = rows.filter(pl.col("npi").is_not_null() & pl.col("name").is_not_null())
    return source(LAYOUT.name, opened, used, npi="npi")
