"""The rows of public files as tables that the SQL of the build reads, whether a file was given or not."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from icp_engine.database import Database
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.public.clinic_names import street, with_name_keys
from icp_engine.extract.public.kinds import KINDS, Kind
from icp_engine.extract.public.source import Source

_DERIVED: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
    "locations": lambda rows: rows.with_columns(
        street(pl.col("address_1")).alias("street"), pl.col("city").str.to_uppercase().alias("city_key")
    ),
    "other_names": lambda rows: with_name_keys(rows, "name"),
    "hrsa": lambda rows: rows.with_columns(
        normalized_name(pl.col("site_name")).alias("site_name_key"),
        normalized_name(pl.col("center_name")).alias("center_name_key"),
    ),
    "enrollments": lambda rows: with_name_keys(rows, "dba_name", "dba_name_key"),
}


def stage(db: Database, source: Source, temp: Path) -> None:
    """Write the rows of a source as Parquet and make them readable under its name, numbered in `source_row`."""
    path = temp / f"{source.name}.parquet"
    _tabled(source.rows, KINDS[source.name]).sink_parquet(path, compression="lz4")
    db.view_parquet(source.name, path)


def stage_nothing(db: Database, kind: Kind) -> None:
    """Make an empty table of a kind of file that is not given."""
    db.copy(kind.name, _tabled(pl.LazyFrame(schema=kind.columns), kind).collect())


def _tabled(rows: pl.LazyFrame, kind: Kind) -> pl.LazyFrame:
    columns = [pl.col(name).cast(dtype) for name, dtype in kind.columns.items()]
    numbered = rows.select(columns).with_row_index("source_row").with_columns(pl.col("source_row").cast(pl.Int64))
    return _DERIVED[kind.name](numbered) if kind.name in _DERIVED else numbered
