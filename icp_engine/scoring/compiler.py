"""A scorecard as Polars expressions, band first: one small integer per characteristic, the rest are look-ups on it."""

import re
from collections.abc import Iterator
from functools import reduce
from operator import and_, or_

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.scorecard.model import (
    TOTAL,
    AllOf,
    AnyOf,
    Category,
    Characteristic,
    Compare,
    Condition,
    Fixed,
    Flag,
    Line,
    Match,
    Missing,
    Outcome,
    Points,
    Scorecard,
    Share,
    Tier,
)

BAND = pl.UInt8
HUNDREDTHS = pl.Int32  # points are summed as whole hundredths, so that no order of addition changes a digit

BANDS = f"{HELPERS}band_"
_TEXT = f"{HELPERS}text_"
_DERIVED = f"{HELPERS}derived_"


def band_of(one: Characteristic) -> pl.Expr:
    """Return the band column of a characteristic (u8), as `band_stages` makes it."""
    return pl.col(BANDS + one.column)


def value_of(name: str, card: Scorecard) -> pl.Expr:
    """Return the conformed value of a field as bands compare it: text lower-cased and trimmed, ratios formed.

    Source: columns that `prepared` adds.
    """
    if name in card.derived:
        return pl.col(_DERIVED + name)
    kind = card.fields[name].type
    return pl.col(_TEXT + name) if kind in ("text", "list") else pl.col(name)


def prepared(card: Scorecard) -> list[pl.Expr]:
    """Return the columns that conditions read beside the conformed fields. All of them start with `__icp_`.

    A ratio is missing unless both of its parts are positive.
    """
    columns = []
    for name in dict.fromkeys(name for one in card.characteristics for name in one.value_fields):
        if name in card.derived:
            top, bottom = (pl.col(part).cast(pl.Float64) for part in card.derived[name])
            columns.append(pl.when((top > 0) & (bottom > 0)).then(top / bottom).alias(_DERIVED + name))
        elif card.fields[name].type == "text":
            columns.append(pl.col(name).str.strip_chars().str.to_lowercase().alias(_TEXT + name))
        elif card.fields[name].type == "list":
            item = pl.element().str.to_lowercase().str.replace_all(r"\s", "")
            columns.append(pl.col(name).list.eval(item).alias(_TEXT + name))
    return columns


def band_stages(card: Scorecard) -> list[list[pl.Expr]]:
    """Return the band columns (u8) in stages, each stage reading bands of the ones before.

    A band number is an index into `Characteristic.outcomes`; null says that the characteristic does not apply.
    """
    stages: list[list[pl.Expr]] = []
    for category in card.categories:
        depth: dict[str, int] = {}
        for one in category.characteristics:
            reads = set(one.only_for) | ({category.requires} if category.requires else set()) - {one.name}
            depth[one.name] = max((depth[name] + 1 for name in reads), default=0)
            stages += [[] for _ in range(depth[one.name] + 1 - len(stages))]
            stages[depth[one.name]].append(_band(one, category, card).alias(BANDS + one.column))
    last = [band for category in card.categories if category.all_missing for band in _nothing_known(category)]
    return [*stages, last] if last else stages


def _nothing_known(category: Category) -> Iterator[pl.Expr]:
    """Yield the bands of a category once more: where nothing of it is known, the first says so, the others nothing."""
    empty = reduce(and_, (band_of(one).fill_null(0) == 0 for one in category.characteristics))
    for one in category.characteristics:
        whole = pl.lit(len(one.outcomes) - 1 if one.nothing_known else None, BAND)
        yield pl.when(empty).then(whole).otherwise(band_of(one)).alias(BANDS + one.column)


def _band(one: Characteristic, category: Category, card: Scorecard) -> pl.Expr:
    chain = _landed(one, card)
    count = len(one.bands)
    if one.missing is not None:
        absent = _absent(one.missing, card)
        instead = chain + pl.lit(count, BAND) if one.missing.reads_as else pl.lit(0, BAND)
        chain = pl.when(absent).then(instead).otherwise(chain)
    if one.bonus is not None:
        plain = 1 + count * (2 if one.missing and one.missing.reads_as else 1)
        reads = one.missing.reads_as if one.missing else {}
        earned = condition_expr(one.bonus.condition, card, reads).fill_null(value=False)
        chain = pl.when(earned).then(chain + pl.lit(plain, BAND)).otherwise(chain)
    applies = [_landed_in(name, bands, category) for name, bands in one.only_for.items()]
    if category.requires and category.requires != one.name:
        applies.append(band_of(_named(category, category.requires)) != 0)
    return pl.when(reduce(and_, applies)).then(chain) if applies else chain


def _landed(one: Characteristic, card: Scorecard) -> pl.Expr:
    """Return the number of the first band whose condition holds, counted from 1."""
    reads = one.missing.reads_as if one.missing else {}
    chain = pl.lit(len(one.bands), BAND)
    for number in range(len(one.bands) - 1, 0, -1):
        condition = one.bands[number - 1].condition
        if condition is not None:
            chain = pl.when(condition_expr(condition, card, reads)).then(pl.lit(number, BAND)).otherwise(chain)
    return chain


def _absent(missing: Missing, card: Scorecard) -> pl.Expr:
    absent = [value_of(name, card).is_null() for name in missing.fields]
    return reduce(and_ if missing.how == "all" else or_, absent)


def _landed_in(name: str, bands: tuple[str, ...], category: Category) -> pl.Expr:
    other = _named(category, name)
    wanted = {f"{other.code}.{band}" for band in bands}
    numbers = [number for number, out in enumerate(other.outcomes) if out.code.removesuffix("+bonus") in wanted]
    return reduce(or_, (band_of(other) == number for number in numbers))


def _named(category: Category, name: str) -> Characteristic:
    return next(one for one in category.characteristics if one.name == name)


def condition_expr(condition: Condition, card: Scorecard, reads_as: dict[str, float] | None = None) -> pl.Expr:
    """Return a condition as a boolean expression. A missing field matches nothing, unless it reads as a value."""
    if isinstance(condition, AnyOf):
        return reduce(or_, (condition_expr(part, card, reads_as) for part in condition.conditions))
    if isinstance(condition, AllOf):
        return reduce(and_, (condition_expr(part, card, reads_as) for part in condition.conditions))
    if isinstance(condition, Match):
        return reduce(or_, (_matches(value_of(name, card), condition) for name in condition.fields))
    value = value_of(condition.field, card)
    if isinstance(condition, Flag):
        return value if condition.value else ~value
    if reads_as and condition.field in reads_as:
        value = value.fill_null(reads_as[condition.field])
    return _compares(value, condition)


def _compares(value: pl.Expr, condition: Compare) -> pl.Expr:
    edge = pl.lit(condition.edge, pl.Float64)
    if condition.test == "at_least":
        return value >= edge
    if condition.test == "above":
        return value > edge
    return value <= edge if condition.test == "at_most" else value < edge


def _matches(text: pl.Expr, condition: Match) -> pl.Expr:
    if condition.test == "mentions":
        return text.str.contains("|".join(re.escape(phrase) for phrase in condition.phrases))
    if condition.test == "equals":
        return text.is_in(list(condition.phrases))
    return reduce(or_, (text.list.contains(phrase) for phrase in condition.phrases))


def points_expr(one: Characteristic, card: Scorecard) -> pl.Expr:
    """Return the points of a characteristic in hundredths (i32); 0 where it does not apply."""
    band = band_of(one)
    chain: pl.Expr = pl.lit(0, HUNDREDTHS)
    for number, outcome in enumerate(one.outcomes):
        worth = _outcome_points(one, outcome, card)
        if worth is not None:
            chain = pl.when(band == number).then(worth).otherwise(chain)
    return chain


def _outcome_points(one: Characteristic, outcome: Outcome, card: Scorecard) -> pl.Expr | None:
    """Return what one outcome is worth in hundredths, None where that is nothing."""
    extra = round(outcome.bonus * 100)
    cap = None if one.maximum is None else round(one.maximum * 100)
    if isinstance(outcome.points, Fixed):
        fixed = round(outcome.points.value * 100) + extra
        fixed = fixed if cap is None else min(fixed, cap)
        return pl.lit(fixed, HUNDREDTHS) if fixed else None
    worth = _varying(outcome.points, card, one.missing.reads_as if one.missing else {}).fill_null(0) + extra
    return worth if cap is None else pl.min_horizontal(worth, pl.lit(cap, HUNDREDTHS))


def _varying(points: Points, card: Scorecard, reads_as: dict[str, float]) -> pl.Expr:
    if isinstance(points, Line):
        slope = (points.stop - points.start) / (points.high - points.low)
        value = value_of(points.field, card).cast(pl.Float64)
        if points.field in reads_as:
            value = value.fill_null(reads_as[points.field])
        worth = points.start + (value.clip(points.low, points.high) - points.low) * slope
        return _hundredths(worth, points.decimals)
    assert isinstance(points, Share)
    wanted = pl.lit(pl.Series([list(points.phrases)], dtype=pl.List(pl.String)))
    shared = value_of(points.field, card).list.set_intersection(wanted).list.len()
    return _hundredths(shared.cast(pl.Float64) / len(points.phrases) * points.times, points.decimals)


def _hundredths(points: pl.Expr, decimals: int = 2) -> pl.Expr:
    """Round half to even at a number of decimals, and return whole hundredths."""
    scale = int(10**decimals)
    return (points * scale).round(mode="half_to_even").cast(HUNDREDTHS) * (100 // scale)


def in_points(hundredths: pl.Expr) -> pl.Expr:
    """Return whole hundredths as points. Rounded, since Polars divides by a number as it multiplies by its inverse."""
    return (hundredths.cast(pl.Float64) / 100).round(2)


def uncapped_expr(category: Category, card: Scorecard) -> pl.Expr:
    """Return the sum of a category's points in hundredths before its maximum cuts."""
    return pl.sum_horizontal(points_expr(one, card) for one in category.characteristics)


def category_expr(category: Category, card: Scorecard) -> pl.Expr:
    """Return the score of a category in hundredths (i32), at most its maximum."""
    if category.combine == "weighted_mean":
        total = sum(one.weight for one in category.characteristics)
        share = pl.sum_horizontal(
            in_points(points_expr(one, card)) / (one.maximum or 1.0) * one.weight for one in category.characteristics
        )
        score = _hundredths(share / total * category.maximum)
    else:
        score = uncapped_expr(category, card)
    if category.can_exceed:
        score = pl.min_horizontal(score, pl.lit(round(category.maximum * 100), HUNDREDTHS))
    return score


def total_expr(card: Scorecard) -> pl.Expr:
    """Return the total in hundredths from the rounded categories (columns of hundredths)."""
    parts = [pl.col(category.column) for category in card.categories]
    if card.combine == "sum":
        return pl.sum_horizontal(parts)
    product = reduce(lambda left, right: left * right, (in_points(part) for part in parts))
    return _hundredths(product / card.divide_by)


def tier_expr(tiers: tuple[Tier, ...], card: Scorecard) -> pl.Expr:
    """Return the tier (i8) from the columns of hundredths: the first whose edges are all reached."""
    columns = {TOTAL: card.column("total_score"), **{one.name: one.column for one in card.categories}}
    chain = pl.lit(tiers[-1].number, pl.Int8)
    for tier in reversed(tiers[:-1]):
        reached = reduce(and_, (pl.col(columns[part]) >= round(edge * 100, 6) for part, edge in tier.at_least.items()))
        chain = pl.when(reached).then(pl.lit(tier.number, pl.Int8)).otherwise(chain)
    return chain


def label_expr(number: pl.Expr, labels: dict[int, str]) -> pl.Expr:
    """Return a text for each number of a column."""
    chain = pl.lit(None, pl.String)
    for key, label in labels.items():
        chain = pl.when(number == key).then(pl.lit(label)).otherwise(chain)
    return chain


def segment_expr(one: Characteristic) -> pl.Expr:
    """Return the segment that the band of a characteristic names."""
    return label_expr(band_of(one), {n: out.segment for n, out in enumerate(one.outcomes) if out.segment})
