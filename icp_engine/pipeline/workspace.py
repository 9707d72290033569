"""Where a run works: a folder for what is thrown away, and what is said when reading or writing fails."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from icp_engine.errors import InputError, first_line
from icp_engine.warehouse.folder import UNFINISHED


@contextmanager
def said(patterns: Iterable[str], out: Path, verb: str = "scored") -> Iterator[None]:
    """Say which files were at fault where the libraries below do not."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{', '.join(patterns)} cannot be {verb} ({first_line(error)}); is a file damaged?") from error
    except OSError as error:
        if error.filename:
            raise
        raise InputError(f"Writing to {out} failed ({error.strerror or first_line(error)}).") from error


@contextmanager
def temporary(temp_dir: str | None, beside: Path) -> Iterator[Path]:
    """Give a folder for what is read once and thrown away, beside the results unless another place is named."""
    try:
        with tempfile.TemporaryDirectory(prefix="icp-", suffix=UNFINISHED, dir=temp_dir or beside) as temp:
            yield Path(temp)
    except FileNotFoundError as error:
        if temp_dir is None or Path(temp_dir).is_dir():
            raise
        raise InputError(f"{temp_dir} is not a folder; choose another --temp-dir.") from error
