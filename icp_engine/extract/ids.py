"""What became of ids on their way here: numbers told to the last digit, and ids that look wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import KEY, NAME, STATE, Field
from icp_engine.errors import InputError
from icp_engine.extract.conform import ABSENT_IN_ANY_CASE
from icp_engine.extract.text import searched
from icp_engine.text import ZERO_WIDTH

_EXACT: dict[object, int] = {pl.Float64: 2**53, pl.Float32: 2**24}  # from here on several whole numbers are one float
_ZEROS = r"(?:\.0+|,0{1,2})"  # of a number without a fraction; 1,000 may be a thousand
_WHOLE = rf"^(?:0|[1-9]\d*){_ZEROS}?$"
_SCIENTIFIC = r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d+$"
_FRACTION = rf"^(\d+){_ZEROS}$"
_MARKED = r"^'(\d+)\s*$"  # of Excel, which so takes digits for a text
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DATE = rf"^(?:\d{{1,2}}-(?:{'|'.join(_MONTHS)})(?:-\d\d(?:\d\d)?)?|(?:{'|'.join(_MONTHS)})-\d\d)$"  # of 1-3 or MAR1
_AROUND = rf"^(?:\s|{ZERO_WIDTH})+|(?:\s|{ZERO_WIDTH})+$"
_TOTALS = (
    r"(?i)^[\s:.*=-]*(?:(?:grand |sub[ -]?)?totals?|sum|count|(?:gesamt|zwischen)?summe|gesamt|(?:gesamt|teil)ergebnis"
    r"|(?:sub)?totale|(?:sub|sous-)?total g[e\u00e9]n[e\u00e9]ral|(?:sub|sous-)total)"
    r"(?:\s*\(\s*[\d.,]+\s*\w*\s*\))?[\s:.*=-]*$"
)  # of Salesforce with the count behind it, and of spreadsheets in other languages
_EXAMPLES = 3
_HEAD = 1_000  # rows that show whether the last one can be their sum

SCIENTIFIC, ZEROS, TWINS = "scientific notation", "ends in .0", "the same but for case"
TOTALS, HEADER = "totals row", "repeated header"
NOTHING, DATE = "says NA or the like", "a date of Excel"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One kind of ids that look wrong: how many rows or ids there are of it, and some of them."""

    kind: str
    count: int
    examples: tuple[str, ...]


def check_exact(path: str, frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], fields: Mapping[str, Field]) -> None:
    """Make sure that no text of a file is made of a number which its column cannot hold to the last digit.

    Raises:
        InputError: a column of floats holds a number from 2**53 (or 2**24, by its type) on.
    """
    limits = {
        name: limit
        for name, dtype in schema.items()
        if name in fields and fields[name].type == "text" and (limit := _EXACT.get(dtype.base_type()))
    }
    if not limits:
        return
    large = [
        pl.col(name).filter(pl.col(name).is_finite() & (pl.col(name).abs() >= limit)).first()
        for name, limit in limits.items()
    ]
    for name, value in frame.select(large).collect().row(0, named=True).items():
        if value is not None:
            raise InputError(
                f"{path}: column '{name}' holds floats, and {value!r} is too large for its last digits to be known; "
                "export the column as text or as whole numbers."
            )


def whole_ids(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], fields: Mapping[str, Field]) -> pl.LazyFrame:
    """Return the frame with ids of text without marks of no width around them, and as a column of numbers has them.

    `'0012345`, which Excel has where digits are to stay a text, is `0012345`.
    `029.0`, written by a column of numbers, is `029`. One made them where every id of the file is a whole number, with
    `.0` or without, but for rows of totals and words such as `NA`.
    """
    texts = [
        name for name, dtype in schema.items() if dtype == pl.String and name in fields and fields[name].identifier
    ]
    if not texts:
        return frame
    wide = [(pl.col(name).str.len_bytes() != pl.col(name).str.len_chars()).any().alias(name) for name in texts]
    zeros = [pl.col(name).str.contains_any([".0", ",0"]).any().alias(name) for name in texts]
    quoted = [pl.col(name).str.starts_with("'").any().alias(name) for name in texts]
    marked, some, apostrophes = (
        [name for name, found in row.row(0, named=True).items() if found]
        for row in pl.collect_all([frame.select(wide), frame.select(zeros), frame.select(quoted)])
    )
    frame = frame.with_columns(bare_id(pl.col(marked)))
    frame = frame.with_columns(pl.col(apostrophes).str.replace(_MARKED, "$1"))
    for name in some:
        word = pl.col(name).str.strip_chars()
        other = (word == "") | word.is_in(ABSENT_IN_ANY_CASE) | _says_total(word)
        numeric = word.str.contains(_WHOLE) | word.str.contains(_SCIENTIFIC)
        if frame.select((other | numeric).all()).collect().item():
            frame = frame.with_columns(word.str.replace(_FRACTION, "$1"))
    return frame


def bare_id(text: pl.Expr) -> pl.Expr:
    """Return ids without blanks and marks of no width around them; leading zeros stay."""
    return text.str.replace_all(_AROUND, "")


def is_totals_row(columns: Iterable[str]) -> pl.Expr:
    """Return whether a row says of itself that it holds totals: by its id or its name."""
    there = [name for name in (KEY, NAME) if name in columns]
    return pl.any_horizontal(_says_total(pl.col(name)) for name in there).fill_null(value=False)


def _says_total(text: pl.Expr) -> pl.Expr:
    return text.str.contains(_TOTALS)


def _wrong() -> dict[str, pl.Expr]:
    """Return what tells ids that look wrong, by kind. Source: the conformed id, a cheap look before each search."""
    key = pl.col(KEY)
    return {
        SCIENTIFIC: pl.when(key.str.contains_any(["E+", "e+"])).then(key).str.contains(_SCIENTIFIC),
        ZEROS: pl.when(key.str.ends_with(".0") | key.str.ends_with(",0")).then(key).str.contains(_FRACTION),
        NOTHING: key.is_in(ABSENT_IN_ANY_CASE),
        DATE: pl.when(key.str.contains_any(_MONTHS)).then(key).str.contains(_DATE),
    }


def id_counts() -> dict[str, pl.Expr]:
    """Return counts of ids that look wrong, by kind. Source: the conformed id."""
    return {kind: wrong.sum() for kind, wrong in _wrong().items()}


def suspicion(kind: str, rows: pl.LazyFrame) -> Suspicion:
    """Return a kind of ids with the first examples by letter. Source: the conformed id."""
    found = rows.filter(_wrong()[kind]).select(KEY).collect()[KEY]
    return Suspicion(kind, len(found), tuple(found.unique().sort().head(_EXAMPLES)))


def twins(rows: pl.LazyFrame) -> Suspicion | None:
    """Return the ids that are the same but for case, None where there are none. Source: the conformed id."""
    distinct = rows.select(pl.col(KEY).unique()).drop_nulls()
    low = distinct.with_columns(pl.col(KEY).str.to_lowercase().alias("low"))
    alike = low.filter(pl.len().over("low") > 1).sort("low", KEY).collect()
    if alike.is_empty():
        return None
    return Suspicion(TWINS, len(alike), tuple(alike[KEY].head(2)))


def last_row_is_total(frame: pl.LazyFrame, amounts: Iterable[str], rows: int) -> bool:
    """Return whether the last row of a file holds the sums of at least two of its columns and no other number.

    Args:
        frame: a file whose amounts are conformed, in its order.
        amounts: the columns that add up: counts and money, no scales.
        rows: rows of the file.
    """
    names = list(amounts)
    if len(names) < 2 or rows < 4:  # noqa: PLR2004 (of three rows one may be the sum of the others by chance)
        return False
    first = names[0]
    head = frame.select(first).head(min(_HEAD, rows - 1)).sum()
    tail = frame.select(first).slice(rows - 1, 1)
    some, last = (frame.item() for frame in pl.collect_all([head, tail]))
    if last is not None and some > last:  # nearly always: one column read, and done
        return False
    above = frame.select(pl.col(names).slice(0, rows - 1).sum())
    ends = frame.select(names).slice(rows - 1, 1)
    sums, lasts = (frame.row(0) for frame in pl.collect_all([above, ends]))
    pairs = [(total, last) for total, last in zip(sums, lasts, strict=True) if last]
    return len(pairs) > 1 and all(abs(total - last) <= 1e-9 * abs(total) for total, last in pairs)


def advice(rows: pl.LazyFrame, twice: pl.DataFrame) -> str:
    """Return what to do about ids that stand more than once: keeping the first is right for one clinic alone.

    Args:
        rows: conformed rows.
        twice: the ids that stand more than once.
    """
    told = [name for name in (NAME, STATE) if name in rows.collect_schema().names()]
    if told:
        again = rows.select(KEY, *told).join(twice.lazy(), on=KEY, how="semi")
        several = [(searched(pl.col(name)).drop_nulls().n_unique() > 1).alias(name) for name in told]
        apart = again.group_by(KEY).agg(several).filter(pl.any_horizontal(told)).sort(KEY).head(1).collect()
        if len(apart):
            name, clinic_id = next(name for name in told if apart[name].item()), apart[KEY].item()
            values = again.filter(pl.col(KEY) == clinic_id).select(name, searched(pl.col(name)).alias("form"))
            shown = values.drop_nulls().unique("form", keep="first", maintain_order=True).sort("form").head(2).collect()
            which = " and ".join(repr(value) for value in shown[name])
            return (
                f"{clinic_id} is {'in ' if name == STATE else ''}{which}, so ids were cut or rounded, or clinic_id is "
                "read from the wrong column: export ids as text, or map another column to clinic_id"
            )
    return "--duplicates first keeps the first of each"
