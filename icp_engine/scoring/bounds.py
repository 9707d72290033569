"""What missing data hides: the least and the greatest total that a clinic may have, and how much of it is certain.

A category is gone through once, characteristic by characteristic, for all clinics together. Bands on which others
depend make ways through it: each has the fewest and the most points that lead there, missing where none does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import lcm, prod
from operator import and_

import polars as pl

from icp_engine.scorecard.completions import Situations
from icp_engine.scorecard.model import MissingColumn, Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes
from icp_engine.scoring.compiler import (
    EXACT,
    HUNDREDTHS,
    band_of,
    half_to_even,
    in_points,
    tier_expr,
    total_expr,
)
from icp_engine.scoring.situations import Known, mixed, of_card, situated, situation_of, with_situations
from icp_engine.scoring.ways import ENDS, Options, Way, extreme, options_of, steps, taken, too_many_ways

_MAX_SITUATIONS = 1 << 22  # of a category that are numbered; with more all clinics are worked out
_COVERAGE_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class CategoryBounds:
    """A category with the options of its characteristics.

    Attributes:
        outcomes: the category.
        options: of each characteristic.
        below: what their sum is divided by.
        loose: whether a characteristic that depends on others counts as one that may apply or not.
        decides: what its bounds follow from: numbers, each with what it is below.
        known: what mixes of these that occur have come to.
    """

    outcomes: CategoryOutcomes
    options: tuple[Options, ...]
    below: int
    loose: bool
    decides: tuple[tuple[pl.Expr, int], ...]
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
        size = prod(size for _, size in self.decides)
        if size > _MAX_SITUATIONS:
            return self._bounds(situated, card)
        numbers = situated.select(mixed(self.decides)).to_series()
        return self.known.found(numbers, size, lambda first: self._bounds(situated[first], card))

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
        sums = pl.DataFrame([zeros.alias(f"0_{end}") for end in ENDS])
        for option in self.options:
            following: dict[Way, list[tuple[int, Way | None]]] = {}
            for way, number in ways.items():
                for on in steps(way, option, loose=self.loose):
                    following.setdefault(taken(way, on, option), []).append((number, on))
            sums = pl.concat([frame, sums], how="horizontal").select(
                extreme(end, [_stepped(number, on, end, option, card) for number, on in steps_]).alias(f"{place}_{end}")
                for place, steps_ in enumerate(following.values())
                for end in ENDS
            )
            ways = {way: place for place, way in enumerate(following)}
        return sums.select(self._score(ways, end).alias(end) for end in ENDS)

    def _score(self, ways: dict[Way, int], end: str) -> pl.Expr:
        nothing = self.outcomes.rule.all_missing
        found = []
        for way, number in ways.items():
            points = pl.col(f"{number}_{end}")
            found.append(pl.when(points.is_not_null()).then(points * 0) if nothing and not way.known else points)
        score = extreme(end, found)
        if self.below != 1:
            return half_to_even(score, self.below, EXACT).cast(HUNDREDTHS)
        return pl.min_horizontal(score, pl.lit(self.outcomes.maximum, HUNDREDTHS))


def _stepped(number: int, on: Way | None, end: str, option: Options, card: Scorecard) -> pl.Expr:
    points = pl.col(f"{number}_{end}")
    return points if on is None else points + option.end(on, end, card)


def _category_bounds(category: CategoryOutcomes, situations: Sequence[Situations], card: Scorecard) -> CategoryBounds:
    below = lcm(*(share.denominator for share in category.shares))
    options = tuple(
        options_of(situation, category, int(share * below))
        for situation, share in zip(situations, category.shares, strict=True)
    )
    decides = tuple(part for option in options for part in option.decides(card))
    return CategoryBounds(category, options, below, too_many_ways(options), decides)


class BoundsFinder:
    """Finds what missing data hides of a run's clinics, one part of them after the other.

    What situations lead to is worked out once for each situation that occurs.
    """

    def __init__(self, card: Scorecard) -> None:
        """Start with no situation known."""
        self._card = card
        self._categories = [_category_bounds(category, situations, card) for category, situations in of_card(card)]

    def add(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with the columns that say what missing data hides. Source: band columns and fields."""
        return frame.with_columns(self.columns(situated(frame, self._card)))

    def columns(self, rows: pl.DataFrame) -> list[pl.Series]:
        """Return the columns that say what missing data hides. Source: what `situated` returned."""
        keys: tuple[MissingColumn, ...] = ("coverage", "score_floor", "score_ceiling", "tier_certain")
        coverage, floor, ceiling, certain = map(self._card.column, keys)
        bounds = self._categories_of(rows)
        low, high = (self._totals(bounds, end) for end in ENDS)
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
