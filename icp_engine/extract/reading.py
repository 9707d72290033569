"""How text is to be read where a file does not tell by itself, and what is said of how it was read."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """What a user says of the files of an extract; what is None they tell by themselves.

    `header_line` is the line of a CSV file on which its header begins, from 1.
    """

    header_line: int | None = None


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
