"""Numbers that are written out, as figures: `six-week wait` becomes `6-week wait`."""

from collections.abc import Iterator

import polars as pl

_BELOW_TWENTY = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _words() -> Iterator[tuple[str, int]]:
    """Yield pattern and value of the numbers from 1 to 99, those of two words before those of one."""
    for tens, word in enumerate(_TENS, 2):
        yield from ((rf"{word}[\s-]+{unit}", tens * 10 + one) for one, unit in enumerate(_BELOW_TWENTY[:9], 1))
    yield from ((word, tens * 10) for tens, word in enumerate(_TENS, 2))
    yield from ((word, one) for one, word in enumerate(_BELOW_TWENTY, 1))


_PATTERNS = tuple((rf"(?i)\b{word}\b", str(value)) for word, value in _words())
_ANY = rf"(?i)\b(?:{'|'.join([*_TENS, *_BELOW_TWENTY])})\b"


def in_figures(text: pl.Expr) -> pl.Expr:
    """Return a text with the numbers from one to ninety-nine in figures."""
    return text.map_batches(_in_figures, return_dtype=pl.String, is_elementwise=True)


def _in_figures(texts: pl.Series) -> pl.Series:
    """Rewrite the texts that have such a word, which few have: a hundred patterns over all of them are dear."""
    places = texts.str.contains(_ANY).fill_null(value=False).arg_true()
    if places.is_empty():
        return texts
    some = texts.gather(places)
    for pattern, figure in _PATTERNS:
        some = some.str.replace_all(pattern, figure)
    return texts.scatter(places, some)
