"""From accounts to the tables that people work with: which value goes into which column, in which order."""

from collections.abc import Callable, Mapping

import polars as pl

from icp_engine.crm.dealing import OWNER
from icp_engine.partnerships.columns import CRM, GAP, HOOKS, KEY, NAME, NEVER, NOTES, SCORES, SLA, SLA_HOURS
from icp_engine.partnerships.outreach import ACTION, HOOK, SIGNAL, with_hooks
from icp_engine.partnerships.owners import RECORD
from icp_engine.partnerships.rules import Rules
from icp_engine.partnerships.sla import DAYS, HOURS, LIMIT, LIMIT_HOURS, OVERDUE, OVERDUE_HOURS, STATUS, WAIT
from icp_engine.scorecard.model import Scorecard
from icp_engine.tables.ordering import ORDER

TIES = (NAME, KEY)
_DAYS_BITS, _SCORE_BITS = 24, 20  # waits up to 45,000 years, scores up to 10,000 points
DAYS_COLUMNS = ("Days Since Last Contact", "Days Since Contact")

Values = Mapping[str, pl.Expr]
Make = Callable[[pl.DataFrame, int], pl.DataFrame]
"""Makes the rows of a table of some accounts in order, of which so many came before."""


def best_first(card: Scorecard) -> pl.Expr:
    """Return one whole number that sorts by tier, then score, highest first."""
    tier: pl.Expr = pl.col(card.column("tier")).cast(pl.Int64) * 2**_SCORE_BITS
    return (tier + _worse(card)).alias(ORDER)


def most_urgent_first(card: Scorecard) -> pl.Expr:
    """Return one whole number that sorts by status, then never contacted, longest wait, and score, highest first."""
    longest = 2**_DAYS_BITS - 1
    shorter = (longest - pl.col(WAIT).fill_null(longest)).clip(0, longest)
    contacted = pl.col(DAYS).is_not_null().cast(pl.Int64)
    first = pl.col(STATUS).cast(pl.Int64) * 2 + contacted
    waiting: pl.Expr = (first * 2**_DAYS_BITS + shorter) * 2**_SCORE_BITS
    return (waiting + _worse(card)).alias(ORDER)


def _worse(card: Scorecard) -> pl.Expr:
    return pl.lit(2**_SCORE_BITS - 1) - (pl.col(card.column("total_score")) * 100).round().cast(pl.Int64)


def scores(card: Scorecard) -> Make:
    """Return how `rula_partner_scores` is made."""
    points = {category.name: pl.col(category.column) for category in card.categories}
    values = {
        "Tier": pl.col(card.column("tier_label")),
        "Name": pl.col(NAME),
        **_of_practice(card),
        "Provider Count": pl.col("provider_count"),
        "BH Referral Gap": pl.col(GAP),
        "Insurance Networks": pl.col("insurance_networks"),
        "Monthly Patient Volume": pl.col("monthly_patient_volume"),
        "Providers (pts)": points["providers"],
        "BH Gap (pts)": points["bh_gap"],
        "Networks (pts)": points["networks"],
        "Volume (pts)": points["volume"],
        "Outreach Action": pl.col(ACTION),
    }

    def make(frame: pl.DataFrame, before: int) -> pl.DataFrame:
        ranks = {"Rank": pl.int_range(before + 1, before + 1 + len(frame), dtype=pl.Int64)}
        return frame.select((values | ranks)[column.name].alias(column.name) for column in SCORES)

    return make


def crm(card: Scorecard, rules: Rules) -> Make:
    """Return how `rula_crm_records` is made."""
    values = {
        "SF Record ID": pl.col(RECORD),
        "Account Name": pl.col(NAME),
        **_of_practice(card),
        "Tier": _tier(card),
        "Owner": pl.col(OWNER),
        "Days Since Last Contact": pl.col(DAYS),
        "SLA Status": _status(rules),
        "Recommended Action": pl.col(ACTION),
    }
    return lambda frame, _: frame.select(values[column.name].alias(column.name) for column in CRM)


def sla(card: Scorecard, rules: Rules) -> Make:
    """Return how `rula_sla_tracker` is made."""
    values = {
        "Status": _status(rules),
        "Practice Name": pl.col(NAME),
        **_of_practice(card),
        "Tier": _tier(card),
        "Owner": pl.col(OWNER),
        "Days Since Contact": pl.col(DAYS),
        "SLA (days)": pl.col(LIMIT),
        "Days Overdue": pl.col(OVERDUE),
        "Recommended Action": pl.col(ACTION),
    }
    columns = SLA if rules.sla.calendar is None else (*SLA, *SLA_HOURS)
    of_hours = (pl.col(name) for name in (HOURS, LIMIT_HOURS, OVERDUE_HOURS))
    values |= dict(zip((column.name for column in SLA_HOURS), of_hours, strict=True))
    return lambda frame, _: frame.select(values[column.name].alias(column.name) for column in columns)


def hooks(card: Scorecard, rules: Rules) -> Make:
    """Return how `rula_outreach_hooks` is made."""
    values = {"Name": pl.col(NAME), "Signal": pl.col(SIGNAL), "Hook": pl.col(HOOK)}
    return lambda frame, _: (
        with_hooks(frame.lazy(), rules.outreach, card, card.column("tier"))
        .select(values[column.name].alias(column.name) for column in HOOKS)
        .collect()
    )


def as_told(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table as CSV and the terminal say it: in words where nobody was ever contacted."""
    columns = [name for name in DAYS_COLUMNS if name in frame.columns]
    return frame.with_columns(pl.col(columns).cast(pl.String).fill_null(NEVER))


def _of_practice(card: Scorecard) -> dict[str, pl.Expr]:
    return {
        "Practice Type": pl.col("practice_type"),
        "Location": pl.col("location"),
        "Score": pl.col(card.column("total_score")),
        "Notes": pl.col(NOTES),
    }


def _tier(card: Scorecard) -> pl.Expr:
    return pl.format("Tier {}", card.column("tier"))


def _status(rules: Rules) -> pl.Expr:
    names = [status.name for status in rules.sla.statuses]
    return pl.col(STATUS).replace_strict(range(len(names)), names, return_dtype=pl.String)
