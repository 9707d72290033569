"""What a public file looks like: the headers that its columns have had over the years, and which must be there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from icp_engine.errors import InputError

Headers = str | Sequence[str]

_LONGEST = 100  # letters of a header that an error shows


@dataclass(frozen=True, slots=True)
class Column:
    """One column under its canonical name, with the headers that it has had, the newest first."""

    name: str
    headers: tuple[str, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file: its name, what it is in words ("a list of ... (LEIE)"), and the columns that are read.

    A file with the header `never` is of another kind, although it has all columns.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    never: str = ""


def layout(
    name: str,
    description: str,
    required: Mapping[str, Headers],
    optional: Mapping[str, Headers] | None = None,
    never: str = "",
) -> Layout:
    """Return a layout from canonical names and their headers, a single one or several."""
    columns = [(key, headers, True) for key, headers in required.items()]
    columns += [(key, headers, False) for key, headers in (optional or {}).items()]
    return Layout(
        name, description, tuple(Column(key, _listed(headers), must) for key, headers, must in columns), never
    )


def _listed(headers: Headers) -> tuple[str, ...]:
    return (headers,) if isinstance(headers, str) else tuple(headers)


def squeezed(header: str) -> str:
    """Return a header as it is compared: lower case, letters and digits alone."""
    return re.sub(r"[\W_]+", "", header.lower())


def places(kind: Layout, header: Sequence[str]) -> dict[str, int]:
    """Return where each column of a layout stands in a header, by canonical name; absent ones are left out.

    A header that stands twice is read where it stands first.
    """
    found = {squeezed(name): place for place, name in reversed(list(enumerate(header)))}
    at = {column.name: _first(column, found) for column in kind.columns}
    return {name: place for name, place in at.items() if place is not None}


def _first(column: Column, found: Mapping[str, int]) -> int | None:
    return next((found[squeezed(name)] for name in column.headers if squeezed(name) in found), None)


def missing(kind: Layout, header: Sequence[str]) -> list[Column]:
    """Return the columns that a file of this kind must have and this header does not."""
    there = places(kind, header)
    return [column for column in kind.columns if column.required and column.name not in there]


def fitting(path: str, kinds: Sequence[Layout], header: Sequence[str]) -> Layout:
    """Return the first layout all of whose required columns a header has.

    Raises:
        InputError: none fits; the first missing column of the layout that comes closest, and the nearest header.
    """
    fits = next((kind for kind in kinds if not missing(kind, header)), None)
    described = " nor ".join(kind.description for kind in kinds)
    wrong = f"{path} is {'neither' if len(kinds) > 1 else 'not'} {described}"
    if fits is None:
        closest = min(kinds, key=lambda kind: len(missing(kind, header)))
        wanted = missing(closest, header)[0].headers[0]
        near = max(filter(squeezed, header), key=lambda name: _likeness(wanted, name), default="")
        nearest = f"the nearest header is '{near[:_LONGEST]}'" if near else "its first lines hold no header at all"
        raise InputError(f"{wrong}: it has no column '{wanted}'; {nearest}.")
    if fits.never and squeezed(fits.never) in map(squeezed, header):
        raise InputError(f"{wrong}: no such file has a column '{fits.never}'.")
    return fits


def _likeness(wanted: str, name: str) -> float:
    return SequenceMatcher(None, squeezed(wanted), squeezed(name), autojunk=False).ratio()
