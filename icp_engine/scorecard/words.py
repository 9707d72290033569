"""A scorecard in words: what is looked at, when a band holds and what it is worth. For pages, help and reference."""

import re
from dataclasses import dataclass

from icp_engine.scorecard.model import (
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
    Points,
    Scorecard,
    Tier,
)

_EDGES = {"at_least": "{} or more", "above": "more than {}", "at_most": "at most {}", "below": "less than {}"}
_TESTS = {"mentions": "mentions", "equals": "is", "includes": "includes"}


def slug(text: str) -> str:
    """Return a text as a name: `Tier 1 - HOT` becomes `tier_1_hot`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a characteristic: its band, when it holds, its points, and the reason or note that it gives."""

    band: str
    when: str
    points: str
    says: str


def rules(one: Characteristic) -> list[Rule]:
    """Return the lines of a characteristic in the order in which they are tried, missing first."""
    found = []
    if one.missing:
        reads = ", ".join(f"{name} reads as {value:g}" for name, value in one.missing.reads_as.items())
        points = reads or f"{one.missing.points:g}"
        found.append(Rule("missing", _missing_when(one.missing), points, one.missing.note))
    for band in one.bands:
        line = band.points if isinstance(band.points, Line) else None
        sloped = f", rising with {line.field} from {line.low:g} to {line.high:g}" if line else ""
        says = band.reason or band.note or ""
        found.append(Rule(band.name, when(band.condition) + sloped, worth(band.points), says))
    if one.bonus:
        found.append(Rule("bonus", when(one.bonus.condition), f"+{one.bonus.points:g}", one.bonus.reason))
    return found


def _missing_when(missing: Missing) -> str:
    joined = (" and " if missing.how == "all" else " or ").join(missing.fields)
    return f"{joined} is missing" if len(missing.fields) == 1 else f"{joined} are missing"


def when(condition: Condition | None) -> str:
    """Return a condition in words; "otherwise" where there is none."""
    if condition is None:
        return "otherwise"
    if isinstance(condition, AnyOf | AllOf):
        word = " or " if isinstance(condition, AnyOf) else " and "
        parts = [when(one) for one in condition.conditions]
        nested = [isinstance(one, AnyOf | AllOf) for one in condition.conditions]
        return word.join(f"({part})" if deep else part for part, deep in zip(parts, nested, strict=True))
    if isinstance(condition, Compare):
        return f"{condition.field} {_EDGES[condition.test].format(f'{condition.edge:,.12g}')}"
    if isinstance(condition, Flag):
        return f"{condition.field} is {'true' if condition.value else 'false'}"
    return _phrases(condition)


def _phrases(condition: Match) -> str:
    said = ", ".join(f"“{phrase}”" for phrase in condition.phrases)
    one_of = "one of " if len(condition.phrases) > 1 else ""
    return f"{' or '.join(condition.fields)} {_TESTS[condition.test]} {one_of}{said}"


def worth(points: Points) -> str:
    """Return what a band gives in words, in points."""
    if isinstance(points, Fixed):
        return f"{points.value:g}"
    if isinstance(points, Line):
        return f"{points.start:g} to {points.stop:g}"
    return f"{points.times:g} times the share of {len(points.phrases)} items that {points.field} has"


def looks_at(one: Characteristic) -> str:
    """Return the fields of a characteristic, and for whom it counts."""
    only = "; ".join(f"only where {name} is {' or '.join(bands)}" for name, bands in one.only_for.items())
    most = f"; at most {one.maximum:g} points" if one.maximum is not None else ""
    return f"{', '.join(one.sources)}{f'; {only}' if only else ''}{most}"


def caveats(category: Category, card: Scorecard) -> list[str]:
    """Return what holds for a category as a whole, a sentence each."""
    shown = dict.fromkeys(name for one in category.characteristics for name in one.value_fields)
    found = [f"{name} is {' divided by '.join(card.derived[name])}." for name in shown if name in card.derived]
    if category.can_exceed:
        found.append(f"The characteristics can add up to more; the category stops at {category.maximum:g}.")
    if category.requires:
        found.append(f"Without {category.requires} the whole category is 0.")
    if category.all_missing:
        found.append(f"Where nothing of it is known it is 0: {category.all_missing}.")
    if category.combine == "weighted_mean":
        found.append("Its score is the weighted mean of its characteristics.")
    return found


def edges(tier: Tier, card: Scorecard) -> str:
    """Return from which scores on a tier begins."""
    labels = {one.name: one.label for one in card.categories} | {"total": "score"}
    parts = [f"{labels.get(part, part)} {edge:g} or more" for part, edge in tier.at_least.items()]
    return " and ".join(parts) or "otherwise"


def total(card: Scorecard) -> str:
    """Return in one sentence how the total comes about."""
    if card.combine == "sum":
        return f"The categories add up to a score of 0 to {card.maximum:g} points."
    divided = f", divided by {card.divide_by:g}" if card.divide_by != 1 else ""
    return f"The score is the product of the categories{divided}: at most {card.maximum:g} points."
