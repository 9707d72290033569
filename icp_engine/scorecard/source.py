"""From a name or a path to the merged content of a scorecard and the line of everything in it."""

import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Any

from icp_engine.errors import InputError, Problem, ScorecardError, did_you_mean
from icp_engine.scorecard.locate import Path, lines_of

SHIPPED = files("icp_engine") / "scorecards"


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
        """SHA-256 of the merged content: comments and layout do not count, what is inherited does."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def shipped_names() -> list[str]:
    """Return the ids of the scorecards that come with the package, sorted."""
    return sorted(item.name.removesuffix(".toml") for item in SHIPPED.iterdir() if item.name.endswith(".toml"))


def read_source(name: str, folder: FilePath = FilePath(), _seen: tuple[str, ...] = ()) -> Source:
    """Read a scorecard by the name of a shipped one or by path, and merge it into what it extends.

    Args:
        name: `icp`, or a path that ends in `.toml`.
        folder: where a relative path starts from.

    Raises:
        InputError: there is no such scorecard.
        ScorecardError: the file is not TOML, or `extends` leads nowhere or back to itself.
    """
    label = str(folder / name) if name.endswith(".toml") else f"{name}.toml"
    text = _read_text(name, folder)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScorecardError([_syntax_problem(label, error)]) from error
    own = Source(label, content, {path: (label, line) for path, line in lines_of(text).items()})
    if "extends" not in content:
        return own
    base_name = content["extends"]
    seen = (*_seen, label)
    if not isinstance(base_name, str):
        raise ScorecardError([own.problem(("extends",), "expected the name or the path of a scorecard")])
    base_folder = (folder / name).parent if name.endswith(".toml") else folder
    if (str(base_folder / base_name) if base_name.endswith(".toml") else f"{base_name}.toml") in seen:
        raise ScorecardError([own.problem(("extends",), "a scorecard cannot extend itself")])
    try:
        base = read_source(base_name, base_folder, seen)
    except InputError as error:
        raise ScorecardError([own.problem(("extends",), str(error))]) from error
    return _merged(base, own)


def _read_text(name: str, folder: FilePath) -> str:
    if not name.endswith(".toml"):
        if name not in shipped_names():
            known = ", ".join(shipped_names())
            raise InputError(
                f"There is no scorecard '{name}'{did_you_mean(name, shipped_names())}; "
                f"shipped are {known}, and a file of your own must end in .toml."
            )
        return (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    path = folder / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"Scorecard {path} does not exist; check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Scorecard {path} cannot be read as UTF-8 text ({error}).") from error


def _syntax_problem(label: str, error: tomllib.TOMLDecodeError) -> Problem:
    message = str(error)
    head, _, tail = message.rpartition(" (at line ")
    if not tail:
        return Problem(label, 1, f"not valid TOML: {message}")
    number = tail.split(",")[0].rstrip(")")
    return Problem(label, int(number), f"not valid TOML: {head or message}")


def _merged(base: Source, own: Source) -> Source:
    """Lay a variant over its base: tables merge by name, everything else is replaced whole."""
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
        if isinstance(before, dict) and isinstance(value, dict):
            out[key] = _overlay(before, value, (*path, key), places)
            continue
        out[key] = value
        here = (*path, key)
        for old in [one for one in places if one[: len(here)] == here]:
            del places[old]
    return out
