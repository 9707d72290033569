"""A mapping that is kept for next time: which column each field is read from, as a TOML file."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from icp_engine.errors import InputError
from icp_engine.extract.headers import Match
from icp_engine.scorecard.toml.files import read_toml

_TABLE = "map"


def read_mapping(path: Path) -> dict[str, str]:
    """Return the columns of fields that a file names in its table `map`.

    Raises:
        InputError: the file is not there, or says something else.
        MistakesError: it is not TOML.
    """
    content = read_toml(path, str(path), "--mapping file").content
    found = content.pop(_TABLE, None)
    if not isinstance(found, dict) or content:
        other = next(iter(content), None)
        wrong = f"'{other}' besides" if other and found is not None else "no such table"
        raise InputError(f'{path} has {wrong}; a mapping is one table [{_TABLE}] with lines such as clinic_id = "NPI".')
    for field, column in found.items():
        if not isinstance(column, str) or not column.strip():
            raise InputError(f"{path}: {field} is {column!r}; name the column in quotes.")
    return dict(found)


def write_mapping(path: Path, matches: Mapping[str, tuple[Match, ...]], unread: Iterable[str]) -> None:
    """Write what was matched, and the columns that no field reads as comments.

    Raises:
        InputError: the file is there already, or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in _lines(matches, unread))
    except FileExistsError as error:
        raise InputError(f"{path} is there already; name another file, or remove it.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error


def _lines(matches: Mapping[str, tuple[Match, ...]], unread: Iterable[str]) -> Iterator[str]:
    yield "# Which column each field is read from: icp-engine run EXTRACT --mapping THIS_FILE"
    yield f"[{_TABLE}]"
    for field, (first, *others) in matches.items():
        also = "".join(f", in other files {_quoted(other.column)}" for other in others)
        yield f"{field} = {_quoted(first.column)}  # {first.how}{also}"
    yield ""
    yield "# Columns that no field reads:"
    yield from (f"# {_quoted(column)}" for column in unread)


def _quoted(text: str) -> str:
    return re.sub("\x7f", r"\\u007f", json.dumps(text, ensure_ascii=False))
