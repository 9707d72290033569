"""What an honest colleague would say first: who is worth a call at all, what nobody can reach, and what ties."""

from dataclasses import dataclass

import polars as pl

from icp_engine.display import listed, percent
from icp_engine.published.ranking import best_tie, ranking_doubts
from icp_engine.published.run import Run
from icp_engine.published.statistics import Statistics
from icp_engine.scorecard.model import TOTAL, Scorecard
from icp_engine.warehouse.manifest import Manifest

_NO_RANKING = "The order of the best clinics means nothing."


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence that comes first, the sentences that qualify it, and whether the order of clinics means anything."""

    headline: str
    caveats: tuple[str, ...]
    is_ranking: bool = True


def verdict(run: Run, statistics: Statistics) -> Verdict:
    """Return what a run comes to."""
    tie = best_tie(run)
    if doubts := ranking_doubts(run, tie):
        found = [*doubts, _out_of_reach(run.card, run.manifest), _uncertain(run), _largest_tie(statistics)]
        return Verdict(_NO_RANKING, tuple(sentence for sentence in found if sentence), is_ranking=False)
    found = [_out_of_reach(run.card, run.manifest), _uncertain(run), _best_tie(tie.clinics), _largest_tie(statistics)]
    return Verdict(_headline(statistics, run.card), tuple(sentence for sentence in found if sentence))


def _headline(statistics: Statistics, card: Scorecard) -> str:
    first, reached = card.tiers[0], statistics.tiers[0].clinics
    if reached:
        whom = "it" if reached == 1 else "them"
        return f"{_clinics(reached)} reached {first.label} ({card.edges(first)}): start with {whom}."
    begins = (
        f"{first.at_least[TOTAL]:g}, where {first.label} begins"
        if set(first.at_least) == {TOTAL}
        else f"{first.label} ({card.edges(first)})"
    )
    return f"Nobody reaches {begins}. The best score is {statistics.scores.max:g}: start here."


def _out_of_reach(card: Scorecard, manifest: Manifest) -> str | None:
    """Return what fields cost that no clinic has; None where they cost nothing."""
    absent = list(dict.fromkeys(name for lost in manifest.out_of_reach for name in lost.fields))
    if not absent:
        return None
    edge = card.tiers[0].at_least.get(TOTAL, 0.0)
    beyond = f", and {card.tiers[0].label} is out of reach" if manifest.reachable < edge else ""
    return (
        f"No clinic has a value for {listed(absent)}: "
        f"{manifest.reachable:g} of {card.maximum:g} points are within reach{beyond}."
    )


def _uncertain(run: Run) -> str | None:
    """Return for how many the tier hangs on what is missing; None for nobody, and in runs of former versions."""
    clinics, certain = run.table("clinics_icp"), run.card.column("tier_certain")
    if certain not in clinics.collect_schema():
        return None
    count = int(clinics.select((~pl.col(certain)).sum()).collect().item())
    if not count:
        return None
    share = percent(count / run.manifest.rows.scored)
    return (
        f"Missing data could change the tier of {_clinics(count)}, {share} of all: icp-engine gaps says which fields."
    )


def _best_tie(clinics: int) -> str | None:
    """Return how many share the best score; None where one clinic has it alone."""
    return f"{_clinics(clinics)} share the best score, and stand in the order of their ids." if clinics > 1 else None


def _largest_tie(statistics: Statistics) -> str | None:
    """Return how many share the most common score; None where no two clinics share one."""
    quality = statistics.data_quality
    clinics = round(quality.most_common_share * statistics.total_clinics)
    if clinics == 1:
        return None
    share = percent(quality.most_common_share)
    return f"The largest tie is {_clinics(clinics)} at {quality.most_common_score:g} points, {share} of all."


def _clinics(count: int) -> str:
    return f"{count:,} {'clinic' if count == 1 else 'clinics'}"
