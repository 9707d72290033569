"""How values of public files are read: tables of texts and what they become."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from icp_engine.extract.public import values

Read = Callable[[pl.Expr], pl.Expr]


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (values.npi, "1234567893", "1234567893"),  # the example of the standard
        (values.npi, "1234567893.0", "1234567893"),
        (values.npi, "1234567892", None),
        (values.npi, "1234567894", None),
        (values.npi, "0000000000", None),
        (values.npi, "123456789", None),
        (values.npi, "12345678930", None),
        (values.npi, "12345 7893", None),
        (values.npi, "", None),
        (values.npi, None, None),
        (values.no_npi, "1234567893", False),
        (values.no_npi, "1234567892", True),
        (values.no_npi, "none", True),
        (values.no_npi, "0000000000", False),
        (values.no_npi, "", False),
        (values.no_npi, None, False),
        (values.zip5, "78701", "78701"),
        (values.zip5, "787011234", "78701"),
        (values.zip5, "78701-1234", "78701"),
        (values.zip5, "78701-", "78701"),
        (values.zip5, "78701.0", "78701"),
        (values.zip5, "7870", None),
        (values.zip5, "787011", None),
        (values.zip5, "V6B 1A1", None),
        (values.zip5, None, None),
        (values.date_mdy, "02/29/2024", date(2024, 2, 29)),
        (values.date_mdy, "2/9/2024", date(2024, 2, 9)),
        (values.date_mdy, "2024-02-09", date(2024, 2, 9)),
        (values.date_mdy, "2024-02-09 00:00:00", date(2024, 2, 9)),
        (values.date_mdy, "02/30/2024", None),
        (values.date_mdy, "20240209", None),
        (values.date_mdy, None, None),
        (values.date_ymd, "20160907", date(2016, 9, 7)),
        (values.date_ymd, "2016-09-07", date(2016, 9, 7)),
        (values.date_ymd, "20160907.0", date(2016, 9, 7)),
        (values.date_ymd, "00000000", None),
        (values.date_ymd, "20161307", None),
        (values.date_ymd, None, None),
        (values.number, "1,234.50", 1234.5),
        (values.number, "$12", 12.0),
        (values.number, "50.5%", 50.5),
        (values.number, "0", 0.0),
        (values.number, "*", None),
        (values.number, "NaN", None),
        (values.number, "inf", None),
        (values.number, "", None),
        (values.number, None, None),
        (values.count, "37", 37),
        (values.count, "37.0", 37),
        (values.count, "NA", None),
        (values.yes, "Y", True),
        (values.yes, "y", True),
        (values.yes, "true", True),
        (values.yes, "false", False),
        (values.yes, "Unknown", None),
        (values.yes, "N", False),
        (values.yes, "", None),
        (values.yes, None, None),
        (values.state, "TX", "TX"),
        (values.state, "tx", "TX"),
        (values.state, "PUERTO RICO", "PR"),
        (values.state, "BC", None),
        (values.state, None, None),
        (values.text, "  Elm ", "Elm"),
        (values.text, " ", None),
        (values.text, "<UNAVAIL>", None),
        (values.whole, "2.0", "2"),
        (values.whole, "10", "10"),
    ],
)
def test_values(read: Read, text: str | None, value: object) -> None:
    assert pl.select(read(pl.lit(text, pl.String))).item() == value


def test_a_check_digit_is_one_of_ten() -> None:
    numbers = pl.select(pl.int_range(1234567890, 1234567990).cast(pl.String)).to_series()
    found = pl.select(values.npi(pl.lit(numbers))).to_series().drop_nulls().to_list()
    assert len(found) == 10
    for number in found:
        digits = [int(digit) for digit in reversed("80840" + number)]
        assert (
            sum(digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)) % 10 == 0
        )
