"""What characteristics can come to, and the ways that they make through a category.

A characteristic leaves behind which others apply, and whether anything is known: with that the next one is gone into.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.scorecard.completions import GONE, OPEN, FieldStates, Situations
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, FixedPoints, Outcome
from icp_engine.scoring.compiler import EXACT, HUNDREDTHS, worth_expr
from icp_engine.scoring.situations import NUMBER, Known, situation_of

ENDS = ("low", "high")
_MAX_TRIED = 512  # situations of a characteristic that are all gone through
_MAX_WAYS = 64  # with more, a characteristic that depends on others counts as one that may apply or not
_OWN, _CERTAIN = f"{HELPERS}own_", f"{HELPERS}certain_"


@dataclass(frozen=True, slots=True)
class Way:
    """What a way through a category leaves behind: the characteristics that it rules out, and whether one is known."""

    ruled_out: frozenset[str] = frozenset()
    known: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """What a characteristic can come to, for the situations that occur: the fewest and the most of each way on.

    Attributes:
        situation: the characteristic.
        ways: what each of its outcomes leaves behind.
        depends: the characteristics that decide whether it applies.
        all_ruled_out: what it rules out where it does not apply.
        share: what its hundredths are multiplied with.
        known: what situations that occur have come to.
    """

    situation: Situations
    ways: tuple[Way, ...]
    depends: tuple[str, ...]
    all_ruled_out: frozenset[str]
    share: int
    known: Known = field(default_factory=Known)

    @property
    def name(self) -> str:
        """The name of the characteristic within its category."""
        return self.situation.part.rule.name

    @property
    def kinds(self) -> list[Way]:
        """The different ways on."""
        return list(dict.fromkeys(self.ways))

    def column(self, way: Way, end: str) -> str:
        """Return the column of the fewest or the most hundredths of a way on."""
        return f"{_OWN}{self.situation.part.rule.column}_{self.kinds.index(way)}_{end}"

    @property
    def certain(self) -> str:
        """The column that says whether no completion changes the outcome."""
        return _CERTAIN + self.situation.part.rule.column

    def _measured(self, number: int) -> str:
        return f"{_OWN}{self.situation.part.rule.column}_measured_{number}"

    def decides(self, card: Scorecard) -> list[tuple[pl.Expr, int]]:
        """Return what its columns follow from: numbers (u32), each with what it is below."""
        situation, outcomes = self.situation, [self.situation.part.outcomes[number] for number in self.measured]
        found = [(situation_of(situation), situation.size)]
        measured_in = self._measured_in()
        if not outcomes or measured_in is None:
            return found + [_counted(worth_expr(outcome, card), [outcome]) for outcome in outcomes]
        worth = pl.lit(outcomes[0].ends[0], HUNDREDTHS)
        for outcome in outcomes:
            measured = situation_of(situation).is_in(measured_in[outcome.number])
            worth = pl.when(measured).then(worth_expr(outcome, card)).otherwise(worth)
        return [*found, _counted(worth, outcomes)]

    def _measured_in(self) -> dict[int, list[int]] | None:
        """Return the situations in which each outcome follows from a value.

        None where one situation can have two of them, or where not all situations can be gone through: those of texts
        and lists are not all known beforehand.
        """
        fields, too_many = self.situation.fields, self.situation.together or self.situation.size > _MAX_TRIED
        if too_many or any(states.kind in ("text", "list") for states in fields):
            return None
        found: dict[int, list[int]] = {outcome: [] for outcome in self.measured}
        mixes = product(*((OPEN, GONE, *states.states) for states in fields))
        for number in {_numbered(mix, fields) for mix in mixes}:
            possible = self.situation.possible(number)
            here = [outcome for outcome in found if possible.get(outcome, 0) is None]
            if len(here) > 1:
                return None
            for outcome in here:
                found[outcome].append(number)
        return found

    def found(self, numbers: pl.Series) -> pl.DataFrame:
        """Return the columns of every clinic, by the numbers of their situations."""
        schema: dict[str, Any] = {self.column(way, end): HUNDREDTHS for way in self.kinds for end in ENDS}
        schema |= {self._measured(outcome): pl.Boolean for outcome in self.measured} | {self.certain: pl.Boolean}

        def rows(first: pl.Series) -> pl.DataFrame:
            return pl.DataFrame([self._row(number) for number in numbers.gather(first)], schema)

        return self.known.found(numbers, self.situation.size, rows)

    @property
    def measured(self) -> list[int]:
        """The outcomes whose points follow from a value."""
        outcomes = self.situation.part.outcomes[: len(self.ways)]
        return [outcome.number for outcome in outcomes if not isinstance(outcome.points, FixedPoints)]

    def _row(self, number: int) -> dict[str, Any]:
        possible = self.situation.possible(number)
        fixed = [worth for worth in possible.values() if worth is not None]
        certain = len(possible) == 1 and all(low == high for low, high in fixed)
        row: dict[str, Any] = {self.certain: certain}
        row |= {self._measured(outcome): possible.get(outcome, 0) is None for outcome in self.measured}
        for way in self.kinds:
            ends = [worth for outcome, worth in possible.items() if worth and self.ways[outcome] == way]
            row[self.column(way, "low")] = min((worth[0] for worth in ends), default=None)
            row[self.column(way, "high")] = max((worth[1] for worth in ends), default=None)
        return row

    def end(self, way: Way, end: str, card: Scorecard) -> pl.Expr:
        """Return the fewest or the most that the characteristic adds on a way, as the category counts it."""
        outcomes = self.situation.part.outcomes
        values = [
            pl.when(pl.col(self._measured(number))).then(worth_expr(outcomes[number], card))
            for number in self.measured
            if self.ways[number] == way
        ]
        points = extreme(end, [pl.col(self.column(way, end)), *values])
        return points if self.share == 1 else points.cast(EXACT) * pl.lit(self.share, EXACT)


def options_of(situation: Situations, category: CategoryOutcomes, share: int) -> Options:
    """Return the options of a characteristic, whose hundredths count `share` times in its category."""
    rule, required = situation.part.rule, category.rule.requires
    wanted = {
        part.rule.name: set(situation.part.landing_in(part.rule.only_for[rule.name]))
        for part in category.parts
        if rule.name in part.rule.only_for
    }
    own = [outcome for outcome in situation.part.outcomes if outcome.number != situation.part.nothing_known]
    if rule.name == required:
        some = {outcome.number for outcome in own if outcome.number}
        others = [part.rule.name for part in category.parts if part.rule is not rule]
        wanted = {name: wanted.get(name, some) & some for name in others}
    asks = category.rule.all_missing is not None
    ways = tuple(
        Way(
            frozenset(name for name, numbers in wanted.items() if outcome.number not in numbers),
            asks and outcome.number > 0,
        )
        for outcome in own
    )
    depends = [*rule.only_for, *([required] if required and required != rule.name else [])]
    return Options(situation, ways, tuple(depends), frozenset(wanted), share)


def steps(way: Way, option: Options, *, loose: bool) -> list[Way | None]:
    """Return the ways on; None where the characteristic does not apply."""
    if loose and option.depends:
        return [*option.kinds, None]
    return [None] if option.name in way.ruled_out else list(option.kinds)


def taken(way: Way, on: Way | None, option: Options) -> Way:
    """Return the way that a step leads to: a characteristic that does not apply rules out what depends on it."""
    ruled_out = way.ruled_out - {option.name}
    if on is None:
        return Way(ruled_out | option.all_ruled_out, way.known)
    return Way(ruled_out | on.ruled_out, way.known or on.known)


def too_many_ways(options: Sequence[Options]) -> bool:
    """Return whether more ways through a category would have to be told apart than are."""
    ways = {Way()}
    for option in options:
        ways = {taken(way, on, option) for way in ways for on in steps(way, option, loose=False)}
        if len(ways) > _MAX_WAYS:
            return True
    return False


def _numbered(states: Sequence[int], fields: Sequence[FieldStates]) -> int:
    """Return the number of a situation, as `mixed` makes it."""
    number = 0
    for state, of_field in zip(states, fields, strict=True):
        number = number * of_field.size + state
    return number


def _counted(worth: pl.Expr, outcomes: Sequence[Outcome]) -> tuple[pl.Expr, int]:
    """Return what outcomes are worth as a number (u32) from 0 on, and what it is below."""
    least, most = min(outcome.ends[0] for outcome in outcomes), max(outcome.ends[1] for outcome in outcomes)
    return (worth - least).cast(NUMBER), most - least + 1


def extreme(end: str, values: Sequence[pl.Expr]) -> pl.Expr:
    """Return the lowest or the highest of several columns, those that are missing aside."""
    if len(values) == 1:
        return values[0]
    return pl.min_horizontal(values) if end == "low" else pl.max_horizontal(values)
