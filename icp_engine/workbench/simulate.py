"""What if tiers began elsewhere: how many clinics each would have, who moves, and how close the crowd stands.

Nothing is scored again: scores stand in the published run, and all that is counted is counted by score.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from icp_engine.columns import HELPERS, KEY, NAME, STATE
from icp_engine.display import listed
from icp_engine.published.run import Run
from icp_engine.report.document import Column, Document, Picture, Table
from icp_engine.scorecard.model import Scorecard
from icp_engine.tables.ordering import best_first
from icp_engine.workbench.cutoffs import (
    HUNDREDTHS,
    ROUNDED,
    Cutoffs,
    clinics_between,
    cutoffs_of,
    hundredths_of,
    score_counts,
    tier_of,
)

if TYPE_CHECKING:
    from icp_engine.charts.catalogue import Chart

THEN = f"{HELPERS}tier_then"
_NEAR = (0.01, 0.025, 0.05)  # of the highest total: how near to a cut-off clinics are counted
_SHOWN = 5  # clinics on each side of a cut-off


def simulate(run: Run, after: Cutoffs) -> Document:
    """Return what becomes of the tiers of a run where they begin elsewhere. Source: `found_cutoffs`."""
    card, before, counts = run.card, cutoffs_of(run.card), score_counts(run)
    then = counts.with_columns(tier_of(after.points, card).alias(THEN))
    tables = (
        _tier_table(card, then, before.points, after.points),
        _moves(card, then),
        _crowd(card, counts, after.points),
        _marginal(run, counts, after.points),
    )
    moved = int(then.filter(pl.col("tier") != pl.col(THEN))["clinics"].sum())
    headline, warnings = _headline(card, tables[0], moved), _warnings(card, counts, after.points)
    return Document(
        title="What if tiers began elsewhere",
        headline=headline,
        sentences=(*after.notes, *warnings, *([_how_to_keep(card, after.points)] if moved else [])),
        subtitle=f"{card.id} {card.version}, run {run.manifest.run_id}, {counts['clinics'].sum():,} clinics",
        parts=(tables[0], Picture(lambda: _chart(card, then, before.points, after.points)), *tables[1:]),
        facts={"cutoffs": list(after.points), "moved": moved},
    )


def moved_clinics(run: Run, after: Cutoffs) -> pl.DataFrame:
    """Return the clinics that change their tier, best first: id, name, state, score, tier now and then."""
    card, clinics = run.card, run.clinics()
    tier, total = card.column("tier"), card.column("total_score")
    order = best_first(card, clinics.collect_schema())
    then = tier_of(after.points, card, hundredths_of(total)).alias(f"{tier}_then")
    moved = clinics.with_columns(then).filter(pl.col(tier) != pl.col(f"{tier}_then"))
    shown = dict.fromkeys([*order, KEY, NAME, STATE, total, tier, f"{tier}_then"])
    return moved.select(*shown).sort(*order, descending=list(order.values())).collect()


def _tier_table(card: Scorecard, then: pl.DataFrame, before: Sequence[float], after: Sequence[float]) -> Table:
    rows = max(int(then["clinics"].sum()), 1)
    now = dict(then.group_by("tier").agg(pl.col("clinics").sum()).iter_rows())
    later = dict(then.group_by(THEN).agg(pl.col("clinics").sum()).iter_rows())
    lines = []
    for place, tier in enumerate(card.tiers):
        counted, counts = now.get(tier.number, 0), later.get(tier.number, 0)
        edges = (before[place], after[place]) if place < len(after) else (None, None)
        lines.append((tier.label, *edges, counted, counted / rows, counts, counts / rows, counts - counted))
    return Table(
        "tiers",
        "Clinics in each tier",
        (
            Column("tier", "Tier"),
            Column("from_now", "From, now", "number"),
            Column("from_then", "From, then", "number"),
            Column("clinics_now", "Clinics now", "count"),
            Column("share_now", "Share", "share"),
            Column("clinics_then", "Clinics then", "count"),
            Column("share_then", "Share", "share"),
            Column("change", "Change", "change"),
        ),
        lines,
    )


def _headline(card: Scorecard, tiers: Table, moved: int) -> str:
    if not moved:
        return "No clinic changes its tier."
    parts = [
        f"tier {tier.number} from {row[2]:g} instead of {row[1]:g} has {row[5]:,} clinics instead of {row[3]:,}"
        for tier, row in zip(card.tiers, tiers.rows, strict=True)
        if row[1] != row[2] and (row[3] or row[5])
    ]
    told = f"{listed(parts)}; {moved:,} {'clinic changes its' if moved == 1 else 'clinics change their'} tier."
    return told[0].upper() + told[1:]


def _warnings(card: Scorecard, counts: pl.DataFrame, points: Sequence[float]) -> list[str]:
    """Return a sentence for each tier that nobody reaches, and for each that a crowd only just misses."""
    step, told = card.maximum * _NEAR[0], []
    for tier, cutoff in zip(card.tiers, points, strict=False):
        inside = clinics_between(counts, cutoff, None)
        below = clinics_between(counts, cutoff - step, cutoff)
        if not inside:
            best = counts[HUNDREDTHS][0] / 100
            told.append(f"No clinic reaches {tier.label} from {cutoff:g}: the highest score is {best:g}.")
        if inside and below > inside * 0.1:
            points_short = f"less than {step:g} {'point' if step == 1 else 'points'} short of {cutoff:g}"
            told.append(
                f"Tier {tier.number} is where the crowd stands: {below:,} clinics are {points_short}, "
                f"beside the {inside:,} that reach it."
            )
    return told


def _how_to_keep(card: Scorecard, points: Sequence[float]) -> str:
    edges = listed([f"[tier.{tier.number}] at_least = {cut:g}" for tier, cut in zip(card.tiers, points, strict=False)])
    return f"Nothing was changed: to keep it, write a scorecard that extends {card.id}, with {edges}, and run with it."


def _moves(card: Scorecard, then: pl.DataFrame) -> Table:
    labels = {tier.number: tier.label for tier in card.tiers}
    rows = int(then["clinics"].sum())
    moves = then.filter(pl.col("tier") != pl.col(THEN)).group_by("tier", THEN).agg(pl.col("clinics").sum())
    return Table(
        "moves",
        "Who changes tier",
        (Column("tier", "From"), Column("tier_then", "To"), Column("clinics", "Clinics", "count"),
         Column("share", "Of all", "share")),
        [
            (labels[now], labels[later], clinics, clinics / rows)
            for now, later, clinics in moves.sort("tier", THEN).iter_rows()
        ],
        empty="No clinic changes its tier.",
    )  # fmt: skip


def _crowd(card: Scorecard, counts: pl.DataFrame, points: Sequence[float]) -> Table:
    lines = [
        (tier.label, cutoff, part * card.maximum, clinics_between(counts, cutoff, cutoff + part * card.maximum),
         clinics_between(counts, cutoff - part * card.maximum, cutoff))
        for tier, cutoff in zip(card.tiers, points, strict=False)
        for part in _NEAR
    ]  # fmt: skip
    return Table(
        "crowd",
        "How close the crowd stands to the cut-offs",
        (
            Column("tier", "Tier"),
            Column("cutoff", "From", "number"),
            Column("within", "Within, points", "number"),
            Column("clinics_above", "On it or above", "count"),
            Column("clinics_below", "Below", "count"),
        ),
        lines,
        "Clinics that an error of so many points would put on the other side.",
    )


def _marginal(run: Run, counts: pl.DataFrame, points: Sequence[float]) -> Table:
    """Return the last clinics that make each tier and the first that do not, in the order of the lists."""
    card, lines = run.card, []
    clinics = run.clinics()
    order = best_first(card, clinics.collect_schema())
    total = card.column("total_score")
    shown = dict.fromkeys([*order, total, KEY, NAME, STATE])
    for tier, cutoff in zip(card.tiers, points, strict=False):
        low, high = _window(counts, cutoff)
        window = clinics.filter(hundredths_of(total).is_between(low, high)).select(*shown)
        near = window.sort(*order, descending=list(order.values())).collect()
        reached = hundredths_of(total) >= round(cutoff * 100, ROUNDED)
        sides = (("last in", near.filter(reached).tail(_SHOWN)), ("next", near.filter(~reached).head(_SHOWN)))
        for side, rows in sides:
            lines += [
                (tier.label, side, row[total], row[total] - cutoff, row[NAME], row[STATE], row[KEY])
                for row in rows.iter_rows(named=True)
            ]
    return Table(
        "marginal",
        "Who stands at the cut-offs",
        (
            Column("tier", "Tier"),
            Column("side", ""),
            Column("score", "Score", "points"),
            Column("distance", "From it", "change"),
            Column("account_name", "Clinic"),
            Column("state_code", "State"),
            Column("clinic_id", "Id"),
        ),
        lines,
        "The last that make the tier and the next that do not, in the order of every list.",
    )


def _window(counts: pl.DataFrame, cutoff: float) -> tuple[int, int]:
    """Return the lowest and the highest score, in hundredths, of the few clinics on either side of a cut-off."""
    edge = round(cutoff * 100, ROUNDED)
    above = counts.filter(pl.col(HUNDREDTHS) >= edge).sort(HUNDREDTHS)
    below = counts.filter(pl.col(HUNDREDTHS) < edge).sort(HUNDREDTHS, descending=True)
    ends = []
    for side in (below, above):
        enough = side.filter(pl.col("clinics").cum_sum() - pl.col("clinics") < _SHOWN)
        ends.append(enough[HUNDREDTHS])
    low = ends[0].min() if len(ends[0]) else edge
    high = ends[1].max() if len(ends[1]) else edge
    return int(low), int(high)  # type: ignore[arg-type]


def _chart(card: Scorecard, then: pl.DataFrame, before: Sequence[float], after: Sequence[float]) -> "Chart":
    from icp_engine.charts.cutoffs import cutoff_chart

    return cutoff_chart(
        then.select(pl.col(HUNDREDTHS) / 100, THEN, "clinics").rename({HUNDREDTHS: "score", THEN: "tier"}),
        card,
        before,
        after,
    )
