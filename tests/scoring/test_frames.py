"""Frames of Polars, PyArrow and pandas are scored and explained alike, and come back as what they were."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import icp_engine
from icp_engine.scorecard.words import slug

CARD = icp_engine.load_scorecard("icp")
ROWS: dict[str, list[Any]] = {
    "clinic_id": ["007", "C 8 ", "9", "10"],
    "account_name": ["Elm Home Health", "Oak Clinic", None, "Ash"],
    "state_code": ["tx", "OK", None, "Texas"],
    "segment_label": ["Home Health / Post-Acute", "Surgery", None, ""],
    "npi_count": [60, 3, None, 0],
    "denial_pressure": [8.8, None, 0.0, 99.0],
    "fqhc_flag": [True, False, None, None],
    "owner": ["x", None, "z", "x"],
}
TOTALS = [62.2, 21.0, 10.0, 20.0]
LARGE = 2**53 + 1


def native(kind: str, rows: dict[str, list[Any]] = ROWS) -> Any:
    """The rows as a frame of some kind."""
    if kind == "pandas, object":
        return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in rows.items()})
    if kind == "pandas, nullable":
        return pd.DataFrame(rows).convert_dtypes()
    if kind == "pandas, pyarrow":
        return pd.DataFrame(rows).convert_dtypes(dtype_backend="pyarrow")
    made: dict[str, Callable[[Any], Any]] = {
        "polars": pl.DataFrame,
        "polars, lazy": pl.LazyFrame,
        "pyarrow": pa.table,
        "pandas": pd.DataFrame,
    }
    return made[kind](rows)


KINDS = ("polars", "polars, lazy", "pyarrow", "pandas", "pandas, object", "pandas, nullable", "pandas, pyarrow")


def columns_of(frame: Any) -> dict[str, list[Any]]:
    """Every column of a frame as Python values, missing ones as None."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame.to_dict(as_series=False)
    if isinstance(frame, pa.Table):
        return frame.to_pydict()
    return {name: [None if pd.isna(one) else one for one in frame[name]] for name in frame.columns}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_comes_back_scored_alike(kind: str) -> None:
    given = native(kind)
    scored = icp_engine.score(given, CARD, reason_codes=True)
    assert type(scored) is type(given)
    raw = [dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)]
    found, due = columns_of(scored), columns_of(icp_engine.score(native("polars"), CARD, reason_codes=True))
    assert found == due
    assert list(found) == [*ROWS, *(column.name for column in CARD.columns), "icp_reason_codes"]
    assert found["icp_total_score"] == TOTALS == [oracle.score(row, oracle.ICP)["total"] for row in raw]
    assert found["clinic_id"] == ROWS["clinic_id"]
    assert found["npi_count"] == ROWS["npi_count"]
    assert found["owner"] == ROWS["owner"]
    assert found["state_code"] == ["TX", "OK", None, "TX"]
    again = columns_of(icp_engine.score(scored, CARD, reason_codes=True))
    assert again == found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_is_explained_alike(kind: str) -> None:
    for clinic, total in zip(ROWS["clinic_id"], TOTALS, strict=True):
        found = icp_engine.explain(native(kind), CARD, clinic)
        assert found == icp_engine.explain(native("polars"), CARD, clinic)
        assert (found.clinic_id, found.total) == (clinic.strip(), total)
        assert sum(entry.points for entry in found) == pytest.approx(total)
    with pytest.raises(icp_engine.InputError, match=r"^There is no clinic '8' here; check its clinic_id\.$"):
        icp_engine.explain(native(kind), CARD, "8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "ids", [["007", "070"], [" a", "b "], ["", "0"], [LARGE, LARGE + 1], [7, 8]], ids=lambda ids: slug(str(ids))
)
def test_ids_never_change(kind: str, ids: list[Any]) -> None:
    given = native(kind, {"clinic_id": ids, "npi_count": [60, 3]})
    scored = icp_engine.score(given, CARD)
    assert columns_of(scored)["clinic_id"] == ids
    if isinstance(given, pd.DataFrame):
        pd.testing.assert_series_equal(scored["clinic_id"], given["clinic_id"])
    elif isinstance(given, pa.Table):
        assert scored.column("clinic_id").equals(given.column("clinic_id"))
    else:
        assert scored.lazy().collect_schema()["clinic_id"] == given.lazy().collect_schema()["clinic_id"]
    second = icp_engine.explain(given, CARD, ids[1])
    assert second.scores["scale"] == icp_engine.explain(given, CARD, str(ids[1])).scores["scale"]
    assert second.scores["scale"] < icp_engine.explain(given, CARD, ids[0]).scores["scale"]


@pytest.mark.parametrize(
    "ids", [[1.0, 2.0], [True, False], [datetime.datetime(2026, 1, 1)] * 2], ids=["float", "flag", "day"]
)
@pytest.mark.parametrize("kind", ["polars", "polars, lazy", "pyarrow", "pandas"])
def test_ids_that_are_neither_text_nor_whole_numbers_are_refused(kind: str, ids: list[Any]) -> None:
    with pytest.raises(icp_engine.InputError, match=r"^Column 'clinic_id' is of type .+, but ids are text or whole"):
        icp_engine.score(native(kind, {"clinic_id": ids}), CARD)


@pytest.mark.parametrize(
    "absent",
    [
        pytest.param(pd.Series([60, None], dtype=object), id="None"),
        pytest.param(pd.Series([60, float("nan")]), id="NaN"),
        pytest.param(pd.Series([60, float("nan")], dtype=object), id="NaN among objects"),
        pytest.param(pd.Series([60, pd.NA], dtype=object), id="NA among objects"),
        pytest.param(pd.Series([60, pd.NaT], dtype=object), id="NaT among objects"),
        pytest.param(pd.Series([60, pd.NA], dtype="Int64"), id="NA"),
        pytest.param(pd.Series(["60", pd.NA], dtype="string"), id="NA among text"),
        pytest.param(pd.Series(["60", "n/a"]), id="a word"),
        pytest.param(pd.Series(["60", None], dtype="category"), id="category"),
        pytest.param(pd.Series([60, None], dtype="int64[pyarrow]"), id="null of Arrow"),
    ],
)
def test_what_is_missing_in_pandas_is_missing(absent: pd.Series) -> None:
    given = pd.DataFrame({"clinic_id": ["a", "b"], "npi_count": absent})
    scored = icp_engine.score(given, CARD, reason_codes=True)
    assert columns_of(scored)["npi_count"] == [60, None]
    assert scored["npi_count"].dtype == "Int64"
    codes = scored["icp_reason_codes"].str.contains("scale.provider_count.missing", regex=False)
    assert codes.tolist() == [False, True]
    assert icp_engine.explain(given, CARD, "b").missing >= {"npi_count"}


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(pd.Index([30, 10, 10, 20], name="row"), id="out of order and twice"),
        pytest.param(pd.Index(["a", None, "b", "c"]), id="text"),
        pytest.param(pd.MultiIndex.from_product([[1, 2], ["x", "y"]]), id="of two levels"),
        pytest.param(pd.Index(ROWS["clinic_id"], name="clinic_id"), id="of ids"),
    ],
)
def test_a_pandas_frame_keeps_its_index_and_order(index: pd.Index) -> None:
    given = native("pandas").set_index(index)
    before = given.copy()
    scored = icp_engine.score(given, CARD)
    pd.testing.assert_index_equal(scored.index, index)
    assert scored["icp_total_score"].tolist() == TOTALS
    pd.testing.assert_frame_equal(given, before)


def test_columns_that_are_not_looked_at_may_hold_anything() -> None:
    odd = [{"a": 1}, object, 3, "x"]
    given = native("pandas").assign(odd=pd.Series(odd, dtype=object), day=pd.Timestamp("2026-01-01", tz="US/Central"))
    scored = icp_engine.score(given, CARD)
    assert scored["odd"].tolist() == odd
    assert scored["day"].dtype == given["day"].dtype


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [{"clinic_id": ["a"], "mine": [1]}, {"mine": [1, 2]}], ids=["an id", "no id"])
def test_a_frame_without_a_field_has_everything_missing(kind: str, rows: dict[str, list[Any]]) -> None:
    found = columns_of(icp_engine.score(native(kind, rows), CARD))
    assert {name: found[name] for name in rows} == rows
    assert len(found["icp_total_score"]) == len(rows["mine"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_without_rows_stays_one(kind: str) -> None:
    found = columns_of(icp_engine.score(native(kind)[:0], CARD))
    assert list(found) == [*ROWS, *(column.name for column in CARD.columns)]
    assert not any(found.values())


def test_arrow_keeps_its_metadata_and_its_way_back_to_pandas() -> None:
    given = native("pandas").set_index(pd.Index([3, 1, 2, 0], name="row"))
    scored = icp_engine.score(pa.Table.from_pandas(given), CARD).to_pandas()
    assert scored.index.tolist() == [3, 1, 2, 0]
    assert scored["icp_total_score"].tolist() == TOTALS


def test_a_lazy_frame_is_not_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("collected")

    with monkeypatch.context() as patched:
        patched.setattr(pl.LazyFrame, "collect", refuse)
        scored = icp_engine.score(native("polars, lazy"), CARD, reason_codes=True, bibliography=True)
    assert scored.collect()["icp_total_score"].to_list() == TOTALS


@pytest.mark.parametrize(
    ("thing", "found"),
    [
        ([{"clinic_id": "a"}], "list"),
        ({"clinic_id": ["a"]}, "dict"),
        (np.array([1.0]), "numpy.ndarray"),
        ("clinics.csv", "str"),
        (Path("clinics.csv"), "pathlib."),
        (None, "None"),
        (pl.Series(["a"]), "polars.series.series.Series"),
        (pd.Series(["a"]), "pandas.Series"),
        (CARD, "icp_engine.scorecard.model.Scorecard"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_else_is_told_what_it_is(thing: Any, found: str) -> None:
    for refused in (lambda: icp_engine.score(thing, CARD), lambda: icp_engine.explain(thing, CARD, "a")):
        with pytest.raises(icp_engine.InputError) as error:
            refused()
        assert str(error.value).startswith(f"A frame is due, but found {found}")
        assert str(error.value).endswith(": give a Polars, PyArrow or pandas frame.")


def test_a_scorecard_that_is_none_is_told() -> None:
    with pytest.raises(icp_engine.InputError, match=r"^A scorecard is due, but found 'icp': give what load_scorecard"):
        icp_engine.score(native("polars"), "icp")  # type: ignore[arg-type]


TWICE = [["a", 1, 2]], ["clinic_id", "npi_count", "npi_count"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        pytest.param(
            pd.DataFrame(TWICE[0], columns=TWICE[1]),
            "More than one column is called 'npi_count'; rename or drop all but one.",
            id="pandas, twice",
        ),
        pytest.param(
            pa.table([["a"], [1], [2]], names=TWICE[1]),
            "More than one column is called 'npi_count'; rename or drop all but one.",
            id="pyarrow, twice",
        ),
        pytest.param(
            pd.DataFrame([["a", 1]], columns=["clinic_id", 5]),
            "Names of columns are text, but found 5 (int); rename the column first.",
            id="a number as name",
        ),
        pytest.param(
            pd.DataFrame([["a", 1]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
            "Names of columns are text, but found ('a', 'b') (tuple); rename the column first.",
            id="names of two levels",
        ),
    ],
)
def test_names_that_do_not_tell_columns_apart_are_refused(frame: Any, said: str) -> None:
    for refused in (lambda: icp_engine.score(frame, CARD), lambda: icp_engine.explain(frame, CARD, "a")):
        with pytest.raises(icp_engine.InputError) as error:
            refused()
        assert str(error.value) == said


@pytest.mark.parametrize("column", [[1, "a"], [{"a": 1}, 2], [2**70, 1]], ids=["mixed", "objects", "too large"])
def test_a_field_that_cannot_be_read_is_refused(column: list[Any]) -> None:
    given = pd.DataFrame({"clinic_id": ["a", "b"], "npi_count": pd.Series(column, dtype=object)})
    with pytest.raises(icp_engine.InputError, match=r"^Column 'npi_count' (cannot be read \(|is of type ).*first\.$"):
        icp_engine.score(given, CARD)


def test_explain_needs_a_column_of_ids() -> None:
    with pytest.raises(icp_engine.InputError, match=r"^There is no column 'clinic_id' here \(did you mean 'Clinic ID'"):
        icp_engine.explain(pl.DataFrame({"Clinic ID": ["a"]}), CARD, "a")
