"""What a characteristic can come to once fields that are missing become known: every state of its fields, tried out.

A field of one clinic is `OPEN` (missing), `GONE` (a ratio that no completion can form), or in one of its states: a
stretch between edges of the characteristic, a flag, or the tests that a text or a list passes. A situation is a state
of every field that the characteristic reads. How many situations there are depends on the scorecard alone.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod

from icp_engine.scorecard.model import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Match,
    Scorecard,
    leaves,
)
from icp_engine.scorecard.outcomes import CategoryOutcomes, CharacteristicOutcomes, FixedPoints, LinePoints, SharePoints

OPEN, GONE, STATES = 0, 1, 2
MAX_SITUATIONS = 100_000  # more are told apart by the band alone, and every outcome counts as possible
_MAX_TESTS = 8  # of one text in one characteristic, whose 256 mixes are told apart
_INCLUSIVE = {"at_least": True, "below": True, "above": False, "at_most": False}
_LARGEST = sys.float_info.max

Cut = tuple[float, bool]
"""An edge, and whether the value on it belongs to the stretch above."""

Worth = tuple[int, int] | None
"""The fewest and the most hundredths of an outcome; None where they follow from a value that is known."""


@dataclass(frozen=True, slots=True)
class State:
    """What a value can be like, as one characteristic sees it.

    Attributes:
        low: the lowest number, or the fewest items that count.
        high: the highest number, or the most items.
        truth: whether a flag is true.
        passed: the tests of a text or list that hold, as bits.
    """

    low: float = 0
    high: float = 0
    truth: bool = False
    passed: int = 0


@dataclass(frozen=True, slots=True)
class FieldStates:
    """The states of one field or ratio in one characteristic: those that a completion can have, by their numbers.

    Attributes:
        name: the field or ratio.
        kind: its type; `ratio` for a ratio.
        cuts: of a number: the edges, ascending.
        tests: of a text or list: what is looked for, a bit each.
        states: what can be, by number; numbers without a state are those that nothing can have.
        size: one more than the highest number.
    """

    name: str
    kind: str
    cuts: tuple[Cut, ...] = ()
    tests: tuple[Match, ...] = ()
    states: Mapping[int, State] = field(default_factory=dict)
    size: int = STATES


@dataclass(frozen=True, slots=True)
class Situations:
    """A characteristic with the states of everything that it reads, and what every situation can lead to.

    `together` says that there are too many situations: then its number is 0 where anything is open, or else one more
    than the band.
    """

    part: CharacteristicOutcomes
    required: bool
    fields: tuple[FieldStates, ...]
    together: bool
    seen: dict[tuple[tuple[int, ...], frozenset[str]], dict[int, Worth]] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """One more than the highest number of a situation."""
        return len(self.part.outcomes) + 1 if self.together else prod(states.size for states in self.fields)

    def states_of(self, number: int) -> tuple[int, ...]:
        """Return the states of the fields in a situation."""
        found = []
        for states in reversed(self.fields):
            number, state = divmod(number, states.size)
            found.append(state)
        return tuple(reversed(found))

    def possible(self, number: int) -> dict[int, Worth]:
        """Return the outcomes that completions of a situation lead to, by number, each with what it is worth."""
        if not self.together:
            return self._possible(self.states_of(number), frozenset())
        if number:
            landed = 0 if number - 1 == self.part.nothing_known else number - 1
            return {landed: self._worth(landed, (), frozenset())}
        own = [outcome.number for outcome in self.part.outcomes if outcome.number != self.part.nothing_known]
        return {outcome: self.part.outcomes[outcome].ends for outcome in own}

    def _possible(self, states: tuple[int, ...], filled: frozenset[str]) -> dict[int, Worth]:
        key = states, filled
        if key not in self.seen:
            self.seen[key] = self._tried(states, filled)
        return self.seen[key]

    def _tried(self, states: tuple[int, ...], filled: frozenset[str]) -> dict[int, Worth]:
        if OPEN not in states:
            landed = landing(self, states)
            return {landed: self._worth(landed, states, filled)}
        place = states.index(OPEN)
        column = self.fields[place]
        measured = {column.name} & self._measured
        found: dict[int, Worth] = {}
        for state in (GONE, *column.states):
            completed = (*states[:place], state, *states[place + 1 :])
            for outcome, worth in self._possible(completed, filled | measured).items():
                other = found.get(outcome, worth)
                both = worth and other and (min(worth[0], other[0]), max(worth[1], other[1]))
                found[outcome] = both or None
        return found

    @property
    def _measured(self) -> set[str]:
        """The fields whose values points follow."""
        forms = (outcome.points for outcome in self.part.outcomes)
        return {form.field for form in forms if not isinstance(form, FixedPoints)}

    def _worth(self, number: int, states: tuple[int, ...], filled: frozenset[str]) -> Worth:
        """Return what an outcome gives; where points depend on a value that was known all along, None."""
        outcome = self.part.outcomes[number]
        form = outcome.points
        if isinstance(form, FixedPoints):
            return outcome.worth(form.value), outcome.worth(form.value)
        if form.field not in filled:
            return None
        pairs = zip(self.fields, states, strict=True)
        column, state = next(pair for pair in pairs if pair[0].name == form.field)
        if state == GONE:
            return outcome.worth(form.absent), outcome.worth(form.absent)
        ends = [_at(form, end) for end in (column.states[state].low, column.states[state].high)]
        return outcome.worth(min(ends)), outcome.worth(max(ends))


@lru_cache(maxsize=16)
def situations(card: Scorecard, category: CategoryOutcomes) -> tuple[Situations, ...]:
    """Return the situations of every characteristic of a category."""
    return tuple(_situations(part, part.rule.name == category.rule.requires, card) for part in category.parts)


def _situations(part: CharacteristicOutcomes, required: bool, card: Scorecard) -> Situations:
    columns = tuple(_states(name, part, card) for name in part.rule.value_fields)
    known = [column for column in columns if column is not None]
    together = len(known) < len(columns) or prod(column.size for column in known) > MAX_SITUATIONS
    return Situations(part, required, () if together else tuple(known), together)


def _states(name: str, part: CharacteristicOutcomes, card: Scorecard) -> FieldStates | None:
    rule = part.rule
    conditions = [*(band.condition for band in rule.bands), rule.bonus.condition if rule.bonus else None]
    tests = [leaf for condition in conditions for leaf in leaves(condition)]
    if name in card.derived:
        return _numbers(name, "ratio", tests, math.ulp(0.0), _LARGEST, same=len(set(card.derived[name])) == 1)
    kind, scale = card.fields[name].type, card.fields[name].scale
    if kind in ("number", "integer"):
        return _numbers(name, kind, tests, 0.0, _LARGEST if scale is None else scale)
    if kind == "flag":
        return FieldStates(name, kind, states={STATES: State(), STATES + 1: State(truth=True)}, size=STATES + 2)
    matches = tuple(dict.fromkeys(leaf for leaf in tests if isinstance(leaf, Match) and name in leaf.fields))
    if len(matches) > _MAX_TESTS:
        return None
    shares = [outcome.points for outcome in part.outcomes if isinstance(outcome.points, SharePoints)]
    shares = list(dict.fromkeys(share for share in shares if share.field == name))
    if len(shares) > 1:
        return None
    mixes = _lists(matches, shares[0].phrases if shares else ()) if kind == "list" else _texts(matches)
    states = {STATES + mix: State(fewest, most, passed=mix) for mix, (fewest, most) in mixes.items()}
    return FieldStates(name, kind, tests=matches, states=states, size=STATES + 2 ** len(matches))


def _numbers(
    name: str, kind: str, tests: Sequence[Compare | Match | object], low: float, high: float, *, same: bool = False
) -> FieldStates:
    """Return the stretches between edges that hold a number of the kind; `same`: the ratio of a field to itself."""
    own = {(test.edge, not _INCLUSIVE[test.test]) for test in tests if isinstance(test, Compare) and test.field == name}
    cuts = tuple((edge, not above) for edge, above in sorted(own))
    starts = [low, *(max(low, _first(cut, kind)) for cut in cuts)]
    ends = [*(min(high, _last(cut, kind)) for cut in cuts), high]
    states = {
        STATES + number: State(start, end)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        if start <= end and (not same or start <= 1 <= end)
    }
    if same:
        states = {number: State(1.0, 1.0) for number in states}
    return FieldStates(name, kind, cuts=cuts, states=states, size=STATES + len(cuts) + 1)


def _first(cut: Cut, kind: str) -> float:
    """Return the lowest number above a cut."""
    edge, inclusive = cut
    if kind == "integer":
        return math.ceil(edge) if inclusive else math.floor(edge) + 1
    return edge if inclusive else math.nextafter(edge, math.inf)


def _last(cut: Cut, kind: str) -> float:
    """Return the highest number below a cut."""
    edge, inclusive = cut
    if kind == "integer":
        return math.ceil(edge) - 1 if inclusive else math.floor(edge)
    return math.nextafter(edge, -math.inf) if inclusive else edge


def _texts(tests: Sequence[Match]) -> dict[int, tuple[int, int]]:
    """Return the mixes of tests that a text can pass: what phrases pass, alone or one after the other."""
    phrases = {phrase for test in tests for phrase in test.phrases}

    def passed(text: str, kinds: tuple[str, ...]) -> int:
        return sum(
            (text in test.phrases if test.test == "equals" else any(phrase in text for phrase in test.phrases)) << place
            for place, test in enumerate(tests)
            if test.test in kinds
        )

    mixes = {0}
    for phrase in phrases:
        mixes |= {mix | passed(phrase, ("mentions",)) for mix in mixes}
    alone = {passed(phrase, ("mentions", "equals")) for phrase in phrases}
    return dict.fromkeys(sorted(mixes | alone), (0, 0))


def _lists(tests: Sequence[Match], counted: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Return the mixes of tests that a list can pass, with the fewest and the most items that count."""
    items = {item for test in tests for item in test.phrases} | set(counted)
    mixes: dict[int, tuple[int, int]] = {0: (0, 0)}
    for item in items:
        passed, counts = sum((item in test.phrases) << place for place, test in enumerate(tests)), int(item in counted)
        for mix, (fewest, most) in list(mixes.items()):
            longer = fewest + counts, most + counts
            other = mixes.get(mix | passed, longer)
            mixes[mix | passed] = min(longer[0], other[0]), max(longer[1], other[1])
    return mixes


def _at(form: LinePoints | SharePoints, value: float) -> int:
    return form.at(value) if isinstance(form, LinePoints) else form.by_count[int(value)]


def landing(situation: Situations, states: Sequence[int]) -> int:
    """Return the outcome that a clinic lands in whose fields are in these states, none of them open."""
    rule = situation.part.rule
    columns = {column.name: column for column in situation.fields}
    found = {name: columns[name].states.get(state) for name, state in zip(columns, states, strict=True)}
    reads = rule.missing.reads_as if rule.missing else {}

    def holds(condition: Condition) -> bool:
        if isinstance(condition, AnyOf | AllOf):
            every = all if isinstance(condition, AllOf) else any
            return every(holds(part) for part in condition.conditions)
        if isinstance(condition, Match):
            known = [(columns[name], state) for name in condition.fields if (state := found[name]) is not None]
            return any(state.passed >> column.tests.index(condition) & 1 for column, state in known)
        state = found[condition.field]
        if not isinstance(condition, Compare):
            return state is not None and state.truth is condition.value
        value = reads.get(condition.field) if state is None else state.low
        return value is not None and on_side(value, condition)

    number = next(place for place, band in enumerate(rule.bands, 1) if band.condition is None or holds(band.condition))
    gone = [found[name] is None for name in rule.missing.fields] if rule.missing else []
    absent = rule.missing is not None and (all(gone) if rule.missing.how == "all" else any(gone))
    if absent:
        number = number + len(rule.bands) if reads else 0
    earned = rule.bonus is not None and holds(rule.bonus.condition)
    return number + situation.part.with_bonus if earned and not (situation.required and absent) else number


def on_side(value: float, condition: Compare) -> bool:
    """Return whether a number is on the side of an edge that a condition wants."""
    if condition.test in ("at_least", "above"):
        return value > condition.edge or (condition.test == "at_least" and value == condition.edge)
    return value < condition.edge or (condition.test == "at_most" and value == condition.edge)
