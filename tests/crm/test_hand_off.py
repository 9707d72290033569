"""Hand-offs to Salesforce in a row over changed runs, into a CRM that is written from the vendor's rules."""

import json
import shutil
from pathlib import Path
from typing import Any

import crm_org
import polars as pl
import pytest
from click.testing import CliRunner, Result
from conftest import BEST
from crm_org import KEY, OWNER, PARENT, Org

from icp_engine.cli import cli
from icp_engine.crm import delivery, parts
from icp_engine.crm.vendors import VENDORS
from icp_engine.pipeline.run import RunOptions, run

USERS = frozenset({"ana@example.com", "ben@example.com"})
TEAM = "".join(f'[[owner]]\nname = "{mail[:3].title()}"\nemail = "{mail}"\n' for mail in sorted(USERS))
POOR = {
    "npi_count": 2, "site_count": 1, "denial_pressure": 1.0, "allowed_amt": 1e4, "segment_label": "Dental",
    "roi_readiness": 1.0, "aco_member": False,
}  # fmt: skip


def clinic(number: int, **given: Any) -> dict[str, Any]:
    """One clinic; those of a name in several states are a network."""
    row = {
        "clinic_id": f"c{number}", "account_name": f'Elm "{number}", Inc.\nWest', "state_code": "TX",
        "npi": None, "phone": f"512-555-{number:04}", "oig_leie_flag": False,
    }  # fmt: skip
    return BEST | row | given


def first() -> dict[str, dict[str, Any]]:
    rows = [clinic(number) for number in range(6)]
    rows += [clinic(number, **POOR) for number in range(6, 10)]
    rows += [
        clinic(20 + number, account_name="Oak Home Health", phone="512-555-7000", state_code=state)
        for number, state in enumerate(("TX", "OK", "NM"))
    ]
    rows += [
        clinic(30 + number, account_name="Fir Hospice", phone="512-555-8000", state_code=state)
        for number, state in enumerate(("TX", "OK"))
    ]
    rows[1] |= {"npi": "1234567893", "oig_leie_flag": True}
    rows[2]["state_code"] = None
    return {row["clinic_id"]: row for row in rows}


def second() -> dict[str, dict[str, Any]]:
    rows = first()
    rows["c0"] |= {"npi": "1999999984", "phone": None}  # an id that is learned later is not the id of the account
    rows["c3"] |= POOR  # falls out of the filter, and is kept up to date
    del rows["c4"], rows["c30"], rows["c31"]
    rows["c21"]["account_name"] = "Ash Home Health"  # leaves its network
    rows["c40"] = clinic(40)
    return rows


def third() -> dict[str, dict[str, Any]]:
    rows = second()
    rows["c4"] = clinic(4)  # comes back
    del rows["c5"]
    rows["c0"]["denial_pressure"] = None
    rows["c41"] = clinic(41)
    return rows


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    found = []
    for number, rows in enumerate((first(), second(), third())):
        path = folder / f"clinics{number}.parquet"
        pl.DataFrame(list(rows.values()), infer_schema_length=None).write_parquet(path)
        run([str(path)], folder / f"out{number}", RunOptions(format="parquet", charts=False))
        found.append(folder / f"out{number}")
    return found


@pytest.fixture
def team(tmp_path: Path) -> Path:
    path = tmp_path / "team.toml"
    path.write_text(TEAM)
    return path


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, ["crm", *map(str, args)])


def handed_off(warehouse: Path, out: Path, *args: object) -> dict[str, Any]:
    done = call("salesforce", "-w", warehouse, "-o", out, "--json", *args)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def taken(org: Org, out: Path, found: dict[str, Any], results: Path, fails: frozenset[str] = frozenset()) -> list[Path]:
    """The files of success and failure of an import, in the order of the commands."""
    return [file for part in found["files"] for file in org.upsert(out / part["file"], results, fails)]


def state(out: Path) -> dict[str, dict[str, str]]:
    """What the state says that the CRM holds."""
    rows = pl.read_parquet(out / "state.parquet").to_dicts()
    return {
        row["external_id"]: {name.removeprefix("field:"): value for name, value in row.items()
                             if name.startswith("field:") and value is not None}
        for row in rows
    }  # fmt: skip


def confirmed(out: Path, files: list[Path], *args: object) -> str:
    done = call("confirm", *files, "-o", out, *args)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_three_hand_offs_and_the_way_back(  # noqa: PLR0915 (a story)
    warehouses: list[Path], tmp_path: Path, team: Path
) -> None:
    org, out = Org(USERS), tmp_path / "handoff"

    found = handed_off(warehouses[0], out, "--owners", team)
    assert found["counts"]["network"] | {"unchanged": 0} == found["counts"]["network"]
    assert (found["counts"]["network"]["new"], found["counts"]["clinic"]["new"]) == (2, 11)
    assert not (out / "state.parquet").exists()
    confirmed(out, taken(org, out, found, tmp_path))
    assert state(out) == org.accounts
    assert org.accounts["npi:1234567893"]["ICP_OIG_Match__c"] == "true"
    assert {account[OWNER] for account in org.accounts.values()} == USERS
    assert "BillingState" not in org.accounts["clinic:c2"]

    again = handed_off(warehouses[0], out, "--owners", team)
    assert (again["files"], again["counts"]["clinic"]["unchanged"]) == ([], 11)
    assert not (out / "import").exists()

    before = {key: dict(account) for key, account in org.accounts.items()}
    found = handed_off(warehouses[1], out, "--owners", team)
    counts = found["counts"]["clinic"]
    assert (counts["new"], counts["gone"], found["counts"]["network"]["gone"]) == (1, 3, 1)
    rows = crm_org.table(out / "import" / "2-clinics-001.csv")
    by_key = {row[KEY]: row for row in rows}
    assert by_key["clinic:c0"]["Phone"] == "#N/A"
    assert {by_key["clinic:c4"]["ICP_Score__c"], by_key["clinic:c4"]["ICP_Tier__c"]} == {"#N/A"}
    assert by_key["clinic:c4"]["Name"] == ""
    assert by_key["clinic:c21"][PARENT] == "#N/A"
    assert "npi:1999999984" not in by_key
    assert "0" not in {row["ICP_Score__c"] for row in rows}
    fails = frozenset({"clinic:c3", "clinic:c40"})
    (tmp_path / "second").mkdir()
    results = taken(org, out, found, tmp_path / "second", fails)
    said = confirmed(out, results)
    assert "2 failed" in said
    assert state(out) == org.accounts
    errors = pl.read_csv(out / "retry" / "errors.csv")
    assert set(errors["external_id"]) == fails
    assert crm_org.table(out / "retry" / "2-clinics-001.csv")[1]["Name"]
    second_state = pl.read_parquet(out / "state.parquet").sort("external_id")

    found = handed_off(warehouses[2], out, "--owners", team)
    rows = crm_org.table(out / "import" / "2-clinics-001.csv")
    assert fails < {row[KEY] for row in rows}
    back = {key: dict(account) for key, account in org.accounts.items()}
    confirmed(out, taken(org, out, found, tmp_path))
    assert state(out) == org.accounts
    assert org.accounts["clinic:c4"]["ICP_Score__c"] == before["clinic:c4"]["ICP_Score__c"]
    assert org.accounts["clinic:c0"][OWNER] == before["clinic:c0"][OWNER]

    manifest = json.loads((out / "handoff.json").read_text())
    wrong = call("confirm", *results, "-o", out)
    assert "has other values than were written" in str(wrong.exception)
    results = []
    for part in manifest["rollback"]:
        take = org.delete if "delete" in part["file"] else org.upsert
        results += take(out / part["file"], tmp_path)
    assert "has other values than were written" in str(call("confirm", *results, "-o", out).exception)
    confirmed(out, results, "--rollback")
    assert org.accounts == back
    assert pl.read_parquet(out / "state.parquet").select(second_state.columns).sort("external_id").equals(second_state)
    assert state(out) == org.accounts
    found = handed_off(warehouses[2], out, "--owners", team)
    confirmed(out, taken(org, out, found, tmp_path))
    assert state(out) == org.accounts


def test_results_may_come_file_by_file(warehouses: list[Path], tmp_path: Path) -> None:
    org, out = Org(), tmp_path / "handoff"
    found = handed_off(warehouses[0], out)
    fails = frozenset({"clinic:c1", "clinic:c20"})
    files = taken(org, out, found, tmp_path, fails)
    for file in files:
        said = confirmed(out, [file])
        assert ("have no result yet" in said) == (file != files[-1])
    assert json.loads((out / "handoff.json").read_text())["stage"] == "confirmed"
    assert state(out) == org.accounts
    retry = sorted((out / "retry").glob("2-clinics*"))
    confirmed(out, [file for path in retry for file in org.upsert(path, tmp_path)])
    assert state(out) == org.accounts
    assert handed_off(warehouses[0], out)["files"] == []


def test_what_was_to_be_cleared_and_failed_is_cleared_by_the_retry(warehouses: list[Path], tmp_path: Path) -> None:
    org, out = Org(), tmp_path / "handoff"
    confirmed(out, taken(org, out, handed_off(warehouses[0], out), tmp_path))
    confirmed(out, taken(org, out, handed_off(warehouses[1], out), tmp_path, frozenset({"clinic:c4"})))
    assert org.accounts["clinic:c4"]["ICP_Score__c"]
    confirmed(out, org.upsert(out / "retry" / "2-clinics-001.csv", tmp_path))
    assert state(out) == org.accounts
    assert "ICP_Score__c" not in org.accounts["clinic:c4"]


def test_what_the_importer_would_refuse_is_said_before(tmp_path: Path) -> None:
    rows = [clinic(number) for number in range(8)]
    rows[0]["account_name"] = "x" * 256
    rows[1]["account_name"] = "Bell\x07"
    rows[2]["phone"] = "#N/A"
    rows[3]["account_name"] = None
    rows[4]["npi"] = rows[5]["npi"] = "1234567893"
    rows[6]["phone"] = "5" * 41
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(tmp_path / "odd.parquet")
    run([str(tmp_path / "odd.parquet")], tmp_path / "out", RunOptions(format="parquet", charts=False))
    org, out = Org(), tmp_path / "handoff"
    done = call("salesforce", "-w", tmp_path / "out", "-o", out)
    said = str(done.exception).splitlines()
    assert "would refuse 7 records, so nothing was written" in said[0]
    assert "clinic:c0: Name is longer than 255 characters" in said
    assert not out.exists()
    found = handed_off(tmp_path / "out", out, "--skip-bad")
    left = {row["key"]: row["reason"] for row in pl.read_csv(out / "left_out.csv").to_dicts()}
    assert left == {
        "c0": "Name is longer than 255 characters",
        "c1": "Name holds control characters",
        "c2": "Phone is #N/A, which would empty the field",
        "c3": "Name is missing, and required",
        "c4": "several records have this external id",
        "c5": "several records have this external id",
        "c6": "Phone is longer than 40 characters",
    }
    confirmed(out, taken(org, out, found, tmp_path))
    assert list(org.accounts) == ["clinic:c7"]


@pytest.mark.parametrize("name", ["2-clinics", "1-networks"])
def test_parts_stay_below_the_limit(
    name: str, warehouses: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = type(VENDORS["salesforce"])("salesforce", 900, 100, "#N/A", VENDORS["salesforce"].lengths)
    monkeypatch.setitem(delivery.VENDORS, "salesforce", small)
    out, org = tmp_path / "handoff", Org()
    found = handed_off(warehouses[0], out)
    files = [part for part in found["files"] if name in part["file"]]
    assert len(files) > (name == "2-clinics")
    assert all((out / part["file"]).stat().st_size == part["bytes"] <= 900 for part in files)
    confirmed(out, taken(org, out, found, tmp_path))
    assert state(out) == org.accounts


def test_a_part_splits_by_rows_and_by_bytes(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": ["x" * 10] * 25, "b": ["1"] * 25})
    with parts.Parts(tmp_path, "p/rows", 10_000, 10) as written:
        written.write(frame)
    assert max(part.rows for part in written.parts) <= 10
    assert sum(part.rows for part in written.parts) == 25
    row = len("x" * 10 + ",1\n")
    for limit, most in ((4 + row * 3, 3), (4 + row * 3 - 1, 2)):
        with parts.Parts(tmp_path, f"p/bytes{limit}", limit, 10_000) as written:
            written.write(frame)
        assert max(part.rows for part in written.parts) <= most
        assert all(part.bytes <= limit for part in written.parts)


def test_suppressed_accounts_are_left_alone(warehouses: list[Path], tmp_path: Path) -> None:
    lines = [
        "clinic_id,npi,account_name,state_code,reason",
        "c0,,,,customer",
        ",1234567893,,,",
        '," ","OAK HOME HEALTH, LLC",Oklahoma,opted out',
        "c999,,,,",
    ]
    (tmp_path / "leave.csv").write_text("\n".join(lines) + "\n")
    out, org = tmp_path / "handoff", Org()
    found = handed_off(warehouses[0], out, "--suppress", tmp_path / "leave.csv")
    assert (found["suppression_rows"], found["suppression_rows_used"]) == (4, 3)
    left = {row["key"]: row["reason"] for row in pl.read_csv(out / "left_out.csv").to_dicts()}
    assert left == {"c0": "customer", "c1": "suppressed", "c21": "opted out"}
    confirmed(out, taken(org, out, found, tmp_path))
    assert not {"clinic:c0", "npi:1234567893", "clinic:c21"} & org.accounts.keys()
    (tmp_path / "leave.csv").write_text("id\nc3\nc4\n")
    found = handed_off(warehouses[1], out, "--suppress", tmp_path / "leave.csv")
    assert "clinic:c4" not in {row[KEY] for row in crm_org.table(out / "import" / "2-clinics-001.csv")}


@pytest.mark.parametrize(
    "rows",
    [
        {"npi": ["1234567893.0"]},
        {"npi": [1234567893.0, 1111111111.0]},
        {"npi": [1234567893]},
        {"npi": ["\u200b1234567893\u00a0"]},
        {"clinic_id": ["c1\u200b", "c999"]},
        {"clinic_id": ["NA", "c999"], "npi": ["1234567893", None]},
    ],
    ids=str,
)
def test_ids_of_accounts_to_leave_alone_are_read_as_those_of_an_extract(
    rows: dict[str, list[Any]], warehouses: list[Path], tmp_path: Path
) -> None:
    frame = pl.DataFrame(rows)
    frame.write_parquet(tmp_path / "leave.parquet")
    frame.write_csv(tmp_path / "leave.csv")
    for file in ("leave.parquet", "leave.csv"):
        handed_off(warehouses[0], tmp_path / "handoff", "--suppress", tmp_path / file)
        assert pl.read_csv(tmp_path / "handoff" / "left_out.csv")["key"].to_list() == ["c1"], file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("city\nAustin\n", "has no column clinic_id, npi or account_name"),
        ("account_name,state_code\nOak,\n", "has 'Oak' without a state"),
        ("npi,reason\n,x\n", "row 1 has no id, no npi and no name"),
        ("npi,account_name,state_code\nNA,NA,TX\n", "row 1 has no id, no npi and no name"),
        ("npi\n1234567893\n1.23456789E9\n", "row 2 has the npi '1.23456789E9', and an NPI has ten digits"),
        ("npi\n123-456-7893\n", "row 1 has the npi '123-456-7893', and an NPI has ten digits"),
    ],
)
def test_what_is_wrong_with_a_suppression_file(text: str, says: str, warehouses: list[Path], tmp_path: Path) -> None:
    (tmp_path / "leave.csv").write_text(text)
    done = call("salesforce", "-w", warehouses[0], "-o", tmp_path / "o", "--suppress", tmp_path / "leave.csv")
    assert says in str(done.exception)
    assert not (tmp_path / "o").exists()


def test_a_mapping_of_ones_own(warehouses: list[Path], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[salesforce]\nexternal_id = "Key__c"\n[salesforce.clinic]\nPhone = false\nSource__c = { constant = "icp" }\n'
        'Points__c = "icp_total_score"\nICP_Tier__c = { column = "tier", type = "number" }\n'
    )
    out = tmp_path / "handoff"
    found = handed_off(warehouses[0], out, "--crm-mapping", tmp_path / "mine.toml", "--state", "OK", "--tier", "1,2,3")
    header, *rows = crm_org.records((out / "import" / "2-clinics-001.csv").read_bytes())
    assert header[0] == "Key__c"
    assert "Phone" not in header
    assert header[-2:] == ["Source__c", "Points__c"]
    assert "Parent.Key__c" in header
    assert {row[-2] for row in rows} == {"icp"}
    assert {row[header.index("ICP_Tier__c")] for row in rows} <= {"1", "2", "3"}
    assert "--external-id Key__c" in found["commands"][0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[salesforce.clinic]\nX__c = 'icp_totl_score'\n", "did you mean 'icp_total_score'"),
        ("[salesforce.clinic]\nNme = false\n", "takes 'Nme' away"),
        ("[other]\n", "has no table [salesforce.clinic]"),
        ("[salesforce.clinic]\nX__c = { column = 'npi', constant = 1 }\n", "either 'column' or 'constant'"),
        ("[salesforce.clinic]\nX__c = { column = 'npi', type = 'word' }\n", "expected one of text"),
        ("[salesforce.clinic]\nX__c = 3\n", "expected the name of a column"),
    ],
)
def test_what_is_wrong_with_a_mapping(text: str, says: str, warehouses: list[Path], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    done = call("salesforce", "-w", warehouses[0], "-o", tmp_path / "o", "--crm-mapping", tmp_path / "mine.toml")
    assert says in str(done.exception)


def test_nothing_of_the_user_is_overwritten(warehouses: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "handoff"
    out.mkdir()
    (out / "import").write_text("mine")
    done = call("salesforce", "-w", warehouses[0], "-o", out)
    assert "icp-engine did not make it" in str(done.exception)
    assert [path.name for path in out.iterdir() if not path.name.startswith(".")] == ["import"]
    assert (out / "import").read_text() == "mine"


def test_a_hand_off_that_breaks_off_leaves_what_was(
    warehouses: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, org = tmp_path / "handoff", Org()
    confirmed(out, taken(org, out, handed_off(warehouses[0], out), tmp_path))
    files = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    for place in ("write_hand_off", "write_files"):
        with monkeypatch.context() as patch:
            patch.setattr(delivery, place, breaks)
            assert call("salesforce", "-w", warehouses[1], "-o", out).exit_code
        assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == files
    left = out / ".handoffs" / "20260101T000000000000Z-abcdef.unfinished"  # as a killed one leaves it
    shutil.copytree(out / ".handoff", left)
    handed_off(warehouses[1], out)
    assert not left.exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("confirm",), "holds no hand-off"),
        (("hubspot",), "holds hand-offs to salesforce"),
        (("confirm", "other.csv"), "None of the records in these files"),
        (("confirm", "odd.csv"), "has no column ICP_External_Id__c"),
        (("confirm", "here"), "Name the files of success"),
    ],
)
def test_what_cannot_be(args: tuple[str, ...], says: str, warehouses: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "handoff"
    (tmp_path / "other.csv").write_text("sf__Id,sf__Created,ICP_External_Id__c\n001,true,clinic:zzz\n")
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    if args != ("confirm",):
        handed_off(warehouses[0], out)
    command, *files = args
    names = [tmp_path / name for name in files if name != "here"]
    found = ("-w", warehouses[0]) if command == "hubspot" else ()
    done = call(command, *names, "-o", out, *found)
    assert says in str(done.exception)
