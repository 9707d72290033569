"""Score a frame of clinics: lazy in, lazy out, no files."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from icp_engine.columns import HELPERS, KEY
from icp_engine.errors import InputError, did_you_mean
from icp_engine.extract.conform import conform
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scorecard.several import apart, fields_of_all
from icp_engine.scoring.compiler import (
    band_of,
    band_stages,
    category_expr,
    compared,
    driver_expr,
    in_points,
    label_expr,
    prepared,
    segment_expr,
    tier_expr,
    total_expr,
)
from icp_engine.scoring.explain import bibliography_expr
from icp_engine.scoring.explanation import Explanation, explanation_of
from icp_engine.scoring.frames import given_back, taken_in
from icp_engine.scoring.reasons import reason_codes_expr

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame, IntoFrameT

_GIVEN_ID = f"{HELPERS}given_id"


def add_bands(lf: pl.LazyFrame, card: Scorecard) -> pl.LazyFrame:
    """Return the frame with one band column (u8) per characteristic, and the helper columns `__icp_*`.

    Source: the conformed columns of `card.reads`.
    """
    return _with_bands(lf.with_columns(compared(card)), card)


def _with_bands(lf: pl.LazyFrame, card: Scorecard) -> pl.LazyFrame:
    for stage in band_stages(card):
        lf = lf.with_columns(stage)
    return lf


def add_all_scores(lf: pl.LazyFrame, cards: Sequence[Scorecard]) -> pl.LazyFrame:
    """Return the frame with bands and scores of several scorecards; what two of them compare is prepared once.

    Source: the conformed fields that they read. Scorecards of one run are those of `apart`.
    """
    made: dict[str, pl.Expr] = {}
    for card in cards:
        columns = {column.meta.output_name(): column for column in compared(card)}
        fresh = {name: column for name, column in columns.items() if name not in made or not column.meta.eq(made[name])}
        made |= fresh
        lf = add_scores(_with_bands(lf.with_columns(fresh.values()), card), card)
    return lf.drop(made)


def add_scores(lf: pl.LazyFrame, card: Scorecard) -> pl.LazyFrame:
    """Return the frame with the score columns, in points, of every row.

    Source: the columns of `add_bands`. The sums are made in whole hundredths and divided once.
    """
    table, total, tier = outcome_table(card), card.column("total_score"), card.column("tier")
    drivers = [
        driver_expr(category, card).alias(category.rule.driver)
        for category in table.categories
        if category.rule.driver is not None
    ]
    categories = (category_expr(category, card).alias(category.rule.column) for category in table.categories)
    lf = lf.with_columns(*categories, *drivers)
    lf = lf.with_columns(total_expr(card).alias(total))
    lf = lf.with_columns(tier_expr(card.tiers, card).alias(tier))
    points = [in_points(pl.col(name)) for name in (total, *(category.column for category in card.categories))]
    segment = [segment_expr(table).alias(card.column("segment"))] if card.segment_source else []
    return lf.with_columns(*points, tier_label_expr(card), *segment)


def tier_label_expr(card: Scorecard) -> pl.Expr:
    """Return the label of a clinic's tier, from the column of its number."""
    labels = {tier.number: tier.label for tier in card.tiers}
    return label_expr(pl.col(card.column("tier")), labels).alias(card.column("tier_label"))


def band_columns(card: Scorecard) -> dict[str, str]:
    """Return the public names of the band columns, in scorecard order, and what `add_bands` calls each."""
    return {rule.column: band_of(rule).meta.output_name() for rule in card.characteristics}


def score_columns(card: Scorecard) -> list[str]:
    """Return the names of the score columns, in their order."""
    return [column.name for column in card.columns]


def score(
    frame: "IntoFrameT",
    card: Scorecard | Sequence[Scorecard],
    *,
    reason_codes: bool = False,
    bibliography: bool = False,
) -> "IntoFrameT":
    """Return the frame, its fields conformed, with the score columns: lazy in, lazy out, nothing read or written.

    Rows stay in their order, a pandas frame keeps its index, and ids and columns that the scorecard does not look at
    are the same as before.

    Args:
        frame: one row per clinic, a Polars (also lazy), PyArrow or pandas frame; what comes back is of the same kind.
            Columns that the scorecard reads and the frame lacks are missing for everyone.
        card: what `load_scorecard` returned, or a list of several: each adds its columns, in the order of the list.
        reason_codes: add `{prefix}_reason_codes`, the codes of the bands separated by `|`.
        bibliography: add `{prefix}_bibliography`, the explanation as JSON text (about 2 KB a clinic).

    Raises:
        InputError: what was given is no such frame, a column is of a type that cannot become its field, or two
            scorecards make columns of one name.

    >>> import icp_engine as icp
    >>> import polars as pl
    >>> clinics = pl.DataFrame({"clinic_id": ["007", "008"], "npi_count": [60, None], "denial_pressure": [8.0, 1.5]})
    >>> scored = icp.score(clinics, icp.load_scorecard("icp"))
    >>> scored.select("clinic_id", "icp_total_score", "icp_tier_label").rows()
    [('007', 32.67, 'Tier 3 - Monitor'), ('008', 11.5, 'Tier 3 - Monitor')]
    >>> both = icp.score(clinics, [icp.load_scorecard("icp"), icp.load_scorecard("icf")])
    >>> both.select("icp_total_score", "icf_score", "primary_driver").row(0)
    (32.67, 2.65, 'denial_pressure')
    """
    cards = _cards(card)
    lf = _taken_in(frame, cards)
    given = lf.collect_schema().names()
    with_id = [pl.col(KEY).alias(_GIVEN_ID)] if KEY in given else []
    scored = add_all_scores(_conformed(lf.with_columns(with_id), cards), cards)
    results: list[str] = []
    for each in cards:
        extra = [reason_codes_expr(each).alias(each.column("reason_codes"))] if reason_codes else []
        if reason_codes or bibliography:
            scored = scored.with_columns(prepared(each))  # a code says where a maximum cuts, which takes points
        if bibliography:
            extra.append(bibliography_expr(each).alias(f"{each.prefix}_bibliography"))
        scored = scored.with_columns(extra)
        results += [*score_columns(each), *(column.meta.output_name() for column in extra)]
    scored = scored.with_columns(pl.col(_GIVEN_ID).alias(KEY) for _ in with_id)
    scored = scored.select(*(name for name in given if name not in results), *results)
    return given_back(frame, scored, results)


def explain(frame: "IntoFrame", card: Scorecard, clinic_id: str | int) -> Explanation:
    """Return why one clinic scored what it scored: a value that prints, and shows itself in a notebook.

    A loop over it gives one entry per characteristic that was looked at.

    Args:
        frame: what `score` takes; it is not scored but for the row of the clinic.
        card: what `load_scorecard` returned.
        clinic_id: the id as text, or as the whole number that it is in the frame.

    Raises:
        InputError: what was given is no such frame, or has no clinic of that id.

    >>> import icp_engine as icp
    >>> import polars as pl
    >>> clinics = pl.DataFrame({"clinic_id": ["007"], "account_name": ["Elm Clinic"], "npi_count": [60]})
    >>> why = icp.explain(clinics, icp.load_scorecard("icp"), "007")
    >>> for entry in why[:3]:
    ...     print(entry.points, entry.code, entry.reason or entry.note)
    0.0 fit.specialty.missing No specialty information available
    0.0 pain.denial_pressure.missing No denial pressure data available
    0.0 pain.revenue_per_patient.missing No Medicare utilization data available
    """
    lf = _taken_in(frame, _one(card))
    schema = lf.collect_schema()
    if KEY not in schema:
        raise InputError(f"There is no column '{KEY}' here{did_you_mean(KEY, schema)}; rename the column of the ids.")
    found = lf.filter(pl.col(KEY).cast(pl.String).str.strip_chars() == str(clinic_id).strip()).head(1)
    scored = add_scores(add_bands(_conformed(found, (card,)), card), card).collect()
    if scored.is_empty():
        raise InputError(f"There is no clinic '{clinic_id}' here; check its clinic_id.")
    return explanation_of(scored, card)


def _cards(given: Scorecard | Sequence[Scorecard]) -> tuple[Scorecard, ...]:
    """Return the scorecards of a run, of which there is at least one."""
    if not isinstance(given, list | tuple):
        return _one(given)
    if not given:
        raise InputError("A scorecard is due, but found an empty list: give what load_scorecard returns.")
    return apart([card for item in given for card in _one(item)])


def _one(given: object) -> tuple[Scorecard]:
    if not isinstance(given, Scorecard):
        raise InputError(f"A scorecard is due, but found {given!r:.40}: give what load_scorecard returns.")
    return (given,)


def _taken_in(frame: "IntoFrame", cards: Sequence[Scorecard]) -> pl.LazyFrame:
    """Return what was given as a lazy frame whose ids can be told apart."""
    lf = taken_in(frame, fields_of_all(cards))
    dtype = lf.collect_schema().get(KEY, pl.String())
    if not (dtype.is_integer() or dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null)):
        raise InputError(f"Column '{KEY}' is of type {dtype}, but ids are text or whole numbers; convert it first.")
    return lf


def _conformed(lf: pl.LazyFrame, cards: Sequence[Scorecard]) -> pl.LazyFrame:
    """Return the frame, its fields conformed; what a scorecard reads and the frame lacks is missing."""
    there = {*lf.collect_schema().names(), *(name for card in cards for name in card.reads)}
    return conform(lf, [field for name, field in fields_of_all(cards).items() if name in there])
