"""Why one clinic scored what it scored, as a value that shows itself: as text on a terminal, as HTML in a notebook."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, overload

import msgspec
import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.display import bar, cut, html_block, html_table, table
from icp_engine.scorecard.model import Category, Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, outcome_table
from icp_engine.scorecard.rounding import UNIT, in_points
from icp_engine.scoring.explain import Explainer


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a bibliography: what was looked at, its points, and why; what is unset does not apply, and is false.

    A value of None is known to be missing, and its points are the card's decision.

    >>> import icp_engine as icp
    >>> entry = icp.Entry(score="pain", code="pain.denials.high", sources=("denials",), points=8.8, reason="High")
    >>> entry.points, entry.missing, entry.reason or entry.note
    (8.8, False, 'High')
    """

    score: str
    code: str
    sources: tuple[str, ...]
    value: Any | msgspec.UnsetType = msgspec.UNSET
    points: float
    status: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def missing(self) -> bool:
        """Whether there was nothing to compare."""
        return self.status is not msgspec.UNSET


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """One clinic, and why it scored what it scored: its entries are what a loop over it gives.

    It prints as `icp-engine explain` does, and shows itself as a table in a notebook.

    Attributes:
        scores: points by category.
        missing: the fields of the scorecard that the clinic has no value for.
        bibliography: an entry per characteristic that was looked at.

    >>> import icp_engine as icp
    >>> import polars as pl
    >>> clinics = pl.DataFrame({"clinic_id": ["C-1"], "account_name": ["Elm Clinic"], "npi_count": [60]})
    >>> why = icp.explain(clinics, icp.load_scorecard("icp"), "C-1")
    >>> print(why.name, why.total, why.tier_label)
    Elm Clinic 24.0 Tier 3 - Monitor
    >>> [(entry.code, entry.points) for entry in why if entry.points > 5]
    [('scale.provider_count.mid_size', 7.0), ('segment.strategic_segment.mid_size', 15.0)]
    """

    clinic_id: str
    name: str | None
    state: str | None
    total: float
    tier: int
    tier_label: str
    segment: str | None
    scores: Mapping[str, float]
    missing: frozenset[str]
    bibliography: tuple[Entry, ...]
    card: Scorecard

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.bibliography)

    def __len__(self) -> int:
        return len(self.bibliography)

    @overload
    def __getitem__(self, place: int) -> Entry: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Entry, ...]: ...

    def __getitem__(self, place: int | slice) -> Entry | tuple[Entry, ...]:
        return self.bibliography[place]

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        """Return the explanation as HTML, for notebooks."""
        return _as_html(self)


def explanation_of(clinic: pl.DataFrame, card: Scorecard) -> Explanation:
    """Return why the first clinic of a frame scored what it scored.

    Source: conformed fields (all of `card.reads`; name and state where there are any), the columns of `add_bands`
    and `add_scores`.
    """
    row = clinic.row(0, named=True)
    return Explanation(
        clinic_id=row[KEY],
        name=row.get(NAME),
        state=row.get(STATE),
        total=row[card.column("total_score")],
        tier=row[card.column("tier")],
        tier_label=row[card.column("tier_label")],
        segment=row[card.column("segment")] if card.segment_source else None,
        scores={category.name: row[category.column] for category in card.categories},
        missing=frozenset(name for name in card.reads if row[name] is None),
        bibliography=entries_of(Explainer(card), clinic),
        card=card,
    )


def entries_of(explainer: Explainer, clinic: pl.DataFrame) -> tuple[Entry, ...]:
    """Return the bibliography of the first clinic of a frame. Source: what `Explainer.entries` reads."""
    return tuple(Entry(**{**entry, "sources": tuple(entry["sources"])}) for entry in explainer.entries(clinic))


def bibliography_content(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """Return a bibliography as JSON has it."""
    return cast(list[dict[str, Any]], msgspec.json.decode(msgspec.json.encode(entries)))


def as_text(found: Explanation) -> str:
    """Return an explanation as a waterfall: every category, every characteristic, and what is missing."""
    card, total = found.card, found.total
    labels, running = _labels(card), None if card.combine == "product" else 0.0
    lines = [_who(found), _came_to(found)]
    for category in card.categories:
        score = found.scores[category.name]
        running = None if running is None else running + score
        rows = [_line(entry, labels) for entry in _entries_in(category, found)]
        lines += ["", _heading(category, score, running), table(rows, "<><<", indent="  ")]
    lines += ["", f"{'Total':<24}{total:>6.1f} / {card.maximum:<4g} {bar(total / card.maximum)}"]
    missing = _not_known(found)
    return "\n".join([*lines, *(["", missing] if missing else [])])


def _as_html(found: Explanation) -> str:
    labels = _labels(found.card)
    tables = []
    for category in found.card.categories:
        heading = (category.label, f"{found.scores[category.name]:.1f} / {category.maximum:g}", "Value", "Why")
        tables.append(html_table(heading, [_line(entry, labels) for entry in _entries_in(category, found)], "<><<"))
    return html_block(_who(found), filter(None, [_came_to(found), _not_known(found)]), tables)


def _who(found: Explanation) -> str:
    place = f", {found.state}" if found.state else ""
    return f"{cut(found.name or 'No name', 80)}{place}  ({found.clinic_id})"


def _came_to(found: Explanation) -> str:
    segment = f", segment {found.segment} ({found.card.segments[found.segment]})" if found.segment else ""
    return f"{found.total:g} of {found.card.maximum:g} points: {found.tier_label}{segment}"


def _entries_in(category: Category, found: Explanation) -> list[Entry]:
    return [entry for entry in found.bibliography if entry.score == category.bibliography]


def _heading(category: Category, score: float, running: float | None) -> str:
    """Return the line of a category; what scores add up to so far is said where they add up."""
    sofar = (
        bar(score / category.maximum, 20)
        if running is None
        else (f"{bar(score / category.maximum, 20):<20}  so far {running:.1f}")
    )
    return f"{category.label:<24}{score:>6.1f} / {category.maximum:<4g} {sofar}"


def _labels(card: Scorecard) -> dict[str, str]:
    """Return what each reason code is about."""
    return {
        outcome.code: "Whole category" if outcome.number == part.nothing_known else part.rule.label
        for part in outcome_table(card).parts
        for outcome in part.outcomes
    }


def _line(entry: Entry, labels: dict[str, str]) -> tuple[str, str, str, str]:
    label = labels.get(entry.code, "Limit")
    if entry.missing:
        return label, f"{entry.points:+.1f}", "missing", str(entry.note)
    note = f" ({entry.note})" if entry.note else ""
    value = "" if not entry.sources else cut(_value(entry.value), 40)
    return label, f"{entry.points:+.1f}", value, f"{entry.reason}{note}"


def _value(value: object) -> str:
    """Return a value as people read it: several fields as a list of those that are known."""
    if isinstance(value, dict):
        known = [
            item if isinstance(item, str) else f"{name} {_value(item)}"
            for name, item in value.items()
            if item is not None
        ]
        return ", ".join(known)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else "" if value is None else str(value)


def _not_known(found: Explanation) -> str:
    """Return what better data could still bring, or an empty text: what is missing at its best, within the maximum."""
    missing = [entry for entry in found.bibliography if entry.missing]
    if not missing:
        return ""
    fields = dict.fromkeys(name for entry in missing for name in entry.sources if name in found.missing)
    table = outcome_table(found.card)
    best = [found.scores[category.rule.name] + _room(category, found) for category in table.categories]
    more = in_points(table.total([round(score * UNIT) for score in best])) - found.total
    them = "it" if len(fields) == 1 else "them"
    return f"Not known: {', '.join(fields)}. With {them} up to {round(more, 2):g} points more."


def _room(category: CategoryOutcomes, found: Explanation) -> float:
    entries = {entry.code: entry for entry in found.bibliography if entry.score == category.rule.bibliography}
    landed = [next((outcome for outcome in part.outcomes if outcome.code in entries), None) for part in category.parts]
    places = list(zip(category.parts, landed, category.shares, strict=True))
    whole = any(
        outcome.number == part.nothing_known or (outcome.missing and part.rule.name == category.rule.requires)
        for part, outcome, _ in places
        if outcome is not None
    )
    if not whole and not any(outcome.missing for outcome in landed if outcome is not None):
        return 0.0
    best = 0.0
    for part, outcome, share in places:
        points = round(entries[outcome.code].points * UNIT) if outcome is not None else 0
        best += float(share * (part.most if whole or (outcome is not None and outcome.missing) else points))
    return round(min(category.maximum, round(best)) / UNIT - found.scores[category.rule.name], 2)
