"""Deal accounts to owners, so that the sums of scores come out even, within territories and capacities."""

from collections.abc import Sequence

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.team import Owner

ACCOUNT, OWNER, POINTS = f"{HELPERS}account", f"{HELPERS}owner", f"{HELPERS}points"
STATE, SEGMENT = f"{HELPERS}state", f"{HELPERS}segment"
_GROUP = f"{HELPERS}group"


def hundredths(score: str) -> pl.Expr:
    """Return a score as whole hundredths, so that no order of addition changes a digit; 0 where it is missing."""
    return (pl.col(score) * 100).round().cast(pl.Int64).fill_null(0)


def deal(accounts: pl.LazyFrame, team: Sequence[Owner]) -> pl.DataFrame:
    """Return `ACCOUNT` and `OWNER` (the name) of the accounts that had no owner of the team and get one.

    An account in somebody's territory is for those whose territory it is in; the rest are for those without one.
    Territories of few people are dealt before those of many. What an owner has already counts, as points and against
    the capacity; where nobody has room left the accounts with the lowest scores stay without an owner.

    Args:
        accounts: all accounts with `ACCOUNT`, `OWNER` (missing, or a name), `POINTS`, `STATE` and `SEGMENT`.
        team: who takes them.
    """
    names = [owner.name for owner in team]
    ours = pl.col(OWNER).is_in(names)
    held = accounts.filter(ours).group_by(OWNER).agg(pl.col(POINTS).sum(), pl.len()).collect()
    by_name = {name: (points, count) for name, points, count in held.iter_rows()}
    loads = [by_name.get(name, (0, 0))[0] for name in names]
    counts = [by_name.get(name, (0, 0))[1] for name in names]
    new = accounts.filter(ours.fill_null(value=False).not_()).select(ACCOUNT, POINTS, STATE, SEGMENT).collect()
    dealt = [pl.DataFrame(schema={ACCOUNT: new.schema[ACCOUNT], OWNER: pl.String()})]
    for places, group in _territories(new, team):
        rooms = [_room(team[place], counts[place]) for place in places]
        ordered = group.sort(POINTS, ACCOUNT, descending=[True, False])
        taken = turns([loads[place] for place in places], rooms, int(group[POINTS].sum()), len(group))
        got = ordered.head(sum(taken)).with_columns(in_turn(taken, [names[place] for place in places]).alias(OWNER))
        for name, points, count in got.group_by(OWNER).agg(pl.col(POINTS).sum(), pl.len()).iter_rows():
            loads[names.index(name)] += points
            counts[names.index(name)] += count
        dealt.append(got.select(ACCOUNT, OWNER))
    return pl.concat(dealt)


def _room(owner: Owner, count: int) -> int | None:
    return None if owner.capacity is None else max(0, owner.capacity - count)


def _territories(new: pl.DataFrame, team: Sequence[Owner]) -> list[tuple[tuple[int, ...], pl.DataFrame]]:
    """Return the accounts by the places of those who may take them, those of few people first."""
    pairs = new.select(STATE, SEGMENT).unique()
    places = [eligible(state, segment, team) for state, segment in pairs.iter_rows()]
    known = sorted(set(places), key=lambda group: (len(group), group))
    numbered = pairs.with_columns(pl.Series(_GROUP, [known.index(group) for group in places], pl.Int64))
    grouped = new.join(numbered, on=[STATE, SEGMENT], nulls_equal=True).partition_by(_GROUP, as_dict=True)
    return [(group, grouped[number,]) for number, group in enumerate(known) if group]


def eligible(state: str | None, segment: str | None, team: Sequence[Owner]) -> tuple[int, ...]:
    """Return the places of those who may take an account: whose territory it is in, or else those without one."""
    within = tuple(place for place, owner in enumerate(team) if owner.has_territory and owner.covers(state, segment))
    return within or tuple(place for place, owner in enumerate(team) if not owner.has_territory)


def turns(loads: Sequence[int], rooms: Sequence[int | None], points: int, count: int) -> list[int]:
    """Return how many of the accounts each owner gets, so that the sums of points come out even.

    Args:
        loads: the points (hundredths) that each has.
        rooms: how many more accounts each can take; None for no end.
        points: those of the accounts.
        count: how many accounts there are.
    """
    taken, open_, left = [0] * len(loads), list(range(len(loads))), count
    while open_:
        shares = _shares([loads[place] for place in open_], points * left // count if count else 0)
        due = dict(zip(open_, _whole(shares, left), strict=True))
        full = {place: room for place in due if (room := rooms[place]) is not None and due[place] > room}
        if not full:
            full, open_ = due, []
        for place, number in full.items():
            taken[place] = number
        left, open_ = left - sum(full.values()), [place for place in open_ if place not in full]
    return taken


def _shares(loads: list[int], new: int) -> list[float]:
    """Return the share of the new points (hundredths) that each owner gets: the least loaded ones rise to one level."""
    if new <= 0:
        return [1 / len(loads)] * len(loads)
    level, rest = 0.0, sorted(loads)
    for count in range(1, len(rest) + 1):
        level = (new + sum(rest[:count])) / count
        if count == len(rest) or level <= rest[count]:
            break
    return [max(0.0, level - load) / new for load in loads]


def _whole(shares: list[float], count: int) -> list[int]:
    """Return shares of a number as whole numbers that add up to it: the largest remainders are rounded up."""
    exact = [share * count for share in shares]
    whole = [int(share) for share in exact]
    by_rest = sorted(range(len(shares)), key=lambda place: (whole[place] - exact[place], place))
    for place in by_rest[: count - sum(whole)]:
        whole[place] += 1
    return whole


def in_turn(turns: Sequence[int], owners: Sequence[str]) -> pl.Series:
    """Return the owner of each place of a list, the best first: back and forth, so that all get good and poor ones."""
    table = pl.DataFrame(
        {"owner": list(owners), "place": range(len(owners)), "turns": list(turns)},
        schema={"owner": pl.String, "place": pl.Int64, "turns": pl.Int64},
    ).filter(pl.col("turns") > 0)
    turn = pl.col("turn")
    return (
        table.with_columns(pl.int_ranges(pl.col("turns")).alias("turn"))
        .explode("turn")
        .with_columns(
            ((turn + 0.5) / pl.col("turns")).alias("when"),
            pl.when(turn % 2 == 0).then(pl.col("place")).otherwise(-pl.col("place")).alias("who first"),
        )
        .sort("when", "who first")["owner"]
    )
