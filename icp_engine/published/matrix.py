"""How the scorecards of a run sort the same clinics: for each pair of them, clinics by tier and tier."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import polars as pl

from icp_engine.published.run import Run
from icp_engine.scorecard.model import Scorecard


@dataclass(frozen=True, slots=True)
class TierMatrix:
    """Clinics by the tiers of two scorecards: a row of `counts` per tier of the first, a cell per tier of the other."""

    card: Scorecard
    other: Scorecard
    counts: tuple[tuple[int, ...], ...]

    @property
    def best_of_both(self) -> int:
        """How many clinics are in the first tier of both."""
        return self.counts[0][0]

    @property
    def sentence(self) -> str:
        """What the matrix says of the clinics to call first."""
        best, count = (f"{card.tiers[0].label} of {card.id}" for card in (self.card, self.other)), self.best_of_both
        of_first, of_other = sum(self.counts[0]), sum(row[0] for row in self.counts)
        are = "clinic is" if count == 1 else "clinics are"
        return f"{count:,} {are} in {' and in '.join(best)}, which have {of_first:,} and {of_other:,}."


def tier_matrices(run: Run) -> tuple[TierMatrix, ...]:
    """Return the matrix of every pair of scorecards, in the order of the run. Source: `icp_scores`."""
    scores = run.table("icp_scores")
    return tuple(_matrix(scores, card, other) for card, other in combinations(run.cards, 2))


def _matrix(scores: pl.LazyFrame, card: Scorecard, other: Scorecard) -> TierMatrix:
    counted = scores.group_by(card.column("tier"), other.column("tier")).len().collect()
    counts = {(tier, other_tier): clinics for tier, other_tier, clinics in counted.iter_rows()}
    cells = (tuple(counts.get((tier.number, beside.number), 0) for beside in other.tiers) for tier in card.tiers)
    return TierMatrix(card, other, tuple(cells))


def matrix_content(matrix: TierMatrix) -> list[dict[str, Any]]:
    """Return the cells of a matrix as JSON has them: the columns of the view `tier_matrix` but for shares."""
    return [
        {
            "scorecard": matrix.card.id,
            "tier": tier.number,
            "tier_label": tier.label,
            "other_scorecard": matrix.other.id,
            "other_tier": other.number,
            "other_tier_label": other.label,
            "num_clinics": clinics,
        }
        for tier, row in zip(matrix.card.tiers, matrix.counts, strict=True)
        for other, clinics in zip(matrix.other.tiers, row, strict=True)
    ]
