"""Score a LazyFrame of clinics: lazy in, lazy out, no files."""

import polars as pl

from icp_engine.columns import KEY
from icp_engine.errors import InputError
from icp_engine.extract.conform import conform
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scoring.compiler import (
    band_of,
    band_stages,
    category_expr,
    in_points,
    label_expr,
    prepared,
    segment_expr,
    tier_expr,
    total_expr,
)
from icp_engine.scoring.explain import Explainer, bibliography_expr
from icp_engine.scoring.reasons import reason_codes_expr


def add_bands(lf: pl.LazyFrame, card: Scorecard) -> pl.LazyFrame:
    """Return the frame with one band column (u8) per characteristic, and the helper columns `__icp_*`.

    Source: the conformed columns of `card.reads`.
    """
    lf = lf.with_columns(prepared(card))
    for stage in band_stages(card):
        lf = lf.with_columns(stage)
    return lf


def add_scores(lf: pl.LazyFrame, card: Scorecard) -> pl.LazyFrame:
    """Return the frame with the score columns, in points, of every row.

    Source: the columns of `add_bands`. The sums are made in whole hundredths and divided once.
    """
    table, total, tier = outcome_table(card), card.column("total_score"), card.column("tier")
    lf = lf.with_columns(category_expr(one, card).alias(one.rule.column) for one in table.categories)
    lf = lf.with_columns(total_expr(card).alias(total))
    lf = lf.with_columns(tier_expr(card.tiers, card).alias(tier))
    points = [in_points(pl.col(name)) for name in (total, *(one.column for one in card.categories))]
    labels = label_expr(pl.col(tier), {one.number: one.label for one in card.tiers}).alias(card.column("tier_label"))
    segment = [segment_expr(table).alias(card.column("segment"))] if card.segment_source else []
    return lf.with_columns(*points, labels, *segment)


def band_columns(card: Scorecard) -> dict[str, str]:
    """Return the public names of the band columns, in scorecard order, and what `add_bands` calls each."""
    return {one.column: band_of(one).meta.output_name() for one in card.characteristics}


def score_columns(card: Scorecard) -> list[str]:
    """Return the names of the score columns, in their order."""
    return [column.name for column in card.columns]


def score(lf: pl.LazyFrame, card: Scorecard, *, reason_codes: bool = False, bibliography: bool = False) -> pl.LazyFrame:
    """Return the frame, its fields conformed, with the score columns: lazy in, lazy out, nothing read or written.

    Args:
        lf: one row per clinic; columns that the scorecard reads and the frame lacks are missing for everyone.
        card: what `load_scorecard` returned.
        reason_codes: add `{prefix}_reason_codes`, the codes of the bands separated by `|`.
        bibliography: add `{prefix}_bibliography`, the explanation as JSON text (about 2 KB a clinic).

    Raises:
        InputError: a column is of a type that cannot become its field.
    """
    given = lf.collect_schema().names()
    scored = add_scores(_banded(lf, card), card)
    extra = []
    if reason_codes:
        extra.append(reason_codes_expr(card).alias(card.column("reason_codes")))
    if bibliography:
        extra.append(bibliography_expr(card).alias(f"{card.prefix}_bibliography"))
    scored = scored.with_columns(extra)
    results = [*score_columns(card), *(one.meta.output_name() for one in extra)]
    return scored.select(*(name for name in given if name not in results), *results)


def _banded(lf: pl.LazyFrame, card: Scorecard) -> pl.LazyFrame:
    """Return the frame, its fields conformed, with bands; what the scorecard reads and the frame lacks is missing."""
    given = lf.collect_schema().names()
    fields = [field for name, field in card.fields.items() if name in given or name in card.reads]
    return add_bands(conform(lf, fields), card)


def explain(lf: pl.LazyFrame, card: Scorecard, clinic_id: str) -> list[dict[str, object]]:
    """Return the bibliography of one clinic: one entry per characteristic that was looked at.

    Raises:
        InputError: the frame has no clinic of that id.
    """
    found = _banded(lf, card).filter(pl.col(KEY) == clinic_id.strip()).collect()
    if found.is_empty():
        raise InputError(f"There is no clinic '{clinic_id}' here; check its clinic_id.")
    return Explainer(card).entries(found)
