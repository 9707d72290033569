"""Blanks and apostrophes between thousands, and currencies around numbers, where a whole column is written so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from icp_engine.columns import Field
from icp_engine.extract.conform import ABSENT_IN_ANY_CASE, INFINITE_WORDS, is_number, swapped
from icp_engine.extract.files import RawFile

_BETWEEN = " \u00a0\u2007\u2009\u202f'\u2019"
_EUROS, _DOLLARS = r"(?:\u20ac|eur)", r"(?:us\s*\$|\$|usd)"
_CURRENCY = rf"(?:{_EUROS}|{_DOLLARS})"
_BEFORE, _BEHIND = rf"^([+-]?)\s*{_CURRENCY}\s*", rf"\s*{_CURRENCY}$"
_GROUPED = rf"^[+-]?\d{{1,3}}(?:[{_BETWEEN}]\d{{3}})+(?:[.,]\d+)?$"
_IN_BRACKETS = rf"^(?:{_CURRENCY}\s*)?\((.*)\)$"
_SIGNS = [*_BETWEEN, "\u20ac", "EUR", "USD", "US$"]


def without_number_signs(files: Sequence[RawFile], fields: Mapping[str, Field]) -> tuple[RawFile, ...]:
    """Return the files with plain numbers in columns whose values all are numbers with or without such signs.

    A column with euros and dollars is none of them.
    """
    texts = [
        [
            name
            for name, dtype in file.schema.items()
            if dtype == pl.String and name in fields and fields[name].type in ("integer", "number")
        ]
        for file in files
    ]
    names = {name for file, own in zip(files, texts, strict=True) for name in _with_signs(file, own)}
    notes = {name: _note([file for file, own in zip(files, texts, strict=True) if name in own], name) for name in names}
    said = {name: note for name, note in notes.items() if note}
    return tuple(
        _with_plain(file, {name: said[name] for name in own if name in said})
        for file, own in zip(files, texts, strict=True)
    )


def _with_signs(file: RawFile, names: Sequence[str]) -> list[str]:
    """Return the columns that may have such signs: cheap, and nearly none."""
    looks = [pl.col(name).str.contains_any(_SIGNS, ascii_case_insensitive=True).any() for name in names]
    found = file.frame.select(looks).collect().row(0, named=True) if names else {}
    return [name for name, holds in found.items() if holds]


def _note(files: Sequence[RawFile], name: str) -> str | None:
    """Return what is said of a column with such signs; None where there are none, or something else is there too."""
    text = pl.col(name)
    word = text.str.strip_chars().str.to_lowercase()
    plain = _plain(word)
    absent = (word == "") | plain.is_in([*ABSENT_IN_ANY_CASE, *INFINITE_WORDS])
    below_0 = _plain(word.str.replace(_IN_BRACKETS, "$1"))  # which no field can be, but a column of amounts has them
    known = absent | pl.any_horizontal(is_number(some) | is_number(swapped(some)) for some in (plain, below_0))
    seen = pl.concat(
        file.frame.select(
            known.fill_null(value=True).all().alias("known"),
            word.str.contains(_EUROS).any().alias("euros"),
            word.str.contains(_DOLLARS).any().alias("dollars"),
            text.filter(plain != word).first().alias("example"),
        ).collect()
        for file in files
    )
    example = seen["example"].drop_nulls()
    if not seen["known"].all() or example.is_empty() or (seen["euros"].any() and seen["dollars"].any()):
        return None
    money = "; no currency is converted" if seen["euros"].any() else ""
    return f"{name} is read without what stands between thousands or around numbers in '{example[0].strip()}'{money}"


def _plain(word: pl.Expr) -> pl.Expr:
    """Return a number without a currency, and without blanks or apostrophes between its thousands."""
    bare = word.str.replace(_BEFORE, "$1").str.replace(_BEHIND, "")
    return pl.when(bare.str.contains(_GROUPED)).then(bare.str.replace_all(f"[{_BETWEEN}]", "")).otherwise(bare)


def _with_plain(file: RawFile, notes: Mapping[str, str]) -> RawFile:
    plain = [_plain(pl.col(name).str.strip_chars().str.to_lowercase()).alias(name) for name in notes]
    return replace(file, frame=file.frame.with_columns(plain), notes=(*file.notes, *notes.values())) if notes else file
