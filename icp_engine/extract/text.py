"""Columns of text as they are compared: `icp_engine.text` for all rows at once, and next to nothing for clean ones."""

import re
from collections.abc import Iterable
from html.entities import html5

import polars as pl

from icp_engine.text import APOSTROPHES, DASHES, SIGNS, SPACES, ZERO_WIDTH

_ONE_TO_ONE = {**dict.fromkeys(APOSTROPHES, "'"), **dict.fromkeys(SIGNS, "")}
_ODD = ["  ", *"\t\n\v\f\r"]
_NUMBERS = [*range(32, 127), *range(160, 384), *range(0x2010, 0x2040), 0x20AC, 0x2122, 0xFEFF]
_ENTITIES = (
    {f"&{name}": sign for name, sign in html5.items() if name.endswith(";")}
    | {f"&#{number};": chr(number) for number in _NUMBERS}
    | {f"&#x{number:x};": chr(number) for number in _NUMBERS}
    | {f"&#x{number:X};": chr(number) for number in _NUMBERS}
)
_ENTITY = r"&#?\w+;"
_SAMPLE = 512  # of the rows of a batch, which tell whether its texts repeat
_TWICE = 2  # `&amp;nbsp;` was escaped twice


def wide(text: pl.Series) -> pl.Series:
    """Return the places of texts that are not plain ASCII."""
    return (text.str.len_bytes() != text.str.len_chars()).arg_true()


def cleaned(text: pl.Series) -> pl.Series:
    """Return texts with plain spaces, hyphens and apostrophes, in NFKC, without marks of no width, trimmed."""
    text = text.str.replace_many(_ONE_TO_ONE).str.normalize("NFKC")
    return (
        text.str.replace_all(ZERO_WIDTH, "")
        .str.replace_all(DASHES, "-")
        .str.replace_all(SPACES, " ")
        .str.strip_chars(" ")
    )


def searched(text: pl.Expr) -> pl.Expr:
    """Return a text as phrases are searched in it: in lower case, trimmed, and cleaned where it has to be."""
    return text.map_batches(_searched, return_dtype=pl.String, is_elementwise=True)


def _searched(text: pl.Series) -> pl.Series:
    """Return the texts of a batch, each distinct one read once where they repeat: half the time."""
    if len(text) <= _SAMPLE or text.head(_SAMPLE).n_unique() > _SAMPLE // 4:
        return _read(text)
    distinct = text.unique()
    return text.replace_strict(distinct, _read(distinct), return_dtype=pl.String)


def _read(text: pl.Series) -> pl.Series:
    low = text.str.strip_chars().str.to_lowercase()
    odd = pl.concat([wide(low), low.str.contains_any(_ODD).arg_true()]).unique()
    return low.scatter(odd, cleaned(low.gather(odd)).str.to_lowercase()) if len(odd) else low


def holds(text: pl.Expr, test: str, phrases: Iterable[str]) -> pl.Expr:
    """Return whether a text mentions one of the phrases, or equals one. Source: what `searched` returned."""
    if test == "mentions":
        return text.str.contains("|".join(re.escape(phrase) for phrase in phrases))
    return text.is_in(list(phrases))


def unescaped(names: pl.Series) -> pl.Series:
    """Return names with the characters that HTML entities stand for."""
    some = names.str.contains("&", literal=True).arg_true()
    if len(some) == 0:
        return names
    some = some.gather(names.gather(some).str.contains(_ENTITY).arg_true())
    if len(some) == 0:
        return names
    found = names.gather(some)
    for _ in range(_TWICE):
        found = found.str.replace_many(_ENTITIES, leftmost=True)
    return names.scatter(some, found)
