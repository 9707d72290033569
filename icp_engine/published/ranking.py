"""Whether the order of a run's clinics means anything: what ties at the top, and what nobody can reach."""

from dataclasses import dataclass

import polars as pl

from icp_engine.extract.reach import no_tier_in_reach
from icp_engine.published.run import Run

_MAX_TIED = 0.1  # of all clinics; where more share the best score, the first of them are first by chance


@dataclass(frozen=True, slots=True)
class Tie:
    """The best score, in points, and how many clinics have it that nothing but their ids sets apart."""

    score: float
    clinics: int


def best_tie(run: Run) -> Tie:
    """Return how many clinics share the best score after tie-breakers. Source: `clinics_icp`."""
    clinics, total = run.table("clinics_icp"), pl.col(run.card.column("total_score"))
    rank = pl.col(run.card.column("rank"))
    first = rank == 1 if rank.meta.output_name() in clinics.collect_schema() else total == total.max()
    return Tie(*clinics.select(total.max().alias("score"), first.sum().alias("len")).collect().row(0))


def largest_tie(run: Run) -> tuple[float, Tie]:
    """Return the mean score, and the score that most clinics share, the highest of several. Source: `icp_scores`."""
    total = run.card.column("total_score")
    counts = run.table("icp_scores").group_by(pl.col(total).alias("score")).len("clinics")
    mean = (pl.col("score") * pl.col("clinics")).sum() / pl.col("clinics").sum()
    top = pl.col("score", "clinics").sort_by("clinics", "score", descending=True).first()
    average, score, clinics = counts.select(mean.alias("mean"), top).collect().row(0)
    return average, Tie(score, clinics)


def ranking_doubts(run: Run, tie: Tie) -> tuple[str, ...]:
    """Return why the order of the clinics means nothing, a sentence for each reason; none where it means something."""
    manifest, scored = run.manifest, run.manifest.rows.scored
    doubts = [no_tier_in_reach(run.card, manifest.reachable, manifest.out_of_reach)]
    if tie.clinics > max(1, _MAX_TIED * scored):
        doubts.append(
            f"{tie.clinics:,} of {scored:,} clinics share the best score, {tie.score:g}, "
            "and stand in the order of their ids."
        )
    return tuple(doubt for doubt in doubts if doubt)
