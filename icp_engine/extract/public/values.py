"""How the values of public files are read: NPIs, postal codes, dates, numbers, states. All take and return columns."""

from functools import cache

import polars as pl

from icp_engine.extract.states import CODES, state_codes

_LUHN_OF_PREFIX = 24  # what 80840, the prefix of health applications in the United States, adds to the sum
_NINE = 9
_HALF = 100_000  # an NPI is two numbers of five digits
_YES, _NO = dict.fromkeys(("y", "yes", "true"), True), dict.fromkeys(("n", "no", "false"), False)
ABSENT = ("", "<UNAVAIL>")


def text(column: pl.Expr) -> pl.Expr:
    """Return a text without white space around it, missing where it is blank or withheld (`<UNAVAIL>`)."""
    return column.map_batches(_texts, return_dtype=pl.String, is_elementwise=True)


def _texts(texts: pl.Series) -> pl.Series:
    if texts.null_count() == len(texts):
        return texts
    texts = texts.str.strip_chars()
    for absent in ABSENT:
        found = texts == absent
        if found.any():
            texts = texts.set(found, None)
    return texts


def whole(column: pl.Expr) -> pl.Expr:
    """Return a code without the `.0` that tools append which take codes for numbers."""
    return column.str.strip_suffix(".0")


def npi(column: pl.Expr) -> pl.Expr:
    """Return an NPI: ten digits that pass the Luhn check with the prefix 80840; anything else is missing.

    Source: CMS, "Requirements for National Provider Identifier (NPI) and NPI Check Digit".
    """
    return column.map_batches(_npis, return_dtype=pl.String, is_elementwise=True)


def _npis(texts: pl.Series) -> pl.Series:
    codes = texts.str.strip_suffix(".0")
    numbers = codes.set(~codes.str.contains(r"^[0-9]{10}$"), None).cast(pl.UInt64)
    total = _luhn(doubled=1).gather(numbers % _HALF) + _luhn(doubled=0).gather(numbers // _HALF) + _LUHN_OF_PREFIX
    return codes.set((total % 10 != 0).fill_null(value=True), None)


@cache
def _luhn(doubled: int) -> pl.Series:
    """Return what each five digits add to the Luhn sum: two look-ups a number take a fifth of the time of ten digits.

    `doubled` is the place, 0 or 1 from the right, from which on every second digit is doubled.
    """
    number, total = pl.int_range(_HALF), pl.lit(0)
    for place in range(5):
        digit = number // 10**place % 10
        doubles = digit * 2 - pl.when(digit * 2 > _NINE).then(_NINE).otherwise(0)
        total = total + (doubles if place % 2 == doubled else digit)
    return pl.select(total.cast(pl.UInt8)).to_series()


def no_npi(column: pl.Expr) -> pl.Expr:
    """Return whether a text stands for an NPI and is none; blank and `0000000000` say that there is none."""
    stands = column.is_not_null() & ~whole(column).str.contains(r"^0*$")
    return stands & npi(column).is_null()


def zip5(column: pl.Expr) -> pl.Expr:
    """Return the five digits of a postal code of five or nine digits, with or without a hyphen; else missing."""
    return whole(column).str.extract(r"^([0-9]{5})(?:-?[0-9]{4}|-)?$")


def date_mdy(column: pl.Expr) -> pl.Expr:
    """Return a date written MM/DD/YYYY or M/D/YYYY, or YYYY-MM-DD as other tools write it; else missing."""
    day = column.str.extract(r"^([0-9/-]+)(?:[ T]00:00:00.*)?$")
    return pl.coalesce(
        day.str.to_date("%m/%d/%Y", strict=False, exact=True), day.str.to_date("%Y-%m-%d", strict=False, exact=True)
    )


def date_ymd(column: pl.Expr) -> pl.Expr:
    """Return a date written YYYYMMDD or YYYY-MM-DD; `00000000` and anything else is missing."""
    day = whole(column).str.extract(r"^([0-9]{4}-?[0-9]{2}-?[0-9]{2})").str.replace_all("-", "", literal=True)
    return day.str.to_date("%Y%m%d", strict=False, exact=True)


def number(column: pl.Expr) -> pl.Expr:
    """Return a number, thousands separators, dollar and percent signs aside; `*` and other marks are missing."""
    value = column.str.replace_all(r"[,$%\s]", "").cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def count(column: pl.Expr) -> pl.Expr:
    """Return a whole number, as `number` reads it."""
    return number(column).round().cast(pl.Int64, strict=False)


def yes(column: pl.Expr) -> pl.Expr:
    """Return whether Y stands there, false for N (yes, no, true and false too); anything else is missing."""
    return column.str.to_lowercase().replace_strict(_YES | _NO, default=None, return_dtype=pl.Boolean)


def state(column: pl.Expr) -> pl.Expr:
    """Return the two letters of a US state, DC or a territory, from these or its name; foreign ones are missing."""
    codes = state_codes(column)
    return pl.when(codes.is_in(CODES)).then(codes)


def pac_id(column: pl.Expr) -> pl.Expr:
    """Return a PAC id (ASSOCIATE ID) of ten digits, zeros in front put back where a tool has cut them."""
    return _filled(whole(column), 10)


def ccn(column: pl.Expr) -> pl.Expr:
    """Return a CMS certification number of six characters, zeros in front put back where a tool has cut them."""
    return _filled(whole(column).str.to_uppercase(), 6)


def _filled(code: pl.Expr, width: int) -> pl.Expr:
    return pl.when(code.str.contains(r"^[0-9]+$")).then(code.str.zfill(width)).otherwise(code)
