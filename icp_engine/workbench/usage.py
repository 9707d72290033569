"""`scorecard usage`: which bands clinics land in, which never fire, and how far two extracts have drifted apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from icp_engine.display import listed
from icp_engine.report.document import Column, Document, Picture, Table
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import MISSING, CharacteristicOutcomes, outcome_table
from icp_engine.scorecard.words import Rule, rules
from icp_engine.workbench.clinics import OLD, Source, clinics_of, with_points
from icp_engine.workbench.drift import Drift, drift_of, field_counts
from icp_engine.workbench.measures import SHIFT, WORDS, cell_counts, decile_cuts, psi, shift_word

if TYPE_CHECKING:
    from icp_engine.charts.catalogue import Chart

_NAMED = 8  # bands and fields in a sentence
_NOWHERE = "does not apply"


@dataclass(frozen=True, slots=True)
class Hits:
    """What one extract makes of a scorecard.

    Attributes:
        clinics: how many there are.
        left_out: rows that no run would score.
        bands: clinics by code of the characteristic and name of the band; `missing`, `bonus`, and `does not apply`.
        totals: `value` (hundredths) and `clinics`.
        fields: what `field_counts` returns; nothing where drift is not asked for.
    """

    clinics: int
    left_out: int
    bands: Mapping[str, Mapping[str, int]]
    totals: pl.DataFrame
    fields: Mapping[str, pl.DataFrame]


def usage(card: Scorecard, source: Source, against: Source | None = None) -> Document:
    """Return how often the bands of a scorecard fire, and with `against` how far clinics have drifted from there.

    Raises:
        InputError: a source cannot be read.
    """
    now = _hits(card, source, drift=against is not None)
    before = _hits(card, against, drift=True) if against else None
    idle = [
        (part, band.name)
        for part in outcome_table(card).parts
        for band in part.rule.bands
        if not now.bands[part.code].get(band.name)
    ]
    count = sum(len(rule.bands) for rule in card.characteristics)
    drifts = drift_of(before.fields, now.fields) if before else []
    sentences = [*_idle_in_words(idle, now), *(_drift_in_words(drifts, before, now) if before else [])]
    if now.left_out:
        sentences.append(
            f"{now.left_out:,} rows are left out as a run would: no id, an id that stood before, or totals."
        )
    score = _score_drift(before, now) if before else None
    headline = f"{len(idle):,} of {count:,} bands of {card.id} never fire for {now.clinics:,} clinics."
    return Document(
        title=f"How {card.id} {card.version} is used",
        headline=headline if idle else f"All {count:,} bands of {card.id} fire for some of {now.clinics:,} clinics.",
        sentences=tuple(sentences),
        subtitle=f"{card.id} {card.version} on {source.says}{f', against {against.says}' if against else ''}",
        parts=(
            *((_drift_table(drifts), _drift_picture(drifts)) if before else ()),
            _idle_table(idle, now),
            _bands(card, now, before),
        ),
        facts={
            "clinics": now.clinics,
            "left_out": now.left_out,
            "bands": count,
            "bands_idle": len(idle),
            **({"clinics_before": before.clinics, "score_psi": score} if before else {}),
        },
    )


def _hits(card: Scorecard, source: Source, *, drift: bool) -> Hits:
    with clinics_of(source, [card]) as (lf, left_out):
        points = with_points(lf, card, OLD)
        bands = [f"{OLD}band {rule.code}" for rule in card.characteristics]
        frame = points.select(*bands, pl.col(f"{OLD}total").alias("value")).collect()
        fields = field_counts(lf, card) if drift else {}
    counts = {part.code: _by_band(part, frame[f"{OLD}band {part.code}"]) for part in outcome_table(card).parts}
    return Hits(len(frame), left_out, counts, frame.group_by("value").len("clinics"), fields)


def _by_band(part: CharacteristicOutcomes, bands: pl.Series) -> dict[str, int]:
    found: dict[str, int] = {}
    outcomes = {outcome.number: outcome for outcome in part.outcomes}
    for number, clinics in bands.value_counts().iter_rows():
        outcome = outcomes.get(number)
        names = [_NOWHERE] if outcome is None else [outcome.band, *(["bonus"] if outcome.bonus else [])]
        for name in names:
            found[name] = found.get(name, 0) + clinics
    return found


Idle = Sequence[tuple[CharacteristicOutcomes, str]]


def _nothing_known(part: CharacteristicOutcomes, now: Hits) -> bool:
    return now.bands[part.code].get(MISSING, 0) + now.bands[part.code].get(_NOWHERE, 0) == now.clinics


def _idle_in_words(idle: Idle, now: Hits) -> Iterator[str]:
    unknown = list(dict.fromkeys(part.code for part, _ in idle if _nothing_known(part, now)))
    if unknown:
        yield f"Nothing is known of {listed(unknown[:_NAMED])} for anybody, so that no band of theirs can fire."
    others = [f"{part.code}.{name}" for part, name in idle if part.code not in unknown]
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        names = f"{', '.join(others[:_NAMED])}{more}" if more else listed(others)
        yield f"With data, yet without a clinic: {names}."


def _drift_in_words(drifts: Sequence[Drift], before: Hits, now: Hits) -> Iterator[str]:
    shifted = [drift for drift in drifts if (drift.psi or 0) >= SHIFT]
    names = [f"{drift.field} ({drift.psi:.2f}, {shift_word(drift.psi)})" for drift in shifted[:_NAMED]]
    told = f": {listed(names)}" if names else ""
    yield f"{len(shifted):,} of {len(drifts):,} fields have shifted since then (PSI of 0.1 or more){told}."
    score = _score_drift(before, now)
    if score is not None:
        yield f"The PSI of the score, over deciles of what it was, is {score:.3f}: {shift_word(score)}."


def _score_drift(before: Hits, now: Hits) -> float | None:
    cuts = decile_cuts(before.totals, step=1)
    return psi(cell_counts(before.totals, cuts), cell_counts(now.totals, cuts))


def _drift_table(drifts: Sequence[Drift]) -> Table:
    columns = (
        Column("field", "Field"),
        Column("psi", "PSI", "number"),
        Column("says", "Which is"),
        Column("old_missing", "Missing before", "share"),
        Column("new_missing", "Missing now", "share"),
        Column("old_median", "Median before", "number"),
        Column("new_median", "Median now", "number"),
    )
    rows = [
        (
            drift.field,
            drift.psi,
            shift_word(drift.psi),
            drift.old_missing,
            drift.new_missing,
            drift.old_median,
            drift.new_median,
        )
        for drift in drifts
    ]
    says = "Over deciles of what numbers were, or the 20 commonest values; no value is a cell of its own."
    return Table("drift", "How far fields have drifted", columns, rows, says)


def _drift_picture(drifts: Sequence[Drift]) -> Picture:
    def draw() -> "Chart":
        from icp_engine.charts.changes import drift_bars

        known = [(drift.field, drift.psi) for drift in drifts if drift.psi is not None]
        return drift_bars(pl.DataFrame(known, {"field": pl.String, "psi": pl.Float64}, orient="row"), WORDS)

    return Picture(draw)


def _idle_table(idle: Idle, now: Hits) -> Table:
    lines = {part.code: {rule.band: rule for rule in rules(part)} for part, _ in idle}
    rows = [
        (
            part.code,
            name,
            lines[part.code][name].points,
            "nothing is known of it" if _nothing_known(part, now) else "no clinic is like that",
            lines[part.code][name].when,
        )
        for part, name in idle
    ]
    columns = (
        Column("characteristic", "Characteristic"),
        Column("band", "Band"),
        Column("points", "Points"),
        Column("why", "Why"),
        Column("when", "Holds for"),
    )
    return Table("idle_bands", "Bands that never fire", columns, rows, empty="Every band fires.")


def _bands(card: Scorecard, now: Hits, before: Hits | None) -> Table:
    rows = []
    for part in outcome_table(card).parts:
        counts = now.bands[part.code]
        for rule in (*rules(part), *([_APART] if _NOWHERE in counts else [])):
            clinics = counts.get(rule.band, 0)
            share = before.bands[part.code].get(rule.band, 0) / before.clinics if before else None
            rows.append(
                (part.code, rule.band, rule.points, clinics, clinics / now.clinics, *([share] if before else []))
            )
    columns = (
        Column("characteristic", "Characteristic"),
        Column("band", "Band"),
        Column("points", "Points"),
        Column("clinics", "Clinics", "count"),
        Column("share", "Share", "share"),
        *([Column("old_share", "Share before", "share")] if before else []),
    )
    return Table("bands", "Where clinics land", columns, rows)


_APART = Rule(_NOWHERE, "", "", "", "")
