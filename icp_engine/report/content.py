"""What the report of a run says, as values; how it looks is up to the templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from icp_engine.charts.aggregates import Aggregates, aggregates
from icp_engine.charts.catalogue import Chart, draw, draw_clinic
from icp_engine.charts.figures import percent
from icp_engine.published.run import explained, run_statistics
from icp_engine.scorecard.model import Scorecard

_TOP = 10


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure: what it is, the figure, and what to compare it with."""

    label: str
    figure: str
    beside: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows.

    Attributes:
        about: the manifest of the run.
        card: its scorecard.
        statistics: as `icp-engine stats` gives them.
        tiles: the headline figures.
        charts: the pictures of all clinics.
        best: the waterfall of the best clinic; None where there is no clinic.
        networks: the best networks, at most ten.
        fields: per field of the extract its name, its meaning, and what was known of it.
    """

    about: Mapping[str, Any]
    card: Scorecard
    statistics: Mapping[str, Any]
    tiles: list[Tile]
    charts: dict[str, Chart]
    best: Chart | None
    networks: list[dict[str, Any]]
    fields: list[dict[str, Any]]


def content(folder: Path, card: Scorecard, about: Mapping[str, Any]) -> Report:
    """Return the report of the run in a folder.

    Args:
        folder: with the Parquet files of the run.
        card: its scorecard.
        about: its manifest, or as much of it as there is.
    """
    found = aggregates(folder, card, about)
    statistics = run_statistics(folder, card, about)
    best = explained(folder, card, statistics["top"][0]["clinic_id"]) if statistics["top"] else None
    return Report(
        about=about,
        card=card,
        statistics=statistics,
        tiles=_tiles(statistics, about),
        charts={one.name: one for one in draw(found)},
        best=draw_clinic(best) if best else None,
        networks=found["top_networks"].head(_TOP).to_dicts(),
        fields=_fields(about, card, found),
    )


def _tiles(statistics: Mapping[str, Any], about: Mapping[str, Any]) -> list[Tile]:
    rows, score = statistics["total_clinics"], statistics["score_distribution"]
    tiles = [Tile("Clinics scored", f"{rows:,}", f"{about['rows']['rejected']:,} rows rejected")]
    tiles += [
        Tile(one["label"], f"{one['clinics']:,}", f"{percent(one['share'])} of clinics") for one in statistics["tiers"]
    ]
    networks = about.get("networks")
    if networks:
        share = percent(networks["clinics"] / rows)
        tiles.append(Tile("Networks", f"{networks['found']:,}", f"of {networks['clinics']:,} clinics ({share})"))
    tiles.append(Tile("Mean score", f"{score['mean']:.1f}", f"median {score['median']:g}, best {score['max']:g}"))
    return tiles


def _fields(about: Mapping[str, Any], card: Scorecard, found: Aggregates) -> list[dict[str, Any]]:
    """Return the fields that the scorecard reads, those that cost most points first."""
    rows = about["rows"]["in"]
    lost = found["points_out_of_reach"].select("field", pl.col("average_points").round(2)).rows()
    return [
        {
            "name": name,
            "meaning": card.fields[name].description,
            "points": points,
            "known": one["given"] / rows,
            **{key: one[key] for key in ("missing", "invalid", "clipped", "examples")},
        }
        for name, points in lost
        for one in (about["fields"][name],)
    ]
