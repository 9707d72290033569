"""What the report of a run says, as values; how it looks is up to the templates."""

from dataclasses import dataclass

import polars as pl

from icp_engine.charts.aggregates import Aggregates, aggregates
from icp_engine.charts.catalogue import Chart, draw, draw_clinic
from icp_engine.display import percent
from icp_engine.published.explain import find_explanation
from icp_engine.published.matrix import TierMatrix, tier_matrices
from icp_engine.published.run import Run
from icp_engine.published.statistics import Statistics, run_statistics
from icp_engine.report.lists import CallLists, call_lists
from icp_engine.report.verdict import Verdict, verdict
from icp_engine.scorecard.model import Scorecard
from icp_engine.warehouse.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure: what it is, the figure, and what to compare it with."""

    label: str
    figure: str
    beside: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of the extract: the points that an average clinic loses to it, the share known, and rows that are not."""

    name: str
    meaning: str
    points: float
    known: float
    missing: int
    invalid: int
    clipped: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What the page shows of a scorecard after the first."""

    card: Scorecard
    statistics: Statistics
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows.

    Attributes:
        manifest: what the run says of itself.
        card: its scorecard.
        statistics: what `icp-engine stats` prints.
        tiles: the headline figures.
        charts: the pictures of all clinics.
        best: the waterfall of the best clinic; None where there is no clinic.
        verdict: what an honest colleague would say first.
        lists: the networks to call first, at most ten, and the best clinics, at most 2,000.
        fields: the fields that the scorecard reads, those that cost most points first.
        others: the scorecards of the run after the first.
        matrices: clinics by the tiers of each pair of scorecards.
    """

    manifest: Manifest
    card: Scorecard
    statistics: Statistics
    tiles: list[Tile]
    charts: dict[str, Chart]
    best: Chart | None
    verdict: Verdict
    lists: CallLists
    fields: list[FieldRow]
    others: tuple[Section, ...]
    matrices: tuple[TierMatrix, ...]


def content(run: Run) -> Report:
    """Return the report of a run, of which the manifest may be as much as there is yet."""
    found = aggregates(run)
    statistics = run_statistics(run)
    best = find_explanation(run, statistics.top[0].clinic_id) if statistics.top else None
    return Report(
        manifest=run.manifest,
        card=run.card,
        statistics=statistics,
        tiles=_tiles(statistics, run.manifest),
        charts={chart.name: chart for chart in draw(found)},
        best=draw_clinic(best) if best else None,
        verdict=verdict(run, statistics),
        lists=call_lists(run),
        fields=_fields(run, found),
        others=tuple(map(_section, run.each[1:])),
        matrices=tier_matrices(run),
    )


def _section(run: Run) -> Section:
    statistics = run_statistics(run)
    return Section(run.card, statistics, verdict(run, statistics))


def _tiles(statistics: Statistics, manifest: Manifest) -> list[Tile]:
    rows, score = statistics.total_clinics, statistics.scores
    tiles = [Tile("Clinics scored", f"{rows:,}", f"{manifest.rows.rejected:,} rows rejected")]
    tiles += [Tile(tier.label, f"{tier.clinics:,}", f"{percent(tier.share)} of clinics") for tier in statistics.tiers]
    networks = manifest.networks
    if networks:
        share = percent(networks.clinics / rows)
        tiles.append(Tile("Networks", f"{networks.found:,}", f"of {networks.clinics:,} clinics ({share})"))
    tiles.append(Tile("Mean score", f"{score.mean:.1f}", f"median {score.median:g}, best {score.max:g}"))
    return tiles


def _fields(run: Run, found: Aggregates) -> list[FieldRow]:
    """Return the fields that the scorecard reads, those that cost most points first."""
    lost = found["points_out_of_reach"].select("field", pl.col("average_points").round(2)).rows()
    fields = run.manifest.fields
    return [
        FieldRow(
            name=name,
            meaning=run.card.fields[name].description,
            points=points,
            known=fields[name].given / run.manifest.rows.read,
            missing=fields[name].missing,
            invalid=fields[name].invalid,
            clipped=fields[name].clipped,
            examples=fields[name].examples,
        )
        for name, points in lost
    ]
