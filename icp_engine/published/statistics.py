"""The statistics of a published run: scores in points, shares from 0 to 1, counts in clinics."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.networks.grouping import NETWORKS
from icp_engine.published.run import Run
from icp_engine.scorecard.model import Scorecard
from icp_engine.tables.ordering import best_first
from icp_engine.warehouse.manifest import Manifest

_TOP = 10


@dataclass(frozen=True, slots=True)
class Distribution:
    """The scores of all clinics; `std` is the sample standard deviation, None for a single clinic."""

    mean: float
    median: float
    min: float
    max: float
    std: float | None


@dataclass(frozen=True, slots=True)
class TierShare:
    """Clinics in a tier."""

    tier: int
    label: str
    clinics: int
    share: float


@dataclass(frozen=True, slots=True)
class SegmentShare:
    """Clinics in a segment."""

    segment: str
    label: str
    clinics: int
    share: float


@dataclass(frozen=True, slots=True)
class CategoryPoints:
    """What a category brings."""

    category: str
    label: str
    maximum: float
    average: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class BestClinic:
    """One of the clinics with the highest scores."""

    clinic_id: str
    name: str | None
    state: str | None
    score: float
    tier_label: str


@dataclass(frozen=True, slots=True)
class LargestNetwork:
    """One of the networks of most clinics; members of unknown state are in no state."""

    name: str
    clinics: int
    states: int


@dataclass(frozen=True, slots=True)
class DataQuality:
    """Whether the ranking means anything; `missing_share` is by field that the scorecard reads."""

    distinct_scores: int
    most_common_score: float
    most_common_share: float
    missing_share: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics of a run, in the names of no scorecard."""

    total_clinics: int
    scores: Distribution
    tiers: tuple[TierShare, ...]
    segments: tuple[SegmentShare, ...]
    categories: tuple[CategoryPoints, ...]
    top: tuple[BestClinic, ...]
    data_quality: DataQuality


def run_statistics(run: Run) -> Statistics:
    """Return the statistics of a run."""
    return score_statistics(run.clinics(), run.card, run.manifest)


def certain_tiers(run: Run) -> int | None:
    """Return how many clinics no missing field could move to another tier; None of a run that does not say."""
    name, clinics = run.card.column("tier_certain"), run.table("clinics_icp")
    if name not in clinics.collect_schema():
        return None
    return int(clinics.select(pl.col(name).sum()).collect().item())


def score_statistics(scores: pl.LazyFrame, card: Scorecard, manifest: Manifest) -> Statistics:
    """Return the statistics of a run of which the manifest is given. Source: a row of `clinics_icp` per clinic."""
    total = pl.col(card.column("total_score"))
    rows = manifest.rows.scored
    by_score = scores.group_by(total.alias("score")).len().sort("len", "score", descending=[True, False]).collect()
    head = scores.select(
        total.mean().round(2).alias("mean"),
        total.median().alias("median"),
        total.min().alias("min"),
        total.max().alias("max"),
        total.std().round(2).alias("std"),
    ).collect()
    tiers = ((tier, manifest.tiers.get(tier.number, 0)) for tier in card.tiers)
    segments = ((letter, label, manifest.segments.get(letter, 0)) for letter, label in card.segments.items())
    return Statistics(
        total_clinics=rows,
        scores=Distribution(**head.row(0, named=True)),
        tiers=tuple(TierShare(tier.number, tier.label, count, count / rows) for tier, count in tiers),
        segments=tuple(SegmentShare(letter, label, count, count / rows) for letter, label, count in segments),
        categories=_categories(scores, card),
        top=best_clinics(scores, card, _TOP),
        data_quality=DataQuality(
            distinct_scores=len(by_score),
            most_common_score=by_score["score"][0],
            most_common_share=by_score["len"][0] / rows,
            missing_share={
                name: (field.missing + field.invalid) / manifest.rows.read
                for name, field in manifest.fields.items()
                if field.read
            },
        ),
    )


def _categories(scores: pl.LazyFrame, card: Scorecard) -> tuple[CategoryPoints, ...]:
    columns = [category.column for category in card.categories]
    low, high, mean = (
        scores.select(getattr(pl.col(columns), how)()).collect().row(0) for how in ("min", "max", "mean")
    )
    return tuple(
        CategoryPoints(
            category=category.name,
            label=category.label,
            maximum=category.maximum,
            average=round(mean[place], 2),
            min=low[place],
            max=high[place],
        )
        for place, category in enumerate(card.categories)
    )


def best_clinics(scores: pl.LazyFrame, card: Scorecard, max_rows: int) -> tuple[BestClinic, ...]:
    """Return the best clinics: by rank, then id. Source: a row of `clinics_icp` per clinic."""
    order = best_first(card, scores.collect_schema())
    shown = [KEY, NAME, STATE, card.column("total_score"), card.column("tier_label")]
    best = scores.select(*dict.fromkeys([*shown, *order])).sort(*order, descending=list(order.values())).head(max_rows)
    return tuple(BestClinic(*row) for row in best.select(shown).collect().iter_rows())


def largest_networks(run: Run, max_rows: int) -> tuple[LargestNetwork, ...]:
    """Return the networks of most clinics, then states, then by id. Source: `networks_icp`."""
    largest = run.table(NETWORKS).sort("num_clinics", "num_states", "network_id", descending=[True, True, False])
    found = largest.select("display_name", "num_clinics", "num_states").head(max_rows).collect()
    return tuple(LargestNetwork(*row) for row in found.iter_rows())


def statistics_content(found: Statistics, run: Run) -> dict[str, Any]:
    """Return statistics as JSON has them, the best clinics in the names of the scorecard's columns."""
    content, record = asdict(found), run.manifest.scorecard
    names = (KEY, NAME, STATE, run.card.column("total_score"), run.card.column("tier_label"))
    content["score_distribution"] = content["scores"]
    content["top"] = [dict(zip(names, clinic.values(), strict=True)) for clinic in content["top"]]
    keys = ("total_clinics", "score_distribution", "tiers", "segments", "categories", "top", "data_quality")
    return {
        "scorecard": {"id": record.id, "version": record.version, "hash": record.hash},
        "run_id": run.manifest.run_id,
        **{key: content[key] for key in keys},
    }
