"""Open public files of a kind, each under the layout that it has: CSV, Parquet or XLSX as text with canonical names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from icp_engine.errors import InputError, first_line
from icp_engine.extract.files import find_files
from icp_engine.extract.names import name_that_is_no_text
from icp_engine.extract.public.head import csv_head, xlsx_head
from icp_engine.extract.public.layout import Layout, fitting, places
from icp_engine.extract.public.staging import Progress, Shape, Wanted, stage_csv, text_columns

ROWS_OF_A_FILE = 1 << 40
"""The numbers of the rows of a file start at its own times so many."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """One file: which layout it has, its header as it stands there, how many rows it has, and these.

    `rows` holds every column of the layout as text, under its canonical name, those that the file lacks as null; or
    what these were made into. `staged` is the Parquet file that holds them, where there is one.
    """

    path: str
    layout: Layout
    header: tuple[str, ...]
    read: int
    rows: pl.LazyFrame
    staged: Path | None = None

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
    shape: Shape | None = None,
) -> Opened:
    """Return the files that paths, folders and globs stand for, each read once, as a stream, in bounded memory.

    Args:
        kinds: the layout, or several of which the first that fits is taken, file by file.
        paths: as given on the command line.
        temp: a folder for the Parquet files that CSV becomes.
        keep: which rows to keep, over the canonical columns; all where left out.
        progress: told the path and how many of its rows are read, now and then.
        shape: what to make of rows while they are read; see `Wanted`.

    Raises:
        InputError: a file is not there, of the wrong kind, lacks a needed column, or cannot be read to its end.
    """
    layouts = [kinds] if isinstance(kinds, Layout) else list(kinds)
    folder = Path(mkdtemp(dir=temp))
    return Opened(
        tuple(
            _open(path, layouts, folder / f"{number}.parquet", Wanted(keep, shape, number * ROWS_OF_A_FILE), progress)
            for number, path in enumerate(find_files(paths))
        )
    )


def _open(path: str, kinds: Sequence[Layout], staged: Path, wanted: Wanted, progress: Progress | None) -> OpenedFile:
    name = path.lower()
    if "://" in path:
        raise InputError(f"{path} is an address; download the file, and name the copy.")
    if name.endswith(".zip"):
        raise InputError(f"{path} is a ZIP archive; unpack it, and name the file inside.")
    if name.endswith((".parquet", ".pq")):
        return _parquet(path, kinds, staged, wanted)
    if name.endswith(".xlsx"):
        header, frame = xlsx_head(path, kinds)
        kind = fitting(path, kinds, header)
        rows = frame.lazy().select(text_columns(kind, header, frame.columns))
        return _with(wanted, OpenedFile(path, kind, header, frame.height, rows), staged)
    head = csv_head(path, kinds)
    kind = fitting(path, kinds, head.header)
    read = stage_csv(path, kind, head, staged, wanted, progress)
    return OpenedFile(path, kind, head.header, read, pl.scan_parquet(staged, glob=False), staged)


def _parquet(path: str, kinds: Sequence[Layout], staged: Path, wanted: Wanted) -> OpenedFile:
    try:
        frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = frame.collect_schema()
        read = pq.read_metadata(path).num_rows
    except UnicodeDecodeError as error:
        raise InputError(name_that_is_no_text(path, error)) from error
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet ({first_line(error)}).") from error
    header = tuple(schema)
    kind = fitting(path, kinds, header)
    for place in places(kind, header).values():
        if schema[header[place]].is_nested():
            raise InputError(f"{path}, column '{header[place]}' holds lists or records; one value a row is due.")
    file = OpenedFile(path, kind, header, read, frame.select(text_columns(kind, header, header)))
    return _with(wanted, file, staged)


def _with(wanted: Wanted, file: OpenedFile, staged: Path) -> OpenedFile:
    """Return a file with what is wanted of its rows, staged where they are made into something else."""
    rows = wanted.rows(file.rows)
    if wanted.shape is None:
        return replace(file, rows=rows)
    rows.sink_parquet(staged, compression="lz4")
    return replace(file, rows=pl.scan_parquet(staged, glob=False), staged=staged)
