"""A column is read by one convention, which its values prove as a whole: decimal commas, day first, separators."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.columns import FIELDS, Field
from icp_engine.errors import InputError
from icp_engine.extract.extract import Extract, Rejects, conformed_rows, open_extract
from icp_engine.extract.profile import profile
from icp_engine.extract.reading import Reading
from icp_engine.extract.validate import validate

PLANS = Field("plans", "list", items=frozenset({"aetna", "cigna", "oscarhealth", "a|b", "bcbs"}))
FIELDS_HERE = {**FIELDS, "seen": Field("seen", "moment"), "plans": PLANS}
Opened = Callable[..., Extract]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Opens one CSV file per list of values, all of one column."""

    def opens(field: str, *files: list[str], reading: Reading | None = None, **others: list[str]) -> Extract:
        for number, values in enumerate(files):
            columns = {"clinic_id": [f"{number}-{row}" for row in range(len(values))], field: values, **others}
            pl.DataFrame(columns).write_csv(tmp_path / f"{number}.csv")
        paths = [str(tmp_path / f"{number}.csv") for number in range(len(files))]
        return open_extract(paths, FIELDS_HERE, temp=tmp_path, reading=reading or Reading())

    return opens


def values_of(extract: Extract, field: str) -> list[Any]:
    return conformed_rows(extract, Rejects()).sort("clinic_id").collect()[field].to_list()


def notes_of(extract: Extract) -> list[str]:
    return [note.split(": ", 1)[1] for note in extract.notes]


COMMAS: list[tuple[list[str], list[float | None]]] = [
    (["1.250.000", "850.000", "850.000,50"], [1_250_000, 850_000, 850_000.5]),
    (["7,5", "6,25", "8,125"], [7.5, 6.25, 8.125]),
    (["0,125", "8,125", ""], [0.125, 8.125, None]),
    (["$1.234,56", "+2.000", "12"], [1234.56, 2000, 12]),
    (["1,", ",5", "1.000"], [1, 0.5, 1000]),
    (["1,5e3", "2.000", "NA"], [1500, 2000, None]),
    (["-1,5", "1.2.3", "x"], [None, None, None]),
]


@pytest.mark.parametrize(("texts", "values"), COMMAS)
def test_a_column_that_proves_decimal_commas_is_read_so_throughout(
    opened: Opened, texts: list[str], values: list[float | None]
) -> None:
    extract = opened("allowed_amt", texts)
    assert values_of(extract, "allowed_amt") == values
    assert [note.startswith("numbers have decimal commas in allowed_amt ('") for note in notes_of(extract)] == [True]


POINTS: list[tuple[list[str], list[float | None]]] = [
    (["12.000", "8,125", "850.0"], [12, 8125, 850]),
    (["1,250,000", "850,000"], [1_250_000, 850_000]),
    (["7.5", "8,125"], [7.5, 8125]),
    (["0.125", "1,000"], [0.125, 1000]),
    (["$1,200.50", "1,2,3", "a,b", "1,,2"], [1200.5, None, None, None]),
    (["192.168.001.1", "1.5"], [None, 1.5]),
    (["nan", "inf", "", "-"], [None] * 4),
]


@pytest.mark.parametrize(("texts", "values"), POINTS)
def test_a_column_that_proves_nothing_or_points_is_read_with_points(
    opened: Opened, texts: list[str], values: list[float | None]
) -> None:
    extract = opened("allowed_amt", texts)
    assert values_of(extract, "allowed_amt") == values
    assert not extract.notes


SIGNS: list[tuple[list[str], list[float | None]]] = [
    (["1 234", "5", "12 345 678", "NA", ""], [1234, 5, 12_345_678, None, None]),
    (["1\u00a0234", "1\u202f234\u202f567", "1\u2009234.50"], [1234, 1_234_567, 1234.5]),
    (["1'234", "1\u2019234\u2019567.25", "+7"], [1234, 1_234_567.25, 7]),
    (["\u20ac 1 234,56", "12,5 EUR", "7\u00a0\u20ac"], [1234.56, 12.5, 7]),
    (["USD 1,200.50", "1,250,000 usd", "US$ 5", "$ 6", "$7"], [1200.5, 1_250_000, 5, 6, 7]),
    (["-1 234", "1 234"], [None, 1234]),
    (["$ 1,200.00 ", "($500.00)", "$ (1,500)", " $ - "], [1200, None, None, None]),
]
NO_SIGNS = [
    ["1 234", "call us"],
    ["1 23", "1 234"],
    ["12 34 567"],
    ["1234 567", "1 234"],
    ["5 \u20ac", "$5"],
    ["1 234", "10-20"],
    ["EUR", "5 EUR"],
]


@pytest.mark.parametrize(("texts", "values"), SIGNS)
def test_a_column_of_numbers_with_signs_around_them_or_between_thousands_is_read(
    opened: Opened, texts: list[str], values: list[float | None]
) -> None:
    extract = opened("allowed_amt", texts)
    assert values_of(extract, "allowed_amt") == values
    said = "allowed_amt is read without what stands between thousands or around numbers in '"
    (note,) = [note for note in notes_of(extract) if note.startswith(said)]
    assert note.endswith("; no currency is converted") == any("\u20ac" in text for text in texts)


@pytest.mark.parametrize("texts", NO_SIGNS)
def test_such_signs_beside_anything_else_leave_a_column_as_it_is(opened: Opened, texts: list[str]) -> None:
    extract = opened("allowed_amt", texts)
    odd = [
        value for text, value in zip(texts, values_of(extract, "allowed_amt"), strict=True) if not text[1:].isdigit()
    ]
    assert odd == [None] * len(odd)
    assert not extract.notes


def test_one_file_that_holds_something_else_leaves_the_column_of_all_as_it_is(opened: Opened) -> None:
    assert values_of(opened("npi_count", ["1 234"], ["5 or 6"]), "npi_count") == [None, None]
    assert values_of(opened("npi_count", ["1 234"], ["56"]), "npi_count") == [1234, 56]


@pytest.mark.parametrize("field", ["allowed_amt", "bene_count"])
def test_numbers_that_may_be_thousands_are_said_where_nothing_proves_either(opened: Opened, field: str) -> None:
    extract = opened(field, ["12.000", "8,125", "850.000"], npi_count=["1", "2", "3"])
    assert values_of(extract, field) == [12, 8125, 850]
    assert notes_of(extract) == [
        f"{field} shows neither decimal commas nor points, so '12.000' is read with a point; "
        "--decimal-comma reads it as thousands, --decimal-point says that this is right"
    ]
    assert not opened(field, ["12.000", "850.000"], reading=Reading(decimal_comma=False)).notes


SCALED: list[tuple[list[str], list[float | None]]] = [
    (["8,125", "6,250"], [8.125, 6.25]),
    (["10,000", "7"], [10, 7]),
    (["8.125", "6.250"], [8.125, 6.25]),
    (["1,250.5", "7"], [10, 7]),
]


@pytest.mark.parametrize(("texts", "values"), SCALED)
def test_a_comma_is_no_sign_of_thousands_in_a_field_with_a_scale(
    opened: Opened, texts: list[str], values: list[float | None]
) -> None:
    extract = opened("denial_pressure", texts)
    assert values_of(extract, "denial_pressure") == values
    said = [f"numbers have decimal commas in denial_pressure ('{texts[0]}') and are read so there"]
    assert notes_of(extract) == (said if "." not in texts[0] else [])


def test_a_comma_and_a_point_in_a_field_with_a_scale_are_refused(opened: Opened) -> None:
    with pytest.raises(InputError, match=r"'8,125' .* and a decimal point in '7\.000'"):
        opened("denial_pressure", ["8,125", "7.000"])


def test_all_files_of_a_column_go_by_the_proof_of_one(opened: Opened) -> None:
    extract = opened("allowed_amt", ["850.000"], ["7"], ["7,5"])
    assert values_of(extract, "allowed_amt") == [850_000, 7, 7.5]


BOTH = [
    (["7,5", "1", "7.5"], "'7,5' ({0}, line 2) and a decimal point in '7.5' ({0}, line 4)"),
    (["1,250,000", "850.000,50"], "'850.000,50' ({0}, line 3) and a decimal point in '1,250,000' ({0}, line 2)"),
    (["1.250.000", "0.5"], "'1.250.000' ({0}, line 2) and a decimal point in '0.5' ({0}, line 3)"),
]


@pytest.mark.parametrize(("texts", "places"), BOTH)
def test_a_column_that_proves_both_is_refused_with_both_lines(
    opened: Opened, tmp_path: Path, texts: list[str], places: str
) -> None:
    with pytest.raises(InputError) as error:
        opened("allowed_amt", texts)
    assert places.format(tmp_path / "0.csv") in str(error.value)
    assert str(error.value).endswith("or say --decimal-comma or --decimal-point.")


def test_two_files_that_prove_the_two_are_refused(opened: Opened) -> None:
    with pytest.raises(InputError, match=r"1\.csv, line 2\) and a decimal point in '7\.5' \(.*0\.csv, line 3"):
        opened("allowed_amt", ["1", "7.5"], ["7,5"])


@pytest.mark.parametrize(("comma", "values"), [(True, [7.5, None, 12_000.0]), (False, [None, 7.5, 12.0]), (None, None)])
def test_a_user_settles_it(opened: Opened, comma: bool | None, values: list[float | None] | None) -> None:
    texts = ["7,5", "7.5", "12.000"]
    if values is None:
        with pytest.raises(InputError, match="decimal"):
            opened("allowed_amt", texts)
    else:
        extract = opened("allowed_amt", texts, reading=Reading(decimal_comma=comma))
        assert values_of(extract, "allowed_amt") == values
        assert profile(extract, conformed_rows(extract, Rejects())).fields["allowed_amt"].invalid == 1


WHOLE = [
    (["1.500", "12.000", "9"], ["7,5", "1", "2"], [1500, 12_000, 9]),
    (["12.000", "9.000", "9"], ["7,5", "1", "2"], [12, 9, 9]),  # said, see below
    (["1.500", "8,125", "9"], ["7,5", "1", "2"], [None, 8125, 9]),  # either is no whole number by the other's reading
    (["1.500", "12.000", "9"], ["7.5", "1", "2"], [None, 12, 9]),
    (["1.500", "12.000", "9"], ["7", "850.000", "2"], [1500, 12_000, 9]),  # no whole number by a point
    (["1.500.000", "12.000", "9"], ["7.5", "1", "2"], [1_500_000, 12_000, 9]),
]


@pytest.mark.parametrize(("texts", "beside", "values"), WHOLE)
def test_dots_in_whole_numbers_are_those_of_thousands_beside_decimal_commas(
    opened: Opened, texts: list[str], beside: list[str], values: list[int | None]
) -> None:
    assert values_of(opened("bene_count", texts, allowed_amt=beside), "bene_count") == values


def test_a_column_that_shows_nothing_beside_decimal_commas_is_said(opened: Opened) -> None:
    extract = opened("bene_count", ["12.000", "9.000"], allowed_amt=["7,5", "1"])
    assert notes_of(extract) == [
        "numbers have decimal commas in allowed_amt ('7,5') and are read so there",
        "bene_count shows no decimal comma, so '12.000' is read with a decimal point; "
        "--decimal-comma reads all numbers with decimal commas",
    ]


def test_numbers_of_parquet_stay_numbers(tmp_path: Path) -> None:
    pl.DataFrame({"clinic_id": ["1"], "allowed_amt": [7.5]}).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text('clinic_id,allowed_amt\n2,"7,5"\n')
    extract = open_extract([str(tmp_path)], temp=tmp_path, reading=Reading(decimal_comma=True))
    assert values_of(extract, "allowed_amt") == [7.5, 7.5]


def test_the_european_numbers_of_the_field_trial(tmp_path: Path) -> None:
    """Counts with dots, money with dots and commas, scales with commas, as a German spreadsheet writes them."""
    (tmp_path / "c.csv").write_text(
        "\ufeffclinic_id;account_name;npi_count;bene_count;allowed_amt;denial_pressure\n"
        "E1;Alpha;12;12.000;1.250.000;7,5\nE2;Beta;120;1.500;850.000;6,25\nE3;Gamma;1.200;9.000;850.000,50;8,125\n"
    )
    found = validate([str(tmp_path / "c.csv")])
    fields = {name: field for name, field in found.profile.fields.items() if field.column}
    assert {name: (field.valid, field.invalid, field.clipped) for name, field in fields.items()} == dict.fromkeys(
        fields, (3, 0, 0)
    )
    shown = CliRunner().invoke(cli, ["validate", str(tmp_path / "c.csv")]).output
    assert "numbers have decimal commas in" in shown
    ran = CliRunner().invoke(cli, ["run", str(tmp_path / "c.csv"), "--out", str(tmp_path / "out"), "--no-charts"])
    assert "numbers have decimal commas in" in ran.output
    rows = pl.read_parquet(tmp_path / "out" / "clinics_icp.parquet").sort("clinic_id")
    columns = ("npi_count", "bene_count", "allowed_amt", "denial_pressure")
    assert rows.select(columns).rows() == [
        (12, 12_000, 1_250_000.0, 7.5),
        (120, 1500, 850_000.0, 6.25),
        (1200, 9000, 850_000.5, 8.125),
    ]


D, M = datetime(2026, 3, 16), datetime(2026, 4, 3)
DATES: list[tuple[list[str], list[datetime | None], str]] = [
    (["16/03/2026", "03/04/2026"], [D, datetime(2026, 4, 3)], "'16/03/2026'"),
    (["16.03.2026 16:05", "3.4.26"], [datetime(2026, 3, 16, 16, 5), M], "'16.03.2026 16:05'"),
    (["2026-03-16", "16-03-2026"], [D, D], "'16-03-2026'"),
    (["03.04.2026", "3.4.26 00:00", "3/4/2026"], [M, M, M], "'03.04.2026'"),
    (["31/12/25", "1/2/26"], [datetime(2025, 12, 31), datetime(2026, 2, 1)], "'31/12/25'"),
    (["16/03/2026, 4:05 PM", ""], [datetime(2026, 3, 16, 16, 5), None], "'16/03/2026, 4:05 PM'"),
]


@pytest.mark.parametrize(("texts", "values", "shown"), DATES)
def test_a_column_that_proves_the_day_first_is_read_so_throughout(
    opened: Opened, texts: list[str], values: list[datetime | None], shown: str
) -> None:
    extract = opened("seen", texts)
    assert values_of(extract, "seen") == values
    assert notes_of(extract) == [f"seen is read with the day before the month, as {shown} shows"]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["3/16/2026", "12/12/2026"], [D, datetime(2026, 12, 12)]),
        (["3-4-2026", "2026-04-03"], [None, M]),
        (["2026/04/03", "2026-4-3", "20260403"], [M, M, M]),
        (["3.16.2026", "2026/13/01", "20261301", "202604030"], [None] * 4),
        (["32/01/2026", "26-03-16"], [None, None]),
    ],
)
def test_a_column_that_proves_nothing_has_the_month_first(
    opened: Opened, texts: list[str], values: list[datetime | None]
) -> None:
    extract = opened("seen", texts)
    assert values_of(extract, "seen") == values
    assert not extract.notes


def test_months_by_name_need_no_proof(opened: Opened) -> None:
    texts = [
        "3-Apr-2026", "03-APR-26", "Apr 3, 2026", "April 3 2026", "3 April 2026", "Friday, April 3, 2026",
        "Apr. 3, 2026, 12:00 AM", "31-DEC-99", "Sept 3, 2026 4:05 PM", "3-Apr-2026T00:00:00Z",
    ]  # fmt: skip
    due = [M] * 7 + [datetime(1999, 12, 31), datetime(2026, 9, 3, 16, 5), M]
    for day_first in (None, True, False):
        assert values_of(opened("seen", texts, reading=Reading(day_first=day_first)), "seen") == due
    others = ["03APR2026", "3apr26", "03APR2026:16:05:00", "3/APR/2026", "2026.04.03", "2026.4.3 16:05"]
    late = M.replace(hour=16, minute=5)
    assert values_of(opened("seen", others), "seen") == [M, M, late, M, M, late]
    wrong = ["31-Feb-2026", "Abc 3, 2026", "3-April", "Apr 3, 26", "Apr 3, 2026 noon", "5may", "12m2026", "2026.13.01"]
    assert values_of(opened("seen", wrong), "seen") == [None] * len(wrong)


@pytest.mark.parametrize(
    ("texts", "reading", "said"),
    [
        (["05/03/2026", "1/2/26 09:30"], Reading(), "05/03/2026"),
        (["05/03/2026", "3/13/2026"], Reading(), None),
        (["2026-03-05"], Reading(), None),
        (["05/03/2026"], Reading(day_first=False), None),
        (["05/03/2026"], Reading(day_first=True), None),
    ],
)
def test_dates_that_may_be_read_two_ways_are_said(
    opened: Opened, texts: list[str], reading: Reading, said: str | None
) -> None:
    sentence = (
        f"seen does not show whether the day or the month comes first, so '{said}' is read with the month first; "
        "--day-first reads the day first, --month-first says that this is right"
    )
    extract = opened("seen", texts, reading=reading)
    assert notes_of(extract) == ([sentence] if said else [])
    if said:
        assert values_of(extract, "seen") == [datetime(2026, 5, 3), datetime(2026, 1, 2, 9, 30)]


def test_dots_with_the_month_first_are_refused_beside_those_with_the_day_first(opened: Opened) -> None:
    with pytest.raises(InputError, match=r"the day first in '3\.4\.2026' .* and the month first in '3\.16\.2026'"):
        opened("seen", ["3.16.2026", "3.4.2026"])


def test_a_column_with_days_and_months_first_is_refused_with_both_lines(opened: Opened) -> None:
    texts = ["2026-03-16", "3/16/2026, 4:05 PM", "16/03/2026"]
    with pytest.raises(InputError, match=r"'16/03/2026' \(.*0\.csv, line 4\) and the month first in '3/16/2026, 4:05"):
        opened("seen", texts)
    months = opened("seen", texts, reading=Reading(day_first=False))
    assert values_of(months, "seen") == [D, datetime(2026, 3, 16, 16, 5), None]
    days = opened("seen", ["3/4/2026", *texts], reading=Reading(day_first=True))
    assert values_of(days, "seen") == [M, D, None, D]


LISTS: list[tuple[list[str], list[list[str] | None], str | None]] = [
    (["Aetna, Cigna", "Oscar Health", ""], [["Aetna", "Cigna"], ["Oscar Health"], None], "','"),
    (["Aetna|Cigna", "x|y"], [["Aetna", "Cigna"], ["x", "y"]], "'|'"),
    (["Aetna\r\nCigna", "BCBS"], [["Aetna", "Cigna"], ["BCBS"]], "line breaks"),
    (["Aetna;Cigna", "Aetna, Inc.;BCBS"], [["Aetna", "Cigna"], ["Aetna, Inc.", "BCBS"]], None),
    (["A | B; Aetna"], [["A | B", "Aetna"]], None),
    (["Fund, Local", "Other"], [["Fund, Local"], ["Other"]], None),
    (["Aetna;;Cigna;", " ; ", "n/a"], [["Aetna", "Cigna"], [], None], None),
    (["Aetna, Cigna", "Aetna;Cigna;BCBS"], [["Aetna, Cigna"], ["Aetna", "Cigna", "BCBS"]], None),
]


@pytest.mark.parametrize(("texts", "items", "sign"), LISTS)
def test_items_of_a_list_are_separated_by_the_sign_that_yields_known_ones(
    opened: Opened, texts: list[str], items: list[list[str] | None], sign: str | None
) -> None:
    extract = opened("plans", texts)
    assert values_of(extract, "plans") == items
    due = [f"items of plans are separated by {sign}: that yields"] if sign else []
    assert [note.rsplit(" ", 3)[0] for note in notes_of(extract)] == due


def test_text_in_a_dictionary_is_read_as_any_text(tmp_path: Path) -> None:
    columns = {
        "clinic_id": ["1003000029.0", "1003000037.0"],
        "state_code": ["texas", "NA"],
        "denial_pressure": ["7,5", "8,125"],
        "seen": ["16/03/2026", "05/03/2026"],
        "plans": ["Aetna, Cigna", "Aetna"],
    }
    frame = pl.DataFrame(columns)
    frame.write_csv(tmp_path / "text.csv")
    frame.cast(pl.Categorical).write_parquet(tmp_path / "coded.parquet")
    frame.cast({"plans": pl.Enum(["Aetna, Cigna", "Aetna"])}).write_parquet(tmp_path / "enum.parquet")
    text, coded, enum = (
        conformed_rows(open_extract([str(tmp_path / name)], FIELDS_HERE, temp=tmp_path), Rejects()).collect()
        for name in ("text.csv", "coded.parquet", "enum.parquet")
    )
    assert text["plans"].to_list() == [["Aetna", "Cigna"], ["Aetna"]]
    assert text["denial_pressure"].to_list() == [7.5, 8.125]
    assert coded.equals(text)
    assert enum.equals(text)


CARD = """
id = "mine"
version = "1"
title = "Mine"
prefix = "mine"
fields.plans = { type = "list", description = "Plans" }
aliases."Blue Cross" = ["BCBS", "Blue/Cross"]
[category.fit]
label = "Fit"
max = 10
[category.fit.plans]
field = "plans"
missing = { points = 0, note = "Unknown" }
bands = [
  { name = "blue", includes = ["Blue Cross"], points = 10, reason = "Blue" },
  { name = "other", points = { share_of = ["Aetna", "Cigna"], times = 5 }, reason = "Share" },
]
[tier.1]
label = "All"
"""


def test_items_that_no_rule_knows_are_named_with_their_count(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(CARD)
    (tmp_path / "a.csv").write_text(
        'clinic_id,plans\n1,"bcbs, Local"\n2,"Aetna, local , Fund, NA"\n3,"Blue / Cross"\n4,\n5,Cigna\n'
    )
    card, file = str(tmp_path / "mine.toml"), str(tmp_path / "a.csv")
    note = "plans: 2 items are in no list of mine and count for nothing: 'Local' 2, 'Fund' 1"
    assert note in validate([file], card).notes
    ran = CliRunner().invoke(cli, ["run", file, "-s", card, "--out", str(tmp_path / "out"), "--no-charts"])
    assert "2 items are in no list of mine" in ran.output
    scores = pl.read_parquet(tmp_path / "out" / "icp_scores.parquet").sort("clinic_id")
    assert scores["mine_fit_score"].to_list() == [10.0, 2.5, 10.0, 0.0, 2.5]
