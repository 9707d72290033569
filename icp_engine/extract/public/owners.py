"""All owners of facilities enrolled in Medicare; the organisations among them, people are not read."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import number, pac_id, yes

_LEAST_SHARE = 5  # percent: who owns less and controls nothing is no owner
LAYOUT = layout(
    "owners",
    "a file of all owners of Medicare facilities",
    {
        "enrollment_id": "ENROLLMENT ID",
        "owner_pac_id": "ASSOCIATE ID - OWNER",
        "type": "TYPE - OWNER",
        "role": "ROLE TEXT - OWNER",
        "owner_name": "ORGANIZATION NAME - OWNER",
        "share": "PERCENTAGE OWNERSHIP",
    },
    {
        "private_equity": "PRIVATE EQUITY COMPANY - OWNER",
        "investment_firm": "INVESTMENT FIRM - OWNER",
        "chain_home_office": "CHAIN HOME OFFICE - OWNER",
    },
)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return organisations that own 5% or more of a facility, or control it: one row per facility, owner and role.

    Columns: `enrollment_id`, `owner_pac_id`, `owner_name`, `share` (percent, missing where it is not told), `controls`,
    `private_equity` (or an investment firm), `chain_home_office`; flags are missing where the file does not say. Who
    holds a mortgage or a security owns nothing by it.
    """
    opened = open_files(LAYOUT, paths, temp, keep=pl.col("type").str.to_uppercase() == "O")
    role, share = pl.col("role").str.to_uppercase(), number(pl.col("share"))
    controls = role.str.contains("CONTROL", literal=True).fill_null(value=False)
    untold = share.fill_null(0) == 0  # roles of 5% or more often come without the percentage
    lends = role.str.contains("MORTGAGE|SECURITY INTEREST").fill_null(value=False)
    owns = ((share >= _LEAST_SHARE) & ~lends) | (untold & role.str.contains("OWNERSHIP INTEREST", literal=True))
    rows = (
        numbered(opened)
        .filter(controls | owns)
        .select(
            FILE,
            "enrollment_id",
            pac_id(pl.col("owner_pac_id")).alias("owner_pac_id"),
            "owner_name",
            pl.when(share > 0).then(share).alias("share"),
            controls.alias("controls"),
            (yes(pl.col("private_equity")) | yes(pl.col("investment_firm"))).alias("private_equity"),
            yes(pl.col("chain_home_office")).alias("chain_home_office"),
        )
    )
    notes = [
        f"{file.path} does not say who is private equity: an older edition, or owners at changes of ownership."
        for file in opened.files
        if not file.has("private_equity")
    ]
    return source(LAYOUT.name, opened, rows, notes=notes)
