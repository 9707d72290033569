"""Accounts: every practice with its score, its latest contact, its owner and where it stands against the SLA."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from icp_engine.crm.dealing import OWNER
from icp_engine.database import Database
from icp_engine.extract.extract import Extract, Rejects
from icp_engine.extract.reading import AS_IT_STANDS, Reading
from icp_engine.partnerships.columns import FOLDED, KEY
from icp_engine.partnerships.contacts import (
    LATER,
    LATER_HERE,
    LATER_THERE,
    SHARED,
    SOON_AFTER,
    USED,
    Log,
    latest,
    resolved,
    sum_up,
)
from icp_engine.partnerships.crm import record_id
from icp_engine.partnerships.outreach import ACTION, action_expr
from icp_engine.partnerships.owners import RECORD, assigned, previous_owners
from icp_engine.partnerships.practices import scored_practices
from icp_engine.partnerships.problems import contact_problems, practice_problems
from icp_engine.partnerships.rules import Rules
from icp_engine.partnerships.sla import DAYS, with_sla
from icp_engine.scorecard.model import Scorecard
from icp_engine.tables.ordering import materialised
from icp_engine.warehouse.folder import place_of
from icp_engine.warehouse.switch import PARTNERS

_BEFORE = f"{OWNER}_before"
CRM_FILE = "rula_crm_records.parquet"


@dataclass(frozen=True, slots=True)
class Accounts:
    """All practices with all that is known of them, in no order.

    Attributes:
        frame: computed once; `max_rows` rows of it fit into memory.
        rows: practices.
        max_rows: as above.
        temp: where more go.
        contacts: contacts in all, used, and after the day asked for; None without a log.
        problems: frames of `PROBLEMS`, one per kind of mistake.
    """

    frame: pl.LazyFrame
    rows: int
    max_rows: int
    temp: Path
    contacts: dict[str, int] | None
    problems: list[pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class Ask:
    """What accounts are made of and for: practices, rules, and the day."""

    practices: Extract
    rejects: Rejects
    contacts: Extract | None
    card: Scorecard
    rules: Rules
    as_of: date
    today: date
    out: Path
    reading: Reading = AS_IT_STANDS


def find_accounts(ask: Ask, db: Database, max_rows: int, temp: Path) -> Accounts:
    """Score the practices, find their latest contacts and owners, and see how long they wait.

    Raises:
        InputError: a file is damaged.
    """
    card, total = ask.card, ask.card.column("total_score")
    rows = ask.practices.rows - len(ask.rejects)
    scored = materialised(scored_practices(ask.practices, ask.rejects, card), rows, max_rows, temp, "practices")
    problems = list(practice_problems(ask.practices, ask.rejects, scored, card, ask.today))
    lf, counts = scored, None
    if ask.contacts is not None:
        by_id = "practice_id" in ask.practices.columns
        log = sum_up(ask.contacts, ask.as_of, ask.today, by_id=by_id)
        calls = resolved(log, scored.select(KEY, FOLDED))
        calls = materialised(calls, log.extract.rows, max_rows, temp, "calls")  # at most a row per contact
        problems += contact_problems(log, calls)
        counts = _counts(log, calls)
        if ask.reading.time_zone is not None:  # the user knows
            counts["soon_after"] = 0
        lf = scored.join(latest(log, calls, ask.as_of), on=KEY, how="left")
    else:
        lf = lf.with_columns(pl.lit(None, pl.Int64).alias(DAYS), pl.lit(None, pl.String).alias(OWNER))
    given = pl.col("owner").str.strip_chars().str.replace_all(r"\s+", " ")
    lf = lf.with_columns(pl.coalesce(DAYS, "days_since_contact").alias(DAYS), pl.coalesce(given, OWNER).alias(OWNER))
    lf = lf.with_columns(record_id(pl.col(KEY), db).alias(RECORD))
    before = previous_owners(place_of(ask.out, CRM_FILE, PARTNERS), ask.rules.owners)
    if before is not None:
        lf = lf.join(before, on=RECORD, how="left").with_columns(pl.coalesce(OWNER, _BEFORE)).drop(_BEFORE)
    lf = with_sla(lf, ask.rules.sla, card.column("tier"), ask.as_of)
    found = materialised(lf, rows, max_rows, temp, "accounts")
    new = materialised(assigned(found, ask.rules.owners, total).lazy(), rows, max_rows, temp, "owners")
    owned = found.join(new, on=KEY, how="left", suffix="_new").with_columns(
        pl.coalesce(OWNER, f"{OWNER}_new"), action_expr(ask.rules.outreach, card.column("tier")).alias(ACTION)
    )
    frame = materialised(owned.drop(f"{OWNER}_new"), rows, max_rows, temp, "owned")
    return Accounts(frame, rows, max_rows, temp, counts, problems)


def _counts(log: Log, calls: pl.LazyFrame) -> dict[str, int]:
    names = {
        "used": USED,
        "after_as_of": LATER,
        "after_here_alone": LATER_HERE,
        "after_there_alone": LATER_THERE,
        "soon_after": SOON_AFTER,
    }
    known = pl.col(SHARED) == 1
    counts = calls.select(pl.col(column).filter(known).sum().alias(name) for name, column in names.items())
    return {"rows": log.extract.rows, **counts.collect().row(0, named=True)}
