"""Clinics that move between tiers: as a sentence, a matrix, a picture, and by what they have in common."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from icp_engine.display import percent
from icp_engine.report.document import Column, Picture, Table
from icp_engine.scorecard.model import Tier

if TYPE_CHECKING:
    from icp_engine.charts.catalogue import Chart

_CLINICS = "clinics"


def in_words(moves: pl.DataFrame, old: Sequence[Tier], new: Sequence[Tier], things: str = _CLINICS) -> str:
    """Return in a sentence how many move, and how the best tier grows. Source: `old_tier`, `new_tier`, `clinics`."""
    total = int(moves[_CLINICS].sum())
    up, down = (_count(moves, test) for test in (_goes_up(), pl.col("new_tier") > pl.col("old_tier")))
    best = [
        _count(moves, pl.col(column) == tiers[0].number) for column, tiers in (("old_tier", old), ("new_tier", new))
    ]
    share = f" ({percent((up + down) / total)})" if total else ""
    move = f"{up + down:,} of {total:,} {things}{share} move between tiers"
    grown = f"{new[0].label} has {best[1]:,}, and had {best[0]:,}"
    return f"{move}: {up:,} up and {down:,} down. {grown}." if up + down else f"No tier changes for {total:,} {things}."


def _goes_up() -> pl.Expr:
    return pl.col("new_tier") < pl.col("old_tier")


def _count(moves: pl.DataFrame, condition: pl.Expr) -> int:
    return int(moves.filter(condition)[_CLINICS].sum())


def matrix(
    moves: pl.DataFrame,
    old: Sequence[Tier],
    new: Sequence[Tier],
    name: str = "tier_moves",
    title: str = "Tier before, and now",
) -> Table:
    """Return the tiers before (rows) by the tiers now (columns)."""
    cells = _cells(moves)
    rows = [(tier.label, *(cells.get((tier.number, other.number), 0) for other in new)) for tier in old]
    columns = [Column(f"to_{tier.number}", f"Now {tier.label}", "count") for tier in new]
    return Table(name, title, (Column("old_tier", "Before"), *columns), rows)


def _cells(moves: pl.DataFrame) -> dict[tuple[int, int], int]:
    counts = moves.group_by("old_tier", "new_tier").agg(pl.col(_CLINICS).sum())
    return {(before, now): count for before, now, count in counts.iter_rows()}


def matrix_picture(moves: pl.DataFrame, old: Sequence[Tier], new: Sequence[Tier]) -> Picture:
    """Return the matrix as bars."""

    def draw() -> "Chart":
        from icp_engine.charts.changes import tier_moves

        return tier_moves(moves.group_by("old_tier", "new_tier").agg(pl.col(_CLINICS).sum()), old, new)

    return Picture(draw)


def moves_by(
    moves: pl.DataFrame,
    key: str,
    name: str,
    title: str,
    heading: str,
    *,
    labels: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> Table:
    """Return the moves of each state or segment, those first where most clinics move; `limit` of them."""
    pairs = sorted(pair for pair in _cells(moves) if pair[0] != pair[1])
    total, moved = pl.col(_CLINICS).sum(), pl.col(_CLINICS).filter(pl.col("old_tier") != pl.col("new_tier")).sum()
    found = moves.group_by(key).agg(
        total.alias("all"),
        moved.alias("moved"),
        *(
            pl.col(_CLINICS)
            .filter((pl.col("old_tier") == before) & (pl.col("new_tier") == now))
            .sum()
            .alias(f"from_{before}_to_{now}")
            for before, now in pairs
        ),
    )
    found = found.sort("moved", "all", key, descending=[True, True, False], nulls_last=True)
    rows = [(_label(value, labels), *counts) for value, *counts in found.head(limit or len(found)).iter_rows()]
    columns = (
        Column(key, heading),
        Column(_CLINICS, "Clinics", "count"),
        Column("moved", "Move", "count"),
        *(Column(f"from_{before}_to_{now}", f"{before} to {now}", "count") for before, now in pairs),
    )
    left = len(found) - len(rows)
    says = f"{left:,} more have fewer moves." if left else ""
    return Table(name, title, columns, rows, says)


def _label(value: str | None, labels: Mapping[str, str] | None) -> str | None:
    return f"{value}: {labels[value]}" if labels and value is not None and value in labels else value
