"""What the tiers cost against the people there are: touches a week, the cut-off that can be kept, who is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from icp_engine.crm.dealing import ACCOUNT, OWNER, POINTS, SEGMENT, STATE, deal, eligible, hundredths
from icp_engine.crm.sources import OF_SEGMENT, OF_STATE, RECORD_KEY, SCORE, clinic_records
from icp_engine.crm.team import Owner
from icp_engine.errors import InputError
from icp_engine.published.run import Run

_WEEK = 7  # days
_TIER, _GROUP, _ABOVE = "tier", "group", "above"


@dataclass(frozen=True, slots=True)
class TierCost:
    """What a tier takes: its clinics, the days within which each is due again, and touches a week for all."""

    tier: int
    label: str
    clinics: int
    days: float | None
    touches: float


@dataclass(frozen=True, slots=True)
class Load:
    """One owner: accounts once all are dealt, the touches a week that they take, and those that the person can make."""

    name: str
    accounts: int
    touches: float
    can: float

    @property
    def over(self) -> float:
        """Touches a week that nobody has time for."""
        return max(0.0, self.touches - self.can)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the tiers cost.

    Attributes:
        cut_off: the lowest score from which on all clinics can be kept within the limit of the best tier; None where
            not even those of the highest score can. `kept` are those clinics.
        without: clinics of the tiers that nobody could take.
    """

    tiers: tuple[TierCost, ...]
    touches: float
    can: float
    best: TierCost
    cut_off: float | None
    kept: int
    owners: tuple[Load, ...]
    without: int


def make_plan(run: Run, team: Sequence[Owner], limits: Mapping[int, float | None]) -> Plan:
    """Return what the tiers of a run cost.

    A clinic whose tier has a limit of some days is due again within so many, which is 7 / days touches a week; 0
    counts as a day. Those without a limit cost nothing.

    Raises:
        InputError: somebody of the team does not say how many touches a week are possible, or no tier has a limit.
    """
    silent = next((owner.name for owner in team if owner.touches_a_week is None), None)
    if silent is not None:
        raise InputError(f"{silent} has no touches_a_week; a plan needs to know how often each can make contact.")
    if not any(days is not None for days in limits.values()):
        raise InputError("No tier of the SLA rules has a limit, so nothing is due; give one with limit_days.")
    clinics = _clinics(run)
    costs = {number: 0.0 if days is None else _WEEK / (days or 1) for number, days in limits.items()}
    counts = dict(clinics.group_by(_TIER).len().collect().iter_rows())
    tiers = tuple(
        TierCost(tier.number, tier.label, found := counts.get(tier.number, 0), limits[tier.number],
                 found * costs[tier.number])
        for tier in run.card.tiers
    )  # fmt: skip
    best = next(tier for tier in tiers if tier.days is not None)
    cut_off, kept = _cut_off(clinics, team, costs[best.tier])
    owners, without = _loads(clinics, team, costs)
    can = sum(owner.touches_a_week or 0.0 for owner in team)
    return Plan(tiers, sum(tier.touches for tier in tiers), can, best, cut_off, kept, owners, without)


def _clinics(run: Run) -> pl.LazyFrame:
    tier = run.card.column("tier")
    found = clinic_records(run, (), [tier]).select(
        pl.col(RECORD_KEY).alias(ACCOUNT), hundredths(SCORE).alias(POINTS), pl.col(OF_STATE).alias(STATE),
        pl.col(OF_SEGMENT).alias(SEGMENT), pl.col(tier).cast(pl.Int64).alias(_TIER),
    )  # fmt: skip
    return found.collect().lazy()


def _cut_off(clinics: pl.LazyFrame, team: Sequence[Owner], cost: float) -> tuple[float | None, int]:
    """Return the lowest score from which on all can be kept, and how many those are.

    How many can be kept falls as the score rises, so the place is found by halving.
    """
    rooms = [_room(owner, cost) for owner in team]
    pairs = clinics.select(STATE, SEGMENT).unique().collect()
    groups = [eligible(state, segment, team) for state, segment in pairs.iter_rows()]
    known = sorted(set(groups))
    numbered = pairs.with_columns(pl.Series(_GROUP, [known.index(group) for group in groups], pl.Int64))
    counts = (
        clinics.join(numbered.lazy(), on=[STATE, SEGMENT], nulls_equal=True).group_by(POINTS, _GROUP).len().collect()
    )
    steps = counts.select(POINTS).unique().sort(POINTS, descending=True)[POINTS].to_list()

    def kept(number: int) -> dict[int, int]:
        above = counts.filter(pl.col(POINTS) >= steps[number - 1]) if number else counts.clear()
        return dict(above.group_by(_GROUP).agg(pl.col("len").sum()).iter_rows())

    low, high = 0, len(steps)
    while low < high:
        middle = (low + high + 1) // 2
        demand = {known[group]: number for group, number in kept(middle).items()}
        low, high = (middle, high) if can_take(demand, rooms) else (low, middle - 1)
    return (steps[low - 1] / 100 if low else None), sum(kept(low).values())


def _room(owner: Owner, cost: float) -> int:
    most = int((owner.touches_a_week or 0.0) / cost + 1e-9)
    return most if owner.capacity is None else min(most, owner.capacity)


def can_take(demand: Mapping[tuple[int, ...], int], rooms: Sequence[int]) -> bool:
    """Tell whether accounts can be dealt so that nobody has more than there is room for: a flow that is filled up.

    Args:
        demand: how many accounts there are, by the places of those who may take them.
        rooms: how many each can take.
    """
    flow: dict[tuple[tuple[int, ...], int], int] = {}
    left = list(rooms)
    for group, count in demand.items():
        waiting = count
        while waiting:
            path = _path(group, demand, left, flow)
            if path is None:
                return False
            waiting -= _push(path, waiting, left, flow)
    return True


Step = tuple[tuple[int, ...], int]


def _path(
    start: tuple[int, ...], demand: Mapping[tuple[int, ...], int], left: Sequence[int], flow: Mapping[Step, int]
) -> list[Step] | None:
    """Return the shortest way from a group to somebody with room: steps to an owner, and on to a group of the owner."""
    queue: list[list[Step]] = [[(start, place)] for place in start]
    seen = set(start)
    for path in queue:
        place = path[-1][1]
        if left[place]:
            return path
        for group in demand:
            if flow.get((group, place)):
                queue += [[*path, (group, other)] for other in group if other not in seen]
                seen |= set(group)
    return None


def _push(path: Sequence[Step], count: int, left: list[int], flow: dict[Step, int]) -> int:
    """Move as many accounts along a way as it takes, and return how many."""
    taken = [flow[group, before] for (_, before), (group, _) in pairwise(path)]
    number = min([count, left[path[-1][1]], *taken])
    for group, place in path:
        flow[group, place] = flow.get((group, place), 0) + number
    for (_, before), (group, _) in pairwise(path):
        flow[group, before] -= number
    left[path[-1][1]] -= number
    return number


def _loads(clinics: pl.LazyFrame, team: Sequence[Owner], costs: Mapping[int, float]) -> tuple[tuple[Load, ...], int]:
    """Return what everybody has once all clinics that are ever due are dealt, and how many nobody could take."""
    due = [number for number, cost in costs.items() if cost]
    accounts = clinics.filter(pl.col(_TIER).is_in(due)).with_columns(pl.lit(None, pl.String).alias(OWNER))
    dealt = deal(accounts, team)
    owned = accounts.drop(OWNER).join(dealt.lazy(), on=ACCOUNT, how="left")
    counts = owned.group_by(OWNER, _TIER).len().collect()
    loads = []
    for owner in team:
        mine = {tier: number for name, tier, number in counts.iter_rows() if name == owner.name}
        touches = sum(number * costs[tier] for tier, number in mine.items())
        loads.append(Load(owner.name, sum(mine.values()), touches, owner.touches_a_week or 0.0))
    return tuple(loads), int(counts.filter(pl.col(OWNER).is_null())["len"].sum())
