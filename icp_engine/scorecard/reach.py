"""What an extract puts out of reach: the points that nobody can get because a field is missing for everyone."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from fractions import Fraction

from icp_engine.scorecard.model import AllOf, AnyOf, Band, Characteristic, Compare, Condition, Match, Scorecard
from icp_engine.scorecard.outcomes import (
    CategoryOutcomes,
    CharacteristicOutcomes,
    FixedPoints,
    Outcome,
    outcome_table,
)
from icp_engine.scorecard.rounding import in_points

_TESTS = {
    "at_least": lambda value, edge: value >= edge,
    "above": lambda value, edge: value > edge,
    "at_most": lambda value, edge: value <= edge,
    "below": lambda value, edge: value < edge,
}


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """A characteristic that loses points to fields that are missing for everyone."""

    characteristic: Characteristic
    fields: tuple[str, ...]
    points: float


@dataclass(frozen=True, slots=True)
class _Path:
    """A way through a category so far: the bands that others depend on, and whether anything is known."""

    landed: tuple[tuple[str, int], ...] = ()
    known: bool = False


@dataclass(frozen=True, slots=True)
class _Absent:
    """The fields that are missing for everyone, and what they read as in one characteristic."""

    fields: Set[str]
    derived: dict[str, tuple[str, str]]
    reads_as: dict[str, float]

    def gone(self, name: str) -> bool:
        """Return whether a field, or a ratio of it, is missing for everyone."""
        return any(part in self.fields for part in self.derived.get(name, (name,)))


def out_of_reach(card: Scorecard, absent: Set[str]) -> list[OutOfReach]:
    """Return what every characteristic loses, in points, when the given fields are missing for everyone."""
    found = []
    for part in outcome_table(card).parts:
        missing = _absent(part, card, absent)
        lost = part.most - max(_most(outcome, missing) for outcome in _possible(part, missing))
        if lost > 0:
            fields = tuple(name for name in part.rule.sources if name in absent)
            found.append(OutOfReach(part.rule, fields, in_points(lost)))
    return found


def reachable_total(card: Scorecard, absent: Set[str]) -> float:
    """Return the highest total that is left, in points, when the given fields are missing for everyone.

    Each test of a condition counts by itself: bands of two characteristics that no one clinic lands in may be added up.
    """
    table = outcome_table(card)
    return in_points(table.total([_best(category, card, absent) for category in table.categories]))


def _best(category: CategoryOutcomes, card: Scorecard, absent: Set[str]) -> int:
    """Return the highest score of a category in hundredths, of all ways through its bands."""
    needed = {name for part in category.parts for name in part.rule.only_for} | {category.rule.requires}
    paths = {_Path(): Fraction(0)}
    for part, share in zip(category.parts, category.shares, strict=True):
        missing, longer = _absent(part, card, absent), dict[_Path, Fraction]()
        outcomes = list(_possible(part, missing, required=part.rule.name == category.rule.requires))
        for path, points in paths.items():
            for outcome in outcomes if _applies(part, category, dict(path.landed)) else (None,):
                landed = path.landed
                if outcome is not None and part.rule.name in needed:
                    landed = (*landed, (part.rule.name, outcome.number))
                step = _Path(landed, path.known or (outcome is not None and outcome.number > 0))
                total = points + (share * _most(outcome, missing) if outcome else 0)
                longer[step] = max(total, longer.get(step, total))
        paths = longer
    nothing = category.rule.all_missing
    scores = [Fraction(0) if nothing and not path.known else points for path, points in paths.items()]
    return min(category.maximum, round(max(scores)))


def _applies(part: CharacteristicOutcomes, category: CategoryOutcomes, landed: dict[str, int]) -> bool:
    required = category.rule.requires
    if required and required != part.rule.name and landed[required] == 0:
        return False
    return all(landed.get(name) in category.part(name).landing_in(bands) for name, bands in part.rule.only_for.items())


def _absent(part: CharacteristicOutcomes, card: Scorecard, absent: Set[str]) -> _Absent:
    missing = part.rule.missing
    return _Absent(absent, card.derived, missing.reads_as if missing else {})


def _possible(part: CharacteristicOutcomes, absent: _Absent, *, required: bool = False) -> Iterator[Outcome]:
    """Yield the outcomes that a clinic can land in; a required characteristic has no bonus where it is missing."""
    rule = part.rule
    bonus = {False} if rule.bonus is None else _truth(rule.bonus.condition, absent)
    for number in _numbers(rule, absent):
        extras = {False} if required and number == 0 else bonus
        yield from (part.outcomes[number + part.with_bonus * extra] for extra in sorted(extras))


def _numbers(rule: Characteristic, absent: _Absent) -> Iterator[int]:
    """Yield the band numbers without bonus that a clinic can land in."""
    bands = list(_open(rule.bands, absent))
    if rule.missing is None:
        yield from bands
        return
    gone = [absent.gone(name) for name in rule.missing.fields]
    surely = all(gone) if rule.missing.how == "all" else any(gone)
    if not surely:
        yield from bands
    if rule.missing.reads_as:
        yield from (number + len(rule.bands) for number in bands)
    else:
        yield 0


def _open(bands: tuple[Band, ...], absent: _Absent) -> Iterator[int]:
    """Yield the numbers of the bands that can be the first to hold."""
    for number, band in enumerate(bands, 1):
        truth = {True} if band.condition is None else _truth(band.condition, absent)
        if True in truth:
            yield number
        if truth == {True}:
            return


def _truth(condition: Condition, absent: _Absent) -> set[bool]:
    """Return what a condition can be: true, false, or either."""
    if isinstance(condition, AnyOf | AllOf):
        parts = [_truth(part, absent) for part in condition.conditions]
        decided = isinstance(condition, AnyOf)
        if any(part == {decided} for part in parts):
            return {decided}
        return {True, False} if any(decided in part for part in parts) else {not decided}
    if isinstance(condition, Match):
        return {False} if all(absent.gone(name) for name in condition.fields) else {True, False}
    if not absent.gone(condition.field):
        return {True, False}
    if isinstance(condition, Compare) and condition.field in absent.reads_as:
        return {_TESTS[condition.test](absent.reads_as[condition.field], condition.edge)}
    return {False}


def _most(outcome: Outcome, absent: _Absent) -> int:
    """Return the most hundredths that an outcome gives."""
    form = outcome.points
    if isinstance(form, FixedPoints):
        return outcome.most
    return outcome.worth(form.absent) if absent.gone(form.field) else max(outcome.most, outcome.worth(form.absent))
