"""Rows that do not fit into memory are put into order range by range, however many of them tie."""

import random
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from icp_engine.tables.ordering import ORDER, materialised, parts, sorted_slices, staged, with_order

ROWS, FITS = 2_000, 400
ORDERS: dict[str, Sequence[int]] = {
    "all differ": range(ROWS),
    "all the same": [7] * ROWS,
    "a few of many": [row % 3 for row in range(ROWS)],
    "one of most": [5 if row % 10 else row for row in range(ROWS)],
    "most at the end": [row if row < 100 else ROWS for row in range(ROWS)],
}


def frame(orders: Sequence[int], temp: Path) -> pl.LazyFrame:
    rows = [(order, f"c{row:05}", row) for row, order in enumerate(orders)]
    random.Random(1).shuffle(rows)
    columns = {ORDER: pl.Int64, "clinic_id": pl.String, "n": pl.Int64}
    return materialised(pl.DataFrame(rows, columns, orient="row").lazy(), ROWS, FITS, temp)


@pytest.mark.parametrize("orders", ORDERS.values(), ids=ORDERS)
def test_rows_come_in_order_and_few_at_a_time(orders: Sequence[int], tmp_path: Path) -> None:
    rows, due = frame(orders, tmp_path), sorted(range(ROWS), key=lambda row: (orders[row], row))
    for size, most in ((64, 64), (ROWS, FITS / 2)):
        slices = list(sorted_slices(rows, ROWS, FITS, size, tmp_path))
        assert pl.concat(slices)["n"].to_list() == due
        assert max(map(len, slices)) <= most
    assert [path.name for path in tmp_path.iterdir()] == ["scored.parquet"], "what was put there in between is gone"


def test_rows_that_were_handed_over_are_held_by_nobody_while_they_come(tmp_path: Path) -> None:
    rows = pl.DataFrame({ORDER: [2, 1, 3], "clinic_id": ["b", "a", "c"]})
    given = [rows.lazy()]
    slices = sorted_slices(given, 3, 3, 2, tmp_path)
    assert next(slices)["clinic_id"].to_list() == ["a", "b"]
    assert given == []


NAMES: dict[str, Sequence[str | None]] = {
    "missing": [None] * ROWS,
    "all the same": ["b"] * ROWS,
    "few": ["cab"[row % 3] for row in range(ROWS)],
    "some missing": [None if row % 4 else "b" for row in range(ROWS)],
    "mostly missing": [None if row % 40 else f"n{row}" for row in range(ROWS)],
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("orders", ORDERS.values(), ids=ORDERS)
def test_names_that_many_have_part_what_they_can(
    orders: Sequence[int], names: Sequence[str | None], tmp_path: Path
) -> None:
    rows = frame(orders, tmp_path).collect()
    rows = rows.with_columns(name=pl.Series(names, dtype=pl.String).gather(rows["n"]))
    found = pl.concat(sorted_slices(rows.lazy(), ROWS, FITS, 64, tmp_path, ("name", "clinic_id")))
    due = sorted(range(ROWS), key=lambda row: (orders[row], names[row] or "", row))
    assert found["n"].to_list() == due
    assert found["name"].to_list() == [names[row] for row in due]


@pytest.mark.parametrize("descending", [False, True])
def test_rows_that_tie_stay_together_where_nothing_parts_them(descending: bool, tmp_path: Path) -> None:
    rows = frame(ORDERS["a few of many"], tmp_path)
    found = [part[ORDER].unique().to_list() for part in parts(rows, FITS, ORDER, tmp_path, descending=descending)]
    assert found == ([[2], [1], [0]] if descending else [[0], [1], [2]])


STATES: dict[str, Sequence[str | None]] = {
    "even": [("CA", "TX", None, "WY", "AK", "NY", "FL", "DC")[row % 8] for row in range(ROWS)],
    "one alone": ["CA"] * ROWS,
    "none": [None] * ROWS,
    "one has most": ["TX" if row % 10 else "AK" for row in range(ROWS)],
    "each in a piece": [("AK", "CA", None, "TX")[row * 4 // ROWS] for row in range(ROWS)],
}


@pytest.mark.parametrize("states", STATES.values(), ids=STATES)
@pytest.mark.parametrize("ranks", [range(ROWS), [7] * ROWS], ids=["ranks differ", "all tie"])
def test_clinics_of_a_state_are_staged_together_and_sorted_in_few_rows(
    ranks: Sequence[int], states: Sequence[str | None], tmp_path: Path
) -> None:
    rows = pl.DataFrame(
        {"clinic_id": [f"c{row:05}" for row in range(ROWS)], "state_code": states, "rank": ranks, "n": range(ROWS)},
        schema_overrides={"state_code": pl.String, "rank": pl.Int64},
    ).sample(fraction=1, shuffle=True, seed=1)
    clinics = with_order(staged(rows.lazy(), ROWS, FITS, tmp_path), "rank")
    pieces = list(sorted_slices(clinics, ROWS, FITS, ROWS, tmp_path))
    found = pl.concat(pieces)
    due = sorted(range(ROWS), key=lambda row: (states[row] is None, states[row] or "", ranks[row], row))
    assert found["n"].to_list() == due
    assert found.columns == rows.columns
    assert max(map(len, pieces)) <= FITS / 2
    assert [path.name for path in tmp_path.iterdir()] == ["scored"], "what was put there in between is gone"


def test_what_goes_wrong_while_rows_are_staged_is_told(tmp_path: Path) -> None:
    rows = pl.LazyFrame({"state_code": ["CA"] * ROWS, "text": [*["1"] * (ROWS - 1), "no number"]})
    with pytest.raises(pl.exceptions.InvalidOperationError, match="no number"):
        staged(rows.with_columns(pl.col("text").cast(pl.Int64)), ROWS, FITS, tmp_path)


def test_clinics_staged_again_take_the_place_of_the_first_ones(tmp_path: Path) -> None:
    rows = pl.LazyFrame({"state_code": STATES["even"], "clinic_id": [f"c{row}" for row in range(ROWS)]})
    staged(rows, ROWS, FITS, tmp_path)
    fewer = rows.filter(pl.col("state_code") == "CA")
    assert staged(fewer, ROWS // 8, ROWS // 16, tmp_path).select(pl.len()).collect().item() == ROWS // 8
