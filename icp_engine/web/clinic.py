"""`/clinics/{id}`: one clinic, with whom to call first, then where every point comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from starlette.requests import Request

from icp_engine.api.snapshot import Snapshot, members_of
from icp_engine.columns import CONTACT, KEY
from icp_engine.published.former_scores import former_scores, runs_before
from icp_engine.published.sources import Match, read_matches
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scorecard.ranking import unknown_fields
from icp_engine.scoring.explanation import Entry, entries_of
from icp_engine.scoring.talk import talk_of
from icp_engine.web import spelling
from icp_engine.web.kept import Kept
from icp_engine.web.missing import no_clinic
from icp_engine.web.rows import ClinicRow, Unknown, clinic_url, field_label, read_clinics, rows_of_frame

_MEMBERS = 8  # of the network that are shown; its page has them all
_PLACE = ("address", "city", "postal_code")
_BEFORE = Kept(lambda run: runs_before(run.run))


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of the waterfall: from where to where, in points; `unknown` ones may come true or not."""

    label: str
    points: float
    start: float
    maximum: float
    unknown: bool = False
    total: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at: its label, the points, the value as people read it, why, and which files say so."""

    label: str
    points: float
    value: str
    reason: str
    missing: bool
    up_to: float
    sources: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A category with everything that was looked at; its points add up to the score."""

    label: str
    score: float
    maximum: float
    entries: tuple[Looked, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A field that is not known: what it could bring, and the characteristics that it counts for."""

    field: str
    points: float
    counts_for: tuple[tuple[str, float], ...]
    missing_share: float | None


def show(run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:
    """Return the page of a clinic.

    Raises:
        NotFoundError: there is no such clinic.
    """
    clinic_id, card = request.path_params["clinic_id"], run.rows.card
    with run.db.cursor() as db:
        frame = read_clinics(run, db, [clinic_id], run.schema)
    if frame.is_empty():
        raise no_clinic(run, clinic_id)
    row = rows_of_frame(run, frame, [clinic_id])[0]
    entries = entries_of(run.explainer, frame)
    matches = read_matches(run.matches, clinic_id) if run.matches else ()
    values = row.values
    return "clinic", {
        "row": row,
        "lead": _lead(row),
        "address": ", ".join(row.contact[name] for name in _PLACE if name in row.contact),
        "contact": [(CONTACT[name], row.contact[name]) for name in ("npi",) if name in row.contact],
        "coverage": values.get(card.column("coverage")),
        "rank": values.get(card.column("rank")),
        "tied": values.get(card.column("tie_size")),
        "clinics": run.count,
        "next_tier": values.get(card.column("next_tier")),
        "steps": _steps(card, row),
        "groups": _groups(card, row, entries, matches),
        "talk": talk_of(card, entries, row.name if row.registered else None),
        "gaps": _gaps(run, row.unknown),
        "members": _members(run, row),
        "segment": card.segments.get(values.get(card.column("segment"), "")) if card.segment_source else None,
        "files": [file.path for file in run.run.manifest.inputs],
        "former": former_scores(run.run, _BEFORE.of(run), clinic_id, row.state),
    }


def _lead(row: ClinicRow) -> list[str]:
    """Return what is known of the size and kind of a clinic, in short sentences."""
    providers, sites = row.values.get("npi_count"), row.values.get("site_count")
    size = [spelling.count(providers, "provider")] if providers is not None else []
    size += [f"at {spelling.count(sites, 'site')}" if size else spelling.count(sites, "site")] if sites else []
    return [text for text in (spelling.place(row.state), row.kind, " ".join(size)) if text]


def _steps(card: Scorecard, row: ClinicRow) -> tuple[Step, ...]:
    """Return the bars of a sum; a product has none, since its parts do not add up to it."""
    if card.combine != "sum":
        return ()
    steps, sofar = [], 0.0
    for category in card.categories:
        points = row.values[category.column]
        steps.append(Step(category.label, points, sofar, category.maximum))
        sofar += points
    steps.append(Step("Score", row.score.value, 0, row.score.maximum, total=True))
    if row.score.ceiling is None or row.score.ceiling <= row.score.value:
        return tuple(steps)
    sofar = row.score.value
    for unknown in row.unknown:
        points = min(unknown.points, row.score.maximum - sofar)
        steps.append(Step(unknown.field, points, sofar, 0, unknown=True))
        sofar += points
    steps.append(Step("At most", row.score.ceiling, row.score.value, row.score.maximum, unknown=True, total=True))
    return tuple(steps)


def _groups(card: Scorecard, row: ClinicRow, entries: Sequence[Entry], matches: Sequence[Match]) -> tuple[Group, ...]:
    labels = _labels(card)
    return tuple(
        Group(
            category.label,
            row.values[category.column],
            category.maximum,
            tuple(
                _looked(entry, labels, matches, row.values) for entry in entries if entry.score == category.bibliography
            ),
        )
        for category in card.categories
    )


@lru_cache(maxsize=8)
def _labels(card: Scorecard) -> dict[str, tuple[str, float]]:
    """Return the label of every code, and the most points that its characteristic gives."""
    return {
        outcome.code: (part.rule.label, part.most / 100)
        for part in outcome_table(card).parts
        for outcome in part.outcomes
    }


def _looked(
    entry: Entry, labels: Mapping[str, tuple[str, float]], matches: Sequence[Match], values: Mapping[str, Any]
) -> Looked:
    label, most = labels.get(entry.code, ("Limit of the category", 0.0))
    told = entry.note if entry.missing else entry.reason
    note = f" ({entry.note})" if entry.note and not entry.missing else ""
    return Looked(
        label=label,
        points=entry.points,
        value="" if entry.missing or not entry.sources else _value(_as_given(entry, values)),
        reason=f"{told}{note}",
        missing=entry.missing,
        up_to=max(0.0, most - entry.points) if entry.missing else 0.0,
        sources=tuple(match for match in matches if match.field in entry.sources),
    )


def _as_given(entry: Entry, values: Mapping[str, Any]) -> object:
    """Return the value of an entry with texts as the extract has them, and not as they are compared."""
    if isinstance(entry.value, dict):
        return {name: values.get(name) if isinstance(item, str) else item for name, item in entry.value.items()}
    return values.get(entry.sources[0]) if isinstance(entry.value, str) else entry.value


def _value(value: object) -> str:
    """Return a value as people read it; of several fields those that are known."""
    if isinstance(value, dict):
        known = {name: item for name, item in value.items() if item is not None}
        texts = [
            _value(item) if isinstance(item, str) else f"{spelling.field(name)} {_value(item)}"
            for name, item in known.items()
        ]
        return ", ".join(texts)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, int | float):
        return spelling.points(value)
    return "" if value is None else str(value)


def _gaps(run: Snapshot, unknown: Sequence[Unknown]) -> tuple[Gap, ...]:
    """Return what is not known of a clinic, and where it would count."""
    card, fields = run.rows.card, run.run.manifest.fields
    counts = _counted(card)
    shares = {
        field_label(card, name): (field.missing + field.invalid) / max(run.run.manifest.rows.read, 1)
        for name, field in fields.items()
    }
    return tuple(Gap(gap.field, gap.points, counts.get(gap.field, ()), shares.get(gap.field)) for gap in unknown)


@lru_cache(maxsize=8)
def _counted(card: Scorecard) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return what fields count for, by label: characteristics with the most points that they give."""
    most = {part.rule.code: part.most / 100 for part in outcome_table(card).parts}
    return {
        field_label(card, field.name): tuple(
            (rule.label, most[rule.code]) for rule, _ in field.bands if most[rule.code] > 0
        )
        for field in unknown_fields(card)
    }


def _members(run: Snapshot, row: ClinicRow) -> tuple[tuple[str, str, str, float, bool], ...]:
    """Return the other clinics of the network, anchor first: address, name, place, score, whether it is the anchor."""
    if row.network is None:
        return ()
    members = members_of(run, row.network.network_id).head(_MEMBERS + 1).iter_rows(named=True)
    others = [member for member in members if member[KEY] != row.clinic_id]
    return tuple(
        (
            clinic_url(member[KEY]),
            spelling.name(member["account_name"]),
            spelling.place(member["state_code"]),
            member[run.rows.total],
            member["is_network_anchor"],
        )
        for member in others[:_MEMBERS]
    )
