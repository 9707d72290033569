"""What is said of a clinic in one line: its strongest reasons, and the fields that nobody knows of it.

Both follow from the bands alone. Order and words are the same for all clinics of a scorecard, so that there is nothing
to sort for a clinic: the strongest reason is the first of `headlines` whose band it landed in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from icp_engine.scorecard.model import Characteristic, Scorecard
from icp_engine.scorecard.outcomes import MISSING, CategoryOutcomes, CharacteristicOutcomes, Outcome, outcome_table
from icp_engine.scorecard.rounding import in_points

MAX_REASONS = 3
MAX_LENGTH = 255  # characters; what text columns of CRM systems hold
BETWEEN_REASONS, BETWEEN_FIELDS = "; ", ", "
_OR = " or "


@dataclass(frozen=True, slots=True)
class Headline:
    """A band whose reason is worth saying."""

    rule: Characteristic
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field that may not be known, the points that this may cost, and the bands that say so by characteristic."""

    name: str
    points: float
    bands: tuple[tuple[Characteristic, tuple[int, ...]], ...]


def headlines(card: Scorecard) -> list[Headline]:
    """Return every band that can give points and has a reason, by the most that it can give, then in file order.

    Points are what goes into the score: after bonus and own maximum, and the part of a weighted mean.
    """
    found = [
        (share * outcome.most, Headline(part.rule, outcome.number, outcome.reason))
        for _, part, share in _parts(card)
        if part.rule.headline
        for outcome in part.outcomes
        if outcome.reason is not None and share * outcome.most > 0
    ]
    return [headline for _, headline in sorted(found, key=lambda pair: -pair[0])]


def unknown_fields(card: Scorecard) -> list[UnknownField]:
    """Return every field that a band can say is missing, by the points that it may cost, then in file order.

    Of one characteristic those come first that bands say of themselves, then those that read as something. A
    characteristic of which any of several fields is missing says `a or b`: its band does not tell which.
    """
    costs: dict[str, Fraction] = {}
    bands: dict[str, dict[Characteristic, list[int]]] = {}
    for category, part, share in _parts(card):
        for outcome in part.outcomes:
            for name in _absent(outcome, part, category):
                bands.setdefault(name, {}).setdefault(part.rule, []).append(outcome.number)
        for name, cost in _costs(part, category, share).items():
            costs[name] = costs.get(name, Fraction(0)) + cost
    places = {name: place for place, name in enumerate(costs)}  # `all_missing` names fields before their turn
    names = sorted(bands, key=lambda name: (-costs.get(name, Fraction(0)), places.get(name, len(places))))
    return [
        UnknownField(
            name,
            in_points(round(costs.get(name, Fraction(0)))),
            tuple((rule, tuple(numbers)) for rule, numbers in bands[name].items()),
        )
        for name in names
    ]


def _parts(card: Scorecard) -> Iterator[tuple[CategoryOutcomes, CharacteristicOutcomes, Fraction]]:
    for category in outcome_table(card).categories:
        for part, share in zip(category.parts, category.shares, strict=True):
            yield category, part, share


def _costs(part: CharacteristicOutcomes, category: CategoryOutcomes, share: Fraction) -> dict[str, Fraction]:
    """Return how many hundredths less the score can be at most where a characteristic says that a field is missing.

    Where the category wants the characteristic, that is all of the category.
    """
    own = [outcome for outcome in part.outcomes if _can_be(outcome, part)]
    wanted = category.rule.requires == part.rule.name
    best = Fraction(category.maximum) if wanted else share * max(outcome.most for outcome in own)
    costs: dict[str, Fraction] = {}
    for outcome in own:
        for name in _absent_of(outcome, part.rule):
            costs[name] = max(costs.get(name, Fraction(0)), best - share * outcome.most)
    return costs


def _can_be(outcome: Outcome, part: CharacteristicOutcomes) -> bool:
    """Return whether an outcome is of the characteristic itself, and one that a clinic can land in."""
    if outcome.number == part.nothing_known:
        return False
    missing = part.rule.missing
    return outcome.number % part.with_bonus != 0 or (missing is not None and not missing.reads_as)


def _absent(outcome: Outcome, part: CharacteristicOutcomes, category: CategoryOutcomes) -> list[str]:
    """Return the fields that an outcome says are missing; of a category of which nothing is known, those of all."""
    if outcome.number != part.nothing_known:
        return _absent_of(outcome, part.rule) if _can_be(outcome, part) else []
    looked_at = [
        rule
        for rule in category.rule.characteristics
        if not rule.only_for and category.rule.requires in (None, rule.name)
    ]
    return list(dict.fromkeys(name for rule in looked_at for name in _missing(rule)))


def _absent_of(outcome: Outcome, rule: Characteristic) -> list[str]:
    if not outcome.missing:
        return []
    if outcome.band == MISSING and rule.missing is not None:
        return _missing(rule)
    return [rule.field or _OR.join(rule.value_fields)]  # a band that says that its value means nothing


def _missing(rule: Characteristic) -> list[str]:
    if rule.missing is None:
        return []
    return list(rule.missing.fields) if rule.missing.how == "all" else [_OR.join(rule.missing.fields)]
