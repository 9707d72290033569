"""From a name or a path to the merged content of a scorecard and the line of everything in it."""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from icp_engine.errors import InputError, MistakesError, Problem, ScorecardError, did_you_mean, first_line
from icp_engine.scorecard.toml.format import WHOLE
from icp_engine.scorecard.toml.lines import Path, lines_of

_DEEPEST, _LONGEST = 50, 50  # tables within tables, and scorecards that extend scorecards: far beyond any use
SHIPPED = FilePath(__file__).resolve().parents[2] / "scorecards"


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
        """SHA-256 of the merged content: comments and layout do not count; what is inherited does, and order."""
        categories = self.content.get("category")
        tables = categories.items() if isinstance(categories, dict) else ()
        order = [[name, *table] for name, table in tables if isinstance(table, dict)]
        text = json.dumps([_plain(self.content), order], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return a value with whole numbers written one way, so that 10 and 10.0 are the same."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def shipped_names() -> list[str]:
    """Return the ids of the scorecards that come with the package, sorted."""
    return sorted(item.name.removesuffix(".toml") for item in SHIPPED.iterdir() if item.name.endswith(".toml"))


def read_source(name: str, folder: FilePath = FilePath(), _seen: tuple[FilePath, ...] = ()) -> Source:
    """Read a scorecard by the name of a shipped one or by path, and merge it into what it extends.

    Args:
        name: `icp`, or a path that ends in `.toml`.
        folder: where a relative path starts from.

    Raises:
        InputError: there is no such scorecard.
        ScorecardError: the file is not TOML, or `extends` leads nowhere or back to itself.
    """
    path = _path_of(name, folder)
    label = str(path) if name.endswith(".toml") else f"icp_engine/scorecards/{path.name}"
    try:
        own = read_toml(path, label, "Scorecard")
    except MistakesError as error:
        raise ScorecardError(error.problems) from error
    if "extends" not in own.content:
        return own
    base_name = own.content["extends"]
    if not isinstance(base_name, str):
        raise ScorecardError([own.problem(("extends",), "expected the name or the path of a scorecard")])
    seen = (*_seen, path.resolve())
    if len(seen) > _LONGEST:
        raise ScorecardError([own.problem(("extends",), f"it leads on for more than {_LONGEST} scorecards")])
    try:
        if _path_of(base_name, path.parent).resolve() in seen:
            raise InputError("a scorecard cannot extend itself")
        base = read_source(base_name, path.parent, seen)
    except InputError as error:
        raise ScorecardError([own.problem(("extends",), str(error))]) from error
    return _merged(base, own)


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
    text = _read_text(path, kind)
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


def _path_of(name: str, folder: FilePath) -> FilePath:
    if name.endswith(".toml"):
        return folder / name
    if name not in shipped_names():
        known = ", ".join(shipped_names())
        raise InputError(
            f"There is no scorecard '{name}'{did_you_mean(name, shipped_names())}; "
            f"shipped are {known}, and a file of your own must end in .toml."
        )
    return SHIPPED / f"{name}.toml"


def _read_text(path: FilePath, kind: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{kind} {path} does not exist; check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{kind} {path} cannot be read as UTF-8 text ({error}).") from error


def _syntax_problem(label: str, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    what = str(error).split(" (at ")[0]
    line = re.search(r"\(at line (\d+)", str(error))
    return Problem(label, int(line[1]) if line else len(text.splitlines()), f"not valid TOML: {what}")


def _merged(base: Source, own: Source) -> Source:
    """Lay a variant over its base: tables merge by name, lists and the small tables of `WHOLE` are replaced whole.

    A table that says `drop = true` and nothing else takes that of the base away.
    """
    places = dict(base.places)
    content = _overlay(base.content, own.content, (), places)
    content.pop("extends", None)
    content["extends"] = own.content["extends"]
    content.pop("example", None)  # worked examples hold for the file they stand in
    for path in [path for path in places if path[0] == "example"]:
        del places[path]
    if "example" in own.content:
        content["example"] = own.content["example"]
    return Source(own.name, content, {**places, **own.places})


def _overlay(
    base: dict[str, Any], own: dict[str, Any], path: Path, places: dict[Path, tuple[str, int]]
) -> dict[str, Any]:
    out = dict(base)
    for key, value in own.items():
        before = base.get(key)
        if value == {"drop": True} and before is not None:
            del out[key]
            continue
        if isinstance(before, dict) and isinstance(value, dict) and key not in WHOLE:
            out[key] = _overlay(before, value, (*path, key), places)
            continue
        out[key] = value
        here = (*path, key)
        for old in [place for place in places if place[: len(here)] == here]:
            del places[old]
    return out
