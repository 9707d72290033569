"""Files put together from columns encoded once are those that PyArrow writes, byte for byte, and read by all."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icp_engine.tables import thrift
from icp_engine.tables.parquet import Encoding, ParquetFile

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
MANY = {f"column {number}": pl.Series([number] * 7) for number in range(40)}
TABLES: dict[str, dict[str, pl.Series]] = {
    **{name or "unnamed": {name: column} for name, column in COLUMNS.items()},
    "all": COLUMNS,
    "all the other way round": dict(reversed(COLUMNS.items())),
    "many": MANY,  # more than fit into the short form of a list
}
GROUPS = {"one group": [7], "groups": [3, 1, 3], "one row": [1], "no rows": [0], "no rows at first": [0, 4]}
METADATA = {"scorecard_id": "icp", "ü": "☤" * 100}


def arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def of_pyarrow(path: Path, table: pa.Table, groups: list[int], encoding: Encoding) -> None:
    """The file that PyArrow writes by itself."""
    with pq.ParquetWriter(
        path,
        table.schema,
        compression="zstd",
        use_dictionary=list(encoding.dictionary),
        dictionary_pagesize_limit=64 << 20,
        write_statistics=list(encoding.statistics),
        store_schema=False,
    ) as writer:
        writer.add_key_value_metadata(METADATA)
        for group in pieces(table, groups):
            if len(group):
                writer.write_table(group)


def pieces(table: pa.Table, groups: list[int]) -> list[pa.Table]:
    return [table.slice(sum(groups[:place]), rows) for place, rows in enumerate(groups)]


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES)
def test_a_file_of_columns_encoded_apart_is_that_of_pyarrow(
    tmp_path: Path, columns: dict[str, pl.Series], groups: list[int]
) -> None:
    frame = pl.DataFrame(columns)
    table = arrow(frame)
    some = [name for name in frame.columns if name not in ("id", "flag", "only true")]
    encoding = Encoding(some[::2], some[1:])
    file = ParquetFile(tmp_path / "own.parquet", table.schema, METADATA)
    for group in pieces(table, groups):
        apart = [encoding.encode(group.select(frame.columns[start::3])) for start in range(min(3, frame.width))]
        encoded = {name: column for part in apart for name, column in part.items()}
        file.add({name: encoded[name] for name in frame.columns})
    file.close()
    of_pyarrow(tmp_path / "due.parquet", table, groups, encoding)
    assert (tmp_path / "own.parquet").read_bytes() == (tmp_path / "due.parquet").read_bytes()
    read_by_all(tmp_path / "own.parquet", frame.head(sum(groups)))


def read_by_all(path: Path, due: pl.DataFrame) -> None:
    assert pl.read_parquet(path).equals(due)
    assert pq.read_table(path).num_rows == len(due)
    assert pq.read_metadata(path).metadata == {key.encode(): value.encode() for key, value in METADATA.items()}
    with duckdb.connect() as db:
        found = db.execute("select * from read_parquet($1)", [str(path)]).fetchall()
    assert repr(found) == repr(due.rows())  # NaN equals nothing, but is written alike


def test_tables_share_columns_under_other_names_and_in_other_orders(tmp_path: Path) -> None:
    frame = pl.DataFrame(COLUMNS)
    encoding = Encoding(["repeated", "whole"], ["whole"])
    tables: dict[str, dict[str, str]] = {
        "first": {"id": "id", "list": "list", "whole": "whole"},
        "second": {"whole": "id", "list.of.texts": "list", "record": "record", "id": "whole"},
        "third": {"list": "list"},
    }
    schema = arrow(frame).schema
    files = {
        name: ParquetFile(
            tmp_path / f"{name}.parquet",
            pa.schema([schema.field(old).with_name(new) for new, old in columns.items()]),
            METADATA,
        )
        for name, columns in tables.items()
    }
    for group in pieces(arrow(frame), [3, 4]):
        encoded = encoding.encode(group)
        for name, columns in tables.items():
            files[name].add({new: encoded[old] for new, old in columns.items()})
    for name, columns in tables.items():
        files[name].close()
        read_by_all(tmp_path / f"{name}.parquet", frame.select(pl.col(old).alias(new) for new, old in columns.items()))


def test_texts_given_once_with_a_number_for_every_row_are_read_as_texts(tmp_path: Path) -> None:
    texts = pa.DictionaryArray.from_arrays(
        pa.array([1, 0, 1, None], pa.int32()), pa.array(["x", "y"], pa.large_string())
    )
    table = pa.table({"id": pa.array([1, 2, 3, 4]), "codes": texts})
    file = ParquetFile(tmp_path / "own.parquet", table.schema, METADATA)
    encoding = Encoding(["codes"], ["id"])
    file.add(encoding.encode(table))
    file.close()
    of_pyarrow(tmp_path / "due.parquet", table, [4], encoding)
    assert (tmp_path / "own.parquet").read_bytes() == (tmp_path / "due.parquet").read_bytes()
    read_by_all(tmp_path / "own.parquet", pl.DataFrame({"id": [1, 2, 3, 4], "codes": ["y", "x", "y", None]}))


def test_a_file_that_was_not_closed_is_no_parquet_file(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2]})
    file = ParquetFile(tmp_path / "own.parquet", table.schema, {})
    file.add(Encoding([], []).encode(table))
    with pytest.raises(pa.ArrowInvalid):
        pq.read_metadata(tmp_path / "own.parquet")
    file.close()
    assert pq.read_table(tmp_path / "own.parquet").equals(table)


def test_indexes_that_would_have_to_be_copied_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = pq.ParquetWriter
    monkeypatch.setattr(
        pq, "ParquetWriter", lambda *args, **options: writer(*args, **options | {"write_page_index": True})
    )
    with pytest.raises(AssertionError, match="indexes"):
        Encoding([], ["id"]).encode(pa.table({"id": [1, 2]}))


NUMBERS = [0, 1, -1, 63, 64, -64, -65, 127, 128, 2**31, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers_come_back(value: int) -> None:
    assert thrift.number(thrift.as_number(value)) == value


@pytest.mark.parametrize(
    ("value", "due"),
    [(0, b"\0"), (-1, b"\1"), (1, b"\2"), (-64, b"\x7f"), (64, b"\x80\1"), (150, b"\xac\2")],
)
def test_numbers_are_written_as_the_specification_says(value: int, due: bytes) -> None:
    assert thrift.as_number(value) == due


@pytest.mark.parametrize("size", [0, 1, 14, 15, 16, 127, 128, 1000])
def test_lists_and_texts_of_any_size_come_back(size: int) -> None:
    texts = [b"x" * length for length in range(size)]
    found = thrift.items(thrift.as_list(thrift.BINARY, [thrift.as_text(one) for one in texts]))
    assert [thrift.text(one) for one in found] == texts


VALUES: dict[str, tuple[int, bytes]] = {
    "true": (1, b""),
    "false": (2, b""),
    "byte": (3, b"\xff"),
    "number": (thrift.I64, thrift.as_number(-(2**40))),
    "double": (7, b"\0\1\2\3\4\5\6\7"),
    "text": (thrift.BINARY, thrift.as_text(b"\0" * 200)),
    "booleans": (thrift.LIST, thrift.as_list(1, [b"\1", b"\2"])),
    "set": (10, thrift.as_list(4, [thrift.as_number(1)])),
    "struct": (thrift.STRUCT, thrift.as_struct({20: (1, b""), 1: (thrift.STRUCT, thrift.as_struct({}))})),
    "structs": (thrift.LIST, thrift.as_list(thrift.STRUCT, [thrift.as_struct({3: (2, b"")})] * 20)),
    "uuid": (13, b"0123456789abcdef"),
}


@given(st.dictionaries(st.integers(1, 2000), st.sampled_from(list(VALUES.values())), max_size=20))
def test_structs_come_back(values: dict[int, Any]) -> None:
    assert thrift.fields(thrift.as_struct(values)) == values
    nested = thrift.as_struct({7: (thrift.STRUCT, thrift.as_struct(values)), 8: (1, b"")})
    assert thrift.fields(thrift.fields(nested)[7][1]) == values
    assert thrift.fields(nested)[8] == (1, b"")


def test_a_map_is_refused() -> None:
    with pytest.raises(ValueError, match="no maps"):
        thrift.fields(thrift.as_struct({1: (11, b"\0")}))
