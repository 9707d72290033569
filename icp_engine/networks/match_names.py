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
_SPACED_MARKS = dict.fromkeys((", ", " & ", " + "), " ") | _MARKS  # so that hardly any two spaces come of them
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
    text = names.str.to_lowercase().str.replace_many(_SPACED_MARKS, leftmost=True)
    text = changed(text, text.str.contains_any(_ODD_SPACES), lambda some: some.str.replace_all(r"\s+", " "))
    text = changed(text, text.str.contains_any(_DBA), _trade_name).str.strip_chars()
    text = changed(text, text.str.contains(r"\d[ .]*$"), _without_store)
    short = text.str.replace(_SUFFIXES, "")
    words = _words(short.zip_with(short.str.contains("[^ ./-]"), text))
    return words.set(words.is_in(_NOBODY), None)


def _folded(names: pl.Series) -> pl.Series:
    """Return names in ASCII letters where accents are all that keeps them from it."""
    return cleaned(names).str.normalize("NFKD").str.replace_all(r"\p{M}+", "")


def changed(text: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
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
    text = changed(text, text.str.contains_any(["-", "/"]), _without_hyphens)
    text = changed(text, text.str.contains(_NOISE), lambda some: some.str.replace_all(_NOISE, ""))
    text = changed(text, text.str.contains("  ", literal=True), lambda some: some.str.replace_all(r" +", " "))
    text = text.str.strip_chars()
    text = changed(text, (text + " ").str.contains_any(list(_spelled_out())), _with_long_words)
    text = changed(text, text.str.starts_with("the "), lambda some: some.str.replace(r"^the (.)", "${1}"))
    return changed(text, text.str.starts_with("saint"), lambda some: some.str.replace(r"^sainte? ", "st "))


def _with_long_words(text: pl.Series) -> pl.Series:
    text = text.str.replace_many([" "], ["  "]) + " "  # each word between spaces of its own
    return text.str.replace_many(_spelled_out()).str.replace_many(["  "], [" "]).str.strip_chars()


def _without_hyphens(text: pl.Series) -> pl.Series:
    return text.str.replace_all(_JOINED, "${1}${2}").str.replace_all(r"[-/]", " ")


@cache
def _spelled_out() -> dict[str, str]:
    """Return what stands for abbreviations, and for the word that names do without, between spaces."""
    table = pl.read_csv(files("icp_engine.networks").joinpath("abbreviations.csv").read_bytes())
    return {f" {short} ": f" {long} " for short, long in table.iter_rows()} | {" and ": ""}
