"""Practices and contacts as real files have them: plans with commas, dates of Salesforce and Excel, clocks of zones."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.extract.extract import Rejects, conformed_rows, open_extract
from icp_engine.partnerships.columns import CONTACT_FIELDS

PLANS = ["Aetna", "Cigna", "Humana", "Medicaid", "Medicare", "Anthem"]


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, ["partners", *(str(arg) for arg in args)])


def practices(folder: Path, plans: dict[str, str]) -> Path:
    rows = {"name": list(plans), "insurance_networks": list(plans.values())}
    pl.DataFrame(rows).write_csv(folder / "practices.csv")
    return folder / "practices.csv"


def networks(out: Path) -> dict[str, float]:
    table = pl.read_parquet(out / "rula_partner_scores.parquet")
    return dict(table.select("Name", "Networks (pts)").iter_rows())


def problems(out: Path) -> list[tuple[Any, ...]]:
    path = out / "rula_problems.parquet"
    return pl.read_parquet(path).rows() if path.exists() else []


@pytest.mark.parametrize("sign", [";", ",", ", ", "|", " | ", "\n", "\r\n"])
def test_plans_count_whatever_separates_them(tmp_path: Path, sign: str) -> None:
    file = practices(tmp_path, {"North": sign.join(PLANS), "South": sign.join(PLANS[:3]), "East": "Aetna"})
    done = call("score", file, "--out", tmp_path / "out")
    assert networks(tmp_path / "out") == {"North": 12.5, "South": 6.2, "East": 2.1}
    assert not problems(tmp_path / "out")
    assert ("are separated by" in done.stderr) == (sign.strip(" ") != ";")


def test_plans_that_nobody_knows_and_rows_of_another_separator_are_named(tmp_path: Path) -> None:
    plans = {
        "North": ", ".join(PLANS),
        "South": ";".join(PLANS),
        "East": "BCBS;UHC;BlueCross BlueShield;Blue Cross/Blue Shield;United HealthCare;Molina",
        "West": "Aetna|Cigna|Humana",
        "Far": "Local Fund;Aetna;unknown",
        "Near": "local fund",
    }
    done = call("score", practices(tmp_path, plans), "--out", tmp_path / "out")
    assert networks(tmp_path / "out") == {
        "South": 12.5,
        "East": 6.2,
        "Far": 2.1,
        "Near": 0.0,
        "North": 0.0,
        "West": 0.0,
    }
    other = "insurance_networks has another separator here than in most rows; it scores 0 as one item"
    assert sorted(problems(tmp_path / "out"), key=str) == [
        ("insurance_networks has an item that is in no list of rula; it scores 0", None, "Local Fund", 2),
        (other, None, "Aetna, Cigna, Humana, Medicaid, Medicare, Anthem", 1),
        (other, None, "Aetna|Cigna|Humana", 1),
    ]
    assert "2 x insurance_networks has an item that is in no list of rula; it scores 0: Local Fund" in done.stderr


AT_FOUR = datetime(2026, 3, 16, 16, 5)
WRITTEN = {
    "3/16/2026, 4:05 PM": AT_FOUR,
    "3/16/2026 4:05 pm": AT_FOUR,
    "3/16/26 16:05": AT_FOUR,
    "3/16/26": datetime(2026, 3, 16),
    "03/16/2026 12:00 AM": datetime(2026, 3, 16),
    "3/16/2026, 12:30 PM": datetime(2026, 3, 16, 12, 30),
    "3/16/2026 4:05:59 p.m.": datetime(2026, 3, 16, 16, 5, 59),
    "3/16/2026, 4:05\u202fPM": AT_FOUR,
    "2026-03-16": datetime(2026, 3, 16),
    "2026-03-16T16:05": AT_FOUR,
    "2026-03-16 16:05:00.123": AT_FOUR,
    "2026-03-16T16:05:00Z": AT_FOUR,
    "2026-03-16T16:05:00.000+0000": AT_FOUR,
    "2026-03-16T11:05:00-05:00": AT_FOUR,
    "2026-03-16T21:35+05:30": AT_FOUR,
    "2026-03-16 18:05 +02": AT_FOUR,
    "3/16/2026, 4:05 PM UTC": AT_FOUR,
    "46097": datetime(2026, 3, 16),
    "46097.67013888889": AT_FOUR,
    "20000": datetime(1954, 10, 3),
    "79999": datetime(2119, 1, 10),
}
NO_DATES = ["3/16/2026, 13:05 PM", "3/16/2026, 0:05 AM", "2026-03-16 24:00", "3/16/2026 16:60", "19999", "80000",
            "4609", "460970",
            "16/16/2026", "2026-13-01", "3/16", "1773677100", "soon", "2026-03-16T16:05 EST"]  # fmt: skip


def test_dates_of_contacts_as_people_and_programs_write_them(tmp_path: Path) -> None:
    pl.DataFrame({"contacted_at": [*WRITTEN, *NO_DATES]}).write_csv(tmp_path / "c.csv")
    extract = open_extract([str(tmp_path / "c.csv")], CONTACT_FIELDS, temp=tmp_path, key="contacted_at")
    rows = conformed_rows(extract, Rejects()).collect()["contacted_at"].dt.truncate("1s").to_list()
    assert dict(zip([*WRITTEN, *NO_DATES], rows, strict=True)) == WRITTEN | dict.fromkeys(NO_DATES)
    assert extract.notes == (
        f"{tmp_path / 'c.csv'}: contacted_at holds day numbers of Excel, such as 46097, which are read as dates",
    )


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64, pl.UInt16])
def test_day_numbers_of_excel_in_a_column_of_numbers(tmp_path: Path, dtype: type[pl.DataType]) -> None:
    numbers = pl.Series("contacted_at", [46097, None, 5], dtype=dtype)
    pl.DataFrame([numbers]).write_parquet(tmp_path / "c.parquet")
    extract = open_extract([str(tmp_path / "c.parquet")], CONTACT_FIELDS, temp=tmp_path, key="contacted_at")
    rows = conformed_rows(extract, Rejects()).collect()
    assert rows["contacted_at"].to_list() == [datetime(2026, 3, 16), None, None]
    assert rows["__icp_invalid_contacted_at"].to_list() == [False, False, True]


def test_the_salesforce_dates_of_the_field_trial(tmp_path: Path) -> None:
    file = practices(tmp_path, dict.fromkeys(["North", "South", "East", "Mary\u2019s Clinic", "Unicorn"], "Aetna"))
    (tmp_path / "c.csv").write_text(
        'name,contacted_at\nNorth,"3/16/2026, 4:05 PM"\nSouth,2026-03-16T22:30:00.000+0000\nEast,46097\n'
        "Mary's Clinic,2026-03-16\nUnicorn,3/16/26\n"
    )
    done = call("crm", file, "--contacts", tmp_path / "c.csv", "--as-of", "2026-03-17", "--out", tmp_path / "out")
    records = pl.read_parquet(tmp_path / "out" / "rula_crm_records.parquet")
    assert records["Days Since Last Contact"].to_list() == [1] * 5
    assert "Contacts  5 of 5 used\n" in done.stdout
    assert not problems(tmp_path / "out")


LATE = {  # a contact, the user's zone, and then: whether it is used, and what is said
    "2026-03-17T02:30:00Z": {"UTC": "left out: after 2026-03-16 in UTC, not after it further west",
                             "America/Chicago": "used: not after 2026-03-16 in America/Chicago, but after it in the"},
    "2026-03-16T22:30:00-05:00": {"UTC": "left out: after 2026-03-16 in UTC, not after it in the zone",
                                  "America/New_York": ""},
    "2026-03-16T23:30:00-07:00": {"America/New_York": "left out: after 2026-03-16 in America/New_York, not after it in",
                                  "America/Denver": "left out: after 2026-03-16 in America/Denver, not after it in",
                                  "America/Los_Angeles": ""},
    "2026-03-17T13:00:00Z": {"UTC": "", "Asia/Tokyo": "", "America/New_York": ""},
    "2026-03-17 02:30": {"UTC": "", "America/Chicago": ""},
    "2026-03-16T23:59:59Z": {"UTC": "", "Asia/Tokyo": "left out: after 2026-03-16 in Asia/Tokyo, not after it in the"},
    "2026-03-17T00:00:00+09:00": {"UTC": "used: not after 2026-03-16 in UTC, but after it in the zone"},
}  # fmt: skip


@pytest.mark.parametrize(("moment", "zone"), [(moment, zone) for moment in LATE for zone in LATE[moment]])
def test_a_time_with_a_zone_counts_for_the_day_of_the_user(tmp_path: Path, moment: str, zone: str) -> None:
    file = practices(tmp_path, {"North": "Aetna"})
    (tmp_path / "c.csv").write_text(f"name,contacted_at\nNorth,{moment}\n")
    given = [file, "--contacts", tmp_path / "c.csv", "--as-of", "2026-03-16", "--out", tmp_path / "out"]
    done = call("sla", *given, *([] if zone == "UTC" else ["--time-zone", zone]))
    contacts = json.loads((tmp_path / "out" / "rula_run.json").read_text())["contacts"]
    if not moment.endswith(("13:00:00Z", "02:30")) and LATE[moment][zone] == "":
        assert contacts["used"] == 1
    said = [line for line in done.stderr.splitlines() if "1 contact is" in line]
    assert [line.startswith(f"1 contact is {LATE[moment][zone]}") for line in said] == [True] * bool(LATE[moment][zone])
    assert contacts["used"] == ("used" in "".join(said) or contacts["after_as_of"] == 0)


@pytest.mark.parametrize("command", ["sla", "crm", "run", "report"])
@pytest.mark.parametrize(("zone", "used"), [("UTC", 0), ("America/Chicago", 2)])
def test_every_command_that_reads_contacts_says_what_became_of_them(
    tmp_path: Path, command: str, zone: str, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls on the evening of 16 March in Chicago, which are the next day's in UTC."""
    monkeypatch.setattr("icp_engine.partnerships.run.draw_chart", lambda *_: {})
    file = practices(tmp_path, {"North": "Aetna", "South": "Aetna;Local Fund"})
    moments = pl.Series("contacted_at", [datetime(2026, 3, 17, 2, 30)] * 3).dt.replace_time_zone("UTC")
    log = pl.DataFrame({"name": ["North", "south ", "Nobody"], "contacted_at": moments})
    log.write_parquet(tmp_path / "c.parquet")
    given = ["--contacts", tmp_path / "c.parquet", "--as-of", "2026-03-16", "--out", tmp_path / "out"]
    done = call(command, file, *given, *(["--time-zone", zone] if used else []))
    later = "" if used else ", 2 after 2026-03-16 left out"
    assert f"Contacts  {used} of 3 used{later}, 1 left out as problems" in done.stdout.replace(
        "Contacts   ", "Contacts  "
    )
    assert "1 x contact with a practice that is not there; left out: Nobody" in done.stderr
    assert "1 x insurance_networks has an item that is in no list of rula; it scores 0: Local Fund" in done.stderr
    assert ("2 contacts are used: not after" if used else "2 contacts are left out: after") in done.stderr


@pytest.mark.parametrize("command", ["score", "outreach"])
def test_commands_without_contacts_say_the_problems_of_practices(tmp_path: Path, command: str) -> None:
    done = call(command, practices(tmp_path, {"North": "Aetna;Local Fund"}), "--out", tmp_path / "out")
    assert "1 x insurance_networks has an item that is in no list of rula; it scores 0: Local Fund" in done.stderr


def test_a_zone_that_is_none_is_refused(tmp_path: Path) -> None:
    done = call("score", practices(tmp_path, {"North": "Aetna"}), "--time-zone", "Chicago", "--out", tmp_path / "out")
    assert str(done.exception) == "'Chicago' is no time zone; name one such as America/New_York or UTC."


LOG = "name,contacted_at\n"


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("Log of contacts,March\n" + LOG + "Acme,2026-03-01\n", 2),
        ("who,when\n\n" + LOG + "Acme,2026-03-01\n", 3),
        ("sep=;\n" + "old;older\n" + LOG.replace(",", ";") + "Acme;2026-03-01\n", 3),
        (LOG + "Acme,2026-03-01\n", 1),
    ],
    ids=["a title of two cells", "other names above", "a separator that is named", "the first line"],
)
def test_the_line_of_the_header_of_a_contact_log_can_be_said(tmp_path: Path, log: str, line: int) -> None:
    (tmp_path / "p.csv").write_text("Export of March\nPracticing,provider_count\nAcme,25\n")
    (tmp_path / "c.csv").write_text(log)
    args = ["--header-line", 2, "--map", "name=Practicing", "--contacts", tmp_path / "c.csv"]
    args += ["--contacts-header-line", line, "--as-of", "2026-03-02", "--out", tmp_path / "out"]
    done = call("sla", tmp_path / "p.csv", *args)
    assert done.exit_code == 0, done.exception
    sla = pl.read_parquet(tmp_path / "out" / "rula_sla_tracker.parquet")
    assert sla.select("Practice Name", "Days Since Contact").rows() == [("Acme", 1)]


@pytest.mark.parametrize(
    ("log", "line", "said"),
    [
        (LOG, 4, "c.csv has nothing on line 4, where --contacts-header-line looks for the header."),
        (
            LOG + "Acme,2026-03-01,x\n",
            1,
            "Delete a line that is no row; --contacts-header-line says where the header is.",
        ),
        ("when,who\n" + LOG, 1, "--map-contacts"),
    ],
    ids=["past the end", "a ragged line", "no such columns"],
)
def test_what_is_wrong_with_a_contact_log_names_its_own_option(tmp_path: Path, log: str, line: int, said: str) -> None:
    (tmp_path / "p.csv").write_text("name,provider_count\nAcme,25\n")
    (tmp_path / "c.csv").write_text(log)
    args = ["--contacts", tmp_path / "c.csv", "--contacts-header-line", line, "--out", tmp_path / "out"]
    done = call("sla", tmp_path / "p.csv", *args)
    assert isinstance(done.exception, InputError)
    assert said in str(done.exception)
