"""The one normaliser of organisation names: two spellings of one organisation become the same text."""

import polars as pl

_INITIALS = ("pllc", "llc", "llp", "lp", "pa", "pc")
_WORDS = ("incorporated", "inc", "corporation", "corp", "limited", "ltd", "company", "co")
_SUFFIX = "|".join([*_WORDS, *(r"\.?\s*".join(letters) for letters in _INITIALS)])
_SUFFIXES = rf"(?:[\s,]+(?:{_SUFFIX})\.?)+$"
_LETTER = r"[\p{L}\p{M}\p{Nd}]"
_NOISE = r"[^\p{L}\p{M}\p{Nd}\s]+"
_SPACES = r"\s{2,}|[^\S ]"  # single spaces stay as they are, which is four times as fast


def normalized_name(name: pl.Expr) -> pl.Expr:
    """Return the normalised name (text), missing where nothing is left of it.

    Unicode NFKC, lower case, legal suffixes at the end removed, everything but letters, marks, digits and spaces
    deleted, runs of spaces made one. A name that consists of legal suffixes alone keeps them.
    """
    low = name.map_batches(_nfkc, return_dtype=pl.String, is_elementwise=True).str.to_lowercase().str.strip_chars()
    short = low.str.replace(_SUFFIXES, "")
    kept = pl.when(short.str.contains(_LETTER)).then(short).otherwise(low)
    words = kept.str.replace_all(_NOISE, "").str.replace_all(_SPACES, " ").str.strip_chars()
    return pl.when(words != "").then(words)


def _nfkc(names: pl.Series) -> pl.Series:
    """Return the names in NFKC; plain ASCII, nearly all of them, is that already and is not touched."""
    wide = (names.str.len_bytes() != names.str.len_chars()).arg_true()
    return names.scatter(wide, names.gather(wide).str.normalize("NFKC")) if len(wide) else names
