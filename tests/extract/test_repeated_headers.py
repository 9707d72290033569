"""A header that stands again among the rows, where files were put one behind the other, is no clinic."""

from pathlib import Path

import polars as pl
import pytest

from icp_engine.errors import InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.warehouse.manifest import Manifest

ROWS = "a,Alpha,TX,5\nb,Beta,OK,6\n"
PLAIN = "clinic_id,account_name,state_code,npi_count\n"
TITLES = "Account ID,Organisation,Billing State,NPI Count\n"
MAPPED = {"clinic_id": "Account ID", "account_name": "Organisation"}


def scored(file: Path, mapping: dict[str, str] | None = None) -> tuple[list[str], Manifest]:
    asked = RunOptions(format="parquet", charts=False, networks=False, mapping=mapping or {})
    manifest = run([str(file)], file.parent / "out", asked)
    return sorted(pl.read_parquet(file.parent / "out" / "clinics_icp.parquet")["clinic_id"]), manifest


def csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("parquet", [False, True])
@pytest.mark.parametrize(
    ("header", "again", "mapping"),
    [
        (PLAIN, PLAIN, {}),
        (PLAIN, f"\ufeff{PLAIN}", {}),
        (PLAIN, '\ufeff"clinic_id","account_name",state_code,npi_count\n', {}),
        (PLAIN, " Clinic ID , Account_Name,STATE_CODE,npi count\n", {}),
        (PLAIN, "clinic_id,account_name,,\n", {}),
        (TITLES, TITLES, MAPPED),
    ],
)
def test_a_header_that_stands_again_is_rejected(
    header: str, again: str, mapping: dict[str, str], parquet: bool, tmp_path: Path
) -> None:
    file = csv(tmp_path / "a.csv", f"{header}{ROWS}{again}c,Gamma,TX,7.0\n{again}")
    if parquet:
        pl.read_csv(file, infer_schema=False).write_parquet(tmp_path / "a.parquet")
        file = tmp_path / "a.parquet"
    found, manifest = scored(file, mapping)
    assert found == ["a", "b", "c"]
    assert manifest.rows.reasons == {"repeated header": 2}
    assert manifest.fields["npi_count"].invalid == 0
    place = "row 3" if parquet else "line 4"
    assert manifest.notes == (
        f"{file}: 2 rows hold the header again, the first {place}; they are no clinics and rejected",
    )
    (suspicion,) = manifest.suspicions
    assert (suspicion.kind, suspicion.count) == ("repeated header", 2)
    assert suspicion.examples == (f"{file}, row 3", f"{file}, row 5")
    rejects = pl.read_parquet(tmp_path / "out" / "rejects.parquet")
    assert rejects.select("reject_reason", "source_row").rows() == [("repeated header", 3), ("repeated header", 5)]


def test_ids_of_numbers_lose_their_fraction_beside_a_header_and_a_blank_id_keeps_its_reason(tmp_path: Path) -> None:
    found, manifest = scored(csv(tmp_path / "a.csv", "clinic_id,npi_count\n7.0,1\nclinic_id,npi_count\n,2\n8.0,3\n"))
    assert found == ["7", "8"]
    assert manifest.rows.reasons == {"blank clinic_id": 1, "repeated header": 1}


def test_a_header_of_signs_and_a_hive_partition(tmp_path: Path) -> None:
    (tmp_path / "state_code=TX").mkdir()
    found, manifest = scored(csv(tmp_path / "state_code=TX" / "a.csv", "clinic_id,#,%\na,1,\nclinic_id,#,%\nb,,\n"))
    assert found == ["a", "b"]
    assert manifest.rows.reasons == {"repeated header": 1}


def test_lines_of_dashes_below_headers_are_no_clinics(tmp_path: Path) -> None:
    rule = "---------,============, --,---------\n"
    found, manifest = scored(csv(tmp_path / "a.csv", f"{PLAIN}{rule}{ROWS}--,-,TX,\n"))
    assert found == ["--", "a", "b"]
    assert manifest.rows.reasons == {"repeated header": 1}
    said = "1 row holds a line of dashes, line 2; it is no clinic and rejected"
    assert manifest.notes == (f"{tmp_path / 'a.csv'}: {said}",)
    found, manifest = scored(csv(tmp_path / "b.csv", f"{PLAIN}{rule}{ROWS}{PLAIN}{rule}"))
    assert (found, manifest.rows.reasons) == (["a", "b"], {"repeated header": 3})
    assert "3 rows hold the header again, or dashes, the first line 2; they are no clinics" in manifest.notes[0]


@pytest.mark.parametrize("row", ["clinic_id,Clinic of Idaho,ID,5", "x,account_name,state_code,npi_count"])
def test_a_row_that_says_something_of_its_own_is_a_clinic(row: str, tmp_path: Path) -> None:
    found, manifest = scored(csv(tmp_path / "a.csv", f"{PLAIN}{ROWS}{row}\n"))
    assert len(found) == 3
    assert manifest.rows.rejected == 0


@pytest.mark.parametrize(
    ("again", "shown"),
    [
        ("clinic_id,account_name,state_code,site_count", "'site_count' where the first has 'npi_count'"),
        ("clinic_id,account_name,npi_count,state_code", "'npi_count' where the first has 'state_code'"),
        ("account_name,clinic_id,state_code,npi_count", "'account_name' where the first has 'clinic_id'"),
    ],
)
def test_a_header_of_other_columns_stops_the_run_with_its_line(again: str, shown: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        scored(csv(tmp_path / "a.csv", f"{PLAIN}{ROWS}{again}\nc,Gamma,7,TX\n"))
    assert str(error.value) == (
        f"{tmp_path / 'a.csv'}, line 4: a header of other columns, or in another order ({shown}), below which rows "
        "would be misread; give the parts as files of their own."
    )
