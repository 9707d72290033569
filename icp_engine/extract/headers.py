"""Which column is which field: by --map, by its name in any spelling, or by a name that other systems give it."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from icp_engine.errors import InputError

EXACT, SPELLING = "its name", "its name in another spelling"
_NEAR, _MAX_NEAR = 0.78, 2
_KINDS = {"flag", "label", "code", "amt", "member", "enrolled", "name"}


@dataclass(frozen=True, slots=True)
class Match:
    """The column that a field is read from, and what told so."""

    field: str
    column: str
    how: str


@dataclass(frozen=True, slots=True)
class Headers:
    """What the columns of one file become: new names by the old ones, in order, and the fields among them."""

    names: dict[str, str]
    matches: tuple[Match, ...]


def plain(name: str) -> str:
    """Return a header in lower case, with one underscore for all that is neither letter nor digit."""
    return re.sub(r"[\W_]+", "_", unicodedata.normalize("NFKC", name).lower()).strip("_")


@cache
def _known_names() -> dict[str, tuple[str, str]]:
    """Return the field and the system of every name that ships, by its plain form."""
    with files("icp_engine.extract").joinpath("column_names.csv").open(encoding="utf-8") as table:
        return {plain(row["column"]): (row["field"], row["source"]) for row in csv.DictReader(table)}


def known_names(fields: Iterable[str], mapping: Mapping[str, str]) -> frozenset[str]:
    """Return the names of columns that fields are read from, in plain form."""
    fields = set(fields)
    systems = {name for name, (field, _) in _known_names().items() if field in fields}
    return frozenset({plain(name) for name in (*fields, *mapping.values())} | systems)


def matched(
    path: str, columns: Iterable[str], fields: Iterable[str], mapping: Mapping[str, str], option: str
) -> Headers:
    """Return what the columns of a file become.

    A mapping wins over all, then the name itself, then the name in another spelling, then names of other systems.

    Raises:
        InputError: two columns are as good for one field.
    """
    columns, fields = list(columns), list(fields)
    taken = {column: Match(field, column, option) for field, column in mapping.items() if column in columns}
    spelled = {plain(field): field for field in fields}
    systems = {name: found for name, found in _known_names().items() if found[0] in fields}
    for find in (
        lambda column: (column, EXACT) if column in fields else None,
        lambda column: (spelled[plain(column)], SPELLING) if plain(column) in spelled else None,
        lambda column: systems.get(plain(column)),
    ):
        done = {match.field for match in taken.values()}
        for column in columns:
            found = find(column) if column not in taken else None
            if found is None or found[0] in done:
                continue
            field, how = found
            rival = next((match.column for match in taken.values() if match.field == field), None)
            if rival is not None:
                both = f"columns '{rival}' and '{column}' can both be {field}"
                raise InputError(f"{path}: {both}; say which with {option} {field}=COLUMN.")
            taken[column] = Match(field, column, how)
    return Headers(_names(columns, taken), tuple(taken.values()))


def _names(columns: list[str], taken: Mapping[str, Match]) -> dict[str, str]:
    """Return the new names; a column that has the name of a field but is not read as one gets a number."""
    used = {match.field for match in taken.values()} | {name for name in columns if name not in taken}
    names = {}
    for column in columns:
        name = taken[column].field if column in taken else column
        if column not in taken and any(match.field == column for match in taken.values()):
            number = 2
            while f"{column}_{number}" in used:
                number += 1
            name = f"{column}_{number}"
            used.add(name)
        names[column] = name
    return names


def united(headers: list[Headers], fields: Iterable[str]) -> list[Headers]:
    """Return the headers of several files with one spelling, the first, for columns that differ in case alone.

    Columns of one file that do so are columns of their own.
    """
    fields, spelling = set(fields), dict[str, str]()
    apart = {name for header in headers for name in _twice(header.names.values())}
    found = []
    for header in headers:
        names = {
            old: new if new in fields or new.lower() in apart else spelling.setdefault(new.lower(), new)
            for old, new in header.names.items()
        }
        found.append(Headers(names, header.matches))
    return found


def _twice(names: Iterable[str]) -> set[str]:
    """Return names, in lower case, that stand more than once but for case."""
    seen, again = set[str](), set[str]()
    for name in names:
        (again if name.lower() in seen else seen).add(name.lower())
    return again


def near(field: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that are spelled nearly like a field, the nearest first, then those that hold its words."""
    forms = {plain(column): column for column in reversed(list(columns))}
    close = get_close_matches(plain(field), forms, n=_MAX_NEAR, cutoff=_NEAR)
    within = [form for form in reversed(forms) if form not in close and _share_words(plain(field), form)]
    return tuple(forms[form] for form in [*close, *within][:_MAX_NEAR])


def _share_words(field: str, column: str) -> bool:
    """Return whether a column has all words of a field, or all but those that say what kind of field it is."""
    words, there = set(field.split("_")), set(column.split("_"))
    return words <= there or (there < words and words - there <= _KINDS)
