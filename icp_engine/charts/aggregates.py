"""What the charts of a run show, as small frames: chosen in SQL over its Parquet files, whatever the scorecard."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from icp_engine.database import Database, database, sql_text
from icp_engine.networks.grouping import NETWORKS
from icp_engine.networks.neutral import CLINIC_SCORES, NETWORK_SCORES, clinic_sql, network_sql, view
from icp_engine.published.run import Run
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.headlines import missing_outcomes
from icp_engine.warehouse.dimensions import run_frames, scorecard_frames

_STEPS = 100  # of the score, from nothing to the maximum
_MAX_NETWORKS = 25
_CLINICS = ("score_distribution", "tiers_and_segments", "category_averages", "points_out_of_reach", "tiers_by_state")
_OF_NETWORKS = ("top_networks", "network_sizes")


@dataclass(frozen=True, slots=True)
class Aggregates:
    """The frames of a run's charts by the names of their files in `sql/charts`, and the scorecard that made them.

    Without networks, and for a scorecard that made none, `top_networks` and `network_sizes` are empty.
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
            "top_networks": {"max_rows": _MAX_NETWORKS},
        }
        wanted = _CLINICS + (_OF_NETWORKS if run.made_networks else ())
        return Aggregates(card, {name: db.frame(sql_text(f"charts/{name}"), values.get(name)) for name in wanted})


def _register(db: Database, run: Run) -> None:
    """Make what the files of `sql/charts` read."""
    db.view_parquet("icp_scores", run.path("icp_scores"))
    db.view_parquet("icp_bands", run.path("icp_bands"))
    view(db, CLINIC_SCORES, clinic_sql(run.card), "icp_scores")
    if run.made_networks:
        db.view_parquet(NETWORKS, run.path(NETWORKS))
        view(db, NETWORK_SCORES, network_sql(run.card), NETWORKS)
    db.copy("scorecard_categories", scorecard_frames(run.card)["scorecard_categories"])
    db.copy("field_coverage", run_frames(run.manifest)["field_coverage"])
    db.copy("missing_outcomes", missing_outcomes(run.card))
