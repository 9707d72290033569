"""From a TOML file to its content and the line of all in it. Without Polars, so that icp.toml can set its threads."""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from icp_engine.errors import MistakesError, Problem, first_line
from icp_engine.named_files import read_text
from icp_engine.scorecard.toml.lines import Path, lines_of

_DEEPEST = 50  # tables within tables: far beyond any use
_BAND = 3  # tables around a band: all categories, its own, its characteristic
_SPOKEN = ("say", "warn", "ask")


@dataclass(slots=True)
class Source:
    """The content of a scorecard, a variant already merged into what it extends."""

    name: str
    content: dict[str, Any]
    places: dict[Path, tuple[str, int]] = field(default_factory=dict)

    def place(self, path: Path) -> tuple[str, int]:
        """Return file and line of a path, or of the nearest table around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.name, 1

    def problem(self, path: Path, message: str) -> Problem:
        """Return a mistake at a path, which the message then names."""
        where = ".".join(f"[{part + 1}]" if isinstance(part, int) else part for part in path)
        return Problem(*self.place(path), f"{where.replace('.[', '[')}: {message}" if where else message)

    @property
    def hash(self) -> str:
        """SHA-256 of the merged content: comments and layout do not count; what is inherited does, and order.

        What is said to a clinic does not count either: it changes no score.
        """
        categories = self.content.get("category")
        tables = categories.items() if isinstance(categories, dict) else ()
        order = [[name, *table] for name, table in tables if isinstance(table, dict)]
        content = {**self.content, "category": _unspoken(categories)} if "category" in self.content else self.content
        text = json.dumps([_plain(content), order], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _unspoken(value: Any, depth: int = 0) -> Any:
    """Return the categories without what bands and missing fields say, ask and warn of."""
    if isinstance(value, list):
        return [_unspoken(item, depth) for item in value]
    if not isinstance(value, dict) or depth > _BAND:
        return value
    dropped = _SPOKEN if depth == _BAND else ()
    return {
        key: item if depth == _BAND - 1 and key not in ("bands", "missing") else _unspoken(item, depth + 1)
        for key, item in value.items()
        if key not in dropped
    }


def _plain(value: Any) -> Any:
    """Return a value with whole numbers written one way, so that 10 and 10.0 are the same."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_toml(path: FilePath, label: str, kind: str) -> Source:
    """Return the content of one TOML file with its lines.

    Args:
        path: where it is.
        label: what mistakes call it.
        kind: what it is, e.g. `Scorecard`, for the sentence that says that it cannot be read.

    Raises:
        InputError: there is no such file.
        MistakesError: it is not TOML.
    """
    text = read_text(path, kind)
    try:
        content = tomllib.loads(text)
        if _is_deep(content):
            raise RecursionError
        return Source(label, content, {place: (label, line) for place, line in lines_of(text).items()})
    except tomllib.TOMLDecodeError as error:
        raise MistakesError([_syntax_problem(label, text, error)]) from error
    except RecursionError as error:
        raise MistakesError([Problem(label, 1, f"tables and lists nest more than {_DEEPEST} deep")]) from error
    except ValueError as error:  # Python reads no integer of thousands of digits
        raise MistakesError([Problem(label, 1, f"a number cannot be read: {first_line(error)}")]) from error


def _is_deep(content: Any) -> bool:
    """Tell whether values nest deeper than any scorecard does; without recursion, which has its own limit."""
    level = [content]
    for _ in range(_DEEPEST):
        level = [
            value
            for outer in level
            for value in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(value, dict | list)
        ]
        if not level:
            return False
    return True


def _syntax_problem(label: str, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    what = str(error).split(" (at ")[0]
    line = re.search(r"\(at line (\d+)", str(error))
    return Problem(label, int(line[1]) if line else len(text.splitlines()), f"not valid TOML: {what}")
