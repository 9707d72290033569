"""Where every clinic stands among all of a run: rank, percentile and how many tie, by score and tie-breakers."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.compiler import prepared, value_of
from icp_engine.tables.ordering import parts, scan_states, write_by_state

_RANK, _TIED, _ROW, _KEYS = (f"{HELPERS}{name}" for name in ("rank", "tied", "row", "tie_"))


def ranked(lf: pl.LazyFrame, card: Scorecard, rows: int, max_rows: int, temp: Path) -> pl.LazyFrame:
    """Return scored clinics with their ranks, `card.rank_columns`. Memory is bounded by `max_rows` rows.

    Without tie-breakers ranks are a look-up by score; with them clinics are sorted once, a range of scores at a time.

    Args:
        lf: a frame of `materialised`, with the score columns and the conformed fields that break ties.
        card: the scorecard.
        rows: how many clinics there are.
        max_rows: how many of them fit into memory.
        temp: a folder for what does not.
    """
    if not card.tie_breaks:
        columns = _by_score(lf, card, rows)
        return lf.with_columns(columns)
    if rows <= max_rows:
        return with_ranks(lf.collect(), card, 0, rows).lazy()
    folder = temp / f"ranked_{card.prefix}"
    write_by_state(_ranked_parts(lf, card, rows, max_rows, temp), folder)
    return scan_states(folder)


def _ranked_parts(lf: pl.LazyFrame, card: Scorecard, rows: int, max_rows: int, temp: Path) -> Iterator[pl.DataFrame]:
    before = 0
    for part in parts(lf, max_rows, card.column("total_score"), temp, descending=True):
        yield with_ranks(part, card, before, rows)
        before += len(part)


def _by_score(lf: pl.LazyFrame, card: Scorecard, rows: int) -> list[pl.Expr]:
    """Return the ranks of scores as look-ups."""
    total = card.column("total_score")
    counts = lf.group_by(total).agg(pl.len().cast(pl.Int64).alias(_TIED)).sort(total, descending=True).collect()
    counts = counts.with_columns((pl.col(_TIED).cum_sum() - pl.col(_TIED) + 1).alias(_RANK))
    found = counts.select(total, *_columns(card, rows))
    return [
        pl.col(total).replace_strict(found[total], found[column.name], return_dtype=column.dtype).alias(column.name)
        for column in card.rank_columns
    ]


def _columns(card: Scorecard, rows: int) -> list[pl.Expr]:
    """Return the rank columns of a scorecard from ranks and the sizes of ties."""
    behind = rows + 1 - pl.col(_RANK) - pl.col(_TIED)
    values = (pl.col(_RANK), (behind * 100 / rows).round(2), pl.col(_TIED))
    return [
        value.cast(column.dtype).alias(column.name) for value, column in zip(values, card.rank_columns, strict=True)
    ]


def with_ranks(frame: pl.DataFrame, card: Scorecard, before: int, rows: int) -> pl.DataFrame:
    """Return clinics with their ranks, of all whose score is in a range; `before` of all `rows` have a better one.

    Source: the total score, and the conformed fields that break ties.
    """
    order = _tie_keys(frame, card)
    by = [name for name in order.columns if name != _ROW]
    descending = [True, *(tie.order == "descending" for tie in card.tie_breaks)]
    order = order.sort(by, descending=descending, nulls_last=True)
    differs = [pl.col(name).ne_missing(pl.col(name).shift()) for name in by]
    starts = order.select(pl.any_horizontal(differs)).to_series()
    first = starts.arg_true().cast(pl.Int64)
    group = starts.cum_sum() - 1
    found = order.select(_ROW).with_columns(
        (first[group] + 1 + before).alias(_RANK),
        first.extend_constant(len(order), 1).diff().slice(1)[group].alias(_TIED),
    )
    return frame.with_columns(found.sort(_ROW).select(_columns(card, rows)).get_columns())  # in place of older ones


def _tie_keys(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return what clinics are sorted by, best first, and the number of their row."""
    total = card.column("total_score")
    values = [value_of(tie.field, card).alias(f"{_KEYS}{place}") for place, tie in enumerate(card.tie_breaks)]
    found = frame.lazy().select(total, *card.tie_fields)
    found = found.with_columns(prepared(card, [tie.field for tie in card.tie_breaks]))
    return found.select(total, *values).with_row_index(_ROW).collect()
