"""The SLA: how long a practice of each tier may wait for contact, and where each one stands on a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.errors import did_you_mean
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.toml.table import Table

DAYS, WAIT = f"{HELPERS}days", f"{HELPERS}wait"
STATUS = f"{HELPERS}status"  # place of the status in `Sla.statuses`, the most urgent is 0
LIMIT, OVERDUE = f"{HELPERS}limit", f"{HELPERS}overdue"


@dataclass(frozen=True, slots=True)
class Status:
    """One status, and whether somebody has to act on it."""

    name: str
    act: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """The rule of one tier in days; more than `days` is over. Without `days` everything is within."""

    within: str
    days: int | None = None
    at_risk_from: int | None = None
    at_risk: str = ""
    over: str = ""


@dataclass(frozen=True, slots=True)
class Sla:
    """The limits by tier, and all statuses, the most urgent first."""

    limits: Mapping[int, Limit]
    statuses: tuple[Status, ...]

    @property
    def breaches(self) -> frozenset[str]:
        """The statuses that say that a wait is over its limit."""
        return frozenset(limit.over for limit in self.limits.values() if limit.days is not None)

    def place(self, status: str) -> int:
        """Return the place of a status, 0 is the most urgent."""
        return next(place for place, standing in enumerate(self.statuses) if standing.name == status)


def read_sla(top: Table, card: Scorecard) -> Sla:
    """Read the SLA rules for the tiers of a scorecard; mistakes are noted."""
    tiers = top.table("tier")
    statuses = tuple(_statuses(top))
    limits: dict[int, Limit] = {}
    for tier in card.tiers:
        key = str(tier.number)
        if key in tiers:
            limits[tier.number] = _limit(tiers.table(key), {status.name for status in statuses})
        else:
            tiers.problem(f"tier {key} of scorecard {card.id} is missing: say how long its practices may wait")
    tiers.close()
    used = {name for limit in limits.values() for name in (limit.within, limit.at_risk, limit.over)}
    for number, status in enumerate(statuses):
        if status.name not in used and len(limits) == len(card.tiers):
            top.problem(f"no tier leads to the status '{status.name}'; use it, or take it away", "status", number)
    return Sla(limits, statuses)


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


def _limit(table: Table, statuses: set[str]) -> Limit:
    within = _status(table, "within", statuses)
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
    number = pl.col(tier)
    limits = {key: limit.days for key, limit in sla.limits.items()}
    status = pl.coalesce(pl.when(number == key).then(_standing(limit, sla)) for key, limit in sla.limits.items())
    limit = number.replace_strict(list(limits), list(limits.values()), return_dtype=pl.Int64)
    return lf.with_columns(status.cast(pl.UInt8).alias(STATUS), limit.alias(LIMIT)).with_columns(
        (pl.col(WAIT) - pl.col(LIMIT)).clip(lower_bound=0).alias(OVERDUE)
    )


def _standing(limit: Limit, sla: Sla) -> pl.Expr:
    """Return the place of the status of a practice in a tier; where nobody knows since when it waits, it is over."""
    within = pl.lit(sla.place(limit.within))
    if limit.days is None:
        return within
    wait = pl.col(WAIT)
    if limit.at_risk_from is not None:
        within = pl.when(wait >= limit.at_risk_from).then(pl.lit(sla.place(limit.at_risk))).otherwise(within)
    return pl.when((wait > limit.days) | wait.is_null()).then(pl.lit(sla.place(limit.over))).otherwise(within)
