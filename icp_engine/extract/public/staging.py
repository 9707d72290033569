"""CSV becomes Parquet of text with canonical names: block by block, in whatever encoding."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from icp_engine.errors import InputError, first_line
from icp_engine.extract.public.head import Head, odd_record, open_bytes
from icp_engine.extract.public.layout import Layout, places
from icp_engine.extract.public.values import text

Progress = Callable[[str, int], None]

_BLOCK = 4 << 20  # bytes of CSV read at once; a single row has to fit
_ROWS = 100_000  # of a row group of the Parquet files
# Tried in this order. Windows has quotes and dashes where ISO-8859-1 has nothing, in which every text is valid.
_ENCODINGS = ("utf8", "cp1252", "iso8859-1")


def text_columns(kind: Layout, header: Sequence[str], names: Sequence[str]) -> list[pl.Expr]:
    """Return the columns of a layout as text; `names` are what the columns of the header are called in the frame."""
    at = places(kind, header)
    return [
        text(pl.col(names[at[column.name]]).cast(pl.String)).alias(column.name)
        if column.name in at
        else pl.lit(None, pl.String).alias(column.name)
        for column in kind.columns
    ]


def stage_csv(
    path: str, kind: Layout, head: Head, staged: Path, keep: pl.Expr | None, progress: Progress | None
) -> int:
    """Write the columns of a CSV file that the layout knows as Parquet, and return how many rows it has."""
    report = partial(progress, path) if progress else None
    for encoding in _ENCODINGS:
        try:
            return _write(_readable(path, kind, head, encoding), kind, head, staged, keep, report)
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
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
            ),
        ) as reader,
    ):
        last = ""
        for batch in reader:
            last = batch.column(columns[-1])[-1].as_py() if batch.num_rows else last
            yield batch
    if ("\n" in last or "\r" in last) and (fault := odd_record(path, head)):
        raise InputError(fault)  # a quote that is never closed took the lines after it into the last value


def _write(
    batches: Iterator[pa.RecordBatch],
    kind: Layout,
    head: Head,
    staged: Path,
    keep: pl.Expr | None,
    report: Callable[[int], None] | None,
) -> int:
    schema = pa.schema([(column.name, pa.large_string()) for column in kind.columns])
    columns = {column.meta.output_name(): column for column in text_columns(kind, head.header, head.columns)}
    tested = [columns[name] for name in dict.fromkeys(keep.meta.root_names())] if keep is not None else []
    read, held, waiting = 0, 0, list[pl.DataFrame]()
    with pq.ParquetWriter(staged, schema, compression="lz4") as writer:
        for batch in batches:
            frame = pl.DataFrame(batch)
            if keep is not None:
                frame = frame.filter(frame.select(tested).select(keep).to_series())
            read, held = read + batch.num_rows, held + frame.height
            waiting.append(frame)
            if held >= _ROWS:
                writer.write_table(_table(waiting, columns.values(), schema))
                held, waiting = 0, []
            if report:
                report(read)
        if held:
            writer.write_table(_table(waiting, columns.values(), schema))
    return read


def _table(frames: Sequence[pl.DataFrame], columns: Iterable[pl.Expr], schema: pa.Schema) -> pa.Table:
    """Return the rows that are kept, their texts cleaned: of many at once in half the time."""
    rows = pl.concat(frames, rechunk=True).select(columns)
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
