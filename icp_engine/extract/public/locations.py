"""Secondary practice locations of NPPES (`pl_pfile`), of people and organisations alike."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import npi, state, zip5

_PREFIX = "Provider Secondary Practice Location Address"
LAYOUT = layout(
    "locations",
    "a file of secondary practice locations of NPPES (pl_pfile)",
    {
        "npi": "NPI",
        "address_1": f"{_PREFIX}- Address Line 1",
        "city": f"{_PREFIX} - City Name",
        "state": f"{_PREFIX} - State Name",
        "zip5": f"{_PREFIX} - Postal Code",
    },
)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return locations in the United States: `npi`, `address_1`, `city`, `state`, `zip5`; foreign ones are not used."""
    opened = open_files(LAYOUT, paths, temp)
    rows = numbered(opened).select(
        FILE,
        npi(pl.col("npi")).alias("npi"),
        "address_1",
        "city",
        state(pl.col("state")).alias("state"),
        zip5(pl.col("zip5")).alias("zip5"),
    )
    used = rows.filter(pl.col("npi").is_not_null() & pl.col("state").is_not_null())
    return source(LAYOUT.name, opened, used, npi="npi")
