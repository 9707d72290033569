"""Limits in business hours: against hours that are counted minute by minute, and each edge of status and rules."""

import random
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import icp_engine
from icp_engine.cli import cli
from icp_engine.errors import MistakesError
from icp_engine.partnerships.business_hours import Calendar, hours_waited
from icp_engine.partnerships.demo import CONTACTS, PRACTICES
from icp_engine.partnerships.rules import read_sla_rules
from icp_engine.partnerships.sla import DAYS, HOURS, LIMIT, OVERDUE_HOURS, SINCE, STATUS, with_sla

CARD = icp_engine.load_scorecard("rula")
RULES = """
[calendar]
hours = "09:00-17:00"
time_zone = "America/New_York"
holidays = ["2026-03-04"]

[[calendar.pause]]
from = "2026-03-12"
to = "2026-03-13"

[tier.1]
limit_hours = 16
at_risk_from_hours = 8
within = "OK"
at_risk = "RISK"
over = "LATE"

[tier.2]
limit_days = 7
within = "OK"
over = "LATE"

[tier.3]
within = "OK"

[[status]]
name = "LATE"
act = true

[[status]]
name = "RISK"
act = true

[[status]]
name = "OK"
act = false
"""


def oracle(since: datetime, until: date, calendar: Calendar) -> float:
    """Hours that count, minute by minute."""
    moment, minutes = since, 0
    if since.time() == time():
        moment = since + timedelta(seconds=calendar.closes)
    while moment < datetime.combine(until, time()) + timedelta(seconds=calendar.closes):
        second = moment.hour * 3600 + moment.minute * 60
        works = calendar.working[moment.weekday()] and moment.date() not in calendar.off
        minutes += works and calendar.opens <= second < calendar.closes
        moment += timedelta(minutes=1)
    return minutes / 60


def test_hours_are_those_that_are_counted() -> None:
    rng, until = random.Random(5), date(2026, 3, 17)
    for working, opens, closes in ((5, 9, 17), (7, 0, 24), (6, 8, 12)):
        calendar = Calendar(
            tuple(day < working for day in range(7)), opens * 3600, closes * 3600, "UTC",
            (date(2026, 3, 4), date(2026, 3, 12), date(2026, 3, 8)),
        )  # fmt: skip
        starts = [datetime(2026, 3, 2) + timedelta(minutes=rng.randint(6 * 1440, 16 * 1440)) for _ in range(8)]
        starts += [datetime(2026, 3, day) for day in (3, 4, 8, 17)] + [datetime(2026, 3, 20, 10)]
        starts += [datetime(2026, 3, 6, hour, minute) for hour in (8, 9, 12, 17) for minute in (0, 1, 59)]
        found = pl.DataFrame({"at": starts}).select(hours_waited(pl.col("at"), until, calendar)).to_series().to_list()
        assert found == pytest.approx([oracle(start, until, calendar) for start in starts])
    assert pl.DataFrame({"at": [None]}, schema={"at": pl.Datetime("us")}).select(
        hours_waited(pl.col("at"), until, calendar)
    ).to_series().to_list() == [None]


@pytest.mark.parametrize(
    ("since", "due", "hours"),
    [
        (datetime(2026, 3, 3), "OK", 0.0),  # a day alone: from the end of its work
        (datetime(2026, 3, 3, 9, 1), "OK", 8 - 1 / 60),
        (datetime(2026, 3, 3, 9), "RISK", 8.0),
        (datetime(2026, 3, 2, 9), "RISK", 16.0),
        (datetime(2026, 2, 27, 16, 59), "LATE", 16 + 1 / 60),
        (datetime(2026, 2, 28, 12), "RISK", 16.0),  # a Saturday
        (None, "LATE", None),
    ],
)
def test_every_edge(since: datetime | None, due: str, hours: float | None, tmp_path: Path) -> None:
    (tmp_path / "sla.toml").write_text(RULES)
    rules = read_sla_rules(CARD, tmp_path / "sla.toml")
    frame = pl.LazyFrame(
        {"tier": [1], DAYS: [None], SINCE: [since], "created_at": [None]},
        schema={"tier": pl.Int8, DAYS: pl.Int64, SINCE: pl.Datetime("us"), "created_at": pl.Datetime("us")},
    )
    row = with_sla(frame, rules, "tier", date(2026, 3, 3)).collect().row(0, named=True)
    assert (rules.statuses[row[STATUS]].name, row[LIMIT]) == (due, None)
    assert row[HOURS] == (None if hours is None else pytest.approx(hours))
    assert row[OVERDUE_HOURS] == (None if hours is None else pytest.approx(max(0, hours - 16)))
    later = with_sla(frame, rules, "tier", date(2026, 3, 4)).collect().row(0, named=True)
    assert later[HOURS] == row[HOURS], "a holiday counts for nothing"
    waiting = frame.with_columns(pl.lit(2, pl.Int8).alias("tier"), pl.lit(8, pl.Int64).alias(DAYS))
    in_days = with_sla(waiting, rules, "tier", date(2026, 3, 3))
    assert rules.statuses[in_days.collect()[STATUS][0]].name == "LATE"
    assert rules.days_between_touches == {1: pytest.approx(16 / 40 * 7), 2: 7, 3: None}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"09:00-17:00"', '"17:00-09:00"', "expected an end after the beginning"),
        ('"09:00-17:00"', '"9 to 5"', "expected hours such as 09:00-17:00"),
        ("America/New_York", "New York", "is no time zone"),
        ('["2026-03-04"]', '["4 March"]', "expected a day such as 2026-12-25"),
        ('to = "2026-03-13"', 'to = "2026-03-11"', "a last day that is not before the first one"),
        ("limit_hours = 16", "limit_hours = 0", "expected more than 0"),
        ("at_risk_from_hours = 8", "at_risk_from_hours = 17", "expected 0 to limit_hours"),
        ("limit_hours = 16", "limit_hours = 16\nlimit_days = 2", "has no place beside limit_hours"),
        ("limit_days = 7", "limit_days = 7\nat_risk_from_hours = 2", "says nothing without limit_hours"),
        ("[calendar]", '[calendar]\nworking_days = ["Mo"]', "expected days such as Monday"),
    ],
)
def test_what_is_wrong_with_a_calendar(old: str, new: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "sla.toml").write_text(RULES.replace(old, new, 1))
    with pytest.raises(MistakesError, match=says):
        read_sla_rules(CARD, tmp_path / "sla.toml")


def test_hours_need_a_calendar(tmp_path: Path) -> None:
    (tmp_path / "sla.toml").write_text(RULES[RULES.index("[tier.1]") :])
    with pytest.raises(MistakesError, match=r"say under \[calendar\] when people are at work"):
        read_sla_rules(CARD, tmp_path / "sla.toml")


def test_the_tracker_tells_hours(tmp_path: Path) -> None:
    (tmp_path / "sla.toml").write_text(RULES)
    ask = ["partners", "sla", PRACTICES, "--contacts", CONTACTS, "--as-of", "2026-03-16", "-o", tmp_path / "out"]
    ask += ["--sla", tmp_path / "sla.toml"]
    done = CliRunner().invoke(cli, [str(word) for word in ask])
    assert done.exit_code == 0, done.output
    assert "Business Hours Overdue" in done.stdout
    frame = pl.read_parquet(tmp_path / "out" / "rula_sla_tracker.parquet")
    assert set(frame.filter(pl.col("Tier") == "Tier 1")["SLA (business hours)"]) == {16.0}
    assert frame.filter(pl.col("Tier") != "Tier 1")["SLA (business hours)"].null_count() == len(frame) - len(
        frame.filter(pl.col("Tier") == "Tier 1")
    )
    done = CliRunner().invoke(cli, [str(word) for word in [*ask, "--time-zone", "UTC"]])
    assert "leave out --time-zone UTC" in f"{done.output}{done.exception}"
