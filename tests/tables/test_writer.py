"""Tables come back as they were written, from Parquet by all engines and from CSV; failed ones leave no file."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from icp_engine.tables.writer import TableWriter, arrow, with_dictionaries, write_table

LONG = "a name of more than 128 bytes " * 9
COLUMNS: dict[str, pl.Series] = {
    "id": pl.Series(["a", "b", "", "ü ☤", LONG, "f", "g"]),
    "repeated": pl.Series(["TX", "TX", None, "OK", "OK", "OK", ""]),
    "no text at all": pl.Series([None] * 7, dtype=pl.String),
    "whole": pl.Series([1, -1, None, 2**62, -(2**62), 0, 7]),
    "small": pl.Series([1, 2, None, 2, 1, 1, 255], dtype=pl.UInt8),
    "part": pl.Series([0.5, -0.0, None, float("inf"), 1e300, 0.1, float("nan")]),
    "flag": pl.Series([True, False, None, True, True, False, True]),
    "only true": pl.Series([True] * 7),
    "day": pl.Series([date(2026, 1, 1), None, date(1900, 1, 1), *[date(2026, 1, 2)] * 4]),
    "time": pl.Series([datetime(2026, 1, 1, 12), None, *[datetime(1900, 1, 1)] * 5]),
    "money": pl.Series([Decimal("1.50"), None, *[Decimal("-2.25")] * 5], dtype=pl.Decimal(18, 2)),
    "bytes": pl.Series([b"\0", b"", None, b"PAR1", b"x" * 300, b"y", b"z"]),
    "list": pl.Series([["a", "b"], [], None, [None], ["c"], ["d"], ["e"]]),
    "lists": pl.Series([[[1], [2, None]], [], None, [None], [[]], [[3]], [[4, 5]]]),
    "record": pl.Series([{"list": ["x"], "element": 1}, None, *[{"list": [], "element": None}] * 5]),
    "a.b": pl.Series([1, 2, 3, 4, 5, 6, 7]),
    "a": pl.Series([{"b": number} for number in range(7)]),
    "": pl.Series(["no", "name", *["at all"] * 5]),
    'quoted "é"': pl.Series([1.0, *[2.0] * 6]),
}
TABLES: dict[str, dict[str, pl.Series]] = {
    **{name or "unnamed": {name: column} for name, column in COLUMNS.items()},
    "all": COLUMNS,
    "all the other way round": dict(reversed(COLUMNS.items())),
}
GROUPS = {"one group": [7], "groups": [3, 1, 3], "one row": [1], "no rows": [0], "no rows at first": [0, 4]}
METADATA = {"scorecard_id": "icp", "ü": "☤" * 100}
CLINICS = pl.DataFrame(
    {
        "clinic_id": [f"clinic {number}" for number in range(1000)],
        "state_code": ["OK"] * 500 + ["TX"] * 500,
        "score": [100 - number / 10 for number in [*range(500), *range(500)]],
        "reasons": [f"{LONG}{number % 3}" for number in range(1000)],
    }
)


def pieces(frame: pl.DataFrame, groups: list[int]) -> list[pl.DataFrame]:
    return [frame.slice(sum(groups[:place]), rows) for place, rows in enumerate(groups)]


def written(folder: Path, frames: list[pl.DataFrame], *, csv: bool = False) -> Path:
    with TableWriter(folder, "table", METADATA, csv) as writer:
        for frame in frames:
            writer.write(arrow(frame), lambda frame=frame: frame)  # type: ignore[misc]
    assert writer.rows == sum(map(len, frames))
    assert sorted(path.name for path in folder.iterdir()) == (["table.csv"] if csv else []) + ["table.parquet"]
    return folder / "table.parquet"


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES)
def test_all_engines_read_content_and_types(tmp_path: Path, columns: dict[str, pl.Series], groups: list[int]) -> None:
    frame = pl.DataFrame(columns)
    path, due = written(tmp_path, pieces(frame, groups)), frame.head(sum(groups))
    assert pl.read_parquet(path).equals(due)
    assert pl.read_parquet_schema(path) == due.schema
    assert pq.read_table(path).num_rows == len(due)
    with duckdb.connect() as db:
        found = db.execute("select * from read_parquet($1)", [str(path)]).fetchall()
    assert repr(found) == repr(due.rows())  # NaN equals nothing, but is written alike


def test_every_write_with_rows_is_a_row_group_compressed_with_zstd(tmp_path: Path) -> None:
    found = pq.read_metadata(written(tmp_path, pieces(CLINICS, [0, 600, 400])))
    groups = [found.row_group(number) for number in range(found.num_row_groups)]
    assert [group.num_rows for group in groups] == [600, 400]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}


def test_metadata_are_key_value_pairs_and_nothing_else(tmp_path: Path) -> None:
    found = pq.read_metadata(written(tmp_path, [CLINICS])).metadata
    assert found == {key.encode(): value.encode() for key, value in METADATA.items()}


def test_state_and_score_tell_readers_which_row_groups_to_skip_and_long_texts_do_not(tmp_path: Path) -> None:
    group = pq.read_metadata(written(tmp_path, pieces(CLINICS, [500, 500]))).row_group(1)
    columns = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
    kept = {name: column.statistics for name, column in columns.items() if column.is_stats_set}
    assert {name: (one.min, one.max) for name, one in kept.items()} == {
        "state_code": ("TX", "TX"),
        "score": (50.1, 100.0),
    }
    assert {name for name, column in columns.items() if column.has_dictionary_page} == {"state_code", "reasons"}


def test_texts_given_once_with_a_number_for_every_row_are_read_as_texts(tmp_path: Path) -> None:
    texts = pa.DictionaryArray.from_arrays(
        pa.array([1, 0, 1, None], pa.int32()), pa.array(["x", "y"], pa.large_string())
    )
    table = pa.table({"id": pa.array([1, 2, 3, 4]), "codes": texts})
    with TableWriter(tmp_path, "table", METADATA, csv=False) as writer:
        writer.write(table, pl.DataFrame)
    due = pl.DataFrame({"id": [1, 2, 3, 4], "codes": ["y", "x", "y", None]})
    assert pl.read_parquet(tmp_path / "table.parquet").equals(due)


def test_the_first_rows_decide_which_texts_are_kept_once(tmp_path: Path) -> None:
    """Later rows of other ways are written all the same: unique ones, and missing ones."""
    frames = [
        pl.DataFrame({"text": ["a"] * 4, "other": ["b", "c", "d", "e"]}),
        pl.DataFrame({"text": ["a", "b", "c", "d"], "other": ["a"] * 4}),
        pl.DataFrame({"text": pl.Series([None] * 3, dtype=pl.String), "other": ["b"] * 3}),
    ]
    path = written(tmp_path, frames)
    assert pl.read_parquet(path).equals(pl.concat(frames))
    group = pq.read_metadata(path).row_group(1)
    assert [group.column(place).has_dictionary_page for place in (0, 1)] == [True, False]


def test_dictionaries_change_texts_alone() -> None:
    frame = pl.DataFrame({"text": ["a", "a", None], "whole": [1, 1, 2], "other": ["a", "b", "a"]})
    found = with_dictionaries(arrow(frame), ["text", "whole"])
    assert [pa.types.is_dictionary(kind) for kind in found.schema.types] == [True, False, False]
    assert with_dictionaries(found, ["text"]).equals(found)
    assert pl.DataFrame(found).cast({"text": pl.String}).equals(frame)


def test_csv_has_one_header_and_all_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["a", 'b "c", d', "e\nf"], "list": [["x", "y"], [], None], "whole": [1, None, 3]})
    path = written(tmp_path, pieces(frame, [1, 2]), csv=True)
    assert path.with_suffix(".csv").read_text(encoding="utf-8") == (
        'id,list,whole\na,x;y,1\n"b ""c"", d","",\n"e\nf",,3\n'
    )


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_no_file(tmp_path: Path, error: type[BaseException]) -> None:
    found: list[str] = []

    def interrupted() -> pl.DataFrame:
        found.extend(sorted(path.name for path in tmp_path.iterdir()))
        raise error

    with pytest.raises(error):
        write_part(tmp_path, interrupted)
    assert found == ["table.csv", "table.parquet"]
    assert not list(tmp_path.iterdir())


def write_part(folder: Path, interrupted: Callable[[], pl.DataFrame]) -> None:
    with TableWriter(folder, "table", METADATA, csv=True) as writer:
        writer.write(arrow(CLINICS), lambda: CLINICS)
        writer.write(arrow(CLINICS), interrupted)


def test_a_table_of_its_own_is_written_in_one_go(tmp_path: Path) -> None:
    write_table(TableWriter(tmp_path, "networks", METADATA, csv=False), CLINICS)
    assert pl.read_parquet(tmp_path / "networks.parquet").equals(CLINICS)
