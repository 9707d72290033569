"""Write tables slice by slice, as Parquet and as CSV, so that memory does not grow with the number of rows."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow.parquet as pq

ROW_GROUP = 122_880  # rows; what DuckDB reads at once, and few enough that BI tools can prune by state and score


@dataclass(slots=True)
class TableWriter:
    """One result table being written: every `write` adds a row group to the Parquet file and lines to the CSV file.

    The Parquet file is typed, compressed with zstd, and carries `metadata` as key-value pairs.
    """

    folder: Path
    name: str
    metadata: dict[str, str]
    csv: bool
    rows: int = 0
    _parquet: pq.ParquetWriter | None = field(default=None, repr=False)
    _csv: BinaryIO | None = field(default=None, repr=False)

    @property
    def files(self) -> list[Path]:
        """The files of the table."""
        return [self.folder / f"{self.name}.{suffix}" for suffix in (("parquet", "csv") if self.csv else ("parquet",))]

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows. Source: a frame with the same columns every time."""
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._parquet is None:
            schema = table.schema.with_metadata({key: value for key, value in self.metadata.items()})
            self._parquet = pq.ParquetWriter(self.files[0], schema, compression="zstd")
        self._parquet.write_table(table.replace_schema_metadata(self._parquet.schema.metadata), row_group_size=ROW_GROUP)
        if self.csv:
            if self._csv is None:
                self._csv = self.files[1].open("wb")
            flat(frame).write_csv(self._csv, include_header=self.rows == 0)
        self.rows += len(frame)

    def close(self) -> None:
        """Finish the files."""
        if self._parquet is not None:
            self._parquet.close()
        if self._csv is not None:
            self._csv.close()


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame as CSV can hold it: lists of values joined by `;`, other nested values as JSON or text."""
    columns = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.List | pl.Array):
            items = pl.col(name).cast(pl.List(dtype.inner))  # type: ignore[arg-type]
            columns.append(items.list.eval(pl.element().cast(pl.String)).list.join(";", ignore_nulls=True).alias(name))
        elif isinstance(dtype, pl.Struct):
            columns.append(pl.col(name).struct.json_encode().alias(name))
        elif dtype in (pl.Binary, pl.Object):
            columns.append(pl.col(name).cast(pl.String, strict=False).alias(name))
    return frame.with_columns(columns) if columns else frame


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
