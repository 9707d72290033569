"""Open public files: CSV in any of their encodings, Parquet or XLSX become Parquet of text with canonical names."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from icp_engine.errors import InputError, first_line
from icp_engine.extract.files import find_files
from icp_engine.extract.public.head import Head, csv_head, odd_record, open_bytes, quotes, xlsx_head
from icp_engine.extract.public.layout import Layout, fitting, places
from icp_engine.extract.public.values import text

Progress = Callable[[str, int], None]

_BLOCK = 4 << 20  # bytes of CSV read at once; a single row has to fit
_ROWS = 100_000  # of a row group of the Parquet files
# Tried in this order. Windows has quotes and dashes where ISO-8859-1 has nothing, in which every text is valid.
_ENCODINGS = ("utf8", "cp1252", "iso8859-1")


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """One file: which layout it has, its header as it stands there, how many rows it has, and these.

    `rows` holds every column of the layout as text, under its canonical name, those that the file lacks as null.
    """

    path: str
    layout: Layout
    header: tuple[str, ...]
    read: int
    rows: pl.LazyFrame

    def has(self, column: str) -> bool:
        """Return whether the file has a column, given by its canonical name."""
        return column in places(self.layout, self.header)


@dataclass(frozen=True, slots=True)
class Opened:
    """Files of one kind, in the order of their paths."""

    files: tuple[OpenedFile, ...]

    @property
    def rows(self) -> pl.LazyFrame:
        """The rows of all files; files of several layouts have the columns of all of them."""
        return pl.concat([file.rows for file in self.files], how="diagonal")


def open_files(
    kinds: Layout | Sequence[Layout],
    paths: Sequence[str],
    temp: Path,
    keep: pl.Expr | None = None,
    progress: Progress | None = None,
) -> Opened:
    """Return the files that paths, folders and globs stand for, each read once, as a stream, in bounded memory.

    Args:
        kinds: the layout, or several of which the first that fits is taken, file by file.
        paths: as given on the command line.
        temp: a folder for the Parquet files that CSV becomes.
        keep: which rows to keep, over the canonical columns; all where left out.
        progress: told the path and how many of its rows are read, now and then.

    Raises:
        InputError: a file is not there, of the wrong kind, lacks a needed column, or cannot be read to its end.
    """
    layouts = [kinds] if isinstance(kinds, Layout) else list(kinds)
    folder = Path(mkdtemp(dir=temp))
    return Opened(
        tuple(
            _open(path, layouts, folder / f"{number}.parquet", keep, progress)
            for number, path in enumerate(find_files(paths))
        )
    )


def _open(
    path: str, kinds: Sequence[Layout], staged: Path, keep: pl.Expr | None, progress: Progress | None
) -> OpenedFile:
    name = path.lower()
    if "://" in path:
        raise InputError(f"{path} is an address; download the file, and name the copy.")
    if name.endswith(".zip"):
        raise InputError(f"{path} is a ZIP archive; unpack it, and name the file inside.")
    if name.endswith((".parquet", ".pq")):
        return _parquet(path, kinds, keep)
    if name.endswith(".xlsx"):
        header, frame = xlsx_head(path, kinds)
        kind = fitting(path, kinds, header)
        rows = _kept(frame.lazy().select(_columns(kind, header, frame.columns)), keep)
        return OpenedFile(path, kind, header, frame.height, rows)
    head = csv_head(path, kinds)
    kind = fitting(path, kinds, head.header)
    read = _stage(path, kind, head, staged, keep, progress)
    return OpenedFile(path, kind, head.header, read, pl.scan_parquet(staged, glob=False))


def _parquet(path: str, kinds: Sequence[Layout], keep: pl.Expr | None) -> OpenedFile:
    try:
        frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = frame.collect_schema()
        read = pq.read_metadata(path).num_rows
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet ({first_line(error)}).") from error
    header = tuple(schema)
    kind = fitting(path, kinds, header)
    for place in places(kind, header).values():
        if schema[header[place]].is_nested():
            raise InputError(f"{path}, column '{header[place]}' holds lists or records; one value a row is due.")
    return OpenedFile(path, kind, header, read, _kept(frame.select(_columns(kind, header, header)), keep))


def _columns(kind: Layout, header: Sequence[str], names: Sequence[str]) -> list[pl.Expr]:
    """Return the columns of a layout as text; `names` are what the columns of the header are called in the frame."""
    at = places(kind, header)
    return [
        text(pl.col(names[at[column.name]]).cast(pl.String)).alias(column.name)
        if column.name in at
        else pl.lit(None, pl.String).alias(column.name)
        for column in kind.columns
    ]


def _kept(rows: pl.LazyFrame, keep: pl.Expr | None) -> pl.LazyFrame:
    return rows if keep is None else rows.filter(keep)


def _stage(path: str, kind: Layout, head: Head, staged: Path, keep: pl.Expr | None, progress: Progress | None) -> int:
    """Write the columns of a CSV file that the layout knows as Parquet, and return how many rows it has."""
    report = partial(progress, path) if progress else None
    for encoding in _ENCODINGS:
        batches = _batches(path, kind, head, encoding)
        try:
            read = _write(batches, kind, head, staged, keep, report)
        except pa.ArrowInvalid as error:
            if "UTF8" in str(error) and encoding == _ENCODINGS[0]:
                continue
            raise InputError(_fault(path, head, error)) from error
        except UnicodeDecodeError:
            continue
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path} cannot be read to its end ({first_line(error)}); was it cut off?") from error
        break
    if quotes(path) % 2 and (fault := odd_record(path, head)):
        raise InputError(fault)
    return read


def _fault(path: str, head: Head, error: pa.ArrowInvalid) -> str:
    if found := odd_record(path, head):
        return found
    if "straddl" in str(error):
        return f"{path} has a row of more than {_BLOCK >> 20} MB; is a line end or a quote missing?"
    return f"{path} cannot be read as CSV ({first_line(error)})."


def _batches(path: str, kind: Layout, head: Head, encoding: str) -> Iterator[pa.RecordBatch]:
    """Yield the columns of a CSV file that the layout knows, a block of the file at a time."""
    if head.alone:  # pyarrow takes a header without rows for a broken file
        return
    columns = head.columns
    wanted = sorted({columns[place] for place in places(kind, head.header).values()})
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
        yield from reader


def _write(
    batches: Iterator[pa.RecordBatch],
    kind: Layout,
    head: Head,
    staged: Path,
    keep: pl.Expr | None,
    report: Callable[[int], None] | None,
) -> int:
    schema = pa.schema([(column.name, pa.large_string()) for column in kind.columns])
    columns = _columns(kind, head.header, head.columns)
    read, held, waiting = 0, 0, list[pl.DataFrame]()
    with pq.ParquetWriter(staged, schema, compression="lz4") as writer:
        for batch in batches:
            frame = pl.DataFrame(batch).select(columns)
            frame = frame if keep is None else frame.filter(keep)
            read, held = read + batch.num_rows, held + frame.height
            waiting.append(frame)
            if held >= _ROWS:
                writer.write_table(_table(waiting, schema))
                held, waiting = 0, []
            if report:
                report(read)
        if held:
            writer.write_table(_table(waiting, schema))
    return read


def _table(frames: Sequence[pl.DataFrame], schema: pa.Schema) -> pa.Table:
    return pl.concat(frames).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
