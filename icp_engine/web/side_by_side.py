"""Two scorecards beside each other: what each gives for what, and where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from icp_engine.api.snapshot import Snapshot
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Category, Characteristic, Scorecard
from icp_engine.scorecard.outcomes import CharacteristicOutcomes, outcome_table
from icp_engine.scorecard.toml.source import shipped_names
from icp_engine.scorecard.words import only_for, rules
from icp_engine.web import spelling
from icp_engine.web.missing import NotFoundError


@dataclass(frozen=True, slots=True)
class Pair:
    """Something of both scorecards: its label, the lines of each side, none where a side has no such thing."""

    label: str
    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the sides say different things."""
        return self.left != self.right


@dataclass(frozen=True, slots=True)
class PairGroup:
    """Pairs under a heading."""

    label: str
    pairs: tuple[Pair, ...]


def other_names(run: Snapshot) -> list[str]:
    """Return the scorecards that the run's own can stand beside: the others of the run, then those that ship."""
    names = [card.id for card in run.run.cards] + shipped_names()
    return [name for name in dict.fromkeys(names) if name != run.rows.card.id]


def other_card(run: Snapshot, name: str) -> Scorecard:
    """Return one of `other_names`, as the run had it or as it ships.

    Raises:
        NotFoundError: it is none of them.
    """
    if name not in other_names(run):
        near = tuple((f"/scorecard?with={known}", known) for known in other_names(run))
        raise NotFoundError("scorecard", name, near)
    of_run = {card.id: card for card in run.run.cards}
    return of_run.get(name) or load_scorecard(name)


def side_by_side(left: Scorecard, right: Scorecard) -> tuple[PairGroup, ...]:
    """Return two scorecards in pairs, by tier and by category; what is in one alone stands beside nothing."""
    groups = [PairGroup("Tiers", tuple(_tiers(left, right)))]
    categories = [{category.name: category for category in card.categories} for card in (left, right)]
    for name in dict.fromkeys([*categories[0], *categories[1]]):
        of_both = [side.get(name) for side in categories]
        label = next(category.label for category in of_both if category)
        groups.append(PairGroup(label, tuple(_category(left, right, of_both[0], of_both[1]))))
    return tuple(groups)


def _tiers(left: Scorecard, right: Scorecard) -> Iterator[Pair]:
    for what, sides in (
        ("Clinics", (left.tiers, right.tiers)),
        ("Networks", (left.network_tiers, right.network_tiers)),
    ):
        lines = [
            tuple(f"{tier.label}: {card.edges(tier)}" for tier in tiers)
            for card, tiers in zip((left, right), sides, strict=True)
        ]
        yield Pair(what, lines[0], lines[1])


def _category(left: Scorecard, right: Scorecard, first: Category | None, second: Category | None) -> Iterator[Pair]:
    most = [(f"{spelling.points(category.maximum)} points",) if category else () for category in (first, second)]
    yield Pair("At most", most[0], most[1])
    sides = [_parts(card, category) for card, category in ((left, first), (right, second))]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        parts = [side.get(name) for side in sides]
        label = next(part.rule.label for part in parts if part)
        yield Pair(label, _lines(parts[0]), _lines(parts[1]))


def _parts(card: Scorecard, category: Category | None) -> dict[str, CharacteristicOutcomes]:
    if category is None:
        return {}
    return {part.rule.name: part for part in outcome_table(card).parts if part.rule.category == category.name}


def _lines(part: CharacteristicOutcomes | None) -> tuple[str, ...]:
    if part is None:
        return ()
    lines = [f"{rule.points}: {rule.when}" for rule in rules(part)]
    return (*_applies(part.rule), *lines)


def _applies(rule: Characteristic) -> tuple[str, ...]:
    return (only_for(rule),) if rule.only_for else ()
