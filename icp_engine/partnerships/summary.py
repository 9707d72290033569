"""What accounts come to: tiers, statuses, the owners' workload."""

import polars as pl

from icp_engine.crm.dealing import OWNER
from icp_engine.partnerships.accounts import Accounts
from icp_engine.partnerships.manifest import StatusCount, TierCount, Totals, Workload
from icp_engine.partnerships.rules import Rules
from icp_engine.partnerships.sla import STATUS
from icp_engine.scorecard.model import Scorecard

_PRACTICES, _HUNDREDTHS = "practices", "hundredths"


def summed(accounts: Accounts, card: Scorecard, rules: Rules) -> Totals:
    """Return tiers, statuses, owners with the most accounts first, and how many waits are over their limit."""
    tier, total = card.column("tier"), pl.col(card.column("total_score"))
    cells = (
        accounts.frame.group_by(tier, STATUS, OWNER)
        .agg(pl.len().cast(pl.Int64).alias(_PRACTICES), (total * 100).round().cast(pl.Int64).sum().alias(_HUNDREDTHS))
        .collect()
    )
    statuses = tuple(
        StatusCount(status.name, _count(cells, STATUS, place), status.act)
        for place, status in enumerate(rules.sla.statuses)
    )
    owners = [
        Workload(
            owner=str(owner),
            practices=int(own[_PRACTICES].sum()),
            average_score=_average(own),
            tiers={f"Tier {level.number}": _count(own, tier, level.number) for level in card.tiers},
            statuses={status.name: _count(own, STATUS, place) for place, status in enumerate(rules.sla.statuses)},
        )
        for (owner,), own in cells.partition_by(OWNER, as_dict=True).items()
    ]
    return Totals(
        tiers=tuple(
            TierCount(level.number, level.label, int(own[_PRACTICES].sum()), _average(own) if len(own) else None)
            for level in card.tiers
            for own in (cells.filter(pl.col(tier) == level.number),)
        ),
        statuses=statuses,
        breaches=sum(status.practices for status in statuses if status.status in rules.sla.breaches),
        owners=tuple(sorted(owners, key=lambda owner: (-owner.practices, owner.owner))),
    )


def _average(cells: pl.DataFrame) -> float:
    return round(int(cells[_HUNDREDTHS].sum()) / int(cells[_PRACTICES].sum()) / 100, 1)


def _count(cells: pl.DataFrame, by: str, value: int) -> int:
    return int(cells.filter(pl.col(by) == value)[_PRACTICES].sum())
