"""Every way in which missing fields of a clinic can become known, as far as a scorecard tells values apart."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import card_oracle as oracle
import polars as pl
from card_oracle import Content, Row
from card_strategies import numbers_in, texts_in

from icp_engine import Scorecard
from icp_engine.columns import KEY
from icp_engine.extract.conform import conform
from icp_engine.scoring.score import add_bands, add_scores

DTYPES = {"text": pl.String, "integer": pl.Int64, "number": pl.Float64, "flag": pl.Boolean, "list": pl.List(pl.String)}
FAR = [0.0, 1e-300, 1.0, 1e9, 1e300]
APART = " ~ "  # between phrases of a text


def values(name: str, content: Content) -> list[Any]:
    """Values of a field below, on and above every edge of a card, and texts with every phrase and pair of phrases."""
    kind, scale = oracle.types_of(content)[name]
    if kind == "flag":
        return [False, True]
    if kind == "list":
        items = sorted({*content["lists"]["items"], *texts_in(content["category"])})
        return [list(some) for size in range(min(len(items), 6) + 1) for some in itertools.combinations(items, size)][
            :128
        ]
    if kind == "text":
        phrases = sorted({*content["lists"]["phrases"], *texts_in(content["category"])})
        mixes = [APART.join(some) for size in (2, 3) for some in itertools.combinations(phrases, size)]
        return ["~", *phrases, *(f"~{phrase}~" for phrase in phrases), *mixes[:100], APART.join(phrases)]
    edges = sorted({*numbers_in(content["category"]), *FAR, *([scale] if scale < math.inf else [])})
    if kind == "integer":
        wholes = {max(0, math.floor(min(edge, 1e15)) + step) for edge in edges for step in (-1, 0, 1)}
        return sorted(wholes)
    beside = {math.nextafter(edge, side) for edge in edges for side in (math.inf, -math.inf)}
    return sorted(number for number in {*edges, *beside} if 0 <= number <= scale)


def completions(row: Row, missing: list[str], content: Content) -> Iterator[Row]:
    """Yield the clinic with the missing fields as they are and with every value that they can have."""
    for found in itertools.product(*([None, *values(name, content)] for name in missing)):
        yield row | dict(zip(missing, found, strict=True))


def frame_of(content: Content, rows: list[Row], card: Scorecard) -> pl.LazyFrame:
    kinds = oracle.types_of(content)
    columns = [pl.Series(KEY, range(len(rows)), dtype=pl.Int64).cast(pl.String)]
    return pl.LazyFrame(
        [*columns, *(pl.Series(name, [row.get(name) for row in rows], DTYPES[kinds[name][0]]) for name in card.reads)]
    )


def scored(frame: pl.LazyFrame, card: Scorecard) -> pl.DataFrame:
    """Clinics as a run has them when it writes."""
    return add_scores(add_bands(conform(frame, [card.fields[name] for name in card.reads]), card), card).collect()
