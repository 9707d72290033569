"""Reading the conditions and the points of bands, and telling which condition another one leaves no room for."""

import re
from dataclasses import dataclass
from dataclasses import field as values

from icp_engine.columns import Field
from icp_engine.errors import did_you_mean
from icp_engine.scorecard.model import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Fixed,
    Flag,
    Line,
    Match,
    NumberTest,
    Points,
    Share,
    TextTest,
)
from icp_engine.scorecard.toml.table import Table
from icp_engine.text import cleaned

NUMBER_TESTS: tuple[NumberTest, ...] = ("at_least", "above", "at_most", "below")
TEXT_TESTS: tuple[TextTest, ...] = ("mentions", "equals", "includes")
TEST_KEYS = (*NUMBER_TESTS, *TEXT_TESTS, "is", "any", "all")

_NEEDS = dict.fromkeys(NUMBER_TESTS, "number") | {"mentions": "text", "equals": "text", "includes": "list"}
_MOST_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Names:
    """What a scorecard's conditions may refer to: fields (derived ones as numbers) and keyword lists."""

    fields: dict[str, Field]
    lists: dict[str, tuple[str, ...]]
    unknown: set[str] = values(default_factory=set)

    def kind(self, name: str) -> str:
        """Return `number`, `text`, `flag` or `list`."""
        kind = self.fields[name].type
        return "number" if kind == "integer" else kind


def normal(phrase: str, test: TextTest) -> str:
    """Return a phrase as the compiler compares it: cleaned, lower-cased; items of a list without spaces."""
    return re.sub(r"\s", "", phrase.strip().lower()) if test == "includes" else cleaned(phrase).lower()


def read_condition(table: Table, names: Names, field: str | None, *, edges_only: bool = False) -> Condition | None:
    """Read the condition of a band, or of a part of one; None where the table states none.

    Args:
        table: the table with the condition's keys.
        names: what it may refer to.
        field: the field that is meant where the table names none.
        edges_only: a band on its characteristic's own field: lower edges only, so that there are no gaps.
    """
    found = [key for key in TEST_KEYS if key in table]
    if not found:
        return None
    if len(found) > 1:
        table.problem(f"one test at a time, found {' and '.join(found)}; put them into all = [...]")
    key = found[0]
    if key in ("any", "all"):
        parts = tuple(part for item in table.items(key) if (part := _part(item, names, field)) is not None)
        if not table.raw[key]:
            table.problem(f"an empty list holds {'never' if key == 'any' else 'always'}; put conditions into it", key)
        return AnyOf(parts) if key == "any" else AllOf(parts)
    targets = _targets(table, names, field, key)
    if key == "is":
        value = table.flag("is")
        if len(targets) > 1:
            table.problem("a flag test reads one field; put several into any = [...]", "fields")
        return Flag(targets[0], value) if targets else None
    if key in TEXT_TESTS:
        return Match(targets, key, read_phrases(table, key, names, key)) if targets else None
    if edges_only and key in ("at_most", "below") and "field" not in table:
        table.problem(f"bands go by lower edge: use at_least or above instead of {key}", key)
    edge = table.number(key)
    if len(targets) > 1:
        table.problem("a number test reads one field", "fields")
    return Compare(targets[0], key, edge) if targets else None  # type: ignore[arg-type]


def _part(item: Table, names: Names, field: str | None) -> Condition | None:
    before = len(item.notes.problems)
    condition = read_condition(item, names, field)
    if condition is None and len(item.notes.problems) == before:
        item.problem("a condition without a test; give one of " + ", ".join((*NUMBER_TESTS, *TEXT_TESTS, "is")))
    item.close()
    return condition


def _targets(table: Table, names: Names, field: str | None, test: str) -> tuple[str, ...]:
    """Return the fields that a test reads, those of the wrong type or name left out and noted."""
    key = "fields" if "fields" in table else "field"
    given = table.texts(key) if key in table else (field,) if field else ()
    if names.unknown.intersection(given):
        return ()
    if not given:
        table.problem(f"'{test}' needs a field: give field = \"...\"")
    need = _NEEDS.get(test, "flag")
    good = []
    for name in given:
        if name not in names.fields:
            table.problem(unknown_field(name, names), *((key,) if key in table.raw else ()))
        elif names.kind(name) != need:
            table.problem(f"'{test}' is for a {need} field, '{name}' is {names.fields[name].type}", test)
        else:
            good.append(name)
    return tuple(good)


def unknown_field(name: str, names: Names) -> str:
    """Return the sentence about a field that nobody knows; it is said once."""
    names.unknown.add(name)
    return f"unknown field '{name}'{did_you_mean(name, names.fields)}; a column of your own needs [fields.{name}]"


def read_phrases(table: Table, key: str, names: Names, test: TextTest) -> tuple[str, ...]:
    """Return the phrases of a test: the named keyword list of a text, or the items of a list."""
    value = table.raw.get(key)
    if isinstance(value, str):
        if value not in names.lists:
            table.problem(
                f"unknown list '{value}'{did_you_mean(value, names.lists)}; a phrase itself goes in brackets",
                key,
            )
            return ()
        found = names.lists[value]
    else:
        found = table.texts(key)
        if not found:
            table.problem("an empty list matches nothing", key)
    if any(not normal(phrase, test) for phrase in found):
        table.problem("a blank phrase would match everything", key)
    return tuple(dict.fromkeys(filter(None, (normal(phrase, test) for phrase in found))))


def read_points(table: Table, names: Names, field: str | None) -> Points:
    """Read `points`: a number, a line `{ from, to, over = [low, high] }`, or a share of a list."""
    if not isinstance(table.raw.get("points"), dict):
        return Fixed(table.number("points"))
    inner = table.table("points")
    target = inner.text("field", field or "")
    decimals = inner.raw.get("round", _MOST_DECIMALS)
    if decimals not in range(_MOST_DECIMALS + 1):
        inner.problem(f"points have 0, 1 or 2 decimals, found {decimals!r}", "round")
        decimals = _MOST_DECIMALS
    points: Points
    if "share_of" in inner:
        phrases = read_phrases(inner, "share_of", names, "includes")
        points = Share(target, phrases, inner.number("times"), decimals)
        need = "list"
    else:
        low, high = _over(inner)
        points = Line(target, inner.number("from"), inner.number("to"), low, high, decimals)
        need = "number"
    if target not in names.fields and target not in names.unknown:
        inner.problem(unknown_field(target, names) if target else "points that vary need a field")
    elif target in names.fields and names.kind(target) != need:
        inner.problem(f"these points need a {need} field, '{target}' is {names.fields[target].type}")
    inner.close()
    return points


def _over(inner: Table) -> tuple[float, float]:
    match inner.raw.get("over"):
        case [int() | float() as low, int() | float() as high] if low < high:
            return float(low), float(high)
        case found:
            inner.problem(f"a line needs over = [low, high] with low below high, found {found!r}")
            return 0.0, 1.0


def implies(condition: Condition, other: Condition) -> bool:  # noqa: PLR0911 (one return a case)
    """Return whether the other condition holds wherever the first one does (false when in doubt)."""
    match condition, other:
        case AnyOf(parts), _:
            return bool(parts) and all(implies(part, other) for part in parts)
        case _, AllOf(parts):
            return bool(parts) and all(implies(condition, part) for part in parts)
        case AllOf(parts), _ if any(implies(part, other) for part in parts):
            return True
        case _, AnyOf(parts):
            return any(implies(condition, part) for part in parts)
        case Match(), Match():
            return _match_implies(condition, other)
        case Compare(), Compare():
            return condition.field == other.field and _compare_implies(condition, other)
        case _:
            return condition == other


def _compare_implies(compare: Compare, other: Compare) -> bool:
    up = ("at_least", "above")
    if (compare.test in up) != (other.test in up):
        return False
    if compare.edge == other.edge:
        return compare.test == other.test or compare.test in ("above", "below")
    return compare.edge > other.edge if compare.test in up else compare.edge < other.edge


def _match_implies(match: Match, other: Match) -> bool:
    if not match.phrases or not set(match.fields) <= set(other.fields):
        return False
    if "includes" in (match.test, other.test):
        return match.test == other.test and set(match.phrases) <= set(other.phrases)
    if other.test == "equals":
        return match.test == "equals" and set(match.phrases) <= set(other.phrases)
    return all(any(short in phrase for short in other.phrases) for phrase in match.phrases)
