"""What accounts come to, as values that a script can read: tiers, statuses, the owners' workload."""

from typing import Any

import polars as pl

from icp_engine.partnerships.accounts import Accounts
from icp_engine.partnerships.owners import OWNER
from icp_engine.partnerships.rules import Rules
from icp_engine.partnerships.sla import STATUS
from icp_engine.scorecard.model import Scorecard

_PRACTICES, _AVERAGE = "practices", "average_score"


def summed(accounts: Accounts, card: Scorecard, rules: Rules) -> dict[str, Any]:
    """Return tiers, statuses, owners with the most accounts first, and how many waits are over their limit."""
    tier, total = card.column("tier"), pl.col(card.column("total_score"))
    cells = (
        accounts.frame.group_by(tier, STATUS, OWNER)
        .agg(pl.len().cast(pl.Int64).alias(_PRACTICES), (total * 100).round().cast(pl.Int64).sum().alias("hundredths"))
        .collect()
    )
    per_tier, per_status = _per(cells, tier), _per(cells, STATUS)
    names = [one.name for one in rules.sla.statuses]
    statuses = [
        {"status": one.name, _PRACTICES: per_status.get(place, _NONE)[_PRACTICES], "act": one.act}
        for place, one in enumerate(rules.sla.statuses)
    ]
    owners = [
        {
            "owner": owner,
            **_of(own),
            "tiers": {f"Tier {one.number}": _count(own, tier, one.number) for one in card.tiers},
            "statuses": {name: _count(own, STATUS, place) for place, name in enumerate(names)},
        }
        for (owner,), own in cells.partition_by(OWNER, as_dict=True).items()
    ]
    return {
        "tiers": [{"tier": one.number, "label": one.label, **per_tier.get(one.number, _NONE)} for one in card.tiers],
        "statuses": statuses,
        "breaches": sum(one[_PRACTICES] for one in statuses if one["status"] in rules.sla.breaches),
        "owners": sorted(owners, key=lambda one: (-one[_PRACTICES], str(one["owner"]))),
    }


_NONE: dict[str, Any] = {_PRACTICES: 0, _AVERAGE: None}


def _per(cells: pl.DataFrame, by: str) -> dict[Any, dict[str, Any]]:
    return {key: _of(own) for (key,), own in cells.partition_by(by, as_dict=True).items()}


def _of(cells: pl.DataFrame) -> dict[str, Any]:
    practices = int(cells[_PRACTICES].sum())
    return {_PRACTICES: practices, _AVERAGE: round(cells["hundredths"].sum() / practices / 100, 1)}


def _count(cells: pl.DataFrame, by: str, value: int) -> int:
    return int(cells.filter(pl.col(by) == value)[_PRACTICES].sum())
