"""The SLA: how long a practice of each tier may wait for contact, and where each one stands on a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.errors import did_you_mean
from icp_engine.partnerships.business_hours import Calendar, hours_waited, read_calendar
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.toml.table import Table

DAYS, WAIT = f"{HELPERS}days", f"{HELPERS}wait"
STATUS = f"{HELPERS}status"  # place of the status in `Sla.statuses`, the most urgent is 0
LIMIT, OVERDUE = f"{HELPERS}limit", f"{HELPERS}overdue"
SINCE = f"{HELPERS}since"  # the moment of the latest contact
HOURS, LIMIT_HOURS, OVERDUE_HOURS = (f"{HELPERS}{name}" for name in ("hours", "limit_hours", "overdue_hours"))


@dataclass(frozen=True, slots=True)
class Status:
    """One status, and whether somebody has to act on it."""

    name: str
    act: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """The rule of one tier; more than `days` is over, or more than `hours` by the calendar; else all is within."""

    within: str
    days: int | None = None
    at_risk_from: int | None = None
    at_risk: str = ""
    over: str = ""
    hours: float | None = None
    at_risk_from_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Sla:
    """The limits by tier, all statuses, the most urgent first, and the calendar of limits in business hours."""

    limits: Mapping[int, Limit]
    statuses: tuple[Status, ...]
    calendar: Calendar | None = None

    @property
    def breaches(self) -> frozenset[str]:
        """The statuses that say that a wait is over its limit."""
        return frozenset(
            limit.over for limit in self.limits.values() if limit.days is not None or limit.hours is not None
        )

    @property
    def days_between_touches(self) -> dict[int, float | None]:
        """Calendar days within which a practice of each tier is due again, on average; None without a limit."""
        found: dict[int, float | None] = {tier: limit.days for tier, limit in self.limits.items()}
        if self.calendar is not None:
            week = self.calendar.hours_a_week / 7
            found |= {tier: limit.hours / week for tier, limit in self.limits.items() if limit.hours is not None}
        return found

    def place(self, status: str) -> int:
        """Return the place of a status, 0 is the most urgent."""
        return next(place for place, standing in enumerate(self.statuses) if standing.name == status)


def read_sla(top: Table, card: Scorecard) -> Sla:
    """Read the SLA rules for the tiers of a scorecard; mistakes are noted."""
    tiers = top.table("tier")
    statuses = tuple(_statuses(top))
    calendar = read_calendar(top) if "calendar" in top else None
    limits: dict[int, Limit] = {}
    for tier in card.tiers:
        key = str(tier.number)
        if key in tiers:
            limits[tier.number] = _limit(tiers.table(key), {status.name for status in statuses}, calendar)
        else:
            tiers.problem(f"tier {key} of scorecard {card.id} is missing: say how long its practices may wait")
    tiers.close()
    used = {name for limit in limits.values() for name in (limit.within, limit.at_risk, limit.over)}
    for number, status in enumerate(statuses):
        if status.name not in used and len(limits) == len(card.tiers):
            top.problem(f"no tier leads to the status '{status.name}'; use it, or take it away", "status", number)
    return Sla(limits, statuses, calendar)


def _statuses(top: Table) -> list[Status]:
    found: list[Status] = []
    for item in top.items("status"):
        name = item.text("name")
        if name in [status.name for status in found]:
            item.problem(f"the status '{name}' stands here a second time", "name")
        found.append(Status(name, item.flag("act")))
        item.close()
    if not found:
        top.problem("'status' is missing: list every status as [[status]], the most urgent first")
    return found


def _limit(table: Table, statuses: set[str], calendar: Calendar | None) -> Limit:
    within = _status(table, "within", statuses)
    if "limit_hours" in table:
        return _limit_in_hours(table, within, statuses, calendar)
    if "at_risk_from_hours" in table:
        table.problem("'at_risk_from_hours' says nothing without limit_hours", "at_risk_from_hours")
    if "limit_days" not in table:
        for key in ("at_risk_from_days", "at_risk", "over"):
            if key in table:
                table.problem(f"'{key}' says nothing without limit_days", key)
        table.close()
        return Limit(within)
    days = _days(table, "limit_days")
    over = _status(table, "over", statuses)
    from_days, at_risk = None, ""
    if "at_risk_from_days" in table:
        from_days, at_risk = _days(table, "at_risk_from_days"), _status(table, "at_risk", statuses)
        if from_days > days:
            table.problem(f"expected at most limit_days ({days}), found {from_days}", "at_risk_from_days")
    elif "at_risk" in table:
        table.problem("'at_risk' says nothing without at_risk_from_days", "at_risk")
    table.close()
    return Limit(within, days, from_days, at_risk, over)


def _limit_in_hours(table: Table, within: str, statuses: set[str], calendar: Calendar | None) -> Limit:
    if calendar is None:
        table.problem("'limit_hours' are business hours; say under [calendar] when people are at work", "limit_hours")
    for key in ("limit_days", "at_risk_from_days"):
        if key in table:
            table.problem(f"'{key}' has no place beside limit_hours", key)
    hours, over = table.number("limit_hours"), _status(table, "over", statuses)
    from_hours, at_risk = None, ""
    if "at_risk_from_hours" in table:
        from_hours, at_risk = table.number("at_risk_from_hours"), _status(table, "at_risk", statuses)
        if not 0 <= from_hours <= hours:
            table.problem(f"expected 0 to limit_hours ({hours:g}), found {from_hours:g}", "at_risk_from_hours")
    elif "at_risk" in table:
        table.problem("'at_risk' says nothing without at_risk_from_hours", "at_risk")
    if hours <= 0:
        table.problem(f"expected more than 0, found {hours:g}", "limit_hours")
    table.close()
    return Limit(within, None, None, at_risk, over, hours, from_hours)


def _days(table: Table, key: str) -> int:
    value = table.number(key)
    if value < 0 or value != int(value):
        table.problem(f"expected whole days, 0 or more, found {value:g}", key)
    return int(value)


def _status(table: Table, key: str, statuses: set[str]) -> str:
    name = table.text(key)
    if name and name not in statuses:
        table.problem(f"there is no status '{name}'{did_you_mean(name, statuses)}; list it as [[status]]", key)
    return name


def with_sla(lf: pl.LazyFrame, sla: Sla, tier: str, as_of: date) -> pl.LazyFrame:
    """Return the frame with days since contact, the wait, status, limit and days overdue on a day.

    Lazy in, lazy out. Source: `DAYS` (i64, missing for never contacted), `created_at`, and the tier's number. The wait
    of the never contacted counts from `created_at`, but is never below 0; it is missing where that is.
    """
    created = (pl.lit(as_of) - pl.col("created_at").dt.date()).dt.total_days().clip(lower_bound=0)
    lf = lf.with_columns(pl.coalesce(DAYS, created).alias(WAIT))
    if sla.calendar is not None:
        lf = _with_hours(lf, sla, tier, as_of)
    number = pl.col(tier)
    limits = {key: limit.days for key, limit in sla.limits.items()}
    status = pl.coalesce(pl.when(number == key).then(_standing(limit, sla)) for key, limit in sla.limits.items())
    limit = number.replace_strict(list(limits), list(limits.values()), return_dtype=pl.Int64)
    return lf.with_columns(status.cast(pl.UInt8).alias(STATUS), limit.alias(LIMIT)).with_columns(
        (pl.col(WAIT) - pl.col(LIMIT)).clip(lower_bound=0).alias(OVERDUE)
    )


def _with_hours(lf: pl.LazyFrame, sla: Sla, tier: str, as_of: date) -> pl.LazyFrame:
    """Return the frame with business hours waited, their limit and the hours overdue; missing where none is due."""
    assert sla.calendar is not None
    given = (pl.lit(as_of) - pl.duration(days=pl.col(DAYS))).cast(pl.Datetime("us"))
    moment = pl.col(SINCE) if SINCE in lf.collect_schema() else pl.lit(None, pl.Datetime("us"))
    since = pl.coalesce(moment, given, pl.col("created_at"))
    limits = {number: limit.hours for number, limit in sla.limits.items()}
    hours = pl.col(tier).replace_strict(list(limits), list(limits.values()), return_dtype=pl.Float64)
    lf = lf.with_columns(hours_waited(since, as_of, sla.calendar).alias(HOURS), hours.alias(LIMIT_HOURS))
    return lf.with_columns((pl.col(HOURS) - pl.col(LIMIT_HOURS)).clip(lower_bound=0).alias(OVERDUE_HOURS))


def _standing(limit: Limit, sla: Sla) -> pl.Expr:
    """Return the place of the status of a practice in a tier; where nobody knows since when it waits, it is over."""
    within = pl.lit(sla.place(limit.within))
    if limit.hours is not None:
        waited = pl.col(HOURS)
        if limit.at_risk_from_hours is not None:
            risk = pl.lit(sla.place(limit.at_risk))
            within = pl.when(waited >= limit.at_risk_from_hours).then(risk).otherwise(within)
        return pl.when((waited > limit.hours) | waited.is_null()).then(pl.lit(sla.place(limit.over))).otherwise(within)
    if limit.days is None:
        return within
    wait = pl.col(WAIT)
    if limit.at_risk_from is not None:
        within = pl.when(wait >= limit.at_risk_from).then(pl.lit(sla.place(limit.at_risk))).otherwise(within)
    return pl.when((wait > limit.days) | wait.is_null()).then(pl.lit(sla.place(limit.over))).otherwise(within)
