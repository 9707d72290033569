"""What the texts of an extract say, and which bands of a scorecard have a phrase for it."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from icp_engine.extract.text import holds, searched
from icp_engine.scorecard.model import Match, Scorecard, leaves

_COMMONEST = 10
_ROWS = "rows"


@dataclass(frozen=True, slots=True)
class SearchedValue:
    """One text, how many rows say it, and the bands that have a phrase for it."""

    text: str
    rows: int
    bands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchedField:
    """A text field that a scorecard searches, in rows: the commonest texts, matches by band, and those of none."""

    field: str
    rows: int
    commonest: tuple[SearchedValue, ...]
    bands: dict[str, int]
    unmatched: int


def searched_fields(rows: pl.LazyFrame, card: Scorecard) -> Iterator[SearchedField]:
    """Yield every text field that the scorecard searches and that says anything. Source: conformed rows."""
    there = rows.collect_schema().names()
    for name in card.reads:
        tests = _tests(card, name) if name in there and card.fields[name].type == "text" else {}
        if tests and (found := _searched_field(rows, name, tests)):
            yield found


def _tests(card: Scorecard, name: str) -> dict[str, list[Match]]:
    """Return by band what is looked for in a field."""
    found: dict[str, list[Match]] = {}
    for rule in card.characteristics:
        for band in rule.bands:
            for leaf in leaves(band.condition):
                if isinstance(leaf, Match) and name in leaf.fields:
                    found.setdefault(f"{rule.code}.{band.name}", []).append(leaf)
    return found


def _searched_field(rows: pl.LazyFrame, name: str, tests: dict[str, list[Match]]) -> SearchedField | None:
    text = searched(pl.col(name)).alias("text")
    matches = [
        pl.any_horizontal(holds(pl.col("text"), match.test, match.phrases) for match in some).alias(band)
        for band, some in tests.items()
    ]
    texts = (
        rows.select(pl.col(name).alias("written"), text)
        .drop_nulls()
        .group_by("text")
        .agg(pl.len().cast(pl.Int64).alias(_ROWS), pl.col("written").min())
        .with_columns(matches)
        .sort(_ROWS, "text", descending=[True, False])
        .collect()
    )
    if texts.is_empty():
        return None
    bands = {band: int(texts.filter(band)[_ROWS].sum()) for band in tests}
    return SearchedField(
        field=name,
        rows=int(texts[_ROWS].sum()),
        commonest=tuple(
            SearchedValue(row["written"], row[_ROWS], tuple(band for band in tests if row[band]))
            for row in texts.head(_COMMONEST).iter_rows(named=True)
        ),
        bands=bands,
        unmatched=int(texts.filter(~pl.any_horizontal(list(tests)))[_ROWS].sum()),
    )
