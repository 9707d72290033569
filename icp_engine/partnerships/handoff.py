"""Practices to a CRM, through the same door as clinics: changed rows only, checked before, reversible after.

A practice has an external id of its own, made of its practice_id or else its name. The simulated record id is no id of
any CRM, and goes into no import file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.dealing import OWNER
from icp_engine.crm.delivery import Delivery, Side, Wanted, deliver
from icp_engine.crm.delta import held
from icp_engine.crm.handoff import NOBODY, with_ids
from icp_engine.crm.manifest import HandOff
from icp_engine.crm.mapping import CrmMapping
from icp_engine.crm.records import Origin, as_texts
from icp_engine.crm.sources import (
    FRESH_ID,
    OIG,
    ORDINAL,
    OWNER_EMAIL,
    OWNER_NAME,
    RECORD_KEY,
    CrmField,
    found_fields,
)
from icp_engine.crm.team import Owner
from icp_engine.partnerships.columns import KEY
from icp_engine.partnerships.outreach import ACTION
from icp_engine.partnerships.rules import Rules
from icp_engine.partnerships.sla import STATUS
from icp_engine.partnerships.tables import best_first
from icp_engine.scorecard.model import Scorecard, ScorecardColumn

_PREFIX = "partner:"
_SLA_STATUS, _ACTION = "sla_status", "action"
_NEUTRAL: tuple[ScorecardColumn, ...] = ("total_score", "tier", "tier_label")


def hand_off_practices(
    practices: pl.LazyFrame, card: Scorecard, rules: Rules, team: Sequence[Owner], delivery: Delivery
) -> HandOff:
    """Write what has changed of practices since the last confirmed hand-off, for a CRM's importer.

    Args:
        practices: all accounts of a run, with owner, action and status.
        card: their scorecard.
        rules: say what statuses there are.
        team: owners with their addresses; an owner without one is left as it is in the CRM.
        delivery: to which CRM, and where to.

    Raises:
        InputError: the folder cannot be used, or a field of the mapping has no column.
        GateError: the importer would refuse some rows, and they are not to be left out.
    """
    records = _records(practices, card, rules, team)
    addressed = any(owner.email for owner in team)
    fields = practice_crm_fields(delivery.mapping, records.collect_schema(), card, rules, owners=addressed)

    def wanted(state: pl.LazyFrame, temp: Path) -> Wanted:
        place, ours = temp / "practice.parquet", with_ids(records, state, "practice", NOBODY)
        as_texts(ours, "practice", fields, delivery.origin).sink_parquet(place, compression="lz4", statistics=False)
        before = held(state, "practice", fields)
        side = Side("practice", fields, pl.scan_parquet(place), before, NOBODY, pl.Series(dtype=pl.String))
        counts = records.group_by(pl.col(OWNER).fill_null("")).len().sort(OWNER).collect()
        return Wanted((side,), dict(counts.iter_rows()))

    return deliver(delivery, wanted)


def origin(card: Scorecard, as_of: str) -> Origin:
    """Return what practices come from: a run that has no id but its day."""
    return Origin(f"partners {as_of}", as_of, f"{card.id} {card.version}")


def _records(practices: pl.LazyFrame, card: Scorecard, rules: Rules, team: Sequence[Owner]) -> pl.LazyFrame:
    statuses = [status.name for status in rules.sla.statuses]
    names, emails = [owner.name for owner in team], [owner.email or None for owner in team]
    email = pl.col(OWNER).replace_strict(names, emails, default=None, return_dtype=pl.String)
    return practices.with_columns(
        best_first(card).alias(ORDINAL),
        pl.col(KEY).alias(RECORD_KEY),
        (pl.lit(_PREFIX) + pl.col(KEY)).alias(FRESH_ID),
        pl.lit(value=False).alias(OIG),
        pl.col(STATUS).replace_strict(range(len(statuses)), statuses, return_dtype=pl.String).alias(_SLA_STATUS),
        pl.col(ACTION).alias(_ACTION),
        email.alias(f"{HELPERS}{OWNER_EMAIL}"),
        pl.col(OWNER).alias(f"{HELPERS}{OWNER_NAME}"),
    )


def practice_crm_fields(
    mapping: CrmMapping, schema: Mapping[str, pl.DataType], card: Scorecard, rules: Rules, *, owners: bool
) -> tuple[CrmField, ...]:
    """Return the fields of practices whose columns are there.

    Raises:
        InputError: there is no such column.
    """
    schema = {**schema, **dict.fromkeys((_SLA_STATUS, _ACTION), pl.String())}
    schema |= {column.name: column.dtype for column in card.columns}
    known = {name: (name, dtype) for name, dtype in schema.items() if not name.startswith(HELPERS)}
    known |= {key: known[card.column(key)] for key in _NEUTRAL}
    values = {
        card.column("tier_label"): tuple(tier.label for tier in card.tiers),
        _SLA_STATUS: tuple(status.name for status in rules.sla.statuses),
    }
    return found_fields(
        mapping.targets["practice"], "practice", known, lambda name: values.get(name, ()), owners=owners
    )
