"""Which public files there are: from which agency, under which name, how often, and what each fills."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True, slots=True)
class PublicFile:
    """One kind of public file, for people who look for it."""

    kind: str
    agency: str
    file: str
    page: str
    appears: str
    fills: str


def public_files() -> tuple[PublicFile, ...]:
    """Return all kinds of files, the needed one first."""
    rows = pl.read_csv(Path(__file__).parent / "sources.csv", infer_schema=False).fill_null("")
    return tuple(PublicFile(*row) for row in rows.rows())
