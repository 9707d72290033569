"""What missing data hides: the least and the greatest total that a clinic may have, and how much of it is certain.

A category is gone through once, characteristic by characteristic, for all clinics together. Bands on which others
depend make ways through it: each has the fewest and the most points that lead there, missing where none does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import lcm, prod
from operator import and_
from typing import Any

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.scorecard.completions import Situations
from icp_engine.scorecard.model import MissingColumn, Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, FixedPoints
from icp_engine.scoring.compiler import (
    EXACT,
    HUNDREDTHS,
    band_of,
    half_to_even,
    in_points,
    tier_expr,
    total_expr,
    worth_expr,
)
from icp_engine.scoring.situations import NUMBER, looked_up, mixed, of_card, situated, situation_of, with_situations

_MAX_SITUATIONS = 1 << 22  # of a category that are numbered; with more all clinics are worked out
_MAX_WAYS = 64  # with more, a characteristic that depends on others counts as one that may apply or not
_COVERAGE_DECIMALS = 3
_OWN, _CERTAIN, _ENDS = f"{HELPERS}own_", f"{HELPERS}certain_", ("low", "high")


@dataclass(frozen=True, slots=True)
class Way:
    """What a way through a category leaves behind: the characteristics that it rules out, and whether one is known."""

    ruled_out: frozenset[str] = frozenset()
    known: bool = False


@dataclass(slots=True)
class Options:
    """What a characteristic can come to, for the situations that occur: the fewest and the most of each way on.

    Attributes:
        situation: the characteristic.
        ways: what each of its outcomes leaves behind.
        depends: the characteristics that decide whether it applies.
        all_ruled_out: what it rules out where it does not apply.
        share: what its hundredths are multiplied with.
        row_of: the row of each situation in the table.
        rows: the table.
    """

    situation: Situations
    ways: tuple[Way, ...]
    depends: tuple[str, ...]
    all_ruled_out: frozenset[str]
    share: int
    row_of: dict[int, int] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

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
        found = [(situation_of(self.situation), self.situation.size)]
        for outcome in (self.situation.part.outcomes[number] for number in self.measured):
            least, most = outcome.ends
            found.append(((worth_expr(outcome, card) - least).cast(NUMBER), most - least + 1))
        return found

    def found(self, numbers: pl.Series) -> pl.DataFrame:
        """Return the columns of every clinic, by the numbers of their situations."""
        for number in numbers.unique():
            if number not in self.row_of:
                self.row_of[number] = len(self.rows)
                self.rows.append(self._row(number))
        schema: dict[str, Any] = {self.column(way, end): HUNDREDTHS for way in self.kinds for end in _ENDS}
        schema |= {self._measured(outcome): pl.Boolean for outcome in self.measured} | {self.certain: pl.Boolean}
        return pl.DataFrame(self.rows, schema)[looked_up(numbers, self.situation.size, self.row_of)]

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
        points = _extreme(end, [pl.col(self.column(way, end)), *values])
        return points if self.share == 1 else points.cast(EXACT) * pl.lit(self.share, EXACT)


@dataclass(slots=True)
class Known:
    """Rows of a table that were worked out once, by number: `place` has the row of each number, or -1."""

    place: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int32))
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)

    def found(
        self, frame: pl.DataFrame, number: pl.Expr, size: int, work_out: Callable[[pl.DataFrame], pl.DataFrame]
    ) -> pl.DataFrame:
        """Return the row of each number (u32, below `size`), worked out of a row of the frame that has it."""
        if not len(self.place):
            self.place = pl.repeat(-1, size, dtype=pl.Int32, eager=True)
        numbers = frame.select(number).to_series()
        places = self.place.gather(numbers)
        fresh = (places < 0).arg_true()
        if len(fresh):
            first = fresh.gather(numbers.gather(fresh).arg_unique())
            rows = pl.int_range(len(self.rows), len(self.rows) + len(first), dtype=pl.Int32, eager=True)
            self.place = self.place.scatter(numbers.gather(first), rows)
            self.rows = pl.concat([self.rows, work_out(frame[first])], how="diagonal")
            places = self.place.gather(numbers)
        return self.rows[places]


@dataclass(frozen=True, slots=True)
class CategoryBounds:
    """A category with the options of its characteristics; `below` divides their sum."""

    outcomes: CategoryOutcomes
    options: tuple[Options, ...]
    below: int
    loose: bool
    known: Known = field(default_factory=Known)

    @property
    def weights(self) -> list[float]:
        """The part of the category's maximum that hangs on each characteristic."""
        if self.outcomes.rule.combine == "weighted_mean":
            own = [part.rule.weight for part in self.outcomes.parts]
        else:
            own = [float(part.most) for part in self.outcomes.parts]
        total = sum(own)
        return [self.outcomes.maximum * weight / total if total else 0.0 for weight in own]

    def bounds(self, situated: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
        """Return the columns `low` and `high`, in hundredths, and `covered`, the maximum's part that is certain.

        They follow from situations and from the points of values, and are worked out once for each mix that occurs.
        """
        parts = [part for option in self.options for part in option.decides(card)]
        size = prod(size for _, size in parts)
        if size > _MAX_SITUATIONS:
            return self._bounds(situated, card)
        return self.known.found(situated, mixed(parts), size, lambda rows: self._bounds(rows, card))

    def _bounds(self, situated: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
        situations = [situated[situation_of(option.situation).meta.output_name()] for option in self.options]
        found = [option.found(numbers) for option, numbers in zip(self.options, situations, strict=True)]
        frame = pl.concat([situated, *found], how="horizontal")
        return self._ends(frame, card).with_columns(frame.with_columns(self._covered().alias("covered"))["covered"])

    def _covered(self) -> pl.Expr:
        """Return how much of the maximum no missing field can change; what surely does not apply hides nothing."""
        known: dict[str, pl.Expr] = {}
        for option in self.options:
            known[option.name] = pl.col(option.certain)
            if option.depends:
                sure = reduce(and_, (known[name] for name in option.depends))
                known[option.name] |= sure & band_of(option.situation.part.rule).is_null()
        parts = [
            certain.cast(pl.Float64) * weight for certain, weight in zip(known.values(), self.weights, strict=True)
        ]
        return pl.sum_horizontal(parts) if parts else pl.lit(0.0)

    def _ends(self, frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
        ways = {Way(): 0}
        zeros = pl.repeat(0, len(frame), dtype=HUNDREDTHS if self.below == 1 else EXACT, eager=True)
        sums = pl.DataFrame([zeros.alias(f"0_{end}") for end in _ENDS])
        for option in self.options:
            following: dict[Way, list[tuple[int, Way | None]]] = {}
            for way, number in ways.items():
                for on in steps(way, option, loose=self.loose):
                    following.setdefault(taken(way, on, option), []).append((number, on))
            sums = pl.concat([frame, sums], how="horizontal").select(
                _extreme(end, [_stepped(number, on, end, option, card) for number, on in steps_]).alias(
                    f"{place}_{end}"
                )
                for place, steps_ in enumerate(following.values())
                for end in _ENDS
            )
            ways = {way: place for place, way in enumerate(following)}
        return sums.select(self._score(ways, end).alias(end) for end in _ENDS)

    def _score(self, ways: dict[Way, int], end: str) -> pl.Expr:
        nothing = self.outcomes.rule.all_missing
        found = []
        for way, number in ways.items():
            points = pl.col(f"{number}_{end}")
            found.append(pl.when(points.is_not_null()).then(points * 0) if nothing and not way.known else points)
        score = _extreme(end, found)
        if self.below != 1:
            return half_to_even(score, self.below, EXACT).cast(HUNDREDTHS)
        return pl.min_horizontal(score, pl.lit(self.outcomes.maximum, HUNDREDTHS))


def _extreme(end: str, values: Sequence[pl.Expr]) -> pl.Expr:
    if len(values) == 1:
        return values[0]
    return pl.min_horizontal(values) if end == "low" else pl.max_horizontal(values)


def _stepped(number: int, on: Way | None, end: str, option: Options, card: Scorecard) -> pl.Expr:
    points = pl.col(f"{number}_{end}")
    return points if on is None else points + option.end(on, end, card)


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


def _category_bounds(category: CategoryOutcomes, situations: Sequence[Situations]) -> CategoryBounds:
    below = lcm(*(share.denominator for share in category.shares))
    options = tuple(
        _options(situation, category, int(share * below))
        for situation, share in zip(situations, category.shares, strict=True)
    )
    return CategoryBounds(category, options, below, loose=_most_ways(options) > _MAX_WAYS)


def _options(situation: Situations, category: CategoryOutcomes, share: int) -> Options:
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


def _most_ways(options: Sequence[Options]) -> int:
    """Return how many ways through a category have to be told apart, as far as that is too many."""
    ways, most = {Way()}, 1
    for option in options:
        ways = {taken(way, on, option) for way in ways for on in steps(way, option, loose=False)}
        most = max(most, len(ways))
        if most > _MAX_WAYS:
            break
    return most


class BoundsFinder:
    """Finds what missing data hides of a run's clinics, one part of them after the other.

    What situations lead to is worked out once for each situation that occurs.
    """

    def __init__(self, card: Scorecard) -> None:
        """Start with no situation known."""
        self._card = card
        self._categories = [_category_bounds(category, situations) for category, situations in of_card(card)]

    def add(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with the columns that say what missing data hides. Source: band columns and fields."""
        return frame.with_columns(self.columns(situated(frame, self._card)))

    def columns(self, rows: pl.DataFrame) -> list[pl.Series]:
        """Return the columns that say what missing data hides. Source: what `situated` returned."""
        keys: tuple[MissingColumn, ...] = ("coverage", "score_floor", "score_ceiling", "tier_certain")
        coverage, floor, ceiling, certain = map(self._card.column, keys)
        bounds = self._categories_of(rows)
        low, high = (self._totals(bounds, end) for end in _ENDS)
        whole = sum(sum(category.weights) for category in self._categories)
        covered = pl.DataFrame([found["covered"].alias(name) for name, found in bounds.items()])
        share = (pl.sum_horizontal(pl.all()) / whole).round(_COVERAGE_DECIMALS) if whole else pl.first() * 0 + 1
        return [
            covered.select(share.alias(coverage)).to_series(),
            low.select(in_points(pl.col("total")).alias(floor)).to_series(),
            high.select(in_points(pl.col("total")).alias(ceiling)).to_series(),
            (low["tier"] == high["tier"]).alias(certain),
        ]

    def reached(self, frame: pl.DataFrame, field: str | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the least and the greatest `total`, in hundredths, and its `tier`, once missing fields are known.

        Source: what `with_values` returned, with the columns of bands.

        Args:
            frame: clinics.
            field: the only one that becomes known, while whatever else is missing stays so; all may unless given.
        """
        bounds = self._categories_of(with_situations(frame, self._card, field))
        return self._totals(bounds, "low"), self._totals(bounds, "high")

    def _categories_of(self, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return {category.outcomes.rule.column: category.bounds(rows, self._card) for category in self._categories}

    def _totals(self, bounds: Mapping[str, pl.DataFrame], end: str) -> pl.DataFrame:
        card, total = self._card, self._card.column("total_score")
        categories = pl.DataFrame([found[end].alias(name) for name, found in bounds.items()])
        totals = categories.with_columns(total_expr(card).alias(total))
        return totals.select(pl.col(total).alias("total"), tier_expr(card.tiers, card).alias("tier"))
