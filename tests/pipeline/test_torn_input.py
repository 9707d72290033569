"""Input of unusual types, names and sizes is carried through, or refused with what is the matter."""

import base64
import decimal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pyarrow.parquet import encryption

from icp_engine.cli import cli
from icp_engine.database import Database
from icp_engine.errors import InputError, MistakesError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.scorecard.loader import load_scorecard

BASE = {"clinic_id": ["a", "b", "c"], "account_name": ["A", "B", "C"], "npi_count": [1, 2, 3]}
HALF = [0.5, None, 2048.0]


def scored(file: Path) -> pl.DataFrame:
    run([str(file)], file.parent / "w", RunOptions(charts=False, format="parquet"))
    return pl.read_parquet(file.parent / "w" / "clinics_icp.parquet").sort("clinic_id")


def parquet(folder: Path, **columns: pa.Array) -> Path:
    pq.write_table(pa.table({**BASE, **columns}), folder / "c.parquet")
    return folder / "c.parquet"


@pytest.mark.parametrize(
    ("kind", "values", "carried"),
    [
        (pa.float16(), HALF, HALF),
        (pa.list_(pa.float16()), [[0.5], None, []], [[0.5], None, []]),
        (pa.struct([("h", pa.float16())]), [{"h": 0.5}] * 3, [{"h": 0.5}] * 3),
        (pa.list_(pa.struct([("h", pa.float16())])), [[{"h": 0.5}]] * 3, [[{"h": 0.5}]] * 3),
        (pa.decimal128(38, 2), [decimal.Decimal("1.50")] * 3, [decimal.Decimal("1.50")] * 3),
        (pa.uint64(), [2**64 - 1] * 3, [2**64 - 1] * 3),
        (pa.binary(2), [b"ab"] * 3, [b"ab"] * 3),
    ],
    ids=str,
)
def test_types_that_are_carried(tmp_path: Path, kind: pa.DataType, values: list[Any], carried: list[Any]) -> None:
    found = scored(parquet(tmp_path, extra=pa.array(values, kind)))
    assert found["extra"].to_list() == carried


def test_a_field_of_16_bits_is_read(tmp_path: Path) -> None:
    assert scored(parquet(tmp_path, site_count=pa.array([1, None, 3], pa.float16())))["site_count"].to_list() == [
        1, None, 3]  # fmt: skip


@pytest.mark.parametrize("precision", [39, 50, 76])
@pytest.mark.parametrize("column", ["extra", "site_count"])
def test_decimals_of_too_many_digits(tmp_path: Path, precision: int, column: str) -> None:
    file = parquet(tmp_path, **{column: pa.array([decimal.Decimal(1)] * 3, pa.decimal256(precision, 2))})
    with pytest.raises(InputError, match=f"column '{column}': decimals of {precision} digits are more than the 38"):
        scored(file)


@pytest.mark.parametrize("column", ["extra", "site_count", "clinic_id"])
def test_integers_of_128_bits(tmp_path: Path, column: str) -> None:
    rows = {**BASE, column: [2**100, 5, 7]}
    pl.DataFrame(rows, schema_overrides={column: pl.Int128}).write_parquet(tmp_path / "c.parquet")
    with pytest.raises(InputError, match=r"c.parquet holds integers of 128 bits, .* write them as text"):
        scored(tmp_path / "c.parquet")


NAMES = [("a\0b", "NUL character in the column name 'a"), ("\0", "NUL"), ("*", "named"), ("^.*$", "column named"),
         ("^a$", "column named"), ("account_name", "more than once, first 'account_name'")]  # fmt: skip


@pytest.mark.parametrize(("name", "said"), NAMES, ids=repr)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("command", ["run", "validate"])
def test_names_that_no_table_can_have(tmp_path: Path, name: str, said: str, kind: str, command: str) -> None:
    names, file = [*BASE, name], tmp_path / f"c.{kind}"
    if kind == "csv":
        file.write_text(f"{','.join(names)}\na,A,1,x\n")
    else:
        pq.write_table(pa.Table.from_arrays([pa.array(["x"])] * len(names), names=names), file)
    done = CliRunner().invoke(cli, [command, str(file)])
    assert isinstance(done.exception, InputError)
    assert said in str(done.exception)
    assert str(done.exception).endswith("; rename it.") or str(done.exception).endswith("; rename them.")


@pytest.mark.parametrize("name", ["^a", "a$", "**", "a*", ".*", "col('x')", "a\x01b", "%", "$1", "é", " "])
def test_names_that_only_look_odd_are_carried(tmp_path: Path, name: str) -> None:
    assert scored(parquet(tmp_path, **{name: pa.array(["x", "y", "z"])}))[name].to_list() == ["x", "y", "z"]


class Keys(encryption.KmsClient):
    """Keys that wrap nothing: the files are only to be unreadable."""

    def __init__(self, _: encryption.KmsConnectionConfig) -> None:
        encryption.KmsClient.__init__(self)

    def wrap_key(self, key: bytes, _: str) -> bytes:
        return base64.b64encode(key)


@pytest.mark.parametrize("columns", [["account_name"], ["extra"], ["clinic_id", "npi_count"]])
@pytest.mark.parametrize("footer", [True, False])
@pytest.mark.parametrize("command", ["run", "validate"])
def test_encrypted_columns(tmp_path: Path, columns: list[str], footer: bool, command: str) -> None:
    asked = encryption.EncryptionConfiguration(footer_key="f", plaintext_footer=footer, column_keys={"k": columns})
    properties = encryption.CryptoFactory(Keys).file_encryption_properties(encryption.KmsConnectionConfig(), asked)
    table = pa.table({**BASE, "extra": ["x", "y", "z"]})
    with pq.ParquetWriter(tmp_path / "c.parquet", table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    done = CliRunner().invoke(cli, [command, str(tmp_path / "c.parquet")])
    if command == "validate" and footer and columns == ["extra"]:
        return  # what is not read is not missed
    assert "ncrypted" in str(done.exception)
    if command == "run":
        assert isinstance(done.exception, InputError)
        assert str(done.exception).endswith("decrypt it first.")


@pytest.mark.parametrize("cell", ["x" * 50_000_000, '"' + "x\n" * 25_000_000 + '"'], ids=["one line", "many lines"])
def test_a_cell_of_50_mb(tmp_path: Path, cell: str) -> None:
    (tmp_path / "c.csv").write_text(f"clinic_id,account_name,notes\na,A,{cell}\nb,B,y\n")
    with pytest.raises(InputError, match=r"c.csv has a row of more than 16 MB; .* leave that column out"):
        scored(tmp_path / "c.csv")


def test_a_number_of_400_digits_is_invalid_in_a_field_and_carried_elsewhere(tmp_path: Path) -> None:
    long = "9" * 400
    (tmp_path / "c.csv").write_text(f"clinic_id,npi_count,extra\na,{long},{long}\n{long},3,4\n")
    found = scored(tmp_path / "c.csv")
    assert found["clinic_id"].to_list() == [long, "a"]
    assert found["npi_count"].to_list() == [3, None]
    assert found["extra"].to_list() == ["4", long]


HEAD = 'extends = "icp"\nid = "mine"\nversion = "1.0.0"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = " + "[" * 3000 + "]" * 3000, "tables and lists nest more than 50 deep"),
        ("x = " + "{a=" * 3000 + "1" + "}" * 3000, "tables and lists nest more than 50 deep"),
        ("[" + ".".join("a" * 3000) + "]\nx = 1", "tables and lists nest more than 50 deep"),
        ("x = " + "[" * 60 + "]" * 60, "tables and lists nest more than 50 deep"),
        ("[category.fit]\nmaximum = " + "9" * 400, "category.fit"),
        ("[category.fit]\nmaximum = " + "9" * 5000, "a number cannot be read"),
        ("[category.fit]\nmaximum = 1e400", "category.fit"),
        ("x = " + "9" * 400, "unknown key 'x'"),
    ],
    ids=["lists", "tables", "a key", "60 lists", "400 digits", "5000 digits", "no finite number", "elsewhere"],
)
def test_a_scorecard_that_no_reader_likes(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.toml").write_text(f"{HEAD}{text}\n")
    with pytest.raises(MistakesError, match=said):
        load_scorecard(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(("steps", "sound"), [(49, True), (52, False), (1500, False)])
def test_a_chain_of_scorecards(tmp_path: Path, steps: int, sound: bool) -> None:
    for number in range(steps):
        base = f"c{number + 1}.toml" if number < steps - 1 else "icp"
        (tmp_path / f"c{number}.toml").write_text(f'extends = "{base}"\nid = "c{number}"\nversion = "1.0.0"\n')
    if sound:
        assert load_scorecard(str(tmp_path / "c0.toml")).id == "c0"
    else:
        with pytest.raises(MistakesError, match=r"c50.toml:1: extends: it leads on for more than 50 scorecards"):
            load_scorecard(str(tmp_path / "c0.toml"))


def test_work_on_columns_does_not_grow_with_their_square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB copies a whole relation for each comment: thousands of columns have those of the contract alone."""
    comments: dict[int, int] = {}
    real = Database.comment

    def counted(self: Database, given: Iterable[tuple[str, str, str]]) -> None:
        every = list(given)
        comments[wide] = len(every)
        real(self, every)

    monkeypatch.setattr(Database, "comment", counted)
    for wide in (30, 3_000):
        names = [f"extra_{number}" for number in range(wide)]
        found = scored(parquet(tmp_path, **{name: pa.array(["x", "y", "z"]) for name in names}))
        assert set(names) < set(found.columns)
    assert 100 < comments[3_000] < comments[30]


@pytest.mark.parametrize("name", ["clinic_id", "npi_count", "segment_label", "own column"])
def test_a_name_of_a_column_that_is_no_utf_8(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"clinic_id": ["a"], "npi_count": [1], "segment_label": ["x"], "own column": ["y"]})
    frame.write_parquet(tmp_path / "c.parquet")
    torn = (tmp_path / "c.parquet").read_bytes().replace(name.encode(), b"\xed" + name.encode()[1:])
    (tmp_path / "c.parquet").write_bytes(torn)
    with pytest.raises(InputError) as error:
        run([str(tmp_path / "c.parquet")], tmp_path / "out", RunOptions(format="parquet", charts=False))
    assert f"has a column whose name is not UTF-8 text, '\\xed{name[1:]}'; rename it" in str(error.value)


def test_ten_thousand_columns_are_carried(tmp_path: Path) -> None:
    names = [f"extra_{number}" for number in range(10_000)]
    path = parquet(tmp_path, **{name: pa.array(["x", "y", "z"]) for name in names})
    options = RunOptions(format="parquet", charts=False, networks=False)
    run([str(path)], tmp_path / "out", options)
    assert set(names) < set(pl.read_parquet_schema(tmp_path / "out" / "clinics_icp.parquet"))
