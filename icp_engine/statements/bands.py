"""Bands in SQL: the same chain of conditions as `icp_engine.scoring.compiler`, from the same outcome table."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from icp_engine.scorecard.model import AllOf, AnyOf, Characteristic, Compare, Condition, Flag, Match, Missing, Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, CharacteristicOutcomes, outcome_table
from icp_engine.statements.expressions import (
    Sql,
    case,
    column,
    every,
    is_null,
    is_number,
    number,
    only_where,
    some,
)
from icp_engine.statements.names import Names
from icp_engine.statements.texts import is_matched

_SIDES = {"at_least": exp.GTE, "above": exp.GT, "at_most": exp.LTE, "below": exp.LT}


@dataclass(frozen=True, slots=True)
class Inside:
    """What expressions need to know of their statement: the scorecard, and what columns are called."""

    card: Scorecard
    names: Names

    def compared(self, field: str) -> Sql:
        """Return the column of a field or a ratio as rules compare it."""
        return column(self.names.of("field", field))

    def band(self, rule: Characteristic) -> Sql:
        """Return the column of the band that counts."""
        return column(self.names.of("band", rule.column))

    def landed(self, rule: Characteristic, category: CategoryOutcomes) -> Sql:
        """Return the column of a band before it is asked whether anything of the category is known."""
        return column(self.landed_name(rule, category))

    def landed_name(self, rule: Characteristic, category: CategoryOutcomes) -> str:
        """Return what that column is called."""
        return self.names.of("landed" if category.rule.all_missing else "band", rule.column)


def band_stages(inside: Inside) -> list[dict[str, Sql]]:
    """Return the band columns by their names in stages, each stage reading bands of the ones before.

    A band number is the number of an outcome; null says that the characteristic does not apply.
    """
    table = outcome_table(inside.card)
    stages: list[dict[str, Sql]] = []
    for category in table.categories:
        depth: dict[str, int] = {}
        required = category.rule.requires
        for part in category.parts:
            rule = part.rule
            reads = set(rule.only_for) | ({required} if required else set()) - {rule.name}
            depth[rule.name] = max((depth[name] + 1 for name in reads), default=0)
            stages += [{} for _ in range(depth[rule.name] + 1 - len(stages))]
            stages[depth[rule.name]][inside.landed_name(rule, category)] = _band(part, category, inside)
    last: dict[str, Sql] = {}
    for category in table.categories:
        last |= _nothing_known(category, inside) if category.rule.all_missing else {}
    return [*stages, last] if last else stages


def _nothing_known(category: CategoryOutcomes, inside: Inside) -> dict[str, Sql]:
    """Return the bands of a category once more: where nothing of it is known, the first says so, the others nothing."""
    landed = [inside.landed(part.rule, category) for part in category.parts]
    empty = every([exp.func("coalesce", band, number(0)).eq(number(0)) for band in landed])
    return {
        inside.names.of("band", part.rule.column): case(
            [(empty, exp.null() if part.nothing_known is None else number(part.nothing_known))], band
        )
        for part, band in zip(category.parts, landed, strict=True)
    }


def _band(part: CharacteristicOutcomes, category: CategoryOutcomes, inside: Inside) -> Sql:
    rule, required = part.rule, category.rule.requires
    reads: Mapping[str, float] = rule.missing.reads_as if rule.missing else {}
    absent = None if rule.missing is None else _absent(rule.missing, inside)
    ways = [] if absent is None or reads else [(absent, number(0))]
    for place, band in enumerate(rule.bands[:-1], start=1):
        if band.condition is not None:
            ways.append((condition_sql(band.condition, inside, reads), number(place)))
    found = case(ways, number(len(rule.bands)))
    if absent is not None and reads:
        found = found + case([(absent, number(len(rule.bands)))], number(0))
    if rule.bonus is not None:
        earned = condition_sql(rule.bonus.condition, inside, reads)
        if rule.name == required and absent is not None:
            earned = every([earned, exp.not_(absent)])  # without what it requires a category is 0, bonus or not
        found = found + case([(earned, number(part.with_bonus))], number(0))
    applies = [
        is_number(inside.landed(category.part(name).rule, category), category.part(name).landing_in(bands))
        for name, bands in rule.only_for.items()
    ]
    if required and required != rule.name:
        applies.append(inside.landed(category.part(required).rule, category).neq(number(0)))
    return only_where(every(applies), found) if applies else found


def _absent(missing: Missing, inside: Inside) -> Sql:
    absent = [is_null(inside.compared(name)) for name in missing.fields]
    return every(absent) if missing.how == "all" else some(absent)


def condition_sql(condition: Condition, inside: Inside, reads_as: Mapping[str, float]) -> Sql:
    """Return a condition. A missing field matches nothing, unless it reads as a value."""
    if isinstance(condition, AnyOf):
        return some([condition_sql(part, inside, reads_as) for part in condition.conditions])
    if isinstance(condition, AllOf):
        return every([condition_sql(part, inside, reads_as) for part in condition.conditions])
    if isinstance(condition, Match):
        return some([is_matched(inside.compared(name), condition, inside.card) for name in condition.fields])
    if isinstance(condition, Flag):
        value = inside.compared(condition.field)
        return value if condition.value else exp.not_(value)
    return _compares(condition, inside, reads_as)


def _compares(condition: Compare, inside: Inside, reads_as: Mapping[str, float]) -> Sql:
    value = inside.compared(condition.field)
    if condition.field in reads_as:
        value = exp.func("coalesce", value, number(reads_as[condition.field]))
    return _SIDES[condition.test](this=value, expression=number(condition.edge))
