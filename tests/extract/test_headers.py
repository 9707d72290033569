"""Columns become fields by their names in any spelling, and by the names that other systems give them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.columns import FIELDS
from icp_engine.errors import InputError
from icp_engine.extract.extract import Extract, open_extract
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Extract]:
    """Opens an extract of one row whose columns have the given names."""

    def opens(*headers: str, mapping: dict[str, str] | None = None) -> Extract:
        pl.DataFrame({name: ["1"] for name in headers}).write_csv(tmp_path / "a.csv")
        return open_extract([str(tmp_path / "a.csv")], FIELDS, mapping, temp=tmp_path)

    return opens


def told(extract: Extract) -> dict[str, tuple[str, str]]:
    """The column of each field, and what told it."""
    return {name: (match.column, match.how) for name, (match,) in extract.matches.items()}


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("NPI_Count", "npi_count"),
        ("NPI Count", "npi_count"),
        ("npi-count", "npi_count"),
        ("Npi.Count", "npi_count"),
        (" npi\u00a0 count ", "npi_count"),
        ("NPI\nCount", "npi_count"),
        ("ACO member?", "aco_member"),
        ("STATE_CODE", "state_code"),
    ],
)
def test_a_header_is_its_field_in_any_spelling(opened: Callable[..., Extract], header: str, field: str) -> None:
    extract = opened("clinic_id", header, "npicount", "other")
    assert told(extract)[field] == (header.replace("\n", " "), "its name in another spelling")
    assert extract.columns == ("clinic_id", field, "npicount", "other")


SYSTEMS = {
    "Salesforce": ["Id", "Name", "BillingState", "Industry"],
    "Salesforce reports": ["Account ID", "Account Name", "Billing State/Province", "Industry"],
    "HubSpot": ["Record ID", "Company name", "State/Region", "Industry"],
    "NPPES": [
        "NPI", "Provider Organization Name (Legal Business Name)",
        "Provider Business Practice Location Address State Name",
    ],
    "CMS enrollments": ["NPI", "ORGANIZATION NAME", "STATE"],
    "CMS hospitals": ["Provider ID", "Hospital Name", "State", "Hospital Ownership", "Hospital Type"],
    "CMS home health": ["CMS Certification Number (CCN)", "Provider Name", "State"],
    "CMS utilization": [
        "Rndrng_NPI", "Rndrng_Prvdr_Last_Org_Name", "Rndrng_Prvdr_State_Abrvtn", "Rndrng_Prvdr_Type", "Tot_Benes",
        "Tot_Mdcr_Alowd_Amt", "Tot_HCPCS_Cds",
    ],
}  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_names_of_other_systems(opened: Callable[..., Extract], system: str) -> None:
    headers = SYSTEMS[system]
    extract = opened(*headers, "Mailing State", "Phone")
    assert {"clinic_id", "account_name", "state_code"} <= extract.matches.keys()
    assert len(extract.matches) == len(headers)
    assert extract.columns[-2:] == ("Mailing State", "Phone")


@pytest.mark.parametrize(
    ("headers", "column"),
    [
        (["clinic_id", "Id", "CLINIC ID"], "clinic_id"),
        (["Id", "Clinic ID"], "Clinic ID"),
        (["NPI", "clinic_id"], "clinic_id"),
    ],
)
def test_the_nearer_name_wins(opened: Callable[..., Extract], headers: list[str], column: str) -> None:
    extract = opened(*headers)
    assert extract.matches["clinic_id"][0].column == column
    assert set(extract.columns) == {"clinic_id", *headers} - ({column} - {"clinic_id"})


@pytest.mark.parametrize(
    "headers", [("Id", "NPI"), ("clinic_id", "NPI Count", "npi-count"), ("clinic_id", "State", "BillingState")]
)
def test_two_columns_for_one_field_are_named(opened: Callable[..., Extract], headers: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as error:
        opened(*headers)
    for name in headers[-2:]:
        assert f"'{name}'" in str(error.value)
    assert "--map" in str(error.value)


def test_a_mapping_wins_over_all(opened: Callable[..., Extract]) -> None:
    extract = opened("Id", "NPI", "npi_count", "NPI Count", "mine", mapping={"clinic_id": "NPI", "npi_count": "mine"})
    assert told(extract) == {"clinic_id": ("NPI", "--map"), "npi_count": ("mine", "--map")}
    assert extract.columns == ("Id", "clinic_id", "npi_count_2", "NPI Count", "npi_count")
    assert extract.renamed == {"npi_count": "npi_count_2"}


def test_parts_are_united_whatever_the_case_of_their_headers(tmp_path: Path) -> None:
    same = {"account_name": ["Alpha Home"] * 2, "npi_count": [120, 120], "founded": [1, 2]}
    pl.DataFrame({"clinic_id": ["A1", "A2"], "state_code": ["TX", "OK"], **same}).write_parquet(tmp_path / "a.parquet")
    other = {"NPI_COUNT" if name == "npi_count" else name.title(): values for name, values in same.items()}
    pl.DataFrame({"CLINIC_ID": ["B1", "B2"], "STATE_CODE": ["TX", "OK"], **other}).write_parquet(tmp_path / "b.parquet")
    options = RunOptions(format="parquet", charts=False, network=NetworkOptions(grouping="exact"))
    manifest = run([str(tmp_path)], tmp_path / "out", options)
    clinics = pl.read_parquet(tmp_path / "out" / "clinics_icp.parquet").sort("clinic_id")
    assert clinics["state_code"].to_list() == ["TX", "OK"] * 2
    assert clinics["icp_total_score"].to_list() == [30.0] * 4
    assert clinics["founded"].to_list() == [1, 2, 1, 2]
    assert clinics["num_clinics"].to_list() == [4] * 4
    assert manifest.fields["state_code"].column == "state_code, STATE_CODE"
    assert manifest.renamed_columns == {"Founded": "founded"}


def test_columns_of_one_file_that_differ_in_case_alone_stay_apart_and_are_said(tmp_path: Path) -> None:
    for part, headers in (("a", "clinic_id,Own,own"), ("b", "clinic_id,own,Own")):
        (tmp_path / f"{part}.csv").write_text(f"{headers}\n{part},1,2\n")
    extract = open_extract([str(tmp_path)], FIELDS, temp=tmp_path)
    assert extract.columns == ("clinic_id", "Own", "own")
    said = CliRunner().invoke(cli, ["validate", str(tmp_path)]).output
    assert "Own and own differ in case alone" in said


def test_scores_of_headers_in_other_cases(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "clinic_id,Account_Name,State_Code,Segment_Label,NPI_Count\n"
        "S1,Alpha Home,TX,Home Health,55\nS2,Alpha Home,OK,Home Health,5\n"
    )
    run([str(tmp_path / "a.csv")], tmp_path / "out", RunOptions(format="parquet", charts=False))
    scores = pl.read_parquet(tmp_path / "out" / "icp_scores.parquet").sort("clinic_id")
    assert scores["icp_total_score"].to_list() == [53.0, 48.5]
    assert scores["account_name"].to_list() == ["Alpha Home"] * 2


@pytest.mark.parametrize(
    ("column", "field"), [("npi_counts", "npi_count"), ("Site Cnt", "site_count"), ("segmentlabel", "segment_label")]
)
def test_a_column_that_nothing_read_is_asked_about(tmp_path: Path, column: str, field: str) -> None:
    (tmp_path / "a.csv").write_text(f"clinic_id,{column},colour\na,5,red\n")
    lines = CliRunner().invoke(cli, ["validate", str(tmp_path / "a.csv")]).output.splitlines()
    line = next(line for line in lines if line.startswith(f"{field} "))
    assert f"is it '{column}'?" in line
    assert not any("colour'" in line for line in lines)


def test_an_account_export_of_salesforce_runs_as_it_is(tmp_path: Path) -> None:
    count = 5_000
    names = ["Texas", "New York", "California", "District of Columbia", "Puerto Rico"]
    columns: dict[str, list[Any]] = {
        "Id": [f"001{number:015}" for number in range(count)],
        "Name": [f"Account {number // 2}" for number in range(count)],
        "BillingState": [names[number % 5] for number in range(count)],
        "NumberOfEmployees": [number % 300 for number in range(count)],
        "Industry": ["Healthcare"] * count,
        "Phone": ["(555) 010-0000"] * count,
    }
    pl.DataFrame(columns).write_csv(tmp_path / "accounts.csv")
    out = tmp_path / "out"
    done = CliRunner().invoke(cli, ["run", str(tmp_path / "accounts.csv"), "--out", str(out), "--no-charts"])
    assert done.exit_code == 0, done.output
    first = done.output.splitlines()[0]
    assert first.startswith("No clinic can reach Tier 2 - Qualified, which begins at 60")
    assert "Fields that would change that" in first
    assert "segment_label (" in first
    assert "npi_count (" in first
    assert (
        "clinic_id from Id (Salesforce), account_name from Name (Salesforce), state_code from BillingState"
        in done.output
    )
    scores = pl.read_parquet(out / "icp_scores.parquet")
    assert len(scores) == count
    assert scores["state_code"].unique().sort().to_list() == ["CA", "DC", "NY", "PR", "TX"]
