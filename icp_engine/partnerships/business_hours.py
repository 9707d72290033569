"""Business hours: how long somebody has waited while people were at work."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from icp_engine.errors import InputError
from icp_engine.extract.reading import check_zone
from icp_engine.scorecard.toml.table import Table

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)")
_HOUR = 3_600  # seconds
_LONGEST_PAUSE = 3_660  # days


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people are at work.

    Attributes:
        working: of each day of the week, Monday first, whether it is one.
        opens, closes: seconds of the day, by the clock of the time zone.
        off: holidays, and the days of pauses, on which no time counts.
    """

    working: tuple[bool, ...]
    opens: int
    closes: int
    time_zone: str
    off: tuple[date, ...] = ()

    @property
    def hours_a_week(self) -> float:
        """Hours of a week without holidays."""
        return sum(self.working) * (self.closes - self.opens) / _HOUR


def read_calendar(top: Table) -> Calendar:
    """Read the calendar of SLA rules; mistakes are noted."""
    table = top.table("calendar")
    days = [day.strip().title() for day in table.texts("working_days")] or list(WEEK[:5])
    for day in days:
        if day not in WEEK:
            table.problem(f"expected days such as Monday, found {day!r}", "working_days")
    zone = table.text("time_zone")
    try:
        check_zone(zone or "UTC")
    except InputError as error:
        table.problem(str(error), "time_zone")
    opens, closes = _span(table)
    off = [_day(table, text, "holidays") for text in table.texts("holidays")]
    for pause in table.items("pause"):
        first, last = _day(pause, pause.text("from"), "from"), _day(pause, pause.text("to"), "to")
        length = (last - first).days + 1
        if not 0 < length <= _LONGEST_PAUSE:
            pause.problem("expected a last day that is not before the first one, and at most ten years after it", "to")
        off += [first + timedelta(days=number) for number in range(max(0, min(length, _LONGEST_PAUSE)))]
        pause.close()
    table.close()
    return Calendar(tuple(day in days for day in WEEK), opens, closes, zone, tuple(sorted(set(off))))


def _span(table: Table) -> tuple[int, int]:
    text = table.text("hours")
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        table.problem(f"expected hours such as 09:00-17:00, found {text!r}", "hours")
        return 0, _HOUR
    first, minute, last, late = map(int, found.groups())
    opens, closes = first * _HOUR + minute * 60, last * _HOUR + late * 60
    if not opens < closes <= 24 * _HOUR:
        table.problem(f"expected an end after the beginning, on the same day; found {text!r}", "hours")
    return opens, closes


def _day(table: Table, text: str, key: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        table.problem(f"expected a day such as 2026-12-25, found {text!r}", key)
        return date(2000, 1, 1)


def hours_waited(since: pl.Expr, until: date, calendar: Calendar) -> pl.Expr:
    """Return the business hours from a moment to the end of a day's work; missing where the moment is.

    Source: moments by the clock of the calendar's zone. One at midnight is a day without a time, and counts from the
    end of that day's work: who was contacted today has not waited.
    """
    day = since.dt.date()
    open_days = _open_days(day, pl.lit(until + timedelta(days=1)), calendar)
    second = since.dt.hour().cast(pl.Int64) * _HOUR + since.dt.minute().cast(pl.Int64) * 60 + since.dt.second()
    second = pl.when(second == 0).then(calendar.closes).otherwise(second)
    gone = second.clip(calendar.opens, calendar.closes) - calendar.opens
    is_open = _open_days(day, day + pl.duration(days=1), calendar) > 0
    worked = open_days.cast(pl.Int64) * (calendar.closes - calendar.opens) - pl.when(is_open).then(gone).otherwise(0)
    return pl.when(since.is_not_null()).then(worked.clip(lower_bound=0) / _HOUR)


def _open_days(start: pl.Expr, end: pl.Expr, calendar: Calendar) -> pl.Expr:
    """Return the working days from a day on and before another one."""
    return pl.business_day_count(start, end, week_mask=calendar.working, holidays=calendar.off)
