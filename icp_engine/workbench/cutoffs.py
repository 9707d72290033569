"""Where tiers begin, as people ask for it: by score, or by how many clinics a tier is to have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.display import listed, percent
from icp_engine.errors import InputError
from icp_engine.published.run import Run
from icp_engine.scorecard.model import TOTAL, Scorecard

HUNDREDTHS = f"{HELPERS}hundredths"
ROUNDED = 6  # places of hundredths, where an edge such as 70.1 is not a whole number of them for its binary digits


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many clinics a tier is to have: as a share of all of 0 to 1, or as a number."""

    share: float | None = None
    clinics: int | None = None

    def of(self, rows: int) -> int:
        """Return the number of clinics."""
        return round(rows * self.share) if self.share is not None else self.clinics or 0

    def __str__(self) -> str:
        """Return what was asked for, as people write it."""
        return f"{self.share * 100:g}%" if self.share is not None else f"{self.clinics:,} clinics"


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """From which scores on tiers begin, in points, the best first; the last tier takes the rest.

    `notes` says of each that was looked for how near it comes to what was asked.
    """

    points: tuple[float, ...]
    notes: tuple[str, ...] = ()


def found_cutoffs(run: Run, tiers: Sequence[float] = (), targets: Mapping[int, Wanted] | None = None) -> Cutoffs:
    """Return where tiers are to begin.

    Args:
        run: the published run.
        tiers: from which scores on they begin, one for each but the last; or else
        targets: how many clinics tiers are to have, by number; a tier that is not named begins where it does now.

    Raises:
        InputError: the tiers do not stand on the total alone, or cannot begin there.
    """
    cutoffs_of(run.card)
    found = _found(run.card, score_counts(run), targets) if targets else Cutoffs(tuple(tiers))
    _check(run.card, found.points)
    return found


def cutoffs_of(card: Scorecard) -> Cutoffs:
    """Return where the tiers of a scorecard begin.

    Raises:
        InputError: they stand on more than the total.
    """
    for tier in card.tiers[:-1]:
        if set(tier.at_least) != {TOTAL}:
            raise InputError(
                f"{tier.label} of {card.id} begins at {card.edges(tier)}: only tiers that stand on the total score "
                f"alone can be moved here. Copy the scorecard, change at_least there, and run with it."
            )
    return Cutoffs(tuple(tier.at_least[TOTAL] for tier in card.tiers[:-1]))


def _check(card: Scorecard, points: Sequence[float]) -> None:
    due = len(card.tiers) - 1
    if len(points) != due:
        names = listed([tier.label for tier in card.tiers[:-1]])
        raise InputError(
            f"{card.id} has {len(card.tiers)} tiers, of which the last takes the rest: give {due} "
            f"{'score' if due == 1 else 'scores'}, where {names} begin, and not {len(points)}."
        )
    for cutoff in points:
        if not 0 < cutoff <= card.maximum:
            raise InputError(f"No tier can begin at {cutoff:g}: scores of {card.id} go from 0 to {card.maximum:g}.")
    for number, (better, worse) in enumerate(pairwise(points), 1):
        if better <= worse:
            raise InputError(
                f"Tier {number} begins at {better:g} and tier {number + 1} at {worse:g}; it has to begin lower."
            )


def score_counts(run: Run) -> pl.DataFrame:
    """Return how many clinics have each score, the highest first: `hundredths`, `tier` now, `clinics`."""
    total, tier = run.card.column("total_score"), run.card.column("tier")
    counts = run.table("icp_scores").group_by(hundredths_of(total).alias(HUNDREDTHS), pl.col(tier).alias("tier"))
    return counts.agg(pl.len().cast(pl.Int64).alias("clinics")).sort(HUNDREDTHS, descending=True).collect()


def tier_of(points: Sequence[float], card: Scorecard, score: pl.Expr | None = None) -> pl.Expr:
    """Return the tier of whole hundredths where tiers begin at some points."""
    score = pl.col(HUNDREDTHS) if score is None else score
    chain = pl.lit(card.tiers[-1].number, pl.Int8)
    for tier, cutoff in reversed(list(zip(card.tiers, points, strict=False))):
        chain = pl.when(score >= round(cutoff * 100, ROUNDED)).then(pl.lit(tier.number, pl.Int8)).otherwise(chain)
    return chain


def clinics_between(counts: pl.DataFrame, low: float, high: float | None) -> int:
    """Return how many clinics score at least so much, and less than so much."""
    score = pl.col(HUNDREDTHS)
    wanted = score >= round(low * 100, ROUNDED)
    wanted = wanted if high is None else wanted & (score < round(high * 100, ROUNDED))
    return int(counts.filter(wanted)["clinics"].sum())


def _found(card: Scorecard, counts: pl.DataFrame, targets: Mapping[int, Wanted]) -> Cutoffs:
    """Return the cut-offs that come nearest to how many clinics tiers are to have, the best tier first.

    A cut-off is a score that some clinic has: clinics of one score are in one tier.
    """
    known = [tier.number for tier in card.tiers[:-1]]
    wrong = next((number for number in targets if number not in known), None)
    if wrong is not None:
        raise InputError(
            f"There is no cut-off of tier {wrong}: those of {card.id} are of {listed([str(n) for n in known])}; "
            "the last tier takes the rest."
        )
    scores = [(hundredths, clinics) for hundredths, _, clinics in counts.iter_rows()]
    rows, better = sum(clinics for _, clinics in scores), 0
    points: list[float] = []
    notes: list[str] = []
    for number, now in zip(known, cutoffs_of(card).points, strict=True):
        below = points[-1] if points else card.maximum + 1
        cumulated, reached = [], 0
        for hundredths, clinics in scores:
            reached += clinics
            if hundredths / 100 < below:
                cumulated.append((hundredths / 100, reached - better))
        if number not in targets:
            points.append(now)
            better = next((count for score, count in reversed(cumulated) if score >= now), 0) + better
            continue
        if not cumulated:
            raise InputError(f"No clinic is left for tier {number}: all have {below:g} points or more.")
        wanted = targets[number].of(rows)
        place = min(range(len(cumulated)), key=lambda place: (abs(cumulated[place][1] - wanted), place))
        cutoff, count = cumulated[place]
        notes.append(_note(number, targets[number], cumulated, place, rows))
        points.append(cutoff)
        better += count
    return Cutoffs(tuple(points), tuple(notes))


def _note(number: int, wanted: Wanted, cumulated: list[tuple[float, int]], place: int, rows: int) -> str:
    """Return how near a cut-off comes to what was asked for, and what the next score on the other side would give."""
    cutoff, count = cumulated[place]
    told = f"Tier {number} from {cutoff:g} comes nearest to {wanted}: {count:,} clinics, {percent(count / rows)}"
    if count == wanted.of(rows):
        return f"{told}."
    beside = place + 1 if count < wanted.of(rows) else place - 1
    if not 0 <= beside < len(cumulated):
        return f"{told}."
    other, others = cumulated[beside]
    return f"{told}; from {other:g} it would have {others:,}, {percent(others / rows)}."


def hundredths_of(total: str) -> pl.Expr:
    """Return a column of points as whole hundredths."""
    return (pl.col(total) * 100).round().cast(pl.Int64)
