"""`icp-engine explain`: one clinic's score as a waterfall."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import options, show
from icp_engine.scorecard.rounding import UNIT

if TYPE_CHECKING:
    from icp_engine.published.explain import Entry, Explanation
    from icp_engine.scorecard.model import Category, Scorecard
    from icp_engine.scorecard.outcomes import CategoryOutcomes


@click.command("explain")
@click.argument("clinic_id")
@options.warehouse
@options.as_json
def command(clinic_id: str, warehouse: Path, as_json: bool) -> None:
    """Say why a clinic scored what it scored.

    Every category, every characteristic: the value, its points, the reason, and what is missing.

    \b
    Examples:
      icp-engine explain caprock-home-health-services-inc--TX
      icp-engine explain 1234567893 --warehouse warehouse --json
    """
    from icp_engine.published.explain import bibliography_content, explain_clinic
    from icp_engine.published.run import open_run

    found = explain_clinic(open_run(warehouse), clinic_id)
    if as_json:
        show.emit(bibliography_content(found.bibliography))
    else:
        show.say(_waterfall(found))


def _waterfall(found: "Explanation") -> str:
    card, total = found.card, found.total
    place = f", {found.state}" if found.state else ""
    segment = f", segment {found.segment} ({card.segments[found.segment]})" if found.segment else ""
    lines = [
        f"{show.cut(found.name or 'No name', 80)}{place}  ({found.clinic_id})",
        f"{total:g} of {card.maximum:g} points: {found.tier_label}{segment}",
    ]
    labels, running = _labels(card), 0.0
    for category in card.categories:
        score = found.scores[category.name]
        running += score
        lines += ["", _heading(category, score, running)]
        entries = [entry for entry in found.bibliography if entry.score == category.bibliography]
        lines.append(show.table([_line(entry, labels) for entry in entries], "<><<", indent="  "))
    lines += ["", f"{'Total':<24}{total:>6.1f} / {card.maximum:<4g} {show.bar(total / card.maximum)}"]
    return "\n".join([*lines, *_missing(found)])


def _heading(category: "Category", score: float, running: float) -> str:
    sofar = f"{show.bar(score / category.maximum, 20):<20}  so far {running:.1f}"
    return f"{category.label:<24}{score:>6.1f} / {category.maximum:<4g} {sofar}"


def _labels(card: "Scorecard") -> dict[str, str]:
    """Return what each reason code is about."""
    from icp_engine.scorecard.outcomes import outcome_table

    return {
        outcome.code: "Whole category" if outcome.number == part.nothing_known else part.rule.label
        for part in outcome_table(card).parts
        for outcome in part.outcomes
    }


def _line(entry: "Entry", labels: dict[str, str]) -> tuple[str, str, str, str]:
    label = labels.get(entry.code, "Limit")
    if entry.missing:
        return label, f"{entry.points:+.1f}", "missing", str(entry.note)
    note = f" ({entry.note})" if entry.note else ""
    value = "" if not entry.sources else show.cut(_value(entry.value), 40)
    return label, f"{entry.points:+.1f}", value, f"{entry.reason}{note}"


def _value(value: object) -> str:
    """Return a value as people read it: several fields as a list of those that are known."""
    if isinstance(value, dict):
        known = [
            one if isinstance(one, str) else f"{name} {_value(one)}" for name, one in value.items() if one is not None
        ]
        return ", ".join(known)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else "" if value is None else str(value)


def _missing(found: "Explanation") -> list[str]:
    """Return what better data could still bring: per category what is missing at its best, within the maximum."""
    from icp_engine.scorecard.outcomes import outcome_table

    missing = [entry for entry in found.bibliography if entry.missing]
    if not missing:
        return []
    fields = dict.fromkeys(name for entry in missing for name in entry.sources if name in found.missing)
    more = sum(_room(category, found) for category in outcome_table(found.card).categories)
    them = "it" if len(fields) == 1 else "them"
    return ["", f"Not known: {', '.join(fields)}. With {them} up to {more:g} points more."]


def _room(category: "CategoryOutcomes", found: "Explanation") -> float:
    entries = {entry.code: entry for entry in found.bibliography if entry.score == category.rule.bibliography}
    landed = [next((one for one in part.outcomes if one.code in entries), None) for part in category.parts]
    places = list(zip(category.parts, landed, category.shares, strict=True))
    whole = any(
        one.number == part.nothing_known or (one.missing and part.rule.name == category.rule.requires)
        for part, one, _ in places
        if one is not None
    )
    if not whole and not any(one.missing for one in landed if one is not None):
        return 0.0
    best = 0.0
    for part, one, share in places:
        points = round(entries[one.code].points * UNIT) if one is not None else 0
        best += float(share * (part.most if whole or (one is not None and one.missing) else points))
    return round(min(category.maximum, round(best)) / UNIT - found.scores[category.rule.name], 2)
