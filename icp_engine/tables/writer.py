"""Write tables slice by slice, as Parquet and as CSV, so that memory does not grow with the number of rows."""

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa

from icp_engine.scoring.reasons import ReasonCodes
from icp_engine.tables.parquet import Column, Encoding, ParquetFile

_NAME = 60  # characters of a name that another one is made from: longer ones may be as long as a name can be
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
    _parquet: ParquetFile | None = field(default=None, repr=False)
    _csv: BinaryIO | None = field(default=None, repr=False)

    @property
    def files(self) -> list[Path]:
        """The files of the table."""
        return [self.folder / f"{self.name}.{suffix}" for suffix in (("parquet", "csv") if self.csv else ("parquet",))]

    def write(self, columns: Mapping[str, Column], frame: Callable[[], pl.DataFrame]) -> None:
        """Add rows.

        Args:
            columns: the same ones every time.
            frame: makes the same as a frame, which CSV is written from.
        """
        if self._parquet is None:
            schema = pa.schema([column.field.with_name(name) for name, column in columns.items()])
            self._parquet = ParquetFile(self.files[0], schema, self.metadata)
        self._parquet.add(columns)
        if self.csv:
            first = self._csv is None
            if self._csv is None:
                self._csv = self.files[1].open("wb")
            flat(frame()).write_csv(self._csv, include_header=first)
        self.rows += next(iter(columns.values())).rows

    def settle(self) -> None:
        """Have the disk hold what has been written so far, while others compute: at the end a run would wait for it."""
        for path in self.files:
            settle(path)

    def close(self) -> None:
        """Finish the files."""
        if self._parquet is not None:
            self._parquet.close()
        if self._csv is not None:
            self._csv.close()


def settle(path: Path) -> None:
    """Have the disk hold what has been written to a file so far, or the names that a folder holds.

    Windows opens no folders, and flushes only what is open for writing.
    """
    windows = os.name == "nt"
    if windows and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path to write to, beside the one meant, whose place it takes if all went well."""
    beside = path.with_name(f".{path.name[:_NAME]}.{uuid.uuid4().hex[:8]}.partial")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_table(writer: TableWriter, frame: pl.DataFrame) -> None:
    """Write a frame as a table of its own."""
    with closing(writer):
        writer.write(encoding(frame).encode(arrow(frame)), lambda: frame)


def arrow(frame: pl.DataFrame, *, views: bool = False) -> pa.Table:
    """Return a frame as Arrow; as views long texts are not copied, though short ones take longer to write."""
    return frame.to_arrow(compat_level=pl.CompatLevel.newest() if views else pl.CompatLevel.oldest())


def coded(codes: ReasonCodes) -> pa.DictionaryArray:
    """Return the reason codes of clinics as Arrow, every text once."""
    texts = codes.text.to_arrow(compat_level=pl.CompatLevel.oldest())
    return pa.DictionaryArray.from_arrays(codes.number.cast(pl.Int32).to_arrow(), texts)


def spelled(codes: ReasonCodes) -> pl.Series:
    """Return the reason codes of clinics as text."""
    return codes.text.gather(codes.number)


def encoding(frame: pl.DataFrame, codes: str | None = None) -> Encoding:
    """Return how tables of such rows are written, all alike.

    The least and greatest of names, ids and the column of reason codes help no reader skip rows, and are dear.
    """
    repetitive = _repetitive(frame)
    texts = frame.select(pl.selectors.string()).columns
    helpful = [name for name in frame.columns if name != codes and (name in repetitive or name not in texts)]
    return Encoding([*repetitive, *([codes] if codes else [])], helpful)


def _repetitive(frame: pl.DataFrame) -> list[str]:
    """Return the columns that are worth a dictionary: those whose values come twice or more on average."""
    flat_columns = frame.select(~pl.selectors.nested() & ~pl.selectors.boolean() & ~pl.selectors.object())
    counts = flat_columns.select(pl.all().approx_n_unique()).row(0, named=True) if len(frame) else {}
    return [name for name, count in counts.items() if count * 2 <= len(frame)]


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame as CSV can hold it: lists joined by `;`, other nested values as JSON, bytes as Base64."""
    columns = [_flat(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items() if _needs(dtype)]
    return frame.with_columns(columns) if columns else frame


def _needs(dtype: pl.DataType) -> bool:
    return dtype.is_nested() or dtype in (pl.Binary, pl.Duration)


def _flat(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Binary:
        return column.bin.encode("base64")
    if dtype == pl.Duration:
        return column.dt.to_string("iso")
    if isinstance(dtype, pl.List | pl.Array) and not _needs(pl.List(dtype.inner).inner):  # type: ignore[arg-type]
        items = column.cast(pl.List(dtype.inner)).list.eval(pl.element().cast(pl.String))
        return items.list.join(";", ignore_nulls=True)
    text = pl.struct(column.alias("v")).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
    return pl.when(column.is_not_null()).then(text)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
