"""Raw values become fields: per type a table of what goes in, what comes out, what is invalid and what is clipped."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl
import pytest

from icp_engine.columns import FIELDS, Field
from icp_engine.errors import InputError
from icp_engine.extract.conform import CLIPPED, INVALID, conform

ID, STATE = FIELDS["clinic_id"], FIELDS["state_code"]
COUNT, AMOUNT, FLAG = FIELDS["npi_count"], FIELDS["allowed_amt"], FIELDS["aco_member"]
DENIAL, CODING = FIELDS["denial_pressure"], FIELDS["coding_complexity"]
TAGS, TEXT = Field("tags", "list"), Field("motto", "text")
MISSING = [
    "", " ", "\t", "NA", "na", "N/A", "n/a", "null", "NULL", "None", "none", "nan", "NaN", " NA ", "#N/A", "-", "--",
    ".", "unknown", "<UNAVAIL>", "?", "\\N", "---", "\u2010", "\u2012", "\u2013", "\u2014\u2014",
    "\u2212", "\u200b", "\ufeff",
]  # fmt: skip
INFINITE = ["inf", "-inf", "+inf", "Inf", "INF", "Infinity", "-Infinity"]
NAN, INF = float("nan"), float("inf")


class Got(NamedTuple):
    """A conformed value, and whether what was given is invalid or above its scale."""

    value: Any
    invalid: bool = False
    clipped: bool = False


NOTHING = Got(None)
WRONG = Got(None, invalid=True)


def got(field: Field, raw: Any, dtype: Any = pl.String) -> Got:
    """One raw value, conformed as the only row of a frame."""
    frame = pl.LazyFrame({field.name: pl.Series([raw], dtype=dtype)})
    row = conform(frame, [field], marks=True).collect().row(0, named=True)
    return Got(row[field.name], row.get(INVALID + field.name, False), row.get(CLIPPED + field.name, False))


def same(found: Got, due: Got) -> bool:
    """Whether two results are equal in their types too, since 1, 1.0 and true are equal in Python."""
    return found == due and type(found.value) is type(due.value)


def check(field: Field, raw: Any, due: Got, dtype: Any = pl.String) -> None:
    """Compare what one raw value becomes with what it should."""
    found = got(field, raw, dtype)
    assert same(found, due), f"{raw!r} as {dtype} became {found}, not {due}"


NUMBER_TEXTS = {
    "55": 55.0,
    " 55 ": 55.0,
    "55.0": 55.0,
    "55.5": 55.5,
    "+5": 5.0,
    ".5": 0.5,
    "5.": 5.0,
    "0": 0.0,
    "007": 7.0,
    "1e3": 1000.0,
    "1E-1": 0.1,
    "1,234": 1234.0,
    "1,234,567.89": 1234567.89,
    "$5": 5.0,
    "$1,200.50": 1200.5,
    " $1,200 ": 1200.0,
}
NOT_NUMBERS = [
    "abc", "5 x", "5%", "five", "1 234", "1_000", "0x1F", "€5", "5$", "$", "1.2.3", "--5", "1e", "e5",
    "1,2", "12,34", "1,23,456", "1234,567", ",123", "1,234,", "1,2345", "5,", "true", "yes", "na5",
    "1e999", "-1", "-0.01", "$-5", "-$5", "-1,234", "-1e-3", "(500)", "٣",
]  # fmt: skip


@pytest.mark.parametrize(("raw", "value"), NUMBER_TEXTS.items())
def test_numbers_as_text(raw: str, value: float) -> None:
    check(AMOUNT, raw, Got(value))
    check(COUNT, raw, Got(int(value)) if value == int(value) else WRONG)


@pytest.mark.parametrize("raw", NOT_NUMBERS)
def test_text_that_is_no_number_is_invalid(raw: str) -> None:
    check(AMOUNT, raw, WRONG)
    check(COUNT, raw, WRONG)


@pytest.mark.parametrize("raw", [None, *MISSING, *INFINITE], ids=repr)
def test_absent_words_and_infinities_are_missing_and_not_invalid(raw: str | None) -> None:
    check(AMOUNT, raw, NOTHING)
    check(COUNT, raw, NOTHING)
    check(DENIAL, raw, NOTHING)


NUMBERS = [
    (pl.Float64, 55.0, Got(55.0), Got(55)),
    (pl.Float64, 55.5, Got(55.5), WRONG),
    (pl.Float64, 0.0, Got(0.0), Got(0)),
    (pl.Float64, 1e18, Got(1e18), Got(10**18)),
    (pl.Float64, 1e19, Got(1e19), WRONG),
    (pl.Float64, -0.01, WRONG, WRONG),
    (pl.Float64, -55.0, WRONG, WRONG),
    (pl.Float64, NAN, NOTHING, NOTHING),
    (pl.Float64, INF, NOTHING, NOTHING),
    (pl.Float64, -INF, NOTHING, NOTHING),
    (pl.Float64, None, NOTHING, NOTHING),
    (pl.Float32, 0.5, Got(0.5), WRONG),
    (pl.Float32, NAN, NOTHING, NOTHING),
    (pl.Int8, 7, Got(7.0), Got(7)),
    (pl.Int16, -1, WRONG, WRONG),
    (pl.Int32, 0, Got(0.0), Got(0)),
    (pl.Int64, 2**40, Got(2.0**40), Got(2**40)),
    (pl.Int64, -(2**40), WRONG, WRONG),
    (pl.Int64, None, NOTHING, NOTHING),
    (pl.UInt8, 255, Got(255.0), Got(255)),
    (pl.UInt64, 2**63, Got(2.0**63), WRONG),
    (pl.UInt64, None, NOTHING, NOTHING),
    (pl.Boolean, True, WRONG, WRONG),
    (pl.Boolean, False, WRONG, WRONG),
    (pl.Boolean, None, NOTHING, NOTHING),
    (pl.Decimal(10, 2), Decimal("55.00"), Got(55.0), Got(55)),
    (pl.Decimal(10, 2), Decimal("55.50"), Got(55.5), WRONG),
    (pl.Decimal(10, 2), Decimal("-1"), WRONG, WRONG),
    (pl.Decimal(10, 2), None, NOTHING, NOTHING),
    (pl.Categorical, "1,234", Got(1234.0), Got(1234)),
    (pl.Categorical, "N/A", NOTHING, NOTHING),
    (pl.Categorical, "x", WRONG, WRONG),
    (pl.Enum(["12", "x"]), "12", Got(12.0), Got(12)),
    (pl.Enum(["12", "x"]), "x", WRONG, WRONG),
    (pl.Null, None, NOTHING, NOTHING),
]


@pytest.mark.parametrize(("dtype", "raw", "number", "integer"), NUMBERS)
def test_numbers_of_every_type(dtype: Any, raw: Any, number: Got, integer: Got) -> None:
    check(AMOUNT, raw, number, dtype)
    check(COUNT, raw, integer, dtype)


def test_a_negative_zero_is_a_zero() -> None:
    frame = pl.LazyFrame({"allowed_amt": [-0.0], "bene_count": ["-0"], "denial_pressure": ["-0.0"]})
    row = conform(frame, [FIELDS[name] for name in frame.collect_schema()]).collect().row(0)
    assert list(map(str, row)) == ["0.0", "0", "0.0"]


SCALES = [
    (DENIAL, "9.99", Got(9.99)),
    (DENIAL, "10", Got(10.0)),
    (DENIAL, "10.01", Got(10.0, clipped=True)),
    (DENIAL, "$1,000", Got(10.0, clipped=True)),
    (DENIAL, "-10.01", WRONG),
    (DENIAL, "inf", NOTHING),
    (CODING, "10.01", Got(10.01)),
    (CODING, "15", Got(15.0)),
    (CODING, "15.5", Got(15.0, clipped=True)),
    (FIELDS["roi_readiness"], "11", Got(10.0, clipped=True)),
    (FIELDS["emr_friction"], "11", Got(10.0, clipped=True)),
    (FIELDS["scale_velocity"], "11", Got(10.0, clipped=True)),
    (AMOUNT, "1e15", Got(1e15)),
    (COUNT, "1000000", Got(1_000_000)),
]


@pytest.mark.parametrize(("field", "raw", "due"), SCALES)
def test_values_above_a_scale_are_clipped_and_counted(field: Field, raw: str, due: Got) -> None:
    check(field, raw, due)


@pytest.mark.parametrize(
    ("dtype", "raw", "due"),
    [
        (pl.Int64, 10, Got(10.0)),
        (pl.Int64, 11, Got(10.0, clipped=True)),
        (pl.UInt8, 255, Got(10.0, clipped=True)),
        (pl.Float64, 1e300, Got(10.0, clipped=True)),
        (pl.Float32, 10.5, Got(10.0, clipped=True)),
        (pl.Decimal(10, 2), Decimal("10.01"), Got(10.0, clipped=True)),
    ],
)
def test_numbers_above_a_scale_are_clipped_whatever_their_type(dtype: Any, raw: Any, due: Got) -> None:
    check(DENIAL, raw, due, dtype)


TRUE = ["1", "1.0", "true", "True", "TRUE", "t", "T", "yes", "Yes", "YES", "y", "Y", " Y "]
FALSE = ["0", "0.0", "false", "False", "FALSE", "f", "F", "no", "No", "NO", "n", "N", "\tN"]
NOT_FLAGS = ["2", "-1", "0.5", "10", "maybe", "on", "off", "x", "yess", "ja", "1,0"]


@pytest.mark.parametrize("raw", TRUE + FALSE)
def test_flags_in_every_spelling(raw: str) -> None:
    check(FLAG, raw, Got(raw in TRUE))
    check(FLAG, raw, Got(raw in TRUE), pl.Categorical)


@pytest.mark.parametrize("raw", NOT_FLAGS)
def test_text_that_is_no_flag_is_invalid(raw: str) -> None:
    check(FLAG, raw, WRONG)


@pytest.mark.parametrize("raw", [None, *MISSING], ids=repr)
def test_absent_words_are_missing_flags(raw: str | None) -> None:
    check(FLAG, raw, NOTHING)


@pytest.mark.parametrize(
    ("dtype", "raw", "due"),
    [
        (pl.Boolean, True, Got(value=True)),
        (pl.Boolean, False, Got(value=False)),
        (pl.Boolean, None, NOTHING),
        (pl.Int64, 1, Got(value=True)),
        (pl.Int8, 0, Got(value=False)),
        (pl.UInt8, 2, WRONG),
        (pl.Int64, -1, WRONG),
        (pl.Int64, None, NOTHING),
        (pl.Float64, 1.0, Got(value=True)),
        (pl.Float64, -0.0, Got(value=False)),
        (pl.Float64, 0.5, WRONG),
        (pl.Float64, NAN, NOTHING),
        (pl.Float64, INF, NOTHING),
        (pl.Decimal(3, 1), Decimal("1.0"), Got(value=True)),
        (pl.Null, None, NOTHING),
    ],
)
def test_flags_of_every_type(dtype: Any, raw: Any, due: Got) -> None:
    check(FLAG, raw, due, dtype)


TEXAS = [
    *("tx.", "T.X.", "US-TX", "us_tx", "USA-TX", "TX, USA", "Texas, US", "U.S. - Texas", "U.S.-TX", "(TX)"),
    *("Texas (TX)", "TX - Texas", "TX \u2013 Texas", "TX/Texas", "TX: Texas", "Texas TX", "TX\u2212Texas"),
    *("\u200bTX", "TX\u200e", "Te\u00adxas", "\ufeffTexas"),
]


@pytest.mark.parametrize(
    ("raw", "due"),
    [
        ("TX", Got("TX")),
        ("tx", Got("TX")),
        (" Tx ", Got("TX")),
        ("NA", NOTHING),
        ("Texas", Got("TX")),
        *((text, Got("TX")) for text in TEXAS),
        *((text, NOTHING) for text in ("?", "\\N", "\u2012", "\u2212", "\u200b", "\ufeff ", "\u2014\u2014", "---")),
        ("OK - Texas", WRONG),
        ("US", WRONG),
        ("US-US", WRONG),
        ("Washington WA", Got("WA")),
        ("DC - Washington, D.C.", Got("DC")),
        ("US Virgin Islands", Got("VI")),
        ("TEX", WRONG),
        ("T", WRONG),
        ("T1", WRONG),
        ("T.", WRONG),
        ("T X", WRONG),
        ("ÄÖ", WRONG),
        ("TX\nOK", WRONG),
        ("48", WRONG),
        ("", NOTHING),
        ("  ", NOTHING),
        (None, NOTHING),
    ],
)
def test_states(raw: str | None, due: Got) -> None:
    check(STATE, raw, due)
    check(STATE, raw, due, pl.Categorical)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("x", "x"),
        (" x ", " x "),
        ("NA", "NA"),
        ("none", "none"),
        ("0", "0"),
        ("00123", "00123"),
        ('a "b", c\nd\t🦷', 'a "b", c\nd\t🦷'),
        ("x" * 10_000, "x" * 10_000),
        ("", None),
        (" \t\n", None),
        (None, None),
    ],
)
def test_text_is_kept_as_it_is_and_blank_text_is_missing(raw: str | None, value: str | None) -> None:
    check(TEXT, raw, Got(value))
    check(ID, raw, Got(value and value.strip()))


@pytest.mark.parametrize(
    ("dtype", "raw", "value"),
    [
        (pl.Float64, 1234567893.0, "1234567893"),
        (pl.Float64, 12.5, "12.5"),
        (pl.Float64, 0.0, "0"),
        (pl.Float64, -3.0, "-3"),
        (pl.Float64, NAN, None),
        (pl.Float64, INF, None),
        (pl.Float64, None, None),
        (pl.Float32, 7.0, "7"),
        (pl.Int64, 1234567893, "1234567893"),
        (pl.UInt64, 2**64 - 1, str(2**64 - 1)),
        (pl.Int64, None, None),
        (pl.Boolean, True, "true"),
        (pl.Decimal(12, 2), Decimal("1234567893.00"), "1234567893"),
        (pl.Categorical, "c1", "c1"),
        (pl.Enum(["c1"]), "c1", "c1"),
        (pl.Null, None, None),
    ],
)
def test_ids_of_every_type_become_text_without_a_fraction(dtype: Any, raw: Any, value: str | None) -> None:
    check(ID, raw, Got(value), dtype)


@pytest.mark.parametrize(
    ("dtype", "raw", "value"),
    [
        (pl.List(pl.String), ["a", " b "], ["a", "b"]),
        (pl.List(pl.String), [], []),
        (pl.List(pl.String), None, None),
        (pl.List(pl.Int64), [1, 22], ["1", "22"]),
        (pl.List(pl.Categorical), ["x"], ["x"]),
        (pl.String, "a", ["a"]),
        (pl.String, "a; b ;c", ["a", "b", "c"]),
        (pl.String, "a, b", ["a, b"]),
        (pl.String, " ", None),
        (pl.String, None, None),
        (pl.Categorical, "a;b", ["a", "b"]),
        (pl.Null, None, None),
    ],
)
def test_lists(dtype: Any, raw: Any, value: list[str] | None) -> None:
    check(TAGS, raw, Got(value), dtype)


UNFIT = [
    (pl.Date, date(2026, 1, 2), "Date"),
    (pl.Datetime("us"), datetime(2026, 1, 2), "Datetime"),
    (pl.Duration("us"), timedelta(1), "Duration"),
    (pl.Binary, b"5", "Binary"),
    (pl.Struct({"a": pl.Int64}), {"a": 1}, "Struct"),
]


@pytest.mark.parametrize(("dtype", "raw", "shown"), [*UNFIT, (pl.List(pl.Int64), [5], "List")])
@pytest.mark.parametrize("field", [ID, STATE, COUNT, AMOUNT, FLAG], ids=lambda field: field.name)
def test_a_type_that_cannot_become_the_field_is_named_with_its_column(
    field: Field, dtype: Any, raw: Any, shown: str
) -> None:
    with pytest.raises(InputError) as error:
        got(field, raw, dtype)
    assert f"'{field.name}'" in str(error.value)
    assert shown in str(error.value)
    assert field.type in str(error.value)


@pytest.mark.parametrize(("dtype", "raw", "shown"), [*UNFIT, (pl.Int64, 5, "Int64")])
def test_a_type_that_cannot_become_a_list_is_named_with_its_column(dtype: Any, raw: Any, shown: str) -> None:
    with pytest.raises(InputError, match=f"'tags' is of type {shown}.*list of texts"):
        got(TAGS, raw, dtype)


def test_absent_fields_are_added_as_missing_and_other_columns_stay_as_they_are() -> None:
    given = pl.DataFrame({"z": [" x "], "npi_count": ["5"], "when": [date(2026, 1, 2)], "n": [NAN], "e": [""]})
    fields = [COUNT, AMOUNT, FLAG, STATE, TAGS]
    found = conform(given.lazy(), fields).collect()
    assert found.columns == ["z", "npi_count", "when", "n", "e", "allowed_amt", "aco_member", "state_code", "tags"]
    assert found.select("z", "when", "n", "e").equals(given.select("z", "when", "n", "e"))
    assert [found.schema[field.name] for field in fields] == [field.dtype for field in fields]
    assert found.select("allowed_amt", "aco_member", "state_code", "tags").row(0) == (None,) * 4


def test_a_column_of_many_values_is_conformed_value_by_value() -> None:
    raws = [*NUMBER_TEXTS, *NOT_NUMBERS, *MISSING, None]
    found = conform(pl.LazyFrame({"allowed_amt": raws}), [AMOUNT], marks=True).collect()
    assert found["allowed_amt"].to_list() == [NUMBER_TEXTS.get(raw) for raw in raws]
    assert found[INVALID + "allowed_amt"].to_list() == [raw in NOT_NUMBERS for raw in raws]
