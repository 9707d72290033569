"""Conform columns to the types of their fields: missing told from zero, invalid told from missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import polars as pl

from icp_engine.columns import HELPERS, STATE, Field
from icp_engine.errors import InputError
from icp_engine.extract.moments import read_moment
from icp_engine.extract.states import state_codes
from icp_engine.text import ABSENT_SIGNS, ABSENT_WORDS

INVALID = f"{HELPERS}invalid_"
CLIPPED = f"{HELPERS}clipped_"
ABSENT = f"{HELPERS}absent_"
WRITTEN = f"{HELPERS}written_"
SEPARATORS = (";", "\n", "|", ",")  # of the items of a list; the first is the usual one

ABSENT_IN_ANY_CASE = [
    "".join(letters) for word in ABSENT_WORDS for letters in product(*({letter, letter.upper()} for letter in word))
] + list(ABSENT_SIGNS)  # looked up as they stand, at a tenth of what lower case would cost
INFINITE_WORDS = ["inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"]
_GROUPED = r"^([+-]?)\$?([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d*)?$"
_PLAIN = r"^[+-]?\$?[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_TRUE = ["1", "1.0", "true", "t", "yes", "y"]
_FALSE = ["0", "0.0", "false", "f", "no", "n"]


@dataclass(frozen=True, slots=True)
class Convention:
    """How the text of a column is read: what separates items of a list, and how numbers and dates are written.

    A time with a zone is the clock of `time_zone`.
    """

    separator: str = SEPARATORS[0]
    decimal_comma: bool = False
    day_first: bool = False
    time_zone: str = "UTC"


PLAIN = Convention()


@dataclass(frozen=True, slots=True)
class Conformed:
    """One field of an extract as expressions over its raw columns.

    `value` is the conformed value, `given` whether there was anything, `clipped` whether it stood above its scale,
    `absent` whether it was a word that says that there is nothing, `written` the clock of a time with a zone as it was
    written, in its own zone. A value that was given and is null after all is invalid.
    """

    field: Field
    value: pl.Expr
    given: pl.Expr
    clipped: pl.Expr | None = None
    absent: pl.Expr | None = None
    written: pl.Expr | None = None
    can_be_invalid: bool = True

    @property
    def invalid(self) -> pl.Expr:
        """Whether something was given that the field cannot hold."""
        return self.given & self.value.is_null()


def conformed(field: Field, dtype: pl.DataType | None, convention: Convention = PLAIN) -> Conformed:
    """Return how a raw column of some type becomes a field; a column that is absent is missing for everyone.

    Raises:
        InputError: the column is of a type that can never become the field.
    """
    if dtype is None or dtype == pl.Null:
        return Conformed(field, pl.lit(None, field.dtype), pl.lit(value=False), can_be_invalid=False)
    raw = pl.col(field.name)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        raw, dtype = raw.cast(pl.String), pl.String()
    if dtype == pl.Decimal and field.type != "text":
        raw, dtype = raw.cast(pl.Float64), pl.Float64()
    plain = dtype in (pl.String, pl.Boolean) or dtype.is_numeric()
    if field.type in ("list", "moment"):
        return (_list if field.type == "list" else _moment)(field, raw, dtype, convention)
    if not plain:
        raise InputError(f"Column '{field.name}' is of type {dtype}, but {field.type} is due; convert it first.")
    if field.type == "text":
        return _state(field, raw, dtype) if field.name == STATE else _text(field, raw, dtype)
    return _flag(field, raw, dtype) if field.type == "flag" else _number(field, raw, dtype, convention)


def conform(
    lf: pl.LazyFrame,
    fields: Iterable[Field],
    *,
    marks: bool = False,
    conventions: Mapping[str, Convention] = MappingProxyType({}),
) -> pl.LazyFrame:
    """Return the frame with the given fields conformed in place, absent ones added as missing columns.

    Lazy in, lazy out; other columns are untouched. With `marks` it also gets columns of true and false that tell
    which values were invalid, above their scale or words such as `NA`, where a column can hold such: `INVALID`,
    `CLIPPED` and `ABSENT` + name; and `WRITTEN` + name with the clock of times with a zone in their own zone.
    `conventions` say how the text of some fields is read.
    """
    schema = lf.collect_schema()
    columns = []
    for field in fields:
        dtype = schema.get(field.name)
        found = conformed(field, dtype, conventions.get(field.name, PLAIN))
        if not (field.type == "flag" and dtype == pl.Boolean):
            columns.append(found.value.alias(field.name))
        if marks and found.can_be_invalid:
            columns.append(found.invalid.alias(INVALID + field.name))
        if marks and found.clipped is not None:
            columns.append(found.clipped.alias(CLIPPED + field.name))
        if marks and found.absent is not None:
            columns.append(found.absent.alias(ABSENT + field.name))
        if marks and found.written is not None:
            columns.append(found.written.alias(WRITTEN + field.name))
    return lf.with_columns(columns)


def as_text(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return a plain column as text: decimals to their last digit, whole numbers without a fraction.

    So an NPI that was read as a number stays an NPI.
    """
    if dtype == pl.String:
        return raw
    if dtype == pl.Decimal:
        return raw.cast(pl.String).str.replace(r"\.0+$", "")
    if dtype.is_float():
        whole = raw.cast(pl.Int64, strict=False)
        text = pl.when(raw == whole).then(whole.cast(pl.String)).otherwise(raw.cast(pl.String))
        return pl.when(raw.is_finite()).then(text)
    return raw.cast(pl.String)


def _text(field: Field, raw: pl.Expr, dtype: pl.DataType) -> Conformed:
    text = as_text(raw, dtype)
    if dtype != pl.String:
        return Conformed(field, text, text.is_not_null(), can_be_invalid=False)
    bare = text.str.strip_chars()
    kept = bare if field.identifier else text
    absent = bare.is_in(ABSENT_IN_ANY_CASE) if field.absent_words else None
    value = pl.when(bare != "").then(kept) if absent is None else pl.when((bare != "") & ~absent).then(kept)
    return Conformed(field, value, value.is_not_null(), absent=absent, can_be_invalid=False)


def _state(field: Field, raw: pl.Expr, dtype: pl.DataType) -> Conformed:
    """A state or a territory, its two letters stored upper-case or its name; anything else is reported."""
    text = as_text(raw, dtype)
    bare = text.str.strip_chars()
    absent = bare.is_in(ABSENT_IN_ANY_CASE)
    given = ((bare != "") & ~absent).fill_null(value=False)
    return Conformed(field, state_codes(text), given, absent=absent)


def _list(field: Field, raw: pl.Expr, dtype: pl.DataType, convention: Convention) -> Conformed:
    """Read a list of texts, or text with items and separators. An empty list is not missing, blank text is."""
    if isinstance(dtype, pl.List):
        value = raw.cast(pl.List(pl.String)).list.eval(pl.element().str.strip_chars())
        return Conformed(field, value, value.is_not_null(), can_be_invalid=False)
    if dtype != pl.String:
        raise InputError(f"Column '{field.name}' is of type {dtype}, but a list of texts is due; convert it first.")
    item = pl.element().str.strip_chars()
    items = raw.str.split(convention.separator).list.eval(item.filter(item != ""))
    bare = raw.str.strip_chars()
    value = pl.when((bare != "") & ~bare.is_in(ABSENT_IN_ANY_CASE)).then(items)
    return Conformed(field, value, value.is_not_null(), can_be_invalid=False)


def _moment(field: Field, raw: pl.Expr, dtype: pl.DataType, convention: Convention) -> Conformed:
    """Read a date, or a date and a time, in the clock of whoever wrote it, or of the user where it has a zone."""
    found = read_moment(raw, dtype, day_first=convention.day_first, time_zone=convention.time_zone)
    if found is None:
        raise InputError(f"Column '{field.name}' is of type {dtype}, but a date is due; convert it first.")
    if dtype in (pl.Date, pl.Datetime):
        given = raw.is_not_null()
    elif dtype == pl.String:
        given = _given_word(raw.str.strip_chars().str.to_lowercase(), infinite=False)
    else:
        given = raw.cast(pl.Float64).is_finite().fill_null(value=False)
    return Conformed(
        field, found.value, given, written=found.written, can_be_invalid=dtype not in (pl.Date, pl.Datetime)
    )


def _flag(field: Field, raw: pl.Expr, dtype: pl.DataType) -> Conformed:
    if dtype == pl.Boolean:
        return Conformed(field, raw, raw.is_not_null(), can_be_invalid=False)
    if dtype == pl.String:
        word = raw.str.strip_chars().str.to_lowercase()
        value = pl.when(word.is_in(_TRUE)).then(pl.lit(value=True)).when(word.is_in(_FALSE)).then(pl.lit(value=False))
        return Conformed(field, value, _given_word(word, infinite=False))
    number = raw.cast(pl.Float64)
    value = pl.when(number == 1).then(pl.lit(value=True)).when(number == 0).then(pl.lit(value=False))
    return Conformed(field, value, number.is_finite().fill_null(value=False))


def _given_word(word: pl.Expr, *, infinite: bool) -> pl.Expr:
    absent = ["", *ABSENT_WORDS, *ABSENT_SIGNS, *(INFINITE_WORDS if infinite else [])]
    return (~word.is_in(absent)).fill_null(value=False)


def _number(field: Field, raw: pl.Expr, dtype: pl.DataType, convention: Convention) -> Conformed:
    """Conform a number or an integer: nothing below 0, no fraction where an integer is due, nothing above scale."""
    if dtype == pl.Boolean:
        return Conformed(field, pl.lit(None, field.dtype), raw.is_not_null())
    if dtype.is_integer():
        given = raw.is_not_null()
        value = raw.cast(field.dtype, strict=False)
        value = value if dtype.is_unsigned_integer() else pl.when(raw >= 0).then(value)
    else:
        if dtype == pl.String:
            word = raw.str.strip_chars().str.to_lowercase()
            number = _parsed(swapped(word) if convention.decimal_comma else word)
            given = _given_word(word, infinite=True)
        else:
            number = raw.cast(pl.Float64)
            given = number.is_finite().fill_null(value=False)
        good = number.is_finite() & (number >= 0)
        value = pl.when(good).then(number.abs())  # -0.0 is 0.0
        if field.type == "integer":
            whole = number.cast(pl.Int64, strict=False)
            value = pl.when(good & (whole == number)).then(whole)
    if field.scale is None:
        return Conformed(field, value, given)
    return Conformed(field, value.clip(upper_bound=field.scale), given, (value > field.scale).fill_null(value=False))


def _parsed(word: pl.Expr) -> pl.Expr:
    """Read a number from text: thousands separators in their places, a dollar sign in front."""
    plain = word.str.contains(_PLAIN) | word.str.contains(_GROUPED)
    return pl.when(plain).then(word.str.replace_all("[$,]", "").cast(pl.Float64, strict=False))


def swapped(word: pl.Expr) -> pl.Expr:
    """Return a number with decimal comma as one with a decimal point, and the other way round."""
    return word.str.replace_many({",": ".", ".": ","})


def is_number(word: pl.Expr) -> pl.Expr:
    """Return whether a text is a number with a decimal point, where no group of thousands begins with 0."""
    return word.str.contains(_PLAIN) | (word.str.contains(_GROUPED) & ~word.str.contains(r"^[+-]?\$?[+-]?0\d*,"))
