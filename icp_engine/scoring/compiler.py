"""A scorecard as Polars expressions, band first: one small integer per characteristic, the rest are look-ups on it."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import reduce
from math import lcm, prod
from operator import add, and_, mul, or_

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.extract.text import holds, searched
from icp_engine.scorecard.model import (
    TOTAL,
    AllOf,
    AnyOf,
    Characteristic,
    Compare,
    Condition,
    Flag,
    Match,
    Missing,
    Scorecard,
    Tier,
)
from icp_engine.scorecard.outcomes import (
    CategoryOutcomes,
    CharacteristicOutcomes,
    LinePoints,
    Outcome,
    OutcomeTable,
    SharePoints,
    outcome_table,
)

BAND = pl.UInt8
EXACT = pl.Int128  # wide enough for the product of eight categories, and slow: taken where 64 bits are too few
_ROOM = 2**62
HUNDREDTHS = pl.Int32  # points are summed as whole hundredths, so that no order of addition changes a digit

BANDS = f"{HELPERS}band_"
_TEXT = f"{HELPERS}text_"
_SEARCHED = f"{HELPERS}searched_"
_DERIVED = f"{HELPERS}derived_"


def band_of(rule: Characteristic) -> pl.Expr:
    """Return the band column of a characteristic (u8), as `band_stages` makes it."""
    return pl.col(BANDS + rule.column)


def value_of(name: str, card: Scorecard) -> pl.Expr:
    """Return the conformed value of a field as bands compare it: text lower-cased and trimmed, ratios formed.

    Source: columns that `prepared` adds.
    """
    if name in card.derived:
        return pl.col(_DERIVED + name)
    kind = card.fields[name].type
    return pl.col(_TEXT + name) if kind in ("text", "list") else pl.col(name)


def prepared(card: Scorecard, names: Iterable[str] | None = None) -> list[pl.Expr]:
    """Return the columns that explanations and points read beside the conformed fields: `__icp_...`.

    A ratio is missing unless both of its parts are positive, and where it is too large for a number.

    Args:
        card: the scorecard.
        names: the fields and ratios to prepare; all that the card looks at unless given.
    """
    columns = []
    for name in outcome_table(card).fields if names is None else sorted(names):
        if name in card.derived:
            top, bottom = (pl.col(part).cast(pl.Float64) for part in card.derived[name])
            ratio = top / bottom
            defined = (top > 0) & (bottom > 0) & ratio.is_finite()
            columns.append(pl.when(defined).then(ratio).alias(_DERIVED + name))
        elif card.fields[name].type == "text":
            columns.append(pl.col(name).str.strip_chars().str.to_lowercase().alias(_TEXT + name))
        elif card.fields[name].type == "list":
            columns.append(pl.col(name).list.eval(_item(card)).alias(_TEXT + name))
    return columns


def _item(card: Scorecard) -> pl.Expr:
    """Return an item of a list as items are compared: in lower case, without spaces, by its own name."""
    item = pl.element().str.to_lowercase().str.replace_all(r"\s", "")
    return item.replace(list(card.aliases), list(card.aliases.values())) if card.aliases else item


def compared(card: Scorecard) -> list[pl.Expr]:
    """Return the columns that bands and points read beside the conformed fields: `__icp_...`.

    They are those of `prepared`, but for texts, which are cleaned as well (`icp_engine.text`).
    """
    fields = outcome_table(card).fields
    texts = [name for name in fields if name in card.fields and card.fields[name].type == "text"]
    others = [name for name in fields if name not in texts]
    return [*(searched(pl.col(name)).alias(_SEARCHED + name) for name in texts), *prepared(card, others)]


def band_stages(card: Scorecard) -> list[list[pl.Expr]]:
    """Return the band columns (u8) in stages, each stage reading bands of the ones before.

    A band number is the number of an outcome; null says that the characteristic does not apply.
    """
    table = outcome_table(card)
    stages: list[list[pl.Expr]] = []
    for category in table.categories:
        depth: dict[str, int] = {}
        required = category.rule.requires
        for part in category.parts:
            rule = part.rule
            reads = set(rule.only_for) | ({required} if required else set()) - {rule.name}
            depth[rule.name] = max((depth[name] + 1 for name in reads), default=0)
            stages += [[] for _ in range(depth[rule.name] + 1 - len(stages))]
            stages[depth[rule.name]].append(_band(part, category, card).alias(BANDS + rule.column))
    last = [band for category in table.categories if category.rule.all_missing for band in _nothing_known(category)]
    return [*stages, last] if last else stages


def _nothing_known(category: CategoryOutcomes) -> Iterator[pl.Expr]:
    """Yield the bands of a category once more: where nothing of it is known, the first says so, the others nothing."""
    empty = reduce(and_, (band_of(part.rule).fill_null(0) == 0 for part in category.parts))
    for part in category.parts:
        whole = pl.lit(part.nothing_known, BAND)
        yield pl.when(empty).then(whole).otherwise(band_of(part.rule)).alias(BANDS + part.rule.column)


def _band(part: CharacteristicOutcomes, category: CategoryOutcomes, card: Scorecard) -> pl.Expr:
    rule, required = part.rule, category.rule.requires
    chain = _landed(rule, card)
    absent = None if rule.missing is None else _absent(rule.missing, card)
    if absent is not None:
        reads_as = bool(rule.missing and rule.missing.reads_as)
        chain = (
            pl.when(absent)
            .then(chain + pl.lit(len(rule.bands), BAND) if reads_as else pl.lit(0, BAND))
            .otherwise(chain)
        )
    if rule.bonus is not None:
        reads = rule.missing.reads_as if rule.missing else {}
        earned = condition_expr(rule.bonus.condition, card, reads).fill_null(value=False)
        if rule.name == required and absent is not None:
            earned &= ~absent  # without what it requires a category is 0, bonus or not
        chain = pl.when(earned).then(chain + pl.lit(part.with_bonus, BAND)).otherwise(chain)
    applies = [
        reduce(or_, (band_of(category.part(name).rule) == number for number in category.part(name).landing_in(bands)))
        for name, bands in rule.only_for.items()
    ]
    if required and required != rule.name:
        applies.append(band_of(category.part(required).rule) != 0)
    return pl.when(reduce(and_, applies)).then(chain) if applies else chain


def _landed(rule: Characteristic, card: Scorecard) -> pl.Expr:
    """Return the number of the first band whose condition holds, counted from 1."""
    reads = rule.missing.reads_as if rule.missing else {}
    chain = pl.lit(len(rule.bands), BAND)
    for number in range(len(rule.bands) - 1, 0, -1):
        condition = rule.bands[number - 1].condition
        if condition is not None:
            chain = pl.when(condition_expr(condition, card, reads)).then(pl.lit(number, BAND)).otherwise(chain)
    return chain


def _absent(missing: Missing, card: Scorecard) -> pl.Expr:
    absent = [_compared(name, card).is_null() for name in missing.fields]
    return reduce(and_ if missing.how == "all" else or_, absent)


def condition_expr(condition: Condition, card: Scorecard, reads_as: dict[str, float] | None = None) -> pl.Expr:
    """Return a condition as a boolean expression. A missing field matches nothing, unless it reads as a value."""
    if isinstance(condition, AnyOf):
        return reduce(or_, (condition_expr(part, card, reads_as) for part in condition.conditions))
    if isinstance(condition, AllOf):
        return reduce(and_, (condition_expr(part, card, reads_as) for part in condition.conditions))
    if isinstance(condition, Match):
        return reduce(or_, (_matches(_compared(name, card), condition) for name in condition.fields))
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


def _compared(name: str, card: Scorecard) -> pl.Expr:
    """Return what conditions look at: a text as phrases are searched in it, or else the value."""
    is_text = name not in card.derived and card.fields[name].type == "text"
    return pl.col(_SEARCHED + name) if is_text else value_of(name, card)


def _matches(text: pl.Expr, condition: Match) -> pl.Expr:
    if condition.test == "includes":
        return reduce(or_, (text.list.contains(phrase) for phrase in condition.phrases))
    return holds(text, condition.test, condition.phrases)


def points_expr(part: CharacteristicOutcomes, card: Scorecard) -> pl.Expr:
    """Return the points of a characteristic in hundredths (i32); 0 where it does not apply."""
    band = band_of(part.rule)
    chain: pl.Expr = pl.lit(0, HUNDREDTHS)
    for outcome in part.outcomes:
        if outcome.fixed != 0:
            chain = pl.when(band == outcome.number).then(worth_expr(outcome, card)).otherwise(chain)
    return chain


def worth_expr(outcome: Outcome, card: Scorecard) -> pl.Expr:
    """Return what one outcome is worth in hundredths."""
    form = outcome.points
    if isinstance(form, LinePoints):
        points = _on_line(form, card)
    elif isinstance(form, SharePoints):
        points = _of_share(form, card)
    else:
        return pl.lit(outcome.fixed, HUNDREDTHS)
    total = points + outcome.bonus
    return total if outcome.cap is None else pl.min_horizontal(total, pl.lit(outcome.cap, HUNDREDTHS))


def _on_line(line: LinePoints, card: Scorecard) -> pl.Expr:
    scale = int(10**line.decimals)
    value = value_of(line.field, card).cast(pl.Float64)
    points = line.start + (value.clip(line.low, line.high) - line.low) * line.slope
    whole = (points * scale).round(mode="half_to_even").cast(HUNDREDTHS) * (100 // scale)
    return whole.fill_null(pl.lit(line.absent, HUNDREDTHS))


def _of_share(share: SharePoints, card: Scorecard) -> pl.Expr:
    wanted = pl.lit(pl.Series([list(share.phrases)], dtype=pl.List(pl.String)))
    shared = value_of(share.field, card).list.set_intersection(wanted).list.len().fill_null(0)
    counts = pl.Series(range(len(share.by_count)), dtype=pl.UInt32)
    return shared.replace_strict(counts, pl.Series(share.by_count, dtype=HUNDREDTHS), return_dtype=HUNDREDTHS)


def in_points(hundredths: pl.Expr) -> pl.Expr:
    """Return whole hundredths as points. Rounded, since Polars divides by a number as it multiplies by its inverse."""
    return (hundredths.cast(pl.Float64) / 100).round(2)


def uncapped_expr(category: CategoryOutcomes, card: Scorecard) -> pl.Expr:
    """Return the sum of a category's points in hundredths before its maximum cuts."""
    return pl.sum_horizontal(points_expr(part, card) for part in category.parts)


def category_expr(category: CategoryOutcomes, card: Scorecard) -> pl.Expr:
    """Return the score of a category in hundredths (i32), at most its maximum."""
    if category.rule.combine == "weighted_mean":
        below = lcm(*(share.denominator for share in category.shares))
        places = list(zip(category.parts, category.shares, strict=True))
        width = _width(below * max(1, sum(part.most * share for part, share in places)))
        weighted = (points_expr(part, card).cast(width) * _whole(share * below, width) for part, share in places)
        return half_to_even(reduce(add, weighted), below, width).cast(HUNDREDTHS)
    score = uncapped_expr(category, card)
    return pl.min_horizontal(score, pl.lit(category.maximum, HUNDREDTHS)) if category.can_exceed else score


def driver_expr(category: CategoryOutcomes, card: Scorecard) -> pl.Expr:
    """Return the name of the characteristic that brings the most to a category's score, the first on a tie.

    Missing where none brings any points. Shares are compared as whole numbers: exactly, as they stand in the card.
    """
    below = lcm(*(share.denominator for share in category.shares))
    brings = [
        points_expr(part, card).cast(pl.Int64) * int(share * below)
        for part, share in zip(category.parts, category.shares, strict=True)
    ]
    most = pl.max_horizontal(brings)
    name = pl.lit(None, pl.String)
    for part, brought in reversed(list(zip(category.parts, brings, strict=True))):
        name = pl.when(brought == most).then(pl.lit(part.rule.name)).otherwise(name)
    return pl.when(most > 0).then(name)


def total_expr(card: Scorecard) -> pl.Expr:
    """Return the total in hundredths from the rounded categories (columns of hundredths)."""
    parts = [pl.col(category.column) for category in card.categories]
    if card.combine == "sum":
        return pl.sum_horizontal(parts)
    table = outcome_table(card)
    share = table.product_share
    width = _width(max(share.numerator * prod(category.maximum for category in table.categories), share.denominator))
    product = reduce(mul, (part.cast(width) for part in parts)) * _whole(share.numerator, width)
    return half_to_even(product, share.denominator, width).cast(pl.Int64)


def _width(highest: int | Fraction) -> type[pl.DataType]:
    """Return the type of whole numbers that holds a number and the double of it."""
    return pl.Int64 if highest < _ROOM else EXACT


def _whole(number: int | Fraction, width: type[pl.DataType]) -> pl.Expr:
    return pl.lit(int(number), width)


def half_to_even(above: pl.Expr, below: int, width: type[pl.DataType]) -> pl.Expr:
    """Return a fraction of whole numbers, not below 0, rounded half to even: exactly, which floats would not do."""
    whole, rest = above // _whole(below, width), above % _whole(below, width)
    up = (rest * 2 > below) | ((rest * 2 == below) & (whole % 2 == 1))
    return whole + up.cast(width)


def tier_expr(tiers: tuple[Tier, ...], card: Scorecard) -> pl.Expr:
    """Return the tier (i8) from the columns of hundredths: the first whose edges are all reached."""
    columns = {TOTAL: card.column("total_score"), **{category.name: category.column for category in card.categories}}
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


def segment_expr(table: OutcomeTable) -> pl.Expr:
    """Return the segment that a band names."""
    named = [
        label_expr(band_of(part.rule), {out.number: out.segment for out in part.outcomes if out.segment})
        for part in table.parts
        if any(out.segment for out in part.outcomes)
    ]
    return pl.coalesce(named)
