"""Dates and times as people and programs write them: ISO 8601, month/day/year, months by name, Excel's day numbers."""

from dataclasses import dataclass

import polars as pl

_HOURS, _HALF, _MINUTES = 24, 12, 60
_ZONE = r"(?:([Zz]|UTC|GMT)|([+-])(\d{2})(?::?(\d{2}))?)"
_CLOCK = rf"(?:(?:[Tt]|,?\s+|,)(\d{{1,2}}):(\d{{2}})(?::(\d{{2}})(?:[.,]\d+)?)?\s*(?:([AaPp])\.?[Mm]\.?)?\s*{_ZONE}?)?$"
_ISO = ((r"^(\d{4}[/.-]\d{1,2}[/.-]\d{1,2})", "%Y/%m/%d"),)
_COMPACT = r"^(\d{4})(\d{2})(\d{2})((?:\D.*)?)$"
_OTHERS = r"^(?:[A-Za-z]|\d{1,2}[ /-]?[A-Za-z]|\d{8}(?:\D|$))"  # what may be one of these
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_NAMED = (  # a day of the week may stand before either; SAS has nothing between the parts of the first
    rf"(?i)^(?:[a-z]+,\s*)?(\d{{1,2}})[ /-]?{_NAME},?[ /-]?(\d{{4}}|\d{{2}})((?:\D.*)?)$",
    rf"(?i)^(?:[a-z]+,\s*)?{_NAME}\s+(\d{{1,2}}),?\s+(\d{{4}})((?:\D.*)?)$",
)
_THIS_CENTURY = 69  # two digits of a year below it
_MONTH_FIRST = ((r"^(\d{1,2}/\d{1,2}/\d{4})", "%m/%d/%Y"), (r"^(\d{1,2}/\d{1,2}/\d{2})", "%m/%d/%y"))
_DAY_FIRST = (
    (r"^(\d{1,2}[/.-]\d{1,2}[/.-]\d{4})", "%d/%m/%Y"),
    (r"^(\d{1,2}[/.]\d{1,2}[/.]\d{2})", "%d/%m/%y"),
)
SERIAL = r"^\d{5}(?:\.\d+)?$"
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  # days since 1899-12-30: October 1954 to January 2119
_TO_UNIX, _DAY = 25_569, 86_400  # days, seconds


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment without a zone, and of one with a zone the clock as it is written; missing where there is none."""

    value: pl.Expr
    written: pl.Expr | None


def read_moment(raw: pl.Expr, dtype: pl.DataType, *, day_first: bool, time_zone: str) -> Moment | None:
    """Return a column as moments in microseconds, None where its type can hold none.

    Args:
        raw: the column.
        dtype: its type; numbers are day numbers of Excel.
        day_first: whether texts have the day before the month.
        time_zone: whose clock a time with a zone is told by.
    """
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        local = raw.dt.convert_time_zone(time_zone).dt.replace_time_zone(None).cast(pl.Datetime("us"))
        return Moment(local, raw.dt.replace_time_zone(None).cast(pl.Datetime("us")))
    if dtype in (pl.Date, pl.Datetime):
        return Moment(raw.cast(pl.Datetime("us")), None)
    if dtype.is_numeric():
        return Moment(_from_serial(raw.cast(pl.Float64)), None)
    if dtype != pl.String:
        return None
    word = raw.str.strip_chars().map_batches(_with_numbers, return_dtype=pl.String, is_elementwise=True)
    forms = [_parsed(word, *form, time_zone) for form in (*_ISO, *(_DAY_FIRST if day_first else _MONTH_FIRST))]
    serial = _from_serial(pl.when(word.str.contains(SERIAL)).then(word).cast(pl.Float64, strict=False))
    return Moment(
        pl.coalesce(*(form.value for form in forms), serial),
        pl.coalesce(form.written for form in forms if form.written is not None),
    )


def _with_numbers(word: pl.Series) -> pl.Series:
    """Return dates whose month has a name, such as `16-MAR-26` or `Mar 16, 2026`, and `20260316` as ISO 8601 has them.

    They are few or all: nothing but a look is done for others.
    """
    odd = word.str.contains(_OTHERS).arg_true()
    if len(odd) == 0:
        return word
    some = pl.col("word")
    found = [some.str.replace(_COMPACT, "$1-$2-$3$4")]
    for form, (day, name) in zip(_NAMED, ((0, 1), (1, 0)), strict=True):
        parts = some.str.extract_groups(form)
        month = parts.struct[name].str.to_lowercase()
        month = month.replace_strict(
            _MONTHS, [f"{number:02}" for number in range(1, 13)], default=None, return_dtype=pl.String
        )
        year = parts.struct[2]
        century = pl.when(year.cast(pl.Int64) < _THIS_CENTURY).then(pl.lit("20")).otherwise(pl.lit("19"))
        year = pl.when(year.str.len_bytes() == len("26")).then(century + year).otherwise(year)
        rest = parts.struct[3].str.replace(r"^:", " ")  # 16MAR2026:10:15:00
        found.insert(0, year + "-" + month + "-" + parts.struct[day].str.zfill(2) + rest)
    return word.scatter(odd, word.gather(odd).alias("word").to_frame().select(pl.coalesce(found)).to_series())


def _from_serial(number: pl.Expr) -> pl.Expr:
    """Return the moment of a day number of Excel, to the second; missing for other numbers."""
    known = number.is_between(_FIRST_SERIAL, _LAST_SERIAL, closed="left")
    seconds = ((pl.when(known).then(number) - _TO_UNIX) * _DAY).round().cast(pl.Int64, strict=False)
    return pl.from_epoch(seconds, time_unit="s").cast(pl.Datetime("us"))


def _parsed(word: pl.Expr, day: str, form: str, time_zone: str) -> Moment:
    parts = word.str.extract_groups(day + _CLOCK)
    date = parts.struct[0].str.replace_all("[.-]", "/").str.to_date(form, strict=False)
    hour, minute, second = (parts.struct[place].cast(pl.Int64).fill_null(0) for place in (1, 2, 3))
    half = parts.struct[4].str.to_lowercase()
    on_clock = (hour < _HOURS) & (minute < _MINUTES) & (second < _MINUTES)
    on_clock &= half.is_null() | hour.is_between(1, _HALF)
    hour = pl.when(half.is_null()).then(hour).otherwise(hour % _HALF + pl.when(half == "p").then(_HALF).otherwise(0))
    clock = pl.duration(hours=hour, minutes=minute, seconds=second, time_unit="us")
    written = pl.when(on_clock).then(date.cast(pl.Datetime("us")) + clock)
    sign = pl.when(parts.struct[6] == "-").then(-1).otherwise(1)
    ahead = sign * (parts.struct[7].cast(pl.Int64) * _MINUTES + parts.struct[8].cast(pl.Int64).fill_null(0))
    zoned = parts.struct[5].is_not_null() | parts.struct[6].is_not_null()
    universal = written - pl.duration(minutes=ahead.fill_null(0), time_unit="us")
    if time_zone != "UTC":
        universal = universal.dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return Moment(pl.when(zoned).then(universal).otherwise(written), pl.when(zoned).then(written))
