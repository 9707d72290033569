"""What a reader returns: the rows of one kind of public file, and what was read of them and used."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from icp_engine.extract.public.files import Opened
from icp_engine.extract.public.values import no_npi

FILE = "file"  # the column that says which file a row comes from, by its number; no source has it


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


def numbered(opened: Opened) -> pl.LazyFrame:
    """Return the rows of all files, each with the number of its file."""
    frames = [file.rows.with_columns(pl.lit(number, pl.UInt32).alias(FILE)) for number, file in enumerate(opened.files)]
    return pl.concat(frames, how="diagonal")


def source(
    name: str,
    opened: Opened,
    used: pl.LazyFrame,
    rows: pl.LazyFrame | None = None,
    *,
    npi: str | None = None,
    notes: Sequence[str] = (),
) -> Source:
    """Return a source from files and what is used of them.

    Args:
        name: of the source.
        opened: the files.
        used: the rows that are used, with the numbers of their files.
        rows: what these rows become, where that is not the same.
        npi: the column of the files in which NPIs stand, so that those that are none are counted.
        notes: sentences for people.
    """
    counted = dict(used.group_by(FILE).len().collect().rows())
    files = tuple(FileCount(file.path, file.read, counted.get(number, 0)) for number, file in enumerate(opened.files))
    invalid = opened.rows.select(no_npi(pl.col(npi)).sum()).collect().item() if npi else 0
    return Source(name, files, used.drop(FILE) if rows is None else rows, invalid, tuple(notes))
