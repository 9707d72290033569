"""How the values of fields are spread, and how far two spreads are apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from icp_engine.scorecard.model import Scorecard
from icp_engine.workbench.measures import cell_counts, decile_cuts, psi

_COMMONEST = 20  # texts and items that have a cell each; all others share one


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a field has drifted: its PSI, the shares of clinics without it, and the medians of numbers."""

    field: str
    psi: float | None
    old_missing: float
    new_missing: float
    old_median: float | None = None
    new_median: float | None = None


def field_counts(lf: pl.LazyFrame, card: Scorecard) -> dict[str, pl.DataFrame]:
    """Return how often each value of each field of a scorecard occurs: `value` (None where missing) and `clinics`.

    Texts are compared without regard to case and outer blanks; of a list every item counts.
    """
    frame = lf.select(card.reads).collect()
    return {name: _counts(frame.select(pl.col(name).alias("value")), card.fields[name].type) for name in card.reads}


def _counts(values: pl.DataFrame, kind: str) -> pl.DataFrame:
    if kind == "list":
        values = values.explode("value")
    if kind in ("text", "list"):
        values = values.select(pl.col("value").str.strip_chars().str.to_lowercase())
    return values.group_by("value").len("clinics")


def drift_of(old: Mapping[str, pl.DataFrame], new: Mapping[str, pl.DataFrame]) -> list[Drift]:
    """Return how far each field has drifted, the farthest first. Source: what `field_counts` returned of each side."""
    found = [_drift(name, counts, new[name]) for name, counts in old.items()]
    return sorted(found, key=lambda drift: (-(drift.psi or 0.0), drift.field))


def _drift(name: str, old: pl.DataFrame, new: pl.DataFrame) -> Drift:
    """Cells are deciles of the old numbers, or the commonest old values; no value is one of its own."""
    known = [counts.drop_nulls("value") for counts in (old, new)]
    gone = [_sum(counts) - _sum(there) for counts, there in zip((old, new), known, strict=True)]
    shares = [missing / (_sum(counts) or 1) for missing, counts in zip(gone, (old, new), strict=True)]
    if not old.schema["value"].is_numeric():
        cells = _by_value(*known)
        return Drift(name, psi([gone[0], *cells[0]], [gone[1], *cells[1]]), *shares)
    cuts = decile_cuts(known[0])
    before, after = ([missing, *cell_counts(counts, cuts)] for missing, counts in zip(gone, known, strict=True))
    return Drift(name, psi(before, after), *shares, *(_median(counts) for counts in known))


def _sum(counts: pl.DataFrame) -> int:
    return int(counts["clinics"].sum())


def _by_value(old: pl.DataFrame, new: pl.DataFrame) -> tuple[list[int], list[int]]:
    common = old.sort("clinics", "value", descending=[True, False])["value"].head(_COMMONEST)
    counts = [dict(side.iter_rows()) for side in (old, new)]
    cells = [[counts[side].get(value, 0) for value in common] for side in (0, 1)]
    rest = [_sum(side) - sum(found) for side, found in zip((old, new), cells, strict=True)]
    return [*cells[0], rest[0]], [*cells[1], rest[1]]


def _median(counts: pl.DataFrame) -> float | None:
    """Return the smallest value that half of the clinics do not exceed."""
    if counts.is_empty():
        return None
    rising = counts.sort("value").with_columns(pl.col("clinics").cum_sum().alias("up_to"))
    return float(rising.filter(pl.col("up_to") * 2 >= _sum(counts))["value"][0])
