"""Ids are text to the last digit; what looks wrong about them is said, and rows of totals are no clinics."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.extract.extract import open_extract
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.warehouse.manifest import Manifest

SPREAD = [6917529027641081857, 6917529028875649748, 6917529030110217639, 6917529031344785530]
CLOSE = [6917529027641081857, 6917529027641081858, 6917529027641081859]


@pytest.fixture
def score(tmp_path: Path) -> Callable[..., tuple[list[str], Manifest]]:
    """Runs files; returns the ids that come out, and the manifest."""

    def runs(*files: Path, **options: Any) -> tuple[list[str], Manifest]:
        asked = RunOptions(format="parquet", charts=False, networks=False, **options)
        manifest = run([str(file) for file in files], tmp_path / "out", asked)
        return sorted(pl.read_parquet(tmp_path / "out" / "clinics_icp.parquet")["clinic_id"]), manifest

    return runs


def parquet(path: Path, ids: list[Any], dtype: Any, **columns: list[Any]) -> Path:
    pl.DataFrame({"clinic_id": pl.Series(ids, dtype=dtype), **columns}).write_parquet(path)
    return path


def csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("ids", [SPREAD, CLOSE])
@pytest.mark.parametrize("dtype", [pl.Decimal(38, 0), pl.Decimal(38, 2), pl.Int64, pl.UInt64, pl.String], ids=str)
def test_long_ids_are_kept_to_the_last_digit(
    tmp_path: Path, score: Callable[..., Any], ids: list[int], dtype: Any
) -> None:
    raw = (
        [Decimal(clinic_id) for clinic_id in ids]
        if isinstance(dtype, pl.Decimal)
        else ids
        if dtype != pl.String
        else map(str, ids)
    )
    found, manifest = score(parquet(tmp_path / "a.parquet", list(raw), dtype))
    assert found == sorted(map(str, ids))
    assert manifest.rows.rejected == 0


@pytest.mark.parametrize(
    ("dtype", "raw", "due"),
    [
        (pl.Decimal(38, 0), [Decimal(10**30 + 7)], [str(10**30 + 7)]),
        (pl.Decimal(12, 3), [Decimal("12.500"), Decimal("-3.000")], ["-3", "12.500"]),
        (pl.Float64, [float(2**53 - 1)], [str(2**53 - 1)]),
        (pl.Float32, [float(2**24 - 1)], [str(2**24 - 1)]),
    ],
)
def test_numbers_that_are_known_become_their_digits(
    tmp_path: Path, score: Callable[..., Any], dtype: Any, raw: list[Any], due: list[str]
) -> None:
    assert score(parquet(tmp_path / "a.parquet", raw, dtype))[0] == due


@pytest.mark.parametrize(
    ("dtype", "raw"),
    [(pl.Float64, 2.0**53), (pl.Float64, -1e18), (pl.Float64, 6.917529028875649748e18), (pl.Float32, 2.0**24)],
)
def test_floats_whose_last_digits_nobody_knows_are_refused(tmp_path: Path, dtype: Any, raw: float) -> None:
    file = parquet(tmp_path / "a.parquet", [1.0, raw, None], dtype)
    with pytest.raises(InputError, match=r"a\.parquet: column 'clinic_id' holds floats.*as text or as whole numbers"):
        open_extract([str(file)], temp=tmp_path)


def test_a_name_of_floats_is_refused_too_and_numbers_are_not(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet", ["a"], pl.String, allowed_amt=[1e18])
    open_extract([str(file)], temp=tmp_path)
    file = parquet(tmp_path / "a.parquet", ["a"], pl.String, account_name=[1e18])
    with pytest.raises(InputError, match="'account_name'"):
        open_extract([str(file)], temp=tmp_path)


@pytest.mark.parametrize(
    "space", [" ", "\t", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "\u200b", "\ufeff", " \u200e "], ids=ascii
)
def test_white_space_around_an_id_is_no_part_of_it(tmp_path: Path, score: Callable[..., Any], space: str) -> None:
    file = parquet(tmp_path / "a.parquet", [f"{space}a 1{space}", f"b{space}", space, "c"], pl.String)
    found, manifest = score(file)
    assert found == ["a 1", "b", "c"]
    assert manifest.rows.reasons == {"blank clinic_id": 1}


@pytest.mark.parametrize(
    ("ids", "due"),
    [
        (["1003000029.0", "", "1003000037.0"], ["1003000029", "1003000037"]),
        (["1003000029", " 1003000037.0 "], ["1003000029", "1003000037"]),
        (["7.00", "8.00"], ["7", "8"]),
        (["1.0", "1.1"], ["1.0", "1.1"]),  # versions: no column of whole numbers made them
        (["A-1.0", "2.0"], ["2.0", "A-1.0"]),
        (["007.0", "8.0"], ["007.0", "8.0"]),
        (["7,0", "8"], ["7", "8"]),
        (["7.0", "Total"], ["7"]),
        (["7.0", "NA"], ["7", "NA"]),
        (["7.0", "NAB"], ["7.0", "NAB"]),
        (["'0012345", "78"], ["0012345", "78"]),
        (["'0012345 ", "O'Neill", "'s"], ["'s", "0012345", "O'Neill"]),
    ],
)
def test_ids_that_a_numeric_column_made_lose_their_fraction(
    tmp_path: Path, score: Callable[..., Any], ids: list[str], due: list[str]
) -> None:
    assert score(parquet(tmp_path / "a.parquet", ids, pl.String))[0] == due
    assert score(csv(tmp_path / "a.csv", "clinic_id;x", *(f"{clinic_id};1" for clinic_id in ids)))[0] == due


def test_a_text_that_is_written_as_a_formula_for_excel_is_that_text(tmp_path: Path, score: Callable[..., Any]) -> None:
    columns = {
        "clinic_id": ['="0012345"', '="a""b"', "=1+1", '="x"&"y"'], "npi_count": ['="1,234"', "5", "6", "7"],
        "note": ['="0012345"'] * 4,
    }  # fmt: skip
    pl.DataFrame(columns).write_csv(tmp_path / "a.csv")
    found, manifest = score(tmp_path / "a.csv")
    assert found == ["0012345", '="x"&"y"', "=1+1", 'a"b']
    rows = pl.read_parquet(tmp_path / "out" / "clinics_icp.parquet").sort("npi_count", descending=True)
    assert (rows["npi_count"][0], rows["note"][0]) == (1234, '="0012345"')
    assert 'clinic_id, npi_count: a text that is written ="..." for Excel' in manifest.notes[0]


def test_the_same_id_with_and_without_a_fraction_is_a_duplicate(tmp_path: Path, score: Callable[..., Any]) -> None:
    one = csv(tmp_path / "a.csv", "clinic_id,npi_count", "1003000029,5", "1003000037,6")
    other = csv(tmp_path / "b.csv", "clinic_id,npi_count", "1003000029.0,7", ",8")
    with pytest.raises(InputError, match=r"such as 1003000029, .*--duplicates first keeps the first"):
        score(one, other)
    found, manifest = score(one, other, duplicates="first")
    assert found == ["1003000029", "1003000037"]
    assert manifest.rows.reasons == {"blank clinic_id": 1, "duplicate clinic_id": 1}


SUSPICIOUS = {
    "scientific notation": ["1.0937E+09", "1e+16", "x"],
    "ends in .0": ["12.0", "x"],
    "says NA or the like": ["NA", "#n/a", "x"],
    "a date of Excel": ["1-Mar", "Sep-02", "01-Mar-2026", "x"],
    "the same but for case": ["Ab1", "aB1", "c"],
    "totals row": ["a", "b", "Grand Total"],
}


@pytest.mark.parametrize(("kind", "ids"), SUSPICIOUS.items())
def test_ids_that_look_wrong_are_said_and_stop_a_strict_run(
    tmp_path: Path, score: Callable[..., Any], kind: str, ids: list[str]
) -> None:
    file = csv(tmp_path / "a.csv", "clinic_id,npi_count", *(f"{clinic_id},5" for clinic_id in ids))
    manifest = score(file)[1]
    assert [suspicion.kind for suspicion in manifest.suspicions] == [kind]
    said = CliRunner().invoke(cli, ["validate", str(file)]).output
    assert "Suspicious ids" in said
    assert f"{manifest.suspicions[0].count} {kind}" in said
    ran = CliRunner().invoke(cli, ["run", str(file), "--out", str(tmp_path / "w"), "--no-charts"]).output
    assert f"{manifest.suspicions[0].count} {kind}" in ran
    with pytest.raises(InputError, match=kind):
        score(file, strict=True)


def test_scientific_notation_with_a_decimal_comma_is_suspicious(tmp_path: Path, score: Callable[..., Any]) -> None:
    manifest = score(csv(tmp_path / "a.csv", "clinic_id;npi_count", "1,0937E+09;5", "1003000029;6"))[1]
    assert [(one.kind, one.examples) for one in manifest.suspicions] == [("scientific notation", ("1,0937E+09",))]


def test_plain_ids_are_not_suspicious(tmp_path: Path, score: Callable[..., Any]) -> None:
    ids = [
        "1E5",
        "C+1",
        "v1.01",
        "Total Care",
        "Total (Care)",
        "Summers",
        "Totals 4U",
        "SUM",
        "Å",
        "å2",
        "1003000029",
        "Mar-1",
        "1-Mart",
        "MAR-01",
    ]
    manifest = score(csv(tmp_path / "a.csv", "clinic_id", *(clinic_id for clinic_id in ids if clinic_id != "SUM")))[1]
    assert manifest.suspicions == ()


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("{},,99", "Total"),
        ("x,{},99", "TOTALS:"),
        (",{},99", "grand total"),
        ("{},,9", "Sum"),
        ("{},2,99", "Grand Totals (1234 records)"),
        ("{},,99", "Subtotal"),
        ("{},,99", " Sub-Total: "),
        ("{},,99", "Gesamtergebnis"),
        ("{},,99", "Total g\u00e9n\u00e9ral"),
    ],
)
def test_a_row_that_calls_itself_totals_is_rejected(
    tmp_path: Path, score: Callable[..., Any], row: str, word: str
) -> None:
    file = csv(
        tmp_path / "a.csv", "clinic_id,account_name,npi_count", "a,Total Care,5", "b,Sum Clinic,6", row.format(word)
    )
    found, manifest = score(file)
    assert found == ["a", "b"]
    assert manifest.rows.reasons == {"totals row": 1}
    assert manifest.suspicions[0].examples == (f"{file}, row 3",)


def test_totals_of_two_files_are_no_duplicates(tmp_path: Path, score: Callable[..., Any]) -> None:
    files = [csv(tmp_path / f"{name}.csv", "clinic_id,npi_count", f"{name},5", "Total,5") for name in "ab"]
    found, manifest = score(*files)
    assert (found, manifest.rows.reasons) == (["a", "b"], {"totals row": 2})


@pytest.mark.parametrize(
    ("last", "rejected"),
    [
        ("z,60,6,600.75", True),
        ("All clinics,60,6,", True),
        ("z,60,7,600.75", False),
        ("z,60,,", False),
        ("z,10,1,100.25", False),
    ],
)
def test_a_last_row_of_sums_is_rejected(tmp_path: Path, score: Callable[..., Any], last: str, rejected: bool) -> None:
    head = "clinic_id,npi_count,site_count,allowed_amt"
    file = csv(tmp_path / "a.csv", head, "a,10,1,100.25", "b,20,2,200.25", "c,30,3,300.25", last)
    found, manifest = score(file)
    assert len(found) == (3 if rejected else 4)
    assert manifest.rows.reasons == ({"totals row": 1} if rejected else {})


@pytest.mark.parametrize(
    ("second", "shown"),
    [("a,Elm Care,OK,7", "a is 'Elm Care' and 'Oak Care', so"), ("a,OAK CARE,OK,7", "a is in 'OK' and 'TX', so")],
)
def test_what_tells_two_clinics_of_one_id_apart_is_said(
    tmp_path: Path, score: Callable[..., Any], second: str, shown: str
) -> None:
    head = "clinic_id,account_name,state_code,npi_count"
    with pytest.raises(InputError, match=shown):
        score(csv(tmp_path / "a.csv", head, "a,Oak Care,TX,5", second))


@pytest.mark.parametrize(
    ("second", "advised"),
    [
        ("a,Oak Care,TX,7", True),
        ("a,OAK CARE,tx,5", True),
        ("a, Oak\u00a0 Care ,Texas,5", True),
        ("a,,,5", True),
        ("a,Elm Care,TX,5", False),
        ("a,Oak Care,OK,5", False),
    ],
)
def test_keeping_the_first_is_advised_for_rows_of_one_clinic_alone(
    tmp_path: Path, score: Callable[..., Any], second: str, advised: bool
) -> None:
    file = csv(tmp_path / "a.csv", "clinic_id,account_name,state_code,npi_count", "a,Oak Care,TX,5", second, "b,B,TX,1")
    with pytest.raises(InputError) as error:
        score(file)
    assert ("--duplicates first" in str(error.value)) == advised
    said = CliRunner().invoke(cli, ["validate", str(file)]).output
    assert ("--duplicates first" in said) == advised


@pytest.mark.parametrize(
    ("sign", "kind"),
    [("_delta_log/0.json", "Delta Lake"), (".hoodie/x", "Apache Hudi"), ("metadata/1.metadata.json", "Apache Iceberg")],
)
@pytest.mark.parametrize("named", ["", "part=1", "part=1/a.parquet"])
def test_the_files_of_a_table_are_no_extract(tmp_path: Path, sign: str, kind: str, named: str) -> None:
    folder = tmp_path / "table"
    for one in (folder / sign, folder / "part=1" / "a.parquet"):
        one.parent.mkdir(parents=True)
    (folder / sign).write_text("{}")
    parquet(folder / "part=1" / "a.parquet", ["x"], pl.String)
    with pytest.raises(InputError, match=f"table (is|cannot be read as) a table of {kind}.*export"):
        open_extract([str(folder / named)], temp=tmp_path)


def test_many_rejected_rows_come_first_with_their_share_and_reason(tmp_path: Path) -> None:
    rows = [f"Clinic {number},AL,{'' if number < 65 else f'1{number:09}.0'}" for number in range(118)]
    file = csv(tmp_path / "providers.csv", "provider_name,state_code,npi", *rows)
    mapping = ["--map", "clinic_id=npi", "--map", "account_name=provider_name"]
    done = CliRunner().invoke(cli, ["run", str(file), *mapping, "--out", str(tmp_path / "w"), "--no-charts"])
    assert done.output.splitlines()[0] == "Rejected 65 of 118 rows (55.1%): blank clinic_id"
    ids = pl.read_parquet(tmp_path / "w" / "clinics_icp.parquet")["clinic_id"]
    assert ids.str.contains(r"^1\d{9}$").all()


def test_a_few_rejected_rows_are_said_below(tmp_path: Path) -> None:
    file = csv(tmp_path / "a.csv", "clinic_id,npi_count", *(f"c{number},1" for number in range(200)), ",1")
    done = CliRunner().invoke(cli, ["run", str(file), "--out", str(tmp_path / "w"), "--no-charts"]).output
    assert not done.startswith("Rejected")
    assert "1 of 201 rows (0.5%): blank clinic_id; see rejects.parquet" in done
