"""`/scorecard`: the rules of the run's scorecard in words, with the clinics of each band; or two side by side."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from starlette.requests import Request

from icp_engine.api.snapshot import Snapshot
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scorecard.words import Rule, rules
from icp_engine.web.kept import Kept
from icp_engine.web.side_by_side import other_card, other_names, side_by_side


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule with the clinics that it holds for."""

    rule: Rule
    clinics: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What a category looks at: its label and its rules."""

    label: str
    rules: tuple[RuleLine, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the scorecard."""

    label: str
    maximum: float
    looked: tuple[Looked, ...]


def show(run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:
    """Return the page of the scorecard, or of the scorecard beside another one.

    Raises:
        NotFoundError: there is no such other one.
    """
    card, others = run.rows.card, other_names(run)
    if name := request.query_params.get("with"):
        other = other_card(run, name)
        groups = side_by_side(card, other)
        differing = sum(pair.differs for group in groups for pair in group.pairs)
        return "scorecards", {"card": card, "other": other, "others": others, "groups": groups, "differing": differing}
    hits = _HITS.of(run)
    categories = []
    for category in outcome_table(card).categories:
        looked = []
        for part in category.parts:
            counts = Counter[str]()
            for outcome in part.outcomes:
                counts[outcome.code] += hits[part.rule.column].get(outcome.number, 0)
            looked.append(Looked(part.rule.label, tuple(RuleLine(rule, counts[rule.code]) for rule in rules(part))))
        categories.append(Category(category.rule.label, category.rule.maximum, tuple(looked)))
    return "scorecard", {"card": card, "categories": categories, "clinics": run.count, "others": others, "other": None}


def _hits(run: Snapshot) -> dict[str, dict[int, int]]:
    """Return how many clinics landed in each band, by characteristic. Source: the file of bands of a run."""
    columns = [rule.column for rule in run.rows.card.characteristics]
    bands = run.run.table("icp_bands")
    counted = pl.collect_all([bands.group_by(column).len() for column in columns])
    return {
        column: {band: count for band, count in frame.iter_rows() if band is not None}
        for column, frame in zip(columns, counted, strict=True)
    }


_HITS = Kept(_hits)
