"""Two sides of a question, field by field: what speaks for one organisation, what against it, what is not known."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from icp_engine.web import spelling

Speaks = Literal["for", "against", "neither", "unknown"]
_DIGITS = re.compile(r"\D")
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a side, in pieces: those that differ from the other side's are marked."""

    pieces: tuple[tuple[str, bool], ...]
    known: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """A field of both sides, and what it speaks for."""

    label: str
    left: Cell
    right: Cell
    speaks: Speaks
    note: str = ""


def compare(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Return two clinics field by field. Source: rows of the table `clinics`; what an extract lacks is unknown."""
    return (_names(left, right), *(_axis(field, left, right) for field in _FIELDS), _size(left, right))


def tally(axes: Sequence[Axis]) -> str:
    """Return in a sentence what speaks how."""
    told = {kind: sum(axis.speaks == kind for axis in axes) for kind in ("for", "against", "unknown")}
    things = f"{told['for']} {'thing speaks' if told['for'] == 1 else 'things speak'} for it"
    unknown = f"{told['unknown']} {'is' if told['unknown'] == 1 else 'are'} unknown"
    return f"{things}, {told['against']} against, {unknown}."


def _cell(text: str | None, other: str | None = None) -> Cell:
    if not text:
        return Cell((), known=False)
    if other is None:
        return Cell(((text, False),))
    words = {word.lower() for word in _WORDS.findall(other)}
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _WORDS.finditer(text):
        if found[0].lower() not in words:
            pieces += [(text[end : found.start()], False), (found[0], True)]
            end = found.end()
    return Cell((*(piece for piece in pieces if piece[0]), (text[end:], False)))


def _names(left: Mapping[str, Any], right: Mapping[str, Any]) -> Axis:
    names = [spelling.name(side.get("account_name")) for side in (left, right)]
    words = [{word.lower() for word in _WORDS.findall(name)} for name in names]
    cells = _cell(names[0], names[1]), _cell(names[1], names[0])
    if words[0] == words[1]:
        return Axis("Name", *cells, "for", "the same words")
    differing = sorted(words[0] ^ words[1])
    return Axis(
        "Name", *cells, "against", f"{len(differing)} {'word differs' if len(differing) == 1 else 'words differ'}"
    )


def _phone(value: str) -> str:
    return _DIGITS.sub("", value)[-10:]


def _shown_phone(value: str) -> str:
    found = spelling.phone(value)
    return found[0] if found else value


def _plain(value: str) -> str:
    return " ".join(_WORDS.findall(value.lower()))


def _address(row: Mapping[str, Any]) -> str | None:
    parts = [str(row[name]) for name in ("address", "city") if row.get(name)]
    return ", ".join(parts) if row.get("address") else None


def _first(*columns: str) -> Callable[[Mapping[str, Any]], str | None]:
    """Return what reads the first of some columns that has a value."""
    return lambda row: next((str(row[name]) for name in columns if row.get(name) not in (None, "")), None)


@dataclass(frozen=True, slots=True)
class _Field:
    """A field to compare: how it is read, what of it has to be the same, how it is shown, what it speaks for."""

    label: str
    columns: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], str | None]
    form: Callable[[str], str] = _plain
    shown: Callable[[str], str] = str
    agrees: Speaks = "for"
    differs: Speaks = "against"
    weak: str = ""


_FIELDS = (
    _Field("State", ("state_code",), _first("state_code"), shown=spelling.place, weak="weak: many clinics share it"),
    _Field("Phone", ("phone",), _first("phone"), _phone, _shown_phone, differs="neither"),
    _Field("Address", ("address",), _address, shown=spelling.name, differs="neither"),
    _Field("Legal owner", ("pac_id", "pac_ids"), _first("pac_id", "pac_ids")),
    _Field("Parent company", ("parent_name",), _first("parent_name")),
    _Field("Specialty", ("segment_label",), _first("segment_label"), agrees="neither", weak="too common to tell"),
)

COLUMNS = (
    *("account_name", "num_clinics", "npi_count", "city"),
    *(column for field in _FIELDS for column in field.columns),
)
"""Columns of the table `clinics` that sides are compared by, where an extract has them."""


def _axis(field: _Field, left: Mapping[str, Any], right: Mapping[str, Any]) -> Axis:
    first, second = field.read(left), field.read(right)
    left_cell, right_cell = (_cell(None if value is None else field.shown(value)) for value in (first, second))
    if first is None or second is None:
        there = any(name in left for name in field.columns)
        return Axis(field.label, left_cell, right_cell, "unknown", "" if there else "not in the extract")
    same = field.form(first) == field.form(second)
    return Axis(field.label, left_cell, right_cell, field.agrees if same else field.differs, field.weak if same else "")


def _size(left: Mapping[str, Any], right: Mapping[str, Any]) -> Axis:
    texts = []
    for side in (left, right):
        clinics = spelling.count(side.get("num_clinics") or 1, "clinic")
        providers = side.get("npi_count")
        texts.append(
            clinics if providers is None else f"{clinics}, this one of {spelling.count(providers, 'provider')}"
        )
    return Axis("Size", _cell(texts[0]), _cell(texts[1]), "neither")
