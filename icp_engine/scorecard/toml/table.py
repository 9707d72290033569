"""Reading tables of a scorecard: every wrong type and unknown key is noted, and reading goes on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from icp_engine.errors import Problem, did_you_mean
from icp_engine.scorecard.toml.files import Source
from icp_engine.scorecard.toml.format import Format, Key, Shape, Type
from icp_engine.scorecard.toml.lines import Path

_WORDS = {str: "text", bool: "true or false", dict: "a table", list: "a list"}
_EMPTY: dict[type, Any] = {str: "", bool: False}


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
    """One table of a file of rules. Getters note what is wrong and return a value that lets reading go on.

    What a key may hold, and whether it has to be there, is said by the format; a getter of a key that the format
    lacks is a mistake of the engine, so that the format always says everything that is read.
    """

    raw: dict[str, Any]
    path: Path
    notes: Notes
    format: Format
    name: str
    asked: set[str] = field(default_factory=set)

    def __contains__(self, key: str) -> bool:
        """Whether the table has the key."""
        self.key(key)
        return key in self.raw

    @property
    def shape(self) -> Shape:
        """What the format says of this table."""
        return self.format[self.name]

    def key(self, key: str, *types: Type) -> Key:
        """Return what the format says of a key that is read as one of some types; asking makes it a known one."""
        found = self.shape.keys.get(key) or self.shape.others
        if found is None or (types and not set(types) & set(found.types)):
            raise AssertionError(f"'{key}' of a {self.name} is read as {types}, and its format does not say so")
        self.asked.add(key)
        return found

    def problem(self, message: str, *keys: str | int) -> None:
        """Note a mistake at this table, or at a key inside it."""
        self.notes.add((*self.path, *keys), message)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text, one of the words of the format where it has some; without one the default."""
        words = self.key(key, "text").words
        value = str(self._get(key, str, default))
        if key in self.raw and value and words and value not in words:
            known = " or ".join(map(repr, words)) if len(words) == 2 else f"one of {', '.join(words)}"  # noqa: PLR2004
            self.problem(f"expected {known}, found {value!r}", key)
            return default or words[0]
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        self.key(key, "flag")
        return bool(self._get(key, bool, None))

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number; without a default the key has to be there."""
        self.key(key, "number")
        if key not in self.raw:
            if default is None:
                self.problem(f"'{key}' is missing: give a number")
            return default or 0.0
        return as_number(self.raw[key], (*self.path, key), self.notes)

    def table(self, key: str) -> "Table":
        """Return the table of a key, empty where there is none."""
        return self._inner(self._get(key, dict, {}), self.key(key, "table"), key)

    def items(self, key: str) -> Iterator["Table"]:
        """Yield the tables of a list of tables."""
        found = self.key(key, "tables")
        for number, item in enumerate(self._get(key, list, [])):
            if isinstance(item, dict):
                yield self._inner(item, found, key, number)
            else:
                self.problem(f"expected a table, found {item!r}", key, number)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; one text alone counts as a list of one."""
        self.key(key, "texts")
        value = self.raw.get(key, [])
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            self.problem(f"expected a list of texts, found {value!r}", key)
            return ()
        return tuple(found)

    def tables(self) -> Iterator[tuple[str, "Table"]]:
        """Yield every table of a name of its own choosing inside this one, by name and in file order."""
        for key, value in self.raw.items():
            if key not in self.shape.keys and isinstance(value, dict):
                yield key, self._inner(value, self.key(key, "table"), key)

    def close(self) -> None:
        """Note every key that has no place here: one that the format lacks, or that another key leaves no place for."""
        known = self.asked | self.shape.keys.keys()
        for key in self.raw:
            if key not in known:
                near = did_you_mean(key, known)
                names = "" if near else f"; known here are {', '.join(sorted(known))}"
                self.problem(f"unknown key '{key}'{near}{names}", key)
        for choice in self.shape.choices:
            there = choice.key in self.raw
            for key in choice.excludes if there else choice.excludes_without:
                if key in self.raw:
                    self.problem(f"'{key}' has no place here {'beside' if there else 'without'} '{choice.key}'", key)

    def _inner(self, raw: dict[str, Any], key: Key, *path: str | int) -> "Table":
        return Table(raw, (*self.path, *path), self.notes, self.format, key.shape)

    def _get(self, key: str, kind: type, default: Any) -> Any:
        if key not in self.raw:
            if default is None:
                self.problem(f"'{key}' is missing: give {_WORDS[kind]}")
            return _EMPTY.get(kind) if default is None else default
        value = self.raw[key]
        if not isinstance(value, kind) or (kind is str and not str(value).strip()):
            self.problem(f"expected {_WORDS[kind]}, found {value!r}", key)
            return _EMPTY.get(kind) if default is None else default
        return value


def as_number(value: object, path: Path, notes: Notes) -> float:
    """Return a finite number, or note what was found instead and return 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        notes.add(path, f"expected a number, found {value!r}")
        return 0.0
    return float(value)
