"""Single changes of a clinic that a scorecard tells apart: one field, known or not, takes another value.

Numbers change in whole steps: 1 of a count or of a number in ten thousands, 0.01 of any other. A text that is known
does not change, since what a clinic is is no lever; a list that is known gains one item.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from icp_engine.scorecard.model import Characteristic, Compare, Flag, Match, Scorecard, leaves
from icp_engine.scorecard.outcomes import LinePoints, SharePoints, outcomes_of

Applies = Literal["any", "known", "missing"]
_PLAIN = tuple(map(chr, range(0x4E00, 0x4F00)))  # texts that pass no test, where no phrase holds them
_FINE = 100  # steps of a number that is no count, in each unit
_COARSE = 10_000  # the edge from which on a number changes by units
MOST_STEPS = 2**52  # up to which every step is a number of its own
_ROUNDED = 9  # decimals, beyond which a product with the steps is a rounding error
_BESIDE = (-1, 0, 1, 2)  # steps from where a ratio meets an edge: on either side, and one for rounding


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that a field may take: of which clinics, what the value is, and in which words where it is no number."""

    value: pl.Expr
    applies: Applies = "any"
    words: str = ""


@dataclass(frozen=True, slots=True)
class Lever:
    """A field that may change.

    Attributes:
        field: its name.
        kind: its type.
        unit: what it counts, if that is said.
        card: the scorecard with only those categories that read the field.
        candidates: the values to try.
        steps: of a number: steps in a unit.
        top: the highest number that the scorecard names for it, None where it names none.
        on_line: whether points lie on a line over it, or over a ratio of it.
    """

    field: str
    kind: str
    unit: str
    card: Scorecard
    candidates: tuple[Candidate, ...]
    steps: int = 1
    top: float | None = None
    on_line: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the field is a number."""
        return self.kind in ("number", "integer")

    @property
    def label(self) -> str:
        """The field in words."""
        return self.field.replace("_", " ")


def levers(card: Scorecard) -> tuple[Lever, ...]:
    """Return the fields whose change can change a total, in the order in which the scorecard reads them."""
    return tuple(lever for name in card.reads if (lever := _lever(name, card)).candidates)


def _lever(name: str, card: Scorecard) -> Lever:
    field = card.fields[name]
    affected = tuple(category for category in card.categories if name in category.sources)
    rules = [rule for category in affected for rule in category.characteristics if name in rule.sources]
    sub = replace(card, categories=affected)
    if field.type == "flag":
        return Lever(name, "flag", "", sub, tuple(_flags()))
    if field.type == "text":
        return Lever(name, "text", "", sub, tuple(_texts(name, rules)))
    if field.type == "list":
        return Lever(name, "list", "", sub, tuple(_items(name, rules)))
    edges = sorted({edge for rule in rules for edge in _edges(rule, name)})
    steps = 1 if field.type == "integer" or max(edges, default=0.0) >= _COARSE else _FINE
    of_ratios = [
        (ratio, edge)
        for ratio, parts in card.derived.items()
        if name in parts and len(set(parts)) > 1
        for edge in sorted({edge for rule in rules for edge in _edges(rule, ratio)})
    ]
    numbers = [pl.lit(value) for value in sorted({0.0, *(value for edge in edges for value in _around(edge, steps))})]
    numbers += [
        (_meets(name, card.derived[ratio], edge) * steps).floor().add(beside) / steps
        for ratio, edge in of_ratios
        for beside in _BESIDE
    ]
    scale = min(MOST_STEPS / steps, math.inf if field.scale is None else field.scale)
    values = tuple(Candidate(pl.when(number.is_between(0, scale)).then(number).cast(pl.Float64)) for number in numbers)
    top = max(edges, default=0.0) or field.scale
    on_line = any(isinstance(out.points, LinePoints) for rule in rules for out in outcomes_of(rule))
    return Lever(name, field.type, field.unit, sub, values, steps, top, on_line)


def _edges(rule: Characteristic, name: str) -> Iterator[float]:
    """Yield where a field or ratio makes a difference: edges of bands, and the ends of lines."""
    for leaf in _leaves(rule):
        if isinstance(leaf, Compare) and leaf.field == name:
            yield leaf.edge
    for outcome in outcomes_of(rule):
        if isinstance(outcome.points, LinePoints) and outcome.points.field == name:
            yield from (outcome.points.low, outcome.points.high)


def _leaves(rule: Characteristic) -> list[Compare | Match | Flag]:
    conditions = [*(band.condition for band in rule.bands), rule.bonus.condition if rule.bonus else None]
    return [leaf for condition in conditions for leaf in leaves(condition)]


def _around(edge: float, steps: int) -> Iterator[float]:
    """Yield the numbers, in whole steps, on an edge and beside it."""
    low = math.floor(round(edge * steps, _ROUNDED))
    yield from ((low + beside) / steps for beside in (-1, 0, 1))


def _meets(name: str, parts: tuple[str, str], edge: float) -> pl.Expr:
    """Return the number at which a ratio of the field is on an edge; missing where its other part is not above 0."""
    top, bottom = parts
    if name == top:
        return pl.when(pl.col(bottom) > 0).then(pl.col(bottom).cast(pl.Float64) * edge)
    if edge <= 0:
        return pl.lit(None, pl.Float64)
    return pl.when(pl.col(top) > 0).then(pl.col(top).cast(pl.Float64) / edge)


def _flags() -> Iterator[Candidate]:
    for value in (True, False):
        yield Candidate(pl.lit(value), words="true" if value else "false")


def _texts(name: str, rules: Sequence[Characteristic]) -> Iterator[Candidate]:
    """Yield a text for every mix of tests that a phrase passes, of clinics whose text is not known."""
    tests = [leaf for rule in rules for leaf in _leaves(rule) if isinstance(leaf, Match) and name in leaf.fields]
    seen: set[tuple[bool, ...]] = set()
    plain = next(sign for sign in _PLAIN if not any(sign in phrase for test in tests for phrase in test.phrases))
    yield Candidate(pl.lit(plain), "missing")
    for test in tests:
        for phrase in test.phrases:
            passed = tuple(
                any(part in phrase if other.test == "mentions" else part == phrase for part in other.phrases)
                for other in tests
            )
            if passed not in seen:
                seen.add(passed)
                yield Candidate(pl.lit(phrase), "missing", f"“{phrase}”")


def _items(name: str, rules: Sequence[Characteristic]) -> Iterator[Candidate]:
    """Yield a list with one more item, for every item that rules look for."""
    tests = [leaf for rule in rules for leaf in _leaves(rule) if isinstance(leaf, Match) and name in leaf.fields]
    forms = (outcome.points for rule in rules for outcome in outcomes_of(rule))
    shares = [form for form in forms if isinstance(form, SharePoints) and form.field == name]
    looked_for = [*(test.phrases for test in tests), *(share.phrases for share in shares)]
    items = dict.fromkeys(item for phrases in looked_for for item in phrases)
    yield Candidate(_list([]), "missing")
    for item in items:
        longer = pl.concat_list(pl.col(name).fill_null(_list([])), _list([item]))
        yield Candidate(longer, words=f"“{item}”")


def _list(items: list[str]) -> pl.Expr:
    return pl.lit(pl.Series([items], dtype=pl.List(pl.String))).first()
