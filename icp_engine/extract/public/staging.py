"""CSV becomes Parquet of text with canonical names, or of what is made of it: block by block, in whatever encoding."""

import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from icp_engine.errors import InputError, first_line
from icp_engine.extract.public.head import Head, odd_record, open_bytes
from icp_engine.extract.public.layout import Layout, places
from icp_engine.extract.public.values import ABSENT, text

Progress = Callable[[str, int], None]
Shape = Callable[[pl.LazyFrame], pl.LazyFrame]

_BLOCK = 4 << 20  # bytes of CSV read at once; a single row has to fit
_ROWS = 100_000  # that are worked on at once
# Tried in this order. Windows has quotes and dashes where ISO-8859-1 has nothing, in which every text is valid.
_ENCODINGS = ("utf8", "cp1252", "iso8859-1")
# Names and addresses rarely repeat: to give dictionaries up soon, and to count nothing, halves the time of writing.
_PARQUET: dict[str, Any] = {"compression": "lz4", "dictionary_pagesize_limit": 64 << 10, "write_statistics": False}

NUMBER = "id"
"""The column that rows have which are made into something else: their number in the file, from `Wanted.first` on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a file: rows that `keep` tells, over the canonical columns, as `shape` makes them.

    `shape` gets them numbered, many at once but never all, on several threads.
    """

    keep: pl.Expr | None = None
    shape: Shape | None = None
    first: int = 0

    def rows(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return what is wanted of all rows of a file."""
        if self.shape:
            rows = rows.with_row_index(NUMBER).with_columns(pl.col(NUMBER).cast(pl.Int64) + self.first)
        kept = rows if self.keep is None else rows.filter(self.keep)
        return self.shape(kept) if self.shape else kept


def text_columns(kind: Layout, header: Sequence[str], names: Sequence[str]) -> list[pl.Expr]:
    """Return the columns of a layout as text; `names` are what the columns of the header are called in the frame."""
    at = places(kind, header)
    return [
        text(pl.col(names[at[column.name]]).cast(pl.String)).alias(column.name)
        if column.name in at
        else pl.lit(None, pl.String).alias(column.name)
        for column in kind.columns
    ]


def stage_csv(path: str, kind: Layout, head: Head, staged: Path, wanted: Wanted, progress: Progress | None) -> int:
    """Write what is wanted of a CSV file as Parquet, and return how many rows the file has."""
    report = partial(progress, path) if progress else None
    for encoding in _ENCODINGS:
        try:
            return _write(_readable(path, kind, head, encoding), kind, head, staged, wanted, report)
        except pa.ArrowInvalid as error:
            if "UTF8" in str(error) and encoding == _ENCODINGS[0]:
                continue
            raise InputError(_fault(path, head, error)) from error
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path} is no text that can be read; save it as CSV in UTF-8.")


def _fault(path: str, head: Head, error: pa.ArrowInvalid) -> str:
    if found := odd_record(path, head):
        return found
    if "straddl" in str(error):
        return f"{path} has a row of more than {_BLOCK >> 20} MB; is a line end or a quote missing?"
    return f"{path} cannot be read as CSV ({first_line(error)})."


def _readable(path: str, kind: Layout, head: Head, encoding: str) -> Iterator[pa.RecordBatch]:
    """Yield what `_batches` does; that a file cannot be read is told apart from a disk that is full."""
    try:
        yield from _batches(path, kind, head, encoding)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read to its end ({first_line(error)}); was it cut off?") from error


def _batches(path: str, kind: Layout, head: Head, encoding: str) -> Iterator[pa.RecordBatch]:
    """Yield the columns of a CSV file that the layout knows, and the last one, a block of the file at a time."""
    if head.alone:  # pyarrow takes a header without rows for a broken file
        return
    columns = head.columns
    wanted = sorted({columns[place] for place in places(kind, head.header).values()} | {columns[-1]})
    with (
        open_bytes(path) as file,
        arrow_csv.open_csv(
            file,
            read_options=arrow_csv.ReadOptions(
                block_size=_BLOCK, column_names=columns, skip_rows=head.lines, encoding=encoding
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=head.delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                null_values=ABSENT,  # most of the columns of most files are blank, and cost nothing from here on
                strings_can_be_null=True,
            ),
        ) as reader,
    ):
        last = ""
        for batch in reader:
            last = batch.column(columns[-1])[-1].as_py() or "" if batch.num_rows else last
            yield batch
    if ("\n" in last or "\r" in last) and (fault := odd_record(path, head)):
        raise InputError(fault)  # a quote that is never closed took the lines after it into the last value


def _write(
    batches: Iterator[pa.RecordBatch],
    kind: Layout,
    head: Head,
    staged: Path,
    wanted: Wanted,
    report: Callable[[int], None] | None,
) -> int:
    columns = text_columns(kind, head.header, head.columns)
    schema = _table(pl.DataFrame(schema=dict.fromkeys(head.columns, pl.String)), columns, wanted, 0).schema
    read, waiting, pending = 0, list[pa.RecordBatch](), deque[Future[pa.Table]]()
    workers = pl.thread_pool_size()
    with ThreadPoolExecutor(workers) as pool, pq.ParquetWriter(staged, schema, **_PARQUET) as writer:

        def hand_over() -> None:
            frame = pl.DataFrame(pa.Table.from_batches(waiting))
            pending.append(pool.submit(_table, frame, columns, wanted, read - frame.height))
            waiting.clear()

        for batch in batches:
            waiting.append(batch)
            read += batch.num_rows
            if sum(part.num_rows for part in waiting) >= _ROWS:
                hand_over()
            if len(pending) > workers:
                writer.write_table(pending.popleft().result())
            if report:
                report(read)
        if waiting:
            hand_over()
        for future in pending:
            writer.write_table(future.result())
    return read


def _table(frame: pl.DataFrame, columns: Sequence[pl.Expr], wanted: Wanted, read: int) -> pa.Table:
    """Return what is wanted of rows, before which so many have been read; those that are not kept cost little."""
    names: list[pl.Expr] = []
    if wanted.shape:
        frame = frame.with_row_index(NUMBER)
        names = [pl.col(NUMBER).cast(pl.Int64) + (wanted.first + read)]
    if wanted.keep is not None:
        by_name = {column.meta.output_name(): column for column in columns}
        tested = [by_name[name] for name in dict.fromkeys(wanted.keep.meta.root_names())]
        frame = frame.filter(frame.select(tested).select(wanted.keep).to_series())
    rows = frame.lazy().select(*names, *columns)
    shaped = wanted.shape(rows) if wanted.shape else rows
    return shaped.collect().to_arrow(compat_level=pl.CompatLevel.oldest())
