"""How text is to be read where a file does not tell by itself, and what is said of how it was read."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from icp_engine.errors import InputError


@dataclass(frozen=True, slots=True)
class Reading:
    """What a user says of the files of an extract; what is None they tell by themselves.

    Attributes:
        header_line: the line of a CSV file on which its header begins, from 1.
        decimal_comma: whether numbers in text have decimal commas.
        day_first: whether dates in text have the day before the month.
        time_zone: the zone by whose clock a time with a zone is told; UTC unless given.
    """

    header_line: int | None = None
    decimal_comma: bool | None = None
    day_first: bool | None = None
    time_zone: str | None = None

    @property
    def zone(self) -> str:
        """The zone by whose clock a time with a zone is told."""
        return self.time_zone or "UTC"


def check_zone(zone: str) -> None:
    """Make sure that a time zone is one of the IANA database.

    Raises:
        InputError: there is no such zone.
    """
    try:
        pl.Series([0]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"'{zone}' is no time zone; name one such as America/New_York or UTC.") from error


AS_IT_STANDS = Reading()
"""Nothing is said: files tell by themselves."""


def summed_notes(notes: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return what is said of files, each sentence once: with the first file and how many more. Source: path, note."""
    paths: dict[str, list[str]] = {}
    for path, note in notes:
        paths.setdefault(note, []).append(path)
    return tuple(f"{first}{_more(len(others))}: {note}" for note, (first, *others) in paths.items())


def _more(files: int) -> str:
    return f" and {files:,} more file{'s' if files > 1 else ''}" if files else ""
