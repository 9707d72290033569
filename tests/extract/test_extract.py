"""Extracts come in every shape: files, folders, globs, partitions, dialects of CSV, columns and types that differ."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from icp_engine.errors import InputError
from icp_engine.extract.extract import open_extract
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.warehouse.manifest import Manifest

RESULTS = [
    "icp_total_score", "icp_tier", "icp_tier_label", "icp_segment", "icp_fit_score", "icp_pain_score",
    "icp_compliance_score", "icp_propensity_score", "icp_scale_score", "icp_segment_score",
    "icp_rank", "icp_percentile", "icp_tie_size",
    "icp_coverage", "icp_score_floor", "icp_score_ceiling", "icp_tier_certain", "icp_next_tier",
    "network_id", "network_name", "network_icp_score", "network_tier", "network_tier_label", "is_network_anchor",
    "num_clinics",
]  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """The clinics of a run without their scores, by id, and its manifest."""

    clinics: pl.DataFrame
    manifest: Manifest

    @property
    def ids(self) -> list[str]:
        return self.clinics["clinic_id"].to_list()


@pytest.fixture
def score(tmp_path: Path) -> Callable[..., Outcome]:
    """Runs an extract, and tells what became of its columns."""

    def runs(*patterns: Path | str, **options: Any) -> Outcome:
        out = tmp_path / "published"
        manifest = run(
            [str(pattern) for pattern in patterns], out, RunOptions(format="parquet", charts=False, **options)
        )
        clinics = pl.read_parquet(out / "clinics_icp.parquet").drop(RESULTS, strict=False)
        return Outcome(clinics.sort("clinic_id"), manifest)

    return runs


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def parquet(path: Path, **columns: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns).write_parquet(path)
    return path


def files_of(pattern: Path | str, temp: Path) -> list[str]:
    return [file.path for file in open_extract([str(pattern)], temp=temp).files]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of small files, some of which are nobody's business."""
    top = tmp_path / "extract"
    for name in ("b.csv", "a.csv", "sub/c.csv", "sub/deep/d.csv"):
        write(top / name, f"clinic_id\n{name}\n")
    for name in (".hidden.csv", "sub/_temporary.csv", ".ipynb_checkpoints/e.csv", "_temporary/00.csv", "sub/_SUCCESS"):
        write(top / name, "clinic_id\nhidden\n")
    for name in ("readme.md", "sub/notes.json", "b.csv.crc"):
        write(top / name, "not a table")
    return top


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("", ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]),
        ("a.csv", ["a.csv"]),
        ("*.csv", ["a.csv", "b.csv"]),
        ("[ab].csv", ["a.csv", "b.csv"]),
        ("?.csv", ["a.csv", "b.csv"]),
        ("sub", ["sub/c.csv", "sub/deep/d.csv"]),
        ("**/?.csv", ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]),
    ],
)
def test_files_of_folders_and_globs_are_found_and_hidden_ones_ignored(
    folder: Path, tmp_path: Path, pattern: str, names: list[str]
) -> None:
    found = files_of(folder / pattern, tmp_path)
    assert found == [str(folder / name) for name in names]


@pytest.mark.parametrize("name", [".cache", "_extract"])
def test_a_folder_that_is_asked_for_is_read_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / name / "a.csv", "clinic_id\na\n")
    assert files_of(tmp_path / name, tmp_path) == [str(file)]


def test_hidden_folders_are_ignored_at_every_depth(folder: Path, tmp_path: Path) -> None:
    write(folder / ".git" / "deep" / "er" / "x.csv", "clinic_id\nhidden\n")
    assert str(folder / ".git" / "deep" / "er" / "x.csv") not in files_of(folder, tmp_path)


def test_a_name_with_the_signs_of_a_pattern_is_a_name_where_the_file_exists(tmp_path: Path) -> None:
    file = write(tmp_path / "clinics [final] *.csv", "clinic_id\na\n")
    assert files_of(file, tmp_path) == [str(file)]


def test_a_file_that_two_patterns_name_is_read_once(folder: Path, score: Callable[..., Outcome]) -> None:
    found = score(folder / "a.csv", folder / "*.csv", folder)
    assert found.ids == ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]
    assert [file.rows for file in found.manifest.inputs] == [1, 1, 1, 1]


def test_hive_partitions_become_columns(tmp_path: Path, score: Callable[..., Outcome]) -> None:
    top = tmp_path / "hive"
    parquet(top / "state_code=TX" / "part.parquet", clinic_id=["1", "2"])
    parquet(top / "state_code=OK" / "year=2026" / "part.parquet", clinic_id=["3"])
    parquet(top / "state_code=__HIVE_DEFAULT_PARTITION__" / "part.parquet", clinic_id=["4"])
    parquet(top / "state_code=ZZ" / "part.parquet", clinic_id=["5"], state_code=["CA"])  # what the file says holds
    write(top / "state_code=NV" / "area=North%20%2F%20East" / "part.csv", "clinic_id\n6\n")
    rows = score(top).clinics.select("clinic_id", "state_code", "year", "area").rows()
    assert rows == [
        ("1", "TX", None, None),
        ("2", "TX", None, None),
        ("3", "OK", "2026", None),
        ("4", None, None, None),
        ("5", "CA", None, None),
        ("6", "NV", None, "North / East"),
    ]


PLAIN = [("001", "A, B", "5"), ("002", 'say "hi"', ""), ("003", "two\nlines", "7")]
QUOTED = 'clinic_id,account_name,note\n001,"A, B",5\n002,"say ""hi""",\n003,"two\nlines",7\n'
DIALECTS = {
    "quotes.csv": QUOTED,
    "all_quoted.csv": '"clinic_id","account_name","note"\n"001","A, B","5"\n'
    '"002","say ""hi""",""\n"003","two\nlines","7"\n',
    "bom.csv": "\ufeff" + QUOTED,
    "no_last_newline.csv": QUOTED.rstrip("\n"),
    "crlf.csv": QUOTED.replace("\n", "\r\n").replace("two\r\n", "two\n"),
    "blank_lines.csv": QUOTED.replace("002", "\n\n002") + "\n\n",
    "semicolon.csv": QUOTED.replace(",", ";").replace("A; B", "A, B"),
    "pipe.txt": QUOTED.replace(",", "|").replace("A| B", "A, B"),
    "tab.tsv": QUOTED.replace(",", "\t").replace("A\t B", "A, B"),
    "UPPER.CSV": QUOTED,
    "packed.csv.gz": gzip.compress(QUOTED.encode()),
    "packed.tsv.gz": gzip.compress(("\ufeff" + QUOTED.replace(",", "\t").replace("A\t B", "A, B")).encode()),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_dialects_of_csv(tmp_path: Path, score: Callable[..., Outcome], name: str) -> None:
    found = score(write(tmp_path / name, DIALECTS[name]))
    assert found.clinics.columns == ["clinic_id", "account_name", "note"]
    assert found.clinics.rows() == PLAIN
    assert found.manifest.inputs[0].bytes == (tmp_path / name).stat().st_size


def test_text_of_csv_is_taken_as_it_stands(tmp_path: Path, score: Callable[..., Outcome]) -> None:
    raw = ["00123", "1e5", "NA", "null", "TRUE", " x ", "2026-01-02", "1.50", "-", "'", "9" * 30, "#N/A", "naïve 🦷"]
    lines = [f"{number:05},{value},{value}" for number, value in enumerate(raw)]
    found = score(write(tmp_path / "a.csv", "\n".join(["clinic_id,account_name,carried", *lines])))
    assert found.ids == [f"{number:05}" for number in range(len(raw))]
    absent = {"NA", "null", "-", "#N/A"}
    assert found.clinics["account_name"].to_list() == [None if one in absent else one for one in raw]
    assert found.clinics["carried"].to_list() == raw


def test_parquet_and_csv_of_one_run_with_other_columns_and_types_are_united_by_name(
    tmp_path: Path, score: Callable[..., Outcome]
) -> None:
    top = tmp_path / "mixed"
    parquet(top / "a.parquet", clinic_id=[7], npi_count=[5.0], aco_member=[True], own=[1], old=[date(2026, 1, 2)])
    write(top / "b.csv", 'extra,own,clinic_id,npi_count,aco_member\n"x, y",z,007,"1,234",N\n')
    parquet(top / "c.pq", clinic_id=["c"], npi_count=["x"], aco_member=[1], own=[2.5])
    parquet(top / "d.parquet", clinic_id=["d"], own=[None])
    found = score(top)
    assert found.clinics.columns == ["clinic_id", "npi_count", "aco_member", "own", "old", "extra"]
    assert found.clinics.rows() == [
        ("007", 1234, False, "z", None, "x, y"),
        ("7", 5, True, "1", date(2026, 1, 2), None),
        ("c", None, True, "2.5", None, None),
        ("d", None, None, None, None, None),
    ]
    assert found.manifest.fields["npi_count"].invalid == 1
    assert found.manifest.fields["npi_count"].examples == ("x",)
    assert [Path(file.path).name for file in found.manifest.inputs] == ["a.parquet", "b.csv", "c.pq", "d.parquet"]


@pytest.mark.parametrize("dtype", [pa.binary(), pa.large_binary(), pa.binary_view()], ids=str)
@pytest.mark.parametrize("marked", [True, False])
def test_texts_that_parquet_does_not_mark_as_such_are_read(
    marked: bool, dtype: pa.DataType, tmp_path: Path, score: Callable[..., Outcome]
) -> None:
    columns = {
        "clinic_id": [b"a", b" b", b""],
        "account_name": ["Caf\u00e9 Clinic".encode(), None, b"B"],
        "npi_count": [b"1,234", b"6.0", b"NA"],
        "phone": [b"512-555-0101", None, None],
        "raw": [b"\xff\xfe", b"plain", None],
        "packed": [b"\x00\x01", b"plain", None],
    }
    table = pa.table({name: pa.array(values, dtype) for name, values in columns.items()})
    pq.write_table(table, tmp_path / "a.parquet", store_schema=marked)
    write(tmp_path / "b.csv", "clinic_id,phone\nc,512-555-0102\n")
    found = score(tmp_path / "a.parquet", tmp_path / "b.csv", networks=False)
    assert found.clinics.select("clinic_id", "account_name", "npi_count", "phone", "raw", "packed").rows() == [
        ("a", "Caf\u00e9 Clinic", 1234, "512-555-0101", b"\xff\xfe", b"\x00\x01"),
        ("b", None, 6, None, b"plain", b"plain"),
        ("c", None, None, "512-555-0102", None, None),
    ]
    assert found.manifest.rows.reasons == {"blank clinic_id": 1}
    said = "clinic_id, account_name, npi_count, phone: bytes that are UTF-8 are read as text"
    assert found.manifest.notes == (f"{tmp_path / 'a.parquet'}: {said}",)


def test_bytes_that_are_no_text_are_no_field_and_carried_bytes_stay(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet", clinic_id=["a", "b"], account_name=[b"plain", b"\xff"])
    with pytest.raises(InputError, match=r"a\.parquet: Column 'account_name' is of type Binary, but text is due"):
        open_extract([str(file)], temp=tmp_path)
    file = parquet(tmp_path / "a.parquet", clinic_id=["a", "b"], picture=[b"plain", b"bytes"])
    assert open_extract([str(file)], temp=tmp_path).files[0].schema["picture"] == pl.Binary


# A date becomes 20455, text a record {x}, and text with a list fails without a word of the files.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([5], [[5]]),
        ([[1]], [{"a": 1}]),
        ([date(2026, 1, 2)], [[1]]),
        pytest.param(["x"], [[1]]),
        pytest.param([date(2026, 1, 2)], [timedelta(1)]),
        pytest.param([5], [date(2026, 1, 2)]),
        pytest.param([5.5], [datetime(2026, 1, 2)]),
        pytest.param([5], [{"a": 1}]),
        pytest.param(["x"], [{"a": 1}]),
    ],
)
def test_types_that_cannot_be_united_name_column_types_and_both_files(
    tmp_path: Path, score: Callable[..., Outcome], one: list[Any], other: list[Any]
) -> None:
    parquet(tmp_path / "a.parquet", clinic_id=["a"], own=one)
    parquet(tmp_path / "b.parquet", clinic_id=["b"], own=other)
    with pytest.raises(InputError) as error:
        score(tmp_path / "?.parquet")
    for due in ("'own'", "a.parquet", "b.parquet", str(pl.Series(one).dtype), str(pl.Series(other).dtype)):
        assert due in str(error.value)


def test_a_field_of_a_type_that_it_cannot_be_names_file_column_and_type(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", clinic_id=["a"], npi_count=[1])
    parquet(tmp_path / "b.parquet", clinic_id=["b"], npi_count=[date(2026, 1, 2)])
    with pytest.raises(InputError, match=r"b\.parquet.*'npi_count'.*Date.*integer"):
        open_extract([str(tmp_path)], temp=tmp_path)


CARRIED = {
    "whole": [1, None, -3],
    "small": pl.Series([1, 2, None], dtype=pl.Int8),
    "big": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
    "number": [0.1, float("nan"), float("-inf")],
    "text": ["NA", "", " padded "],
    "flag": [True, None, False],
    "day": [date(2026, 1, 2), None, date(1900, 1, 1)],
    "moment": [datetime(2026, 1, 2, 3, 4, 5, 678901), None, None],
    "exact": pl.Series([Decimal("1.50"), None, Decimal("-2")], dtype=pl.Decimal(12, 2)),
    "many": [["a", None], [], None],
    "record": [{"a": 1, "b": "x"}, {"a": None, "b": None}, None],
    "raw": [b"\x00\xff", b"", None],
    "nested": [[[1], []], [], None],
}


def test_columns_of_nobody_are_carried_untouched_and_in_order(tmp_path: Path, score: Callable[..., Outcome]) -> None:
    given = pl.DataFrame(
        {"zeta": ["1", "2", "3"], "clinic_id": ["a", "b", "c"], **CARRIED, "state_code": ["tx", "", "OK"]}
    )
    given.write_parquet(tmp_path / "a.parquet")
    found = score(tmp_path / "a.parquet")
    assert found.clinics.columns == given.columns
    names = ["zeta", *CARRIED]
    for name in names:
        same = found.clinics[name].cast(given.schema[name]).equals(given[name], null_equal=True)
        assert same, f"{name}: {found.clinics[name].to_list()}"
    loose = {"exact"}  # Parquet of Polars' Decimal(12, 2) may come back wider
    assert all(found.clinics.schema[name] == given.schema[name] for name in names if name not in loose)
    assert found.clinics["state_code"].to_list() == ["TX", None, "OK"]
    assert list(found.manifest.carried_columns) == names


def test_mapped_columns_are_read_where_they_stand_under_the_name_of_the_field(
    tmp_path: Path, score: Callable[..., Outcome]
) -> None:
    write(tmp_path / "a.csv", "First,NPI,Providers\nx,0123,1\n")
    parquet(tmp_path / "b.parquet", NPI=[456], other=[1])
    write(tmp_path / "c.csv", "Providers,NPI\nnone,789\n")
    found = score(tmp_path / "[abc].*", mapping={"clinic_id": "NPI", "npi_count": "Providers"})
    assert found.clinics.columns == ["First", "clinic_id", "npi_count", "other"]
    assert found.clinics.select("clinic_id", "npi_count").rows() == [("0123", 1), ("456", None), ("789", None)]
    assert found.manifest.fields["npi_count"].column == "Providers"
    assert found.manifest.fields["clinic_id"].column == "NPI"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"npi_count": "provider_totl"}, "'provider_totl'.*did you mean 'provider_total'"),
        ({"npi_cuont": "provider_total"}, "'npi_cuont'.*did you mean 'npi_count'"),
        ({"npi_count": "provider_total", "bene_count": "provider_total"}, "'provider_total' twice"),
    ],
)
def test_mistakes_of_a_mapping(tmp_path: Path, mapping: dict[str, str], message: str) -> None:
    file = write(tmp_path / "a.csv", "clinic_id,provider_total,site_count\na,5,1\n")
    with pytest.raises(InputError, match=message):
        open_extract([str(file)], mapping=mapping, temp=tmp_path)


def test_columns_of_the_engines_own_names_are_replaced_and_said(tmp_path: Path, score: Callable[..., Outcome]) -> None:
    parquet(tmp_path / "a.parquet", icp_tier=["gold"], clinic_id=["a"], icp_total_score=[99.0], mine=[1], icp_score=[2])
    found = score(tmp_path / "a.parquet")
    assert found.clinics.columns == ["clinic_id", "mine", "icp_score"]
    assert found.manifest.replaced_columns == ("icp_tier", "icp_total_score")
    row = pl.read_parquet(tmp_path / "published" / "clinics_icp.parquet").row(0, named=True)
    assert list(row) == ["clinic_id", "mine", "icp_score", *RESULTS]
    assert (row["icp_tier"], row["icp_total_score"]) == (3, 10.0)


@pytest.mark.parametrize("name", ["icp_reason_codes", "icp_bibliography"])
def test_evidence_of_an_older_run_is_not_carried_into_the_new_one(
    tmp_path: Path, score: Callable[..., Outcome], name: str
) -> None:
    parquet(tmp_path / "a.parquet", clinic_id=["a"], **{name: ["of another day"]})
    found = score(tmp_path / "a.parquet")
    assert found.manifest.replaced_columns == (name,)
    assert name not in found.clinics.columns


@pytest.mark.parametrize(("networks", "kept"), [(False, "mine"), (True, None)])
def test_network_columns_of_an_extract_are_replaced_by_networks_alone(
    tmp_path: Path, networks: bool, kept: str | None
) -> None:
    parquet(tmp_path / "a.parquet", clinic_id=["a"], network_id=["mine"])
    manifest = run([str(tmp_path / "a.parquet")], tmp_path / "out", RunOptions(networks=networks, charts=False))
    assert manifest.replaced_columns == (("network_id",) if networks else ())
    assert pl.read_parquet(tmp_path / "out" / "clinics_icp.parquet")["network_id"].to_list() == [kept]
