"""What fits in one line about a clinic: the reasons that count most, and what is not known. Both follow from bands."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import polars as pl

from icp_engine.columns import KEY
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import (
    CategoryOutcomes,
    CharacteristicOutcomes,
    FixedPoints,
    Outcome,
    outcome_table,
)
from icp_engine.scorecard.ranking import headlines, unknown_fields
from icp_engine.scorecard.rounding import in_points
from icp_engine.scoring.compiler import BAND, BANDS, band_of, points_expr, prepared

_REASONS = pl.Schema({"characteristic": pl.String(), "band": pl.UInt8(), "reason": pl.String()})
_UNKNOWN = pl.Schema({"characteristic": pl.String(), "band": pl.UInt8(), "field": pl.String(), "points": pl.Float64()})
_MISSING = pl.Schema(
    {"characteristic": pl.String(), "band": pl.UInt8(), "fields": pl.List(pl.String()), "points": pl.Float64()}
)


def band_points(clinics: pl.LazyFrame, card: Scorecard) -> pl.LazyFrame:
    """Return `clinic_id`, `characteristic` (its column), `band` and `points`, a row per characteristic that applies.

    A part of a weighted mean counts with its weight. Source: conformed fields and band columns, for the clinics that
    a page shows: a million would fill the memory.
    """
    columns, parts = _of_parts(card)
    clinics = clinics.with_columns(columns)
    return pl.concat([clinics.select(part).drop_nulls("band") for part in parts])


@lru_cache(maxsize=8)
def _of_parts(card: Scorecard) -> tuple[list[pl.Expr], list[list[pl.Expr]]]:
    """Return what points are read from, and what is told of each characteristic: put together once, not for a page."""
    parts = [
        [
            pl.col(KEY),
            pl.lit(part.rule.column).alias("characteristic"),
            band_of(part.rule).alias("band"),
            points.alias("points"),
        ]
        for part, points in _points_of_parts(card)
    ]
    return prepared(card), parts


def _points_of_parts(card: Scorecard) -> Iterator[tuple[CharacteristicOutcomes, pl.Expr]]:
    for category in outcome_table(card).categories:
        for part, share in zip(category.parts, category.shares, strict=True):
            yield part, (points_expr(part, card) * float(share) / 100).round(2)


@dataclass(frozen=True, slots=True)
class Landed:
    """The band of a characteristic (its column) that a clinic landed in, and the points that it brings there."""

    column: str
    band: int
    points: float


@dataclass(frozen=True, slots=True)
class _Worths:
    """What bands are worth: those of fixed points by column and number, and how the others are read of a clinic.

    Attributes:
        columns: the columns that all of it is read from.
        fixed: a value per band that gives the same to everyone.
        prepared: what the points of the others are read from.
        varying: the points of each characteristic that has others, named as its column.
    """

    columns: tuple[str, ...]
    fixed: dict[str, dict[int, Landed]]
    prepared: list[pl.Expr]
    varying: list[pl.Expr]


@lru_cache(maxsize=8)
def _worths(card: Scorecard) -> _Worths:
    fixed, varying = {}, []
    for part, points in _points_of_parts(card):
        column, numbers = part.rule.column, [outcome.number for outcome in part.outcomes]
        if any(outcome.fixed is None for outcome in part.outcomes):
            varying.append(points.alias(column))
            continue
        worth = pl.DataFrame({BANDS + column: pl.Series(numbers, dtype=BAND)}).select(points.alias("points"))
        fixed[column] = {
            number: Landed(column, number, each) for number, each in zip(numbers, worth["points"], strict=True)
        }
    read = {
        outcome.points.field
        for part in outcome_table(card).parts
        for outcome in part.outcomes
        if not isinstance(outcome.points, FixedPoints)
    }
    fields = dict.fromkeys(name for field in sorted(read) for name in card.derived.get(field, (field,)))
    bands = (BANDS + part.rule.column for part in outcome_table(card).parts)
    return _Worths((*bands, *fields), fixed, prepared(card, read), varying)


def headline_columns(card: Scorecard) -> tuple[str, ...]:
    """Return the columns that `landed_bands` reads: those of bands, and fields on which points depend."""
    return _worths(card).columns


def landed_bands(clinics: pl.DataFrame, card: Scorecard) -> list[tuple[Landed, ...]]:
    """Return what `band_points` does for the few clinics of a page, clinic by clinic in their order, at less cost.

    What a band of fixed points is worth is looked up; Polars is asked for the others alone. Source: `headline_columns`.
    """
    worths = _worths(card)
    varying = clinics.lazy().with_columns(worths.prepared).select(worths.varying).collect(engine="in-memory")
    by_part = []
    for part in outcome_table(card).parts:
        column = part.rule.column
        bands = clinics[BANDS + column].to_list()
        if column in worths.fixed:
            by_part.append([None if band is None else worths.fixed[column][band] for band in bands])
        else:
            points = zip(bands, varying[column].to_list(), strict=True)
            by_part.append([None if band is None else Landed(column, band, each) for band, each in points])
    return [tuple(landed for landed in clinic if landed is not None) for clinic in zip(*by_part, strict=True)]


def reason_outcomes(card: Scorecard) -> pl.DataFrame:
    """Return the reason of every band that is worth telling: the column of its characteristic, band, reason."""
    rows = [(headline.rule.column, headline.number, headline.reason) for headline in headlines(card)]
    return pl.DataFrame(rows, schema=_REASONS, orient="row")


def unknown_outcomes(card: Scorecard) -> pl.DataFrame:
    """Return the bands that say of a field that it is not known: column, band, field, and the points it may cost."""
    rows = [
        (rule.column, number, unknown.name, unknown.points)
        for unknown in unknown_fields(card)
        for rule, numbers in unknown.bands
        for number in numbers
    ]
    return pl.DataFrame(rows, schema=_UNKNOWN, orient="row")


def missing_outcomes(card: Scorecard) -> pl.DataFrame:
    """Return what every MISSING band keeps a clinic from: its column, band, the fields behind it, points.

    Where a category wants its first characteristic, or nothing of it is known, the whole category is out of reach.
    """
    rows = [
        {
            "characteristic": part.rule.column,
            "band": outcome.number,
            "fields": _behind(part, outcome, card),
            "points": _points(_lost(part, outcome, category, share)),
        }
        for category in outcome_table(card).categories
        for part, share in zip(category.parts, category.shares, strict=True)
        for outcome in part.outcomes
        if outcome.missing
    ]
    return pl.DataFrame(rows, schema=_MISSING)


def _behind(part: CharacteristicOutcomes, outcome: Outcome, card: Scorecard) -> list[str]:
    """Return the fields for want of which a clinic lands in a MISSING band."""
    if outcome.number == part.nothing_known or part.rule.missing is None:
        return list(outcome.sources)
    return [source for name in part.rule.missing.fields for source in card.derived.get(name, (name,))]


def _lost(part: CharacteristicOutcomes, outcome: Outcome, category: CategoryOutcomes, share: Fraction) -> Fraction:
    """Return the hundredths that a band out of reach costs; a band that reads as a value costs what is above it."""
    whole = outcome.number == part.nothing_known or category.rule.requires == part.rule.name
    best = Fraction(category.maximum) if whole else part.most * share
    return max(Fraction(0), best - outcome.most * share)


def _points(hundredths: Fraction) -> float:
    return in_points(round(hundredths))
