"""A list as CSV that Excel opens unharmed: nothing in it is run, and no text becomes a number or a date.

A text that would start a formula gets an apostrophe in front, as OWASP has it for CSV injection. One that Excel takes
for a number, a date, a time or a truth is written `="00123"`, which it shows as the text 00123.
"""

import polars as pl

from icp_engine.tables.writer import flat

_FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"  # the last are = + - @ of full width
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_CONVERTED = "|".join(
    (
        r"[\s$(+\-]*[\d.,]*\d[\d.,]*\s*(?:e[+\-]?\d+)?\s*[%)]?",  # 00123, -5, 1.0937E+09, $1,200.50, (12)
        r"\d{1,4}[\-/. ]\d{1,2}(?:[\-/. ]\d{1,4})?(?:[ t]\d.*)?",  # 3-4, 3/16/2026, 2026-03-16 16:05
        rf"\d{{1,4}}[\-/ ]?{_MONTH}(?:[\-/ ,]*\d{{1,4}})?",  # 1-Dec
        rf"{_MONTH}[\-/ ]?\d{{1,4}}(?:[\-/ ,]+\d{{1,4}})?",  # MAR1, Mar 16, 2026
        r"\d{1,4}:\d{2}.*",
        r"\d+ \d+/\d+|true|false",
    )
)
_DIGITS = 15  # that Excel keeps of a number


def excel_csv(frame: pl.DataFrame) -> bytes:
    """Return a list as CSV for Excel, in UTF-8 with the mark by which Excel knows it."""
    plain = flat(frame)
    safe = plain.select(_safe(pl.col(name), dtype).alias(name) for name, dtype in plain.schema.items())
    heads = pl.DataFrame({"name": plain.columns}).select(_defused(pl.col("name"))).to_series()
    return safe.rename(dict(zip(plain.columns, heads, strict=True))).write_csv(include_bom=True).encode()


def _safe(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_integer() or dtype.is_decimal():
        text = column.cast(pl.String)
        long = text.str.count_matches(r"\d") > _DIGITS
        return pl.when(long).then(_as_text(text)).otherwise(text)
    if dtype not in (pl.String, pl.Categorical, pl.Enum):
        return column
    text = column.cast(pl.String)
    converted = text.str.contains(rf"(?i)^(?:{_CONVERTED})$")
    return pl.when(converted).then(_as_text(text)).otherwise(_defused(text))


def _as_text(text: pl.Expr) -> pl.Expr:
    return pl.lit('="') + text + '"'


def _defused(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text)
