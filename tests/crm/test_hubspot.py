"""Hand-offs to HubSpot: files, the request of an import, what is emptied, and the errors it gives back."""

import json
from pathlib import Path
from typing import Any

import crm_org
import polars as pl
import pytest
from click.testing import CliRunner
from conftest import BEST

from icp_engine.cli import cli
from icp_engine.pipeline.run import RunOptions, run

FACTS = ("name", "importOperations", "dateFormat", "files")


def clinic(number: int, **given: Any) -> dict[str, Any]:
    row = {
        "clinic_id": f"c{number}",
        "account_name": f"Elm {number}",
        "state_code": "TX",
        "phone": f"512-555-{number:04}",
    }
    return BEST | row | given


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("hubspot")
    first = [clinic(number) for number in range(4)]
    second = [clinic(0, phone=None), *first[1:3], clinic(9)]
    for number, rows in enumerate((first, second)):
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / f"{number}.parquet")
        run([str(folder / f"{number}.parquet")], folder / f"out{number}", RunOptions(format="parquet", charts=False))
    return [folder / "out0", folder / "out1"]


def call(*args: object, fails: bool = False) -> str:
    done = CliRunner().invoke(cli, ["crm", *map(str, args)])
    assert bool(done.exit_code) == fails, done.output
    return str(done.exception) if fails else done.stdout


def handed_off(warehouse: Path, out: Path) -> dict[str, Any]:
    return dict(json.loads(call("hubspot", "-w", warehouse, "-o", out, "--json")))


def companies(out: Path) -> dict[str, dict[str, str]]:
    rows = pl.read_parquet(out / "state.parquet").to_dicts()
    named = {
        row["external_id"]: {name[6:]: value for name, value in row.items() if name.startswith("field:")}
        for row in rows
    }
    return {key: {name: value for name, value in row.items() if value is not None} for key, row in named.items()}


def imported(
    out: Path, found: dict[str, Any], held: dict[str, dict[str, str]], fails: frozenset[str] = frozenset()
) -> None:
    """Do to companies what HubSpot does: an empty cell leaves a property, an empty text in a batch empties it."""
    for part in found["files"]:
        request = json.loads((out / f"{part['file']}.request.json").read_text())
        assert tuple(request) == FACTS
        assert request["importOperations"] == {"0-2": "UPSERT"}
        assert request["dateFormat"] == "YEAR_MONTH_DAY"
        (file,) = request["files"]
        assert (file["fileName"], file["fileFormat"]) == (Path(part["file"]).name, "CSV")
        assert file["fileImportPage"]["hasHeader"] is True
        mappings = file["fileImportPage"]["columnMappings"]
        header, *rows = crm_org.records((out / part["file"]).read_bytes())
        assert [column["columnName"] for column in mappings] == header
        assert len(rows) <= 1_000_000
        keys = [column["propertyName"] for column in mappings if column.get("columnType") == "HUBSPOT_ALTERNATE_ID"]
        assert keys == ["icp_external_id"]
        for row in rows:
            values = dict(zip((column["propertyName"] for column in mappings), row, strict=True))
            key = values.pop("icp_external_id")
            if key not in fails:
                held.setdefault(key, {}).update({name: value for name, value in values.items() if value})
    for path in sorted((out / "import").glob("*-clear.jsonl")):
        for line in path.read_text().splitlines():
            inputs = json.loads(line)["inputs"]
            assert 0 < len(inputs) <= 100
            for item in inputs:
                assert item["idProperty"] == "icp_external_id"
                assert set(item["properties"].values()) == {""}
                for name in item["properties"] if item["id"] not in fails else ():
                    del held[item["id"]][name]


def test_two_hand_offs_and_their_errors(warehouses: list[Path], tmp_path: Path) -> None:
    out, held = tmp_path / "hubspot", {}
    imported(out, handed_off(warehouses[0], out), held)
    assert "curl --fail" in json.loads((out / "handoff.json").read_text())["commands"][0]
    assert not (out / "rollback").exists(), "what is new is deleted, and has nothing to go back to"
    assert "Name the files" in call("confirm", "-o", out, fails=True)
    call("confirm", "-o", out, "--no-errors")
    assert companies(out) == held

    found = handed_off(warehouses[1], out)
    assert found["counts"]["clinic"] | {"new": 1, "changed": 1, "gone": 1} == found["counts"]["clinic"]
    assert [line.rpartition("< ")[2] for line in found["commands"][-1:]] == [str(out / "import/2-clinics-clear.jsonl")]
    assert "/crm/v3/objects/0-2/batch/update; done" in found["commands"][-1]
    fails = frozenset({"clinic:c9"})
    imported(out, found, held, fails)
    assert "phone" not in held["clinic:c0"]
    assert "icp_score" not in held["clinic:c3"]
    assert held["clinic:c3"]["icp_anchor"] == "false"
    row = next(row for row in crm_org.records((out / "import" / "2-clinics-001.csv").read_bytes()) if row[0] in fails)
    errors = [{"errorType": "INVALID_ENUMERATION_OPTION", "sourceData": {"rowData": row}}]
    pages = [{"results": [], "paging": {"next": {"after": "NTI1", "link": "?after=NTI1"}}}, {"results": errors}]
    for number, page in enumerate(pages):
        (tmp_path / f"errors{number}.json").write_text(json.dumps(page))
    said = call("confirm", tmp_path / "errors0.json", "-o", out, fails=True)
    assert "HubSpot has more errors than these files hold; ask for those after NTI1 too" in said
    call("confirm", tmp_path / "errors0.json", tmp_path / "errors1.json", "-o", out)
    assert companies(out) == held
    refused = pl.read_csv(out / "retry" / "errors.csv")
    assert refused["error"].to_list() == ["INVALID_ENUMERATION_OPTION"]
    (tmp_path / "errors.csv").write_text('icp_external_id,name,Error message\nclinic:c9,Elm 9,"no, not again"\n')
    found = handed_off(warehouses[1], out)
    assert found["counts"]["clinic"]["new"] == 1
    call("confirm", tmp_path / "errors.csv", "-o", out)
    assert companies(out) == held


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("e.json", "{}", "is no answer of HubSpot"),
        ("e.csv", "icp_external_id\nclinic:c0\n", "has no column of errors"),
    ],
)
def test_what_is_no_file_of_errors(name: str, text: str, says: str, warehouses: list[Path], tmp_path: Path) -> None:
    handed_off(warehouses[0], tmp_path / "o")
    (tmp_path / name).write_text(text)
    assert says in call("confirm", tmp_path / name, "-o", tmp_path / "o", fails=True)
