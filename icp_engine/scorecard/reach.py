"""What an extract puts out of reach: the points that nobody can get because a field is missing for everyone."""

from collections.abc import Set
from dataclasses import dataclass

from icp_engine.scorecard.model import AllOf, AnyOf, Category, Characteristic, Condition, Match, Scorecard


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """A characteristic that loses points to fields that are missing for everyone."""

    characteristic: Characteristic
    fields: tuple[str, ...]
    points: float


def out_of_reach(card: Scorecard, absent: Set[str]) -> list[OutOfReach]:
    """Return what every characteristic loses, in points, when the given fields are missing for everyone."""
    found = []
    for one in card.characteristics:
        lost = one.most - _reachable(one, card, absent)
        if lost > 0:
            found.append(OutOfReach(one, tuple(name for name in one.sources if name in absent), round(lost, 2)))
    return found


def reachable_total(card: Scorecard, absent: Set[str]) -> float:
    """Return the highest sum of category scores that is left, in points."""
    return round(sum(_category(category, card, absent) for category in card.categories), 2)


def _category(category: Category, card: Scorecard, absent: Set[str]) -> float:
    first = category.characteristics[0]
    if category.requires and first.missing and _surely_missing(first, card, absent):
        return 0.0
    return min(category.maximum, sum(_reachable(one, card, absent) for one in category.characteristics))


def _reachable(one: Characteristic, card: Scorecard, absent: Set[str]) -> float:
    if one.missing and not one.missing.reads_as and _surely_missing(one, card, absent):
        return one.missing.points
    open_bands = [band.points.most for band in one.bands if _possible(band.condition, card, absent)]
    most = max(open_bands, default=0.0)
    if one.bonus and _possible(one.bonus.condition, card, absent):
        most += one.bonus.points
    return most if one.maximum is None else min(most, one.maximum)


def _surely_missing(one: Characteristic, card: Scorecard, absent: Set[str]) -> bool:
    if one.missing is None:
        return False
    gone = [_gone(name, card, absent) for name in one.missing.fields]
    return all(gone) if one.missing.how == "all" else any(gone)


def _gone(name: str, card: Scorecard, absent: Set[str]) -> bool:
    return any(part in absent for part in card.derived.get(name, (name,)))


def _possible(condition: Condition | None, card: Scorecard, absent: Set[str]) -> bool:
    if condition is None:
        return True
    if isinstance(condition, AnyOf):
        return any(_possible(part, card, absent) for part in condition.conditions)
    if isinstance(condition, AllOf):
        return all(_possible(part, card, absent) for part in condition.conditions)
    if isinstance(condition, Match):
        return not all(_gone(name, card, absent) for name in condition.fields)
    return not _gone(condition.field, card, absent)
