"""What the charts of a run show, as small frames: chosen in SQL over its Parquet files, whatever the scorecard."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from icp_engine.database import Database, database, sql_text
from icp_engine.networks.grouping import NETWORKS
from icp_engine.networks.neutral import CLINIC_SCORES, NETWORK_SCORES, clinic_sql, network_sql, view
from icp_engine.published.run import Run
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, CharacteristicOutcomes, Outcome, outcome_table
from icp_engine.scorecard.rounding import in_points
from icp_engine.warehouse.dimensions import run_frames, scorecard_frames

_STEPS = 100  # of the score, from nothing to the maximum
_MOST_NETWORKS = 25
_CLINICS = ("score_distribution", "tiers_and_segments", "category_averages", "points_out_of_reach", "tiers_by_state")
_OUTCOMES = pl.Schema(
    {"characteristic": pl.String(), "band": pl.UInt8(), "fields": pl.List(pl.String()), "points": pl.Float64()}
)
_OF_NETWORKS = ("top_networks", "network_sizes")


@dataclass(frozen=True, slots=True)
class Aggregates:
    """The frames of a run's charts by the names of their files in `sql/charts`, and the scorecard that made them.

    Without networks `top_networks` and `network_sizes` are empty.
    """

    card: Scorecard
    frames: Mapping[str, pl.DataFrame]

    def __getitem__(self, name: str) -> pl.DataFrame:
        """Return one frame; an empty one where the run made nothing of the kind."""
        return self.frames.get(name, pl.DataFrame())


def aggregates(run: Run) -> Aggregates:
    """Return what the charts show of a run."""
    card = run.card
    with database() as db:
        _register(db, run)
        values = {
            "score_distribution": {"step": max(1, round(card.maximum * 100 / _STEPS))},
            "top_networks": {"most": _MOST_NETWORKS},
        }
        wanted = _CLINICS + (_OF_NETWORKS if run.has_networks else ())
        return Aggregates(card, {name: db.frame(sql_text(f"charts/{name}"), values.get(name)) for name in wanted})


def _register(db: Database, run: Run) -> None:
    """Make what the files of `sql/charts` read."""
    db.view_parquet("icp_scores", run.path("icp_scores"))
    db.view_parquet("icp_bands", run.path("icp_bands"))
    view(db, CLINIC_SCORES, clinic_sql(run.card), "icp_scores")
    if run.has_networks:
        db.view_parquet(NETWORKS, run.path(NETWORKS))
        view(db, NETWORK_SCORES, network_sql(run.card), NETWORKS)
    db.copy("scorecard_categories", scorecard_frames(run.card)["scorecard_categories"])
    db.copy("field_coverage", run_frames(run.manifest)["field_coverage"])
    db.copy("missing_outcomes", missing_outcomes(run.card))


def missing_outcomes(card: Scorecard) -> pl.DataFrame:
    """Return what every MISSING band keeps a clinic from: band column, band, the fields behind it, points.

    Where a category wants its first characteristic, or nothing of it is known, the whole category is out of reach.
    """
    rows = [
        {
            "characteristic": part.rule.column,
            "band": outcome.number,
            "fields": _behind(part, outcome, card),
            "points": in_points(_lost(part, outcome, category)),
        }
        for category in outcome_table(card).categories
        for part in category.parts
        for outcome in part.outcomes
        if outcome.missing
    ]
    return pl.DataFrame(rows, schema=_OUTCOMES)


def _behind(part: CharacteristicOutcomes, outcome: Outcome, card: Scorecard) -> list[str]:
    """Return the fields for want of which a clinic lands in a MISSING band."""
    if outcome.number == part.nothing_known or part.rule.missing is None:
        return list(outcome.sources)
    return [source for name in part.rule.missing.fields for source in card.derived.get(name, (name,))]


def _lost(part: CharacteristicOutcomes, outcome: Outcome, category: CategoryOutcomes) -> int:
    """Return the hundredths that a band out of reach costs; a band that reads as a value costs what is above it."""
    whole = outcome.number == part.nothing_known or category.rule.requires == part.rule.name
    return max(0, (category.maximum if whole else part.most) - outcome.most)
