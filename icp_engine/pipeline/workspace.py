"""Where a run works: a folder for what is thrown away, and what is said when reading or writing fails."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from icp_engine.errors import InputError, first_line
from icp_engine.locks import remove_leftovers, temporary_folder


@contextmanager
def translate_errors(patterns: Iterable[str], out: Path, verb: str = "scored") -> Iterator[None]:
    """Say which files were at fault where the libraries below do not."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:  # a panic is no Exception
        if "ncrypt" in str(error):
            raise InputError(f"{', '.join(patterns)}: {first_line(error)}; decrypt it first.") from error
        raise InputError(f"{', '.join(patterns)} cannot be {verb} ({first_line(error)}); is a file damaged?") from error
    except OSError as error:
        if error.filename:
            raise
        raise InputError(f"Writing to {out} failed ({error.strerror or first_line(error)}).") from error


@contextmanager
def temporary(temp_dir: str | None, beside: Path) -> Iterator[Path]:
    """Give a folder for what is read once and thrown away, beside the results unless another place is named."""
    if temp_dir is not None and not Path(temp_dir).is_dir():
        raise InputError(f"{temp_dir} is not a folder; choose another --temp-dir.")
    with temporary_folder(Path(temp_dir) if temp_dir else beside) as temp:
        yield temp


def clean_temporary(temp_dir: str | None, inputs: Iterable[str]) -> None:
    """Remove what killed runs left in the place for intermediate files, once the input has been found good."""
    if temp_dir is not None:
        remove_leftovers(Path(temp_dir), inputs)
