"""Write tables slice by slice, as Parquet and as CSV, so that memory does not grow with the number of rows."""

import json
import os
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from icp_engine.database import BATCH
from icp_engine.named_files import check_no_pipe_to_replace

_NAME = 60  # characters of a name that another one is made from: longer ones may be as long as a name can be
ROW_GROUP = BATCH  # rows; few enough that BI tools can prune by state and score
_LONG = 100  # bytes on average; least and greatest values of longer texts are dear
_DICTIONARY = 64 << 20  # bytes; reason codes are long, and few of them are different within a row group


@dataclass(slots=True)
class TableWriter:
    """One result table being written: every `write` adds a row group to the Parquet file and lines to the CSV file.

    The Parquet file is typed, compressed with zstd, and carries `metadata` as key-value pairs. The files are complete
    once the context is left; they are removed where it is left by an error.
    """

    folder: Path
    name: str
    metadata: dict[str, str]
    csv: bool
    rows: int = 0
    _dictionaries: list[str] = field(default_factory=list, repr=False)
    _parquet: pq.ParquetWriter | None = field(default=None, repr=False)
    _csv: BinaryIO | None = field(default=None, repr=False)

    @property
    def files(self) -> list[Path]:
        """The files of the table."""
        return [self.folder / f"{self.name}.{suffix}" for suffix in (("parquet", "csv") if self.csv else ("parquet",))]

    def write(self, table: pa.Table, frame: Callable[[], pl.DataFrame]) -> None:
        """Add rows.

        Args:
            table: the rows; every time with the same columns.
            frame: makes the same as a frame, which CSV is written from.
        """
        if self._parquet is None:
            self._dictionaries = repetitive_columns(table)
        table = with_dictionaries(table, self._dictionaries)
        if self._parquet is None:
            self._parquet = _parquet_writer(self.files[0], table, self.metadata)
        if len(table):
            self._parquet.write_table(table, row_group_size=len(table))
        if self.csv:
            first = self._csv is None
            if self._csv is None:
                self._csv = self.files[1].open("wb")
            flat(frame()).write_csv(self._csv, include_header=first)
        self.rows += len(table)

    def settle(self) -> None:
        """Have the disk hold what has been written so far, while others compute: at the end a run would wait for it."""
        for path in self.files:
            settle(path)

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the files, or remove them where an error came."""
        for file in (self._parquet, self._csv):
            if file is not None:
                file.close()
        if kind is not None:
            for path in self.files:
                path.unlink(missing_ok=True)


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
    """Give a path to write to, beside the one meant, whose place it takes if all went well.

    Raises:
        InputError: a pipe or a device stands there.
    """
    check_no_pipe_to_replace(path)
    beside = path.with_name(f".{path.name[:_NAME]}.{uuid.uuid4().hex[:8]}.partial")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_table(writer: TableWriter, frame: pl.DataFrame) -> None:
    """Write a frame as a table of its own."""
    with writer:
        writer.write(arrow(frame), lambda: frame)


def arrow(frame: pl.DataFrame) -> pa.Table:
    """Return a frame as Arrow."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def repetitive_columns(table: pa.Table) -> list[str]:
    """Return the columns whose values come twice or more on average, dictionaries among them."""
    known = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    frame = pl.DataFrame(table.drop_columns(known))
    countable = ~pl.selectors.nested() & ~pl.selectors.boolean() & ~pl.selectors.object()
    counts = frame.select(countable.approx_n_unique())
    return known + [count.name for count in counts if len(frame) and count.item() * 2 <= len(frame)]


def with_dictionaries(table: pa.Table, columns: Collection[str]) -> pa.Table:
    """Return a table with every text of some of its columns once: several files then need not tell them apart."""
    for place, column in enumerate(table.schema):
        if column.name in columns and _is_text(column.type):
            coded = table.column(place).combine_chunks().dictionary_encode()
            texts = coded.dictionary.cast(pa.large_string())  # dictionaries of views cannot be written
            table = table.set_column(place, column.name, pa.DictionaryArray.from_arrays(coded.indices, texts))
    return table


def _parquet_writer(path: Path, table: pa.Table, metadata: dict[str, str]) -> pq.ParquetWriter:
    """Return the writer of a Parquet file whose row groups are like a table."""
    writer = pq.ParquetWriter(
        path,
        table.schema,
        compression="zstd",
        use_dictionary=repetitive_columns(table),
        dictionary_pagesize_limit=_DICTIONARY,
        write_statistics=[name for name in table.column_names if _prunes(table[name])],
        store_schema=False,  # dictionaries are a matter of storage; readers see text
    )
    writer.add_key_value_metadata(metadata)
    return writer


def _prunes(column: pa.ChunkedArray) -> bool:
    """Return whether the least and greatest value help readers skip rows: those of names, ids and long texts do not."""
    if pa.types.is_dictionary(column.type):
        texts = column.chunk(0).dictionary
        return bool(texts.nbytes <= _LONG * max(len(texts), 1))
    return not _is_text(column.type)


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view())


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
