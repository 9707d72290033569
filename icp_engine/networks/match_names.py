"""The name that grouping compares: spellings, legal forms, store numbers and abbreviations of one organisation meet."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files

import polars as pl

from icp_engine.extract.text import cleaned, unescaped, wide

# Each with dots or spaces between its letters, or without: `l.l.c.`, `l l c`, `llc`.
_INITIALS = ("pllc", "lllp", "apmc", "llc", "llp", "psc", "plc", "apc", "lp", "pa", "pc", "lc", "sc")
_WORDS = (
    "incorporated|inc|corporation|corp|limited liability company|limited partnership|limited|ltd|company|co"
    "|(?:a )?professional (?:corporation|association)|a medical corporation"
)
_SUFFIX = "|".join([_WORDS, *(r"\.? ?".join(letters) for letters in _INITIALS)])
_SUFFIXES = rf"(?:[ .]+(?:{_SUFFIX})[ .]*)+$"
_MARKS = dict.fromkeys("'\"`\u00b4“”„«»®©", "") | dict.fromkeys(",;:()[]{}&+|_~*!?<>=\\^$%@", " ")
_ODD_SPACES = ["  ", *"\t\n\v\f\r"]
_DBA = ["dba", "d/b/a", "d.b.a", "doing business as"]
_AFTER_DBA = r"(?:^|[^a-z])(?:d/?b/?a|d\.b\.a\.?|doing business as)[ .:,-]+(?P<name>.*[^ .:,-].*[^ .:,-].*[^ .:,-].*)$"
_DBA_OF_NOTHING = r"[ .(,-]+(?:d/?b/?a|d\.b\.a\.?)[ .)]*$"
_NUMBER = r"(?:no\.?|num|number|nbr)"
_STORE = rf"[ ,.-]*(?:(?:store|unit) *(?:{_NUMBER} *)?#? *\d+|# *(?:{_NUMBER} *)?\d+)[ .]*$"
_JOINED = r"(\p{L})[-/](\p{L})"
_NOISE = r"[^\p{L}\p{Nd} ]+"
_NOBODY = ["", "na", "n a", "none", "same", "unknown", "test"]


def match_name(name: pl.Expr) -> pl.Expr:
    """Return the name that grouping compares (text), missing where it names nobody.

    What stands after `dba` counts instead of the whole; store numbers with a mark, legal forms and a leading `the` are
    gone; accents are folded; abbreviations are spelled out. Places stay.

    >>> import polars as pl
    >>> names = pl.DataFrame({"name": ["WALGREENS #12345", "St. Mary’s Hospital, Inc.", "NA"]})
    >>> names.select(match_name(pl.col("name"))).to_series().to_list()
    ['walgreens', 'st marys hospital', None]
    """
    return name.map_batches(_matched, return_dtype=pl.String, is_elementwise=True)


def _matched(names: pl.Series) -> pl.Series:
    names = unescaped(names)
    places = wide(names)
    if len(places):
        names = names.scatter(places, _folded(names.gather(places)))
    text = names.str.to_lowercase().str.replace_many(_MARKS)
    text = _changed(text, text.str.contains_any(_ODD_SPACES), lambda some: some.str.replace_all(r"\s+", " "))
    text = _changed(text, text.str.contains_any(_DBA), _trade_name).str.strip_chars()
    text = _changed(text, text.str.contains(r"\d[ .]*$"), _without_store)
    short = text.str.replace(_SUFFIXES, "")
    words = _words(short.zip_with(short.str.strip_chars(" .-/") != "", text))
    return words.set(words.is_in(_NOBODY), None)


def _folded(names: pl.Series) -> pl.Series:
    """Return names in ASCII letters where accents are all that keeps them from it."""
    return cleaned(names).str.normalize("NFKD").str.replace_all(r"\p{M}+", "")


def _changed(text: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Return the texts with a change made to some of them, for what costs too much to try on all."""
    places = where.arg_true()
    return text.scatter(places, change(text.gather(places))) if len(places) else text


def _trade_name(text: pl.Series) -> pl.Series:
    return text.str.extract(_AFTER_DBA).fill_null(text.str.replace(_DBA_OF_NOTHING, ""))


def _without_store(text: pl.Series) -> pl.Series:
    rest = text.str.replace(_STORE, "").str.strip_chars()
    return rest.zip_with(rest != "", text)


def _words(text: pl.Series) -> pl.Series:
    """Return the words of names, abbreviations spelled out, one space between them."""
    text = _changed(text, text.str.contains_any(["-", "/"]), _without_hyphens).str.replace_all(_NOISE, "")
    text = _changed(text, text.str.contains("  ", literal=True), lambda some: some.str.replace_all(r" +", " "))
    text = text.str.strip_chars().str.replace_many([" "], ["  "]) + " "  # each word between spaces of its own
    short, long = _abbreviations()
    text = text.str.replace_many([f" {word} " for word in short], [f" {word} " for word in long])
    text = text.str.replace_many([" and "], [""]).str.replace_many(["  "], [" "]).str.strip_chars()
    return text.str.replace(r"^the (.)", "${1}").str.replace(r"^sainte? ", "st ")


def _without_hyphens(text: pl.Series) -> pl.Series:
    return text.str.replace_all(_JOINED, "${1}${2}").str.replace_all(r"[-/]", " ")


@cache
def _abbreviations() -> tuple[list[str], list[str]]:
    table = pl.read_csv(files("icp_engine.networks").joinpath("abbreviations.csv").read_bytes())
    return table["short"].to_list(), table["long"].to_list()
