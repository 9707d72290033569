"""Columns in a file that is mapped: the system holds its pages where there is room, and drops them where not."""

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

import polars as pl
import pyarrow as pa

from icp_engine.errors import InputError, first_line


def mapped(columns: Iterable[pl.Series]) -> pl.DataFrame:
    """Return columns as a frame that stands in a file: memory holds one column at a time, while it is written.

    The file has no name, in the system's folder for temporary files (`TMPDIR`): it is gone with the frame, however the
    process ends.

    Raises:
        InputError: there is no room for it.
    """
    places = []
    with _file() as file:
        for column in columns:
            start = file.seek(-file.tell() % mmap.PAGESIZE, 1)
            column.to_frame().write_ipc(
                file, compat_level=pl.CompatLevel.newest(), record_batch_size=max(len(column), 1)
            )
            del column  # the next one is read without it
            places.append((start, file.seek(0, 2) - start))
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return pl.concat([_frame(pages, *place) for place in places], how="horizontal")


def mapped_rows(batches: pa.RecordBatchReader) -> pl.DataFrame:
    """Return rows as a frame that stands in such a file, in chunks: memory holds one batch at a time.

    Raises:
        InputError: there is no room for it.
    """
    with _file() as file:
        with pa.ipc.new_file(pa.PythonFile(file, "w"), batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        file.flush()
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return _frame(pages, 0, len(pages))


@contextmanager
def _file() -> Iterator[IO[bytes]]:
    """Give a file without a name."""
    try:
        with tempfile.TemporaryFile() as file:
            yield file
    except (OSError, pl.exceptions.ComputeError) as error:
        raise InputError(
            f"The lists of a run cannot be written to {tempfile.gettempdir()} ({first_line(error)}); "
            "name a folder with more room in TMPDIR."
        ) from error


def _frame(pages: mmap.mmap, start: int, length: int) -> pl.DataFrame:
    """Return a column where it stands; that it is text has been looked at, and the pages of that are given back."""
    file = pa.BufferReader(pa.py_buffer(pages).slice(start, length))
    frame = pl.from_arrow(pa.ipc.open_file(file).read_all(), rechunk=False)
    if hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED, start, length)
    assert isinstance(frame, pl.DataFrame)
    return frame
