"""What a reader returns: the rows of one kind of public file, and what was read of them and used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from icp_engine.extract.public.files import Opened, OpenedFile
from icp_engine.extract.public.values import no_npi


@dataclass(frozen=True, slots=True)
class FileCount:
    """One file: its path, how many rows it has, and how many of them are used."""

    path: str
    read: int
    used: int


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of one kind of public file, ready to be joined.

    `invalid_npis` counts rows whose NPI is not one; they are not used by it. `notes` are sentences for people.
    """

    name: str
    files: tuple[FileCount, ...]
    rows: pl.LazyFrame
    invalid_npis: int = 0
    notes: tuple[str, ...] = ()


def source(
    name: str,
    parts: Iterable[tuple[OpenedFile, pl.LazyFrame]],
    *,
    npi: str | None = None,
    notes: Sequence[str] = (),
) -> Source:
    """Return a source from files and the rows that are used of each.

    `npi` names the column of the files in which NPIs stand, so that those that are none are counted.
    """
    parts = list(parts)
    used = pl.collect_all([rows.select(pl.len()) for _, rows in parts])
    counts = tuple(
        FileCount(file.path, file.read, int(count.item())) for (file, _), count in zip(parts, used, strict=True)
    )
    invalid = invalid_npis(Opened(tuple(file for file, _ in parts)), npi) if npi else 0
    return Source(name, counts, pl.concat([rows for _, rows in parts]), invalid, tuple(notes))


def invalid_npis(opened: Opened, column: str = "npi") -> int:
    """Return how many rows have an NPI that is none."""
    return int(opened.rows.select(no_npi(pl.col(column)).sum()).collect().item())
