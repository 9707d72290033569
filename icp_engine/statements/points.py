"""Points in SQL, in whole hundredths: characteristics, categories, total, tier, segment and reason codes."""

from fractions import Fraction
from functools import reduce
from math import lcm, prod
from operator import mul

from sqlglot import exp

from icp_engine.errors import InputError
from icp_engine.scorecard.model import TOTAL
from icp_engine.scorecard.outcomes import (
    CategoryOutcomes,
    CharacteristicOutcomes,
    LinePoints,
    Outcome,
    SharePoints,
    outcome_table,
)
from icp_engine.scorecard.rounding import UNIT
from icp_engine.statements.bands import Inside
from icp_engine.statements.dialects import Dialect
from icp_engine.statements.expressions import (
    Sql,
    case,
    column,
    double,
    every,
    half_to_even,
    is_null,
    is_number,
    joined,
    looked_up,
    number,
    some,
    text,
    total,
)
from icp_engine.statements.texts import count_shared

_LONG, _WIDE = 2**63, 10**38  # what whole numbers of 64 bits and of 38 digits stay below


def measured_columns(inside: Inside) -> dict[str, Sql]:
    """Return what points hang on, by the name of its column: lines before they are rounded, items that count."""
    forms = [outcome.points for part in outcome_table(inside.card).parts for outcome in part.outcomes]
    columns: dict[str, Sql] = {}
    for form in dict.fromkeys(forms):
        if isinstance(form, LinePoints):
            columns[_measured_name(form, inside)] = _before_rounding(form, inside)
        elif isinstance(form, SharePoints):
            columns[_measured_name(form, inside)] = count_shared(inside.compared(form.field), form.phrases, inside.card)
    return columns


def _measured_name(form: LinePoints | SharePoints, inside: Inside) -> str:
    """Return what the column of a form is called: after its field, and a number where a field has several."""
    return inside.names.of("line" if isinstance(form, LinePoints) else "shared", form.field, form)


def _before_rounding(line: LinePoints, inside: Inside) -> Sql:
    value = inside.compared(line.field)
    low, high = double(number(line.low)), double(number(line.high))
    absent = (is_null(value), exp.null())
    clipped = case([absent, (value < number(line.low), low), (value > number(line.high), high)], value)
    reach = exp.paren(exp.paren(clipped) - number(line.low))
    return exp.paren(number(line.start) + reach * number(line.slope)) * number(10**line.decimals)


def points_columns(inside: Inside) -> dict[str, Sql]:
    """Return the points of each characteristic by the name of its column; 0 where it does not apply."""
    table = outcome_table(inside.card)
    return {inside.names.of("points", part.rule.column): _points(part, inside) for part in table.parts}


def _points(part: CharacteristicOutcomes, inside: Inside) -> Sql:
    band = inside.band(part.rule)
    worth: dict[str, tuple[Sql, list[int]]] = {}
    for outcome in part.outcomes:
        if outcome.fixed != 0:
            value = _worth(outcome, inside)
            worth.setdefault(value.sql(), (value, []))[1].append(outcome.number)
    return case([(is_number(band, numbers), value) for value, numbers in worth.values()], number(0))


def _worth(outcome: Outcome, inside: Inside) -> Sql:
    form = outcome.points
    if isinstance(form, LinePoints):
        points = _on_line(form, inside)
    elif isinstance(form, SharePoints):
        shared = column(_measured_name(form, inside))
        points = case(
            [(shared.eq(number(count)), number(value)) for count, value in enumerate(form.by_count)], number(0)
        )
    else:
        return number(outcome.fixed or 0)
    least, most = (value + outcome.bonus for value in form.range)
    with_bonus = exp.paren(points) + number(outcome.bonus) if outcome.bonus else points
    if outcome.cap is None or max(least, most, form.absent + outcome.bonus) <= outcome.cap:
        return with_bonus
    return case([(exp.paren(with_bonus) > number(outcome.cap), number(outcome.cap))], with_bonus)


def _on_line(line: LinePoints, inside: Inside) -> Sql:
    """Return the points on a line, rounded half to even by hand: engines round in ways of their own."""
    value = column(_measured_name(line, inside))
    whole = exp.cast(exp.Floor(this=value), "bigint")
    rest = exp.paren(value - exp.Floor(this=value))
    odd = exp.Mod(this=exp.paren(whole), expression=number(2)).eq(number(1))
    up = some([rest > number(0.5), every([rest.eq(number(0.5)), odd])])
    rounded = exp.paren(whole + case([(up, number(1))], number(0)))
    scale = UNIT // 10**line.decimals
    points = rounded if scale == 1 else rounded * number(scale)
    return case([(is_null(value), number(line.absent))], points)


def category_columns(inside: Inside, dialect: Dialect) -> dict[str, Sql]:
    """Return the score of each category in hundredths by the name of its column, and the sum that a maximum cuts."""
    columns: dict[str, Sql] = {}
    for category in outcome_table(inside.card).categories:
        name = category.rule.name
        parts = [column(inside.names.of("points", part.rule.column)) for part in category.parts]
        if category.rule.combine == "weighted_mean":
            columns[inside.names.of("score", name)] = _mean(parts, category, dialect)
            continue
        points = total(parts) if parts else number(0)
        if category.can_exceed:
            columns[inside.names.of("sum", name)] = points
            points = case([(exp.paren(points) > number(category.maximum), number(category.maximum))], points)
        columns[inside.names.of("score", name)] = points
    return columns


def _mean(parts: list[Sql], category: CategoryOutcomes, dialect: Dialect) -> Sql:
    below = lcm(*(share.denominator for share in category.shares))
    weights = [int(share * below) for share in category.shares]
    highest = sum(weight * max(part.most, 1) for weight, part in zip(weights, category.parts, strict=True))
    whole = _whole_type(highest, dialect)
    weighted = [exp.cast(part, whole) * number(weight) for part, weight in zip(parts, weights, strict=True)]
    return half_to_even(total(weighted), below, whole)


def driver_columns(inside: Inside) -> dict[str, Sql]:
    """Return the name of the characteristic that brings the most to a category, by the column that the card names.

    It is the first on a tie, and missing where none brings any points.
    """
    found: dict[str, Sql] = {}
    for category in outcome_table(inside.card).categories:
        if category.rule.driver is None:
            continue
        below = lcm(*(share.denominator for share in category.shares))
        brings = [
            exp.paren(
                exp.cast(column(inside.names.of("points", part.rule.column)), "bigint") * number(int(share * below))
            )
            for part, share in zip(category.parts, category.shares, strict=True)
        ]
        ways = [
            (every([brought > number(0), *(brought >= other for other in brings if other is not brought)]), part)
            for part, brought in zip(category.parts, brings, strict=True)
        ]
        found[category.rule.driver] = case([(most, text(part.rule.name)) for most, part in ways], exp.null())
    return found


def total_column(inside: Inside, dialect: Dialect) -> Sql:
    """Return the total in hundredths from the rounded categories."""
    table = outcome_table(inside.card)
    scores = [column(inside.names.of("score", category.name)) for category in inside.card.categories]
    if inside.card.combine == "sum":
        return total(scores)
    share: Fraction = table.product_share
    whole = _whole_type(prod(category.maximum for category in table.categories) * share.numerator, dialect)
    product = reduce(mul, (exp.cast(score, whole) for score in scores)) * number(share.numerator)
    return half_to_even(product, share.denominator, whole)


def _whole_type(highest: int, dialect: Dialect) -> str:
    """Return a type that holds twice a whole number."""
    if 2 * highest < _LONG:
        return "bigint"
    if 2 * highest < _WIDE:
        return dialect.wide
    raise InputError("The scorecard multiplies numbers that are too long for SQL; score it with icp-engine run.")


def tier_column(inside: Inside) -> Sql:
    """Return the tier: the first whose edges are all reached."""
    tiers = inside.card.tiers
    ways = [
        (every([_score(part, inside) >= number(round(edge * UNIT, 6)) for part, edge in tier.at_least.items()]), tier)
        for tier in tiers[:-1]
    ]
    return case([(reached, number(tier.number)) for reached, tier in ways], number(tiers[-1].number))


def _score(part: str, inside: Inside) -> Sql:
    return column(inside.names.of("total", "") if part == TOTAL else inside.names.of("score", part))


def in_points(hundredths: Sql) -> Sql:
    """Return whole hundredths as points."""
    return exp.Div(this=double(hundredths), expression=number(UNIT))


def segment_column(inside: Inside) -> Sql:
    """Return the segment that a band names."""
    named = []
    for part in outcome_table(inside.card).parts:
        segments = {outcome.number: outcome.segment for outcome in part.outcomes if outcome.segment}
        named += [looked_up(inside.band(part.rule), segments)] if segments else []
    return named[0] if len(named) == 1 else exp.func("coalesce", *named)


def codes_column(inside: Inside) -> Sql:
    """Return the reason codes of all bands in the order of the scorecard, separated by `|`."""
    parts = []
    for category in outcome_table(inside.card).categories:
        for part in category.parts:
            codes = {outcome.number: f"|{outcome.code}" for outcome in part.outcomes}
            parts.append(looked_up(inside.band(part.rule), codes, text("")))
        if category.can_exceed:
            points = column(inside.names.of("sum", category.rule.name))
            parts.append(case([(points > number(category.maximum), text(f"|{category.cap_code}"))], text("")))
    return exp.Substring(this=joined(parts), start=number(2))
