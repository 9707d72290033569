"""Columns of the user's own that fill or replace fields, by clinic or by NPI."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from icp_engine.errors import InputError
from icp_engine.extract.files import RawFile, open_files
from icp_engine.extract.headers import plain
from icp_engine.extract.public.source import FileCount, Source
from icp_engine.extract.public.values import no_npi, npi, text

KEYS = ("clinic_id", "npi")


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return rows with a `clinic_id`, an `npi` or both, and all other columns as they are.

    Raises:
        InputError: a file has neither key.
    """
    files = open_files(paths, Path(mkdtemp(dir=temp)))
    keyed = [_keyed(file) for file in files]
    used = [frame.filter(pl.any_horizontal(pl.col(_keys(frame)).is_not_null())) for frame in keyed]
    counts = [int(rows.select(pl.len()).collect().item()) for rows in used]
    return Source(
        "features",
        tuple(FileCount(file.path, file.rows, count) for file, count in zip(files, counts, strict=True)),
        pl.concat(used, how="diagonal_relaxed"),
        sum(_invalid(file) for file in files),
    )


def _keyed(file: RawFile) -> pl.LazyFrame:
    """Return the rows of a file with its keys under their names, as text, an NPI that is none missing."""
    spelled = _spelled(file)
    if not spelled:
        raise InputError(
            f"{file.path} has neither a column clinic_id nor npi, so that its columns belong to no clinic; add one."
        )
    keys = {key: text(pl.col(column).cast(pl.String)) for key, column in spelled.items()}
    if "npi" in keys:
        keys["npi"] = npi(keys["npi"])
    others = [column for column in file.schema if column not in spelled.values()]
    return file.frame.select(*(value.alias(key) for key, value in keys.items()), *others)


def _spelled(file: RawFile) -> dict[str, str]:
    """Return the columns that are keys, by the names of these."""
    columns = {plain(column): column for column in reversed(file.schema)}
    return {key: columns[key] for key in KEYS if key in columns}


def _keys(frame: pl.LazyFrame) -> list[str]:
    return [key for key in KEYS if key in frame.collect_schema()]


def _invalid(file: RawFile) -> int:
    column = _spelled(file).get("npi")
    if column is None:
        return 0
    return int(file.frame.select(no_npi(text(pl.col(column).cast(pl.String))).sum()).collect().item())
