"""Reading tables of a scorecard: every wrong type and unknown key is noted, and reading goes on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from icp_engine.errors import Problem, did_you_mean
from icp_engine.scorecard.toml.lines import Path
from icp_engine.scorecard.toml.source import Source

_WORDS = {str: "text", bool: "true or false", dict: "a table", list: "a list"}


@dataclass(slots=True)
class Notes:
    """The mistakes found so far in one scorecard."""

    source: Source
    problems: list[Problem] = field(default_factory=list)
    unreadable: set[Path] = field(default_factory=set)

    def add(self, path: Path, message: str) -> None:
        """Note a mistake at a path."""
        self.problems.append(self.source.problem(path, message))
        self.unreadable.add(_scope(path))

    def add_unless_unreadable(self, path: Path, message: str) -> None:
        """Note a mistake, unless it may follow from something that could not be read: one mistake, one line."""
        if not any(path[: len(scope)] == scope for scope in self.unreadable):
            self.problems.append(self.source.problem(path, message))


def _scope(path: Path) -> Path:
    """Return what a mistake at a path makes doubtful: all tiers, all bands of a characteristic, what a maximum caps."""
    if path[:1] in (("tier",), ("network_tier",)):
        return path[:1]
    if "bands" in path:
        return path[: path.index("bands") + 1]
    return path[:-1] if path[-1:] == ("max",) else path


@dataclass(slots=True)
class Table:
    """One table of a scorecard. Getters note what is wrong and return a value that lets reading go on."""

    raw: dict[str, Any]
    path: Path
    notes: Notes
    asked: set[str] = field(default_factory=set)

    def __contains__(self, key: str) -> bool:
        """Whether the table has the key; asking makes the key a known one."""
        self.asked.add(key)
        return key in self.raw

    def problem(self, message: str, *keys: str | int) -> None:
        """Note a mistake at this table, or at a key inside it."""
        self.notes.add((*self.path, *keys), message)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default the key is required."""
        return str(self._get(key, str, "" if default is None else default, required=default is None))

    def flag(self, key: str) -> bool:
        """Return true or false."""
        return bool(self._get(key, bool, False, required=True))

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number; without a default the key is required."""
        if key not in self:
            if default is None:
                self.problem(f"'{key}' is missing: give a number")
            return default or 0.0
        return as_number(self.raw[key], (*self.path, key), self.notes)

    def table(self, key: str) -> "Table":
        """Return the table of a key, empty where there is none."""
        return Table(self._get(key, dict, {}, required=False), (*self.path, key), self.notes)

    def items(self, key: str) -> Iterator["Table"]:
        """Yield the tables of a list of tables."""
        for number, item in enumerate(self._get(key, list, [], required=False)):
            if isinstance(item, dict):
                yield Table(item, (*self.path, key, number), self.notes)
            else:
                self.problem(f"expected a table, found {item!r}", key, number)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; one text alone counts as a list of one."""
        value = self.raw.get(key, [])
        self.asked.add(key)
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            self.problem(f"expected a list of texts, found {value!r}", key)
            return ()
        return tuple(found)

    def tables(self) -> Iterator[tuple[str, "Table"]]:
        """Yield every table inside this one that has not been asked for, by name and in file order."""
        for key, value in self.raw.items():
            if key not in self.asked and isinstance(value, dict):
                self.asked.add(key)
                yield key, Table(value, (*self.path, key), self.notes)

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.raw:
            if key not in self.asked:
                near = did_you_mean(key, self.asked)
                known = "" if near else f"; known here are {', '.join(sorted(self.asked))}"
                self.problem(f"unknown key '{key}'{near}{known}", key)

    def _get(self, key: str, kind: type, default: Any, *, required: bool) -> Any:
        self.asked.add(key)
        if key not in self.raw:
            if required:
                self.problem(f"'{key}' is missing: give {_WORDS[kind]}")
            return default
        value = self.raw[key]
        if not isinstance(value, kind) or (kind is str and not str(value).strip()):
            self.problem(f"expected {_WORDS[kind]}, found {value!r}", key)
            return default
        return value


def as_number(value: object, path: Path, notes: Notes) -> float:
    """Return a finite number, or note what was found instead and return 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        notes.add(path, f"expected a number, found {value!r}")
        return 0.0
    return float(value)
