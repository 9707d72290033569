"""The fields to create in a CRM: the same that a hand-off fills, of the types that its importer takes."""

import json
from pathlib import Path
from xml.etree import ElementTree

import crm_org
import polars as pl
import pytest
from click.testing import CliRunner
from conftest import BEST

from icp_engine.cli import cli
from icp_engine.pipeline.run import RunOptions, run

SPACE = "{http://soap.sforce.com/2006/04/metadata}"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fields")
    rows = [BEST | {"clinic_id": f"c{number}", "account_name": "Elm", "oig_leie_flag": False} for number in range(3)]
    pl.DataFrame(rows).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet", charts=False))
    return folder / "out"


def call(*args: object) -> str:
    done = CliRunner().invoke(cli, ["crm", "fields", *map(str, args)])
    return done.stdout if done.exit_code == 0 else f"{done.output}{done.exception}"


def test_metadata_is_what_the_files_fill(warehouse: Path, tmp_path: Path) -> None:
    assert "sf project deploy start" in call("salesforce", "-w", warehouse, "-o", tmp_path / "meta")
    text = (tmp_path / "meta" / "objects" / "Account.object").read_text()
    assert text == call("salesforce", "-w", warehouse, "--xml")
    fields = {
        field.findtext(f"{SPACE}fullName"): {child.tag.removeprefix(SPACE): child.text for child in field}
        for field in ElementTree.fromstring(text)
    }
    custom = {name for name in crm_org.FIELDS if name.endswith("__c") and "." not in name}
    assert set(fields) == custom
    key = fields[crm_org.KEY]
    assert (key["type"], key["length"], key["externalId"], key["unique"]) == ("Text", "255", "true", "true")
    assert {name for name, field in fields.items() if field["type"] == "Number"} == crm_org.NUMBERS
    assert {name for name, field in fields.items() if field["type"] == "Checkbox"} == crm_org.CHECKBOXES
    assert {name for name, field in fields.items() if field["type"] == "Date"} == crm_org.DATES
    assert fields["ICP_Clinics__c"]["scale"] == "0"
    assert fields["ICP_Score__c"]["scale"] == "2"
    assert text.count("<fullName>Tier 1 - HOT</fullName>") == 1
    package = ElementTree.parse(tmp_path / "meta" / "package.xml").getroot()
    assert {member.text for member in package.iter(f"{SPACE}members")} == {f"Account.{name}" for name in custom}
    assert "is there already" in call("salesforce", "-w", warehouse, "-o", tmp_path / "meta")


def test_hubspot_gets_a_request(warehouse: Path) -> None:
    properties = {item["name"]: item for item in json.loads(call("hubspot", "-w", warehouse, "--json"))["inputs"]}
    assert properties["icp_external_id"]["hasUniqueValue"] is True
    assert properties["icp_tier"]["type"] == "enumeration"
    assert [option["value"] for option in properties["icp_oig_match"]["options"]] == ["true", "false"]
    assert "phone" not in properties
    assert "are for salesforce" in call("hubspot", "-w", warehouse, "--xml")


def test_a_table_for_people(warehouse: Path) -> None:
    head, _, first, *rest = call("salesforce", "-w", warehouse).splitlines()
    assert head.split()[:2] == ["API", "name"]
    assert first.split()[:5] == ["ICP_External_Id__c", "text", "255", "yes", "yes"]
    assert len(rest) == 12


def test_one_field_has_one_type(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[salesforce.network]\nICP_Score__c = { column = "total_score", type = "text" }\n'
    )
    said = call("salesforce", "-w", warehouse, "--crm-mapping", tmp_path / "mine.toml")
    assert "is number for clinics and text for networks" in said


def test_fields_of_practices_need_no_run() -> None:
    lines = call("salesforce", "--practices").splitlines()
    assert [line.split()[0] for line in lines[2:]] == [
        "ICP_External_Id__c", "Partner_Score__c", "Partner_Tier__c", "Partner_SLA_Status__c", "Partner_Action__c",
        "Partner_Changed_On__c",
    ]  # fmt: skip
    assert "URGENT - SLA BREACH" in lines[5]
