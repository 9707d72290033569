"""How sure a tier is: the share of many variations of the categories' weights in which a clinic keeps it."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import mul
from random import Random

import polars as pl

from icp_engine.scorecard.model import TOTAL, Scorecard

DRAWS = 200
WITHIN = 0.2  # the share by which the weight of a category is varied, up and down
_SEED = 20_251
_ROWS = 1 << 16  # patterns that are tried at once: what they take in memory does not grow with the clinics
_SHARE_DECIMALS = 3  # that a whole number of 200 has
_ROUNDED = 6  # places of hundredths, where an edge such as 70.1 is not a whole number of them for its binary digits

Factors = tuple[float, ...]
"""What the points of each category are multiplied by, in the order of the scorecard."""


def weight_factors(card: Scorecard) -> tuple[Factors, ...]:
    """Return `DRAWS` variations of the categories' weights, the same ones every time.

    A weight is the maximum of a category. It is varied within `WITHIN`, and all are then brought back to their sum.
    """
    rng, weights = Random(_SEED), [category.maximum for category in card.categories]
    found = []
    for _ in range(DRAWS):
        varied = [rng.uniform(1 - WITHIN, 1 + WITHIN) for _ in weights]
        back = sum(weights) / sum(map(mul, weights, varied))
        found.append(tuple(factor * back for factor in varied))
    return tuple(found)


def stability_expr(card: Scorecard) -> pl.Expr:
    """Return the share of variations in which a clinic keeps its tier. Source: the columns of `add_scores`."""
    factors = weight_factors(card)

    def tried(rows: pl.Series) -> pl.Series:
        return tier_stability(rows.struct.unnest(), card, factors)

    columns = pl.struct(_needed(card))
    return columns.map_batches(tried, return_dtype=pl.Float64, is_elementwise=True).alias(card.column("tier_stability"))


def _needed(card: Scorecard) -> list[str]:
    return [*(category.column for category in card.categories), card.column("tier")]


def tier_stability(clinics: pl.DataFrame, card: Scorecard, factors: tuple[Factors, ...]) -> pl.Series:
    """Return the share of variations in which each clinic keeps its tier, in the order of the rows.

    Clinics whose categories score the same are tried once, and those that no variation can move not at all.

    Args:
        clinics: the columns of categories in points, and of the tier.
        card: the scorecard.
        factors: of `weight_factors`.
    """
    needed = _needed(card)
    tried = clinics.select(needed).unique().filter(_may_move(card, factors))
    whole = tried.with_columns((pl.col(category.column) * 100).round() for category in card.categories)
    parts = [part.select(_kept(card, factors)).to_series() for part in whole.iter_slices(_ROWS)]
    kept = tried.with_columns(pl.concat([pl.Series(TOTAL, [], pl.Float64), *parts]))
    found = clinics.select(needed).join(kept, on=needed, how="left", maintain_order="left")
    return found[TOTAL].fill_null(1.0).alias(card.column("tier_stability"))


def _may_move(card: Scorecard, factors: Iterable[Factors]) -> pl.Expr:
    """Return whether a variation could move a clinic. Source: columns in points.

    Weights keep their sum, so that a total moves by what its categories differ in how full they are, times what the
    weights differ: the product of the two lengths is the most that comes of it (Cauchy and Schwarz).
    """
    if card.combine != "sum" or any(set(tier.at_least) - {TOTAL} for tier in card.tiers):
        return pl.lit(value=True)
    weights = [category.maximum for category in card.categories]
    varied = max(sum(map(mul, weights, ((factor - 1) ** 2 for factor in draw))) for draw in factors)
    points = [pl.col(category.column) for category in card.categories]
    total = _sum(points)
    uneven = _sum([part**2 / weight for part, weight in zip(points, weights, strict=True)]) - total**2 / sum(weights)
    error = (uneven.clip(0) * varied).sqrt() * 100 + 1  # hundredths; one for rounding
    low, high = (_tier({TOTAL: total * 100 + move}, card) for move in (-error, error))
    return low != high


def _kept(card: Scorecard, factors: Iterable[Factors]) -> pl.Expr:
    """Return the share of variations in which rows keep their tier. Source: categories in whole hundredths."""
    same = [(_tier(_parts(card, draw), card) == pl.col(card.column("tier"))).cast(pl.UInt16) for draw in factors]
    share = pl.sum_horizontal(same) / len(same)
    return share.round(_SHARE_DECIMALS).alias(TOTAL)  # Polars multiplies by the inverse, which is not exact


def _parts(card: Scorecard, draw: Factors) -> dict[str, pl.Expr]:
    """Return what tiers stand on in a variation, in whole hundredths, rounded half to even."""
    varied = {
        category.name: pl.col(category.column) * factor for category, factor in zip(card.categories, draw, strict=True)
    }
    values = list(varied.values())
    total = _sum(values) if card.combine == "sum" else _product(values) / (card.divide_by * 100 ** (len(values) - 1))
    named = {part for tier in card.tiers for part in tier.at_least}
    return {name: part.round(mode="half_to_even") for name, part in {**varied, TOTAL: total}.items() if name in named}


def _sum(parts: list[pl.Expr]) -> pl.Expr:
    return reduce(lambda total, part: total + part, parts)


def _product(parts: list[pl.Expr]) -> pl.Expr:
    return reduce(lambda total, part: total * part, parts)


def _tier(parts: Mapping[str, pl.Expr], card: Scorecard) -> pl.Expr:
    """Return the first tier whose edges are all reached. Parts are in hundredths."""
    chain: pl.Expr = pl.lit(card.tiers[-1].number, pl.Int8)
    for tier in reversed(card.tiers[:-1]):
        reached = [parts[part] >= round(edge * 100, _ROUNDED) for part, edge in tier.at_least.items()]
        chain = pl.when(pl.all_horizontal(reached)).then(pl.lit(tier.number, pl.Int8)).otherwise(chain)
    return chain
