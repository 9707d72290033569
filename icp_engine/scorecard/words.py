"""A scorecard in words: what is looked at, when a band holds and what it is worth. For pages, help and reference."""

import re
from dataclasses import dataclass

from icp_engine.scorecard.model import (
    AllOf,
    AnyOf,
    Characteristic,
    Compare,
    Condition,
    Flag,
    Match,
    Missing,
    Order,
    Scorecard,
    TieBreak,
)
from icp_engine.scorecard.outcomes import (
    MISSING,
    CategoryOutcomes,
    CharacteristicOutcomes,
    LinePoints,
    Outcome,
    SharePoints,
)
from icp_engine.scorecard.rounding import in_points

_EDGES = {"at_least": "{} or more", "above": "more than {}", "at_most": "at most {}", "below": "less than {}"}
_FIRST: dict[str, dict[Order, str]] = {
    "number": {"descending": "highest first", "ascending": "lowest first"},
    "flag": {"descending": "true first", "ascending": "false first"},
    "text": {"descending": "from Z to A", "ascending": "from A to Z"},
}
_TESTS = {"mentions": "mentions", "equals": "is", "includes": "includes"}


def slug(text: str) -> str:
    """Return a text as a name: `Tier 1 - HOT` becomes `tier_1_hot`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a characteristic: its band, when it holds, its points, and the reason or note that it gives."""

    band: str
    code: str
    when: str
    points: str
    says: str


def rules(part: CharacteristicOutcomes) -> list[Rule]:
    """Return the lines of a characteristic in the order in which they are tried, missing first."""
    absent, *bands = part.outcomes[: 1 + len(part.rule.bands)]
    found = []
    if part.rule.missing:
        reads = ", ".join(f"{name} reads as {value:g}" for name, value in part.rule.missing.reads_as.items())
        found.append(
            Rule(MISSING, absent.code, _missing_when(part.rule.missing), reads or worth(absent), absent.note or "")
        )
    for band, outcome in zip(part.rule.bands, bands, strict=True):
        says = outcome.reason or outcome.note or ""
        found.append(Rule(band.name, outcome.code, when(band.condition) + _slope(outcome), worth(outcome), says))
    if part.rule.bonus:
        extra = part.outcomes[part.with_bonus].bonus
        condition, reason = when(part.rule.bonus.condition), part.rule.bonus.reason
        found.append(Rule("bonus", f"{part.code}.bonus", condition, f"+{in_points(extra):g}", reason))
    return found


def _slope(outcome: Outcome) -> str:
    line = outcome.points
    if not isinstance(line, LinePoints):
        return ""
    return f", {'falling' if line.slope < 0 else 'rising'} with {line.field} from {line.low:g} to {line.high:g}"


def _missing_when(missing: Missing) -> str:
    joined = (" and " if missing.how == "all" else " or ").join(missing.fields)
    return f"{joined} is missing" if len(missing.fields) == 1 else f"{joined} are missing"


def when(condition: Condition | None) -> str:
    """Return a condition in words; "otherwise" where there is none."""
    if condition is None:
        return "otherwise"
    if isinstance(condition, AnyOf | AllOf):
        word = " or " if isinstance(condition, AnyOf) else " and "
        parts = [when(test) for test in condition.conditions]
        nested = [isinstance(test, AnyOf | AllOf) for test in condition.conditions]
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


def worth(outcome: Outcome) -> str:
    """Return what a band gives in words, in points."""
    form = outcome.points
    if isinstance(form, LinePoints):
        ends = (in_points(outcome.worth(form.at(value))) for value in (form.low, form.high))
        return " to ".join(f"{points:g}" for points in ends)
    if isinstance(form, SharePoints):
        return f"{in_points(outcome.most):g} times the share of {len(form.phrases)} items that {form.field} has"
    return f"{in_points(outcome.most):g}"


def looks_at(rule: Characteristic) -> str:
    """Return the fields of a characteristic, and for whom it counts."""
    only = f"; {only_for(rule)}" if rule.only_for else ""
    limit = f"; at most {rule.maximum:g} points" if rule.maximum is not None else ""
    return f"{', '.join(rule.sources)}{only}{limit}"


def only_for(rule: Characteristic) -> str:
    """Return for whom a characteristic counts."""
    only = "; ".join(f"only where {name} is {' or '.join(bands)}" for name, bands in rule.only_for.items())
    return only or "for everyone"


def caveats(outcomes: CategoryOutcomes, card: Scorecard) -> list[str]:
    """Return what holds for a category as a whole, a sentence each."""
    category = outcomes.rule
    shown = dict.fromkeys(name for rule in category.characteristics for name in rule.value_fields)
    found = [f"{name} is {' divided by '.join(card.derived[name])}." for name in shown if name in card.derived]
    if outcomes.can_exceed:
        found.append(f"The characteristics can add up to more; the category stops at {category.maximum:g}.")
    if category.requires:
        found.append(f"Without {category.requires} the whole category is 0.")
    if category.all_missing:
        found.append(f"Where nothing of it is known it is 0: {category.all_missing}.")
    if category.combine == "weighted_mean":
        found.append("Its score is the weighted mean of its characteristics.")
    return found


def tie_breaks(card: Scorecard) -> str:
    """Return in one sentence what puts clinics of one score into order."""
    parts = [f"{tie.field} ({_FIRST[_kind(tie, card)][tie.order]})" for tie in card.tie_breaks]
    return f"Clinics of one score stand by {', '.join([*parts, 'clinic_id'])}{'; missing comes last' * bool(parts)}."


def _kind(tie: TieBreak, card: Scorecard) -> str:
    kind = card.fields[tie.field].type if tie.field in card.fields else "number"
    return kind if kind in _FIRST else "number"


def total(card: Scorecard) -> str:
    """Return in one sentence how the total comes about."""
    if card.combine == "sum":
        return f"The categories add up to a score of 0 to {card.maximum:g} points."
    divided = f", divided by {card.divide_by:g}" if card.divide_by != 1 else ""
    return f"The score is the product of the categories{divided}: at most {card.maximum:g} points."
