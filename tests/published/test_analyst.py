"""Questions to a published run: networks, ad-hoc SQL, lists to hand on; all of them read, none of them writes."""

import importlib.util
import json
import random
import sys
from pathlib import Path
from typing import Any

import oracle
import polars as pl
import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli
from icp_engine.distribution import install_extra
from icp_engine.errors import InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published import lists as analyst

SIZE = 600
ODD = "it's, my column"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of random clinics in a few dozen networks publishes."""
    folder, rng, rows = tmp_path_factory.mktemp("analyst"), random.Random(3), []
    for number in range(SIZE):
        row = {"clinic_id": f"c{number}", "state_code": rng.choice(["TX", "OK", "CA", None]), ODD: rng.choice("xyz")}
        rows.append(
            {**oracle.random_typed_clinic(rng), **row, "account_name": f"Group {int(rng.expovariate(0.02))}, Inc."}
        )
    names = sorted({name for row in rows for name in row})
    table = {name: [row.get(name) for row in rows] for name in names}
    pl.DataFrame(table).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet"))
    return folder / "out"


@pytest.fixture(scope="module")
def networks(warehouse: Path) -> pl.DataFrame:
    return pl.read_parquet(warehouse / "networks_icp.parquet")


@pytest.fixture(scope="module")
def clinics(warehouse: Path) -> pl.DataFrame:
    return pl.read_parquet(warehouse / "clinics_icp_with_networks.parquet").sort(
        "icp_total_score", "clinic_id", descending=[True, False]
    )


@pytest.fixture(scope="module")
def without_networks(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plain")
    run([str(warehouse.parent / "clinics.parquet")], out, RunOptions(format="parquet", networks=False))
    return out


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


def listed(*args: object) -> list[dict[str, Any]]:
    done = call(*args, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return list(json.loads(done.stdout))


def refused(*args: object) -> str:
    """The one sentence that a command is refused with."""
    done = call(*args)
    assert (done.exit_code, done.stdout) == (1, "")
    assert isinstance(done.exception, InputError), repr(done.exception)
    said = str(done.exception)
    assert said.strip()
    assert "\n" not in said
    return said


# ---------------------------------------------------------------- networks

TIER, SEGMENT, SCORE = pl.col("network_icp_tier"), pl.col("network_icp_segment"), pl.col("network_icp_total_score")
STATES = pl.col("states_covered").str.split(",")
FILTERS: dict[str, pl.Expr] = {
    "--tier 1": TIER == 1,
    "--tier 2,3": TIER > 1,
    "--segment a,C": SEGMENT.is_in(["A", "C"]),
    "--state tx": STATES.list.contains("TX"),
    "--state PW": pl.lit(value=False),
    "--min-score 45.5": SCORE >= 45.5,
    "--min-clinics 8": pl.col("num_clinics") >= 8,
    "--min-states 3": pl.col("num_states") == 3,
    "--tier 1,2 --segment B --state OK --min-score 40 --min-clinics 3": TIER.is_in([1, 2])
    & (SEGMENT == "B")
    & STATES.list.contains("OK")
    & (SCORE >= 40)
    & (pl.col("num_clinics") >= 3),
}


@pytest.mark.parametrize("words", FILTERS)
def test_networks_are_filtered(warehouse: Path, networks: pl.DataFrame, words: str) -> None:
    found = listed("networks", "list", "--limit", SIZE, *words.split(), "-w", warehouse)
    assert found == networks.filter(FILTERS[words]).to_dicts()
    assert bool(found) == (words != "--state PW")
    assert len(found) < len(networks)


@pytest.mark.parametrize("column", ["num_clinics", "display_name", "total_npi_count", "is_ambiguous", "states_covered"])
def test_networks_are_sorted(warehouse: Path, networks: pl.DataFrame, column: str) -> None:
    down = networks.schema[column] != pl.String
    due = networks.sort(column, "network_id", descending=[down, False], nulls_last=True)
    assert listed("networks", "list", "--sort", column, "--limit", 7, "-w", warehouse) == due.head(7).to_dicts()


def test_networks_as_text(warehouse: Path, networks: pl.DataFrame) -> None:
    header, *lines = call("networks", "list", "-w", warehouse).stdout.splitlines()
    assert header.split() == ["network", "score", "tier", "segment", "clinics", "states", "name"]
    assert [line.split()[0] for line in lines[1:]] == networks["network_id"].head(20).to_list()
    assert call("networks", "list", "--state", "PW", "-w", warehouse).stdout == "No networks match.\n"


def test_an_unknown_column_to_sort_by(warehouse: Path) -> None:
    said = refused("networks", "list", "--sort", "num_clinic", "-w", warehouse)
    assert said.startswith("networks_icp has no column 'num_clinic' (did you mean 'num_clinics'")
    assert "no column 'num_clinics; drop" in refused("networks", "list", "--sort", "num_clinics; drop", "-w", warehouse)


def test_one_network(warehouse: Path, networks: pl.DataFrame, clinics: pl.DataFrame) -> None:
    for row in networks.head(3).iter_rows(named=True):
        members = clinics.filter(pl.col("network_id") == row["network_id"])
        due = members.sort("is_network_anchor", descending=True, maintain_order=True)["clinic_id"].to_list()
        found = json.loads(call("networks", "show", row["network_id"], "--json", "-w", warehouse).stdout)
        shown = found.pop("clinics")
        assert found == row
        assert [member["clinic_id"] for member in shown] == due
        assert [member["is_network_anchor"] for member in shown] == [True, *[False] * (len(due) - 1)]
        text = call("networks", "show", row["network_id"], "-w", warehouse).stdout
        assert [line.split()[-1] for line in text.splitlines()[-len(due) :]] == due
        assert f"{row['display_name']}  ({row['network_id']})" in text
        assert f"{row['network_icp_total_score']:.2f}" in text


def test_an_unknown_network(warehouse: Path) -> None:
    assert refused("networks", "show", "net_'", "-w", warehouse) == (
        f"{warehouse} has no network 'net_''; list them with: icp-engine networks list -w {warehouse}"
    )


# ---------------------------------------------------------------- sql

QUERY = "select icp_tier, count(*) as n, [min(clinic_id), 'b'] as l from icp_scores group by all order by all"


def test_sql_in_every_form(warehouse: Path, clinics: pl.DataFrame, tmp_path: Path) -> None:
    due = [
        {"icp_tier": tier, "n": len(part), "l": [part["clinic_id"].min(), "b"]}
        for (tier,), part in sorted(clinics.group_by("icp_tier"))
    ]
    assert listed("sql", QUERY, "-w", warehouse) == due
    lines = [f"{one['icp_tier']},{one['n']},{';'.join(one['l'])}" for one in due]
    assert call("sql", QUERY, "--csv", "-w", warehouse).stdout.splitlines() == ["icp_tier,n,l", *lines]
    text = call("sql", QUERY, "-w", warehouse).stdout.splitlines()
    assert [line.split()[:2] for line in text] == [
        ["icp_tier", "n"],
        ["--------", text[1].split()[1]],
        *([str(one["icp_tier"]), str(one["n"])] for one in due),
    ]
    assert call("sql", QUERY, "--parquet", tmp_path / "out.parquet", "-w", warehouse).exit_code == 0
    assert pl.read_parquet(tmp_path / "out.parquet").to_dicts() == due
    (tmp_path / "my.sql").write_text(f"-- Who?\n{QUERY};\n")
    assert listed("sql", "--file", tmp_path / "my.sql", "-w", warehouse) == due
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my.sql", "out.parquet"]


def test_sql_shows_few_rows_and_says_how_many_there_are(warehouse: Path) -> None:
    lines = call("sql", "from icp_scores", "-w", warehouse).stdout.splitlines()
    assert len(lines) == 2 + 40 + 1
    assert lines[-1].startswith(f"({SIZE - 40} more rows")
    assert call("sql", "select 1 as one where false", "-w", warehouse).stdout == "one\n(no rows)\n"
    assert listed("sql", "select 1 as one where false", "-w", warehouse) == []


@pytest.mark.parametrize(
    "query",
    [
        "drop table clinics",
        "drop view icp_scores",
        "insert into run_settings from run_settings",
        "update clinics set icp_tier = 1",
        "delete from networks_icp",
        "create table mine as select 1",
        "create or replace view icp_scores as select 1",
        "alter table clinics add column x int",
        "select 1 as x; drop table clinics",
        "copy clinics to '{folder}/out.csv'",
        "export database '{folder}/copy'",
        "attach '{folder}/other.duckdb'",
        "from read_csv('{folder}/secret.csv')",
        "from '{folder}/secret.csv'",
        "from read_text('{folder}/secret.csv')",
        "from glob('{folder}/*')",
        "set enable_external_access = true",
        "set enable_external_access = true; from '{folder}/secret.csv'",
        "install httpfs",
        "load httpfs",
        "copy run_facts from '{folder}/secret.csv'",
    ],
)
def test_sql_cannot_write_and_cannot_read_elsewhere(warehouse: Path, tmp_path: Path, query: str) -> None:
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    before = (warehouse / "icp.duckdb").read_bytes()
    assert "secret\n1" not in refused("sql", query.replace("{folder}", str(tmp_path)), "-w", warehouse)
    assert (warehouse / "icp.duckdb").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("selct 1", "syntax error"),
        ("from nothere", "nothere does not exist"),
        ("select icp_totl_score from icp_scores", '"icp_total_score"'),
        ("select 'open", "unterminated"),
        ("select cast('x' as int)", "Could not convert"),
        ("select 1 as a, 2 as a", "more than once"),
        ("", "returns no rows"),
        ("-- nothing", "returns no rows"),
    ],
)
def test_wrong_sql_is_one_sentence(warehouse: Path, tmp_path: Path, query: str, said: str) -> None:
    (tmp_path / "my.sql").write_text(query)
    assert said in refused("sql", "--file", tmp_path / "my.sql", "-w", warehouse)


def test_sql_shows_every_kind_of_value(warehouse: Path) -> None:
    query = "select interval 36 hour as i, 'x'::blob as b, date '2025-01-02' as d, 1.50::decimal(4, 2) as n, null as z"
    assert [key for row in listed("sql", query, "-w", warehouse) for key in row] == ["i", "b", "d", "n", "z"]
    assert call("sql", query, "--csv", "-w", warehouse).stdout.splitlines()[1].endswith(",eA==,2025-01-02,1.50,")


def test_numbers_that_json_has_no_word_for(warehouse: Path) -> None:
    done = call("sql", "select 'nan'::double as n, 'inf'::double as i", "--json", "-w", warehouse)
    assert json.loads(done.stdout, parse_constant=pytest.fail) == [{"n": None, "i": None}]


def test_sql_wants_one_query(warehouse: Path, tmp_path: Path) -> None:
    for words in ([], ["select 1", "--file", tmp_path / "x.sql"]):
        assert call("sql", *words, "-w", warehouse).exit_code == 2
    assert str(tmp_path / "x.sql") in refused("sql", "--file", tmp_path / "x.sql", "-w", warehouse)


# ---------------------------------------------------------------- export

EXPORTS: dict[str, pl.Expr] = {
    "--tier 1,2": pl.col("icp_tier") <= 2,
    "--segment A": pl.col("icp_segment") == "A",
    "--state ok": pl.col("state_code") == "OK",
    "--min-score 60": pl.col("icp_total_score") >= 60,
    "--tier 3 --segment b,c --state CA": (pl.col("icp_tier") == 3)
    & pl.col("icp_segment").is_in(["B", "C"])
    & (pl.col("state_code") == "CA"),
    "": pl.lit(value=True),
}


@pytest.mark.parametrize("words", EXPORTS)
def test_clinics_are_exported_best_first(warehouse: Path, clinics: pl.DataFrame, tmp_path: Path, words: str) -> None:
    due = clinics.filter(EXPORTS[words])
    assert len(due) > 0
    done = call("export", *words.split(), "--format", "parquet", "--out", tmp_path / "a.parquet", "-w", warehouse)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{len(due):,} clinics in {tmp_path / 'a.parquet'}\n")
    assert pl.read_parquet(tmp_path / "a.parquet").equals(due)
    text = call("export", *words.split(), "-w", warehouse).stdout
    assert pl.read_csv(text.encode(), schema_overrides=due.schema).equals(due)


def test_networks_are_exported(warehouse: Path, networks: pl.DataFrame) -> None:
    done = call("export", "--what", "networks", "--tier", 1, "--columns", "num_clinics, network_id", "-w", warehouse)
    due = networks.filter(pl.col("network_icp_tier") == 1).select("num_clinics", "network_id")
    assert done.stdout == due.write_csv()


BOTH = ["clinic_id,sector,icp_reason_codes,network_id", "icp_reason_codes,clinic_id", "sector"]
BOTH += ["clinic_id,clinic_id,sector", "icp_reason_codes,icp_tier,sector", "icp_unknown,sector,icp_top_reasons"]


@pytest.mark.parametrize("columns", BOTH)
def test_columns_of_both_tables_are_exported_together(warehouse: Path, clinics: pl.DataFrame, columns: str) -> None:
    done = call("export", "--tier", 1, "--columns", columns, "-w", warehouse)
    sectors = pl.read_parquet(warehouse / "clinics_icp.parquet").select("clinic_id", "sector")
    codes = pl.read_parquet(warehouse / "icp_scores.parquet").select("clinic_id", "icp_reason_codes")
    whole = clinics.join(sectors.join(codes, on="clinic_id"), on="clinic_id", maintain_order="left")
    due = whole.filter(pl.col("icp_tier") == 1).select(list(dict.fromkeys(columns.split(","))))
    assert (done.exit_code, done.stdout) == (0, due.write_csv())


def test_export_of_an_unknown_column(warehouse: Path) -> None:
    said = "There is no column 'account_nam' (did you mean 'account_name'?)."
    assert refused("export", "--columns", "clinic_id,account_nam", "-w", warehouse) == said
    assert ODD in refused("export", "--columns", "its my column", "-w", warehouse)
    assert "'sector'" in refused("export", "--what", "networks", "--columns", "sector", "-w", warehouse)


def test_export_of_formats_on_the_command_line(warehouse: Path, tmp_path: Path) -> None:
    assert call("export", "--format", "parquet", "-w", warehouse).exit_code == 2
    assert call("export", "--format", "parquet", "--out", tmp_path / "a", "-w", warehouse).exit_code == 0
    assert len(pl.read_parquet(tmp_path / "a.parquet")) == SIZE
    with pytest.raises(InputError, match=r"none of \.csv, \.parquet, \.json, \.xlsx"):
        analyst.write_list(pl.DataFrame({"a": [1]}), tmp_path / "a.doc")


def test_an_existing_file_is_replaced_whole_or_left_alone(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("old " * 1_000_000)
    assert call("export", "--tier", 1, "--out", file, "-w", warehouse).exit_code == 0
    fresh = file.read_bytes()
    assert fresh.startswith(b"clinic_id,account_name,")
    assert len(fresh) < 1_000_000

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    assert call("export", "--out", file, "-w", warehouse).exit_code == 1
    assert file.read_bytes() == fresh
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_sheet_has_an_end(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyst, "SHEET_ROWS", SIZE)
    said = refused("export", "--format", "xlsx", "--out", tmp_path / "a.xlsx", "-w", warehouse)
    assert said == "600 rows are more than a sheet holds (599); narrow the list, or take CSV."
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_a_workbook_is_one_sentence(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    (tmp_path / "a.xlsx").write_text("mine")
    said = refused("export", "--format", "xlsx", "--out", tmp_path / "a.xlsx", "-w", warehouse)
    assert said == f"Workbooks need one more package: {install_extra('xlsx')}."
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.xlsx", "mine")]


@pytest.mark.skipif(importlib.util.find_spec("xlsxwriter") is None, reason="xlsxwriter is not installed")
def test_a_workbook_holds_the_list(warehouse: Path, clinics: pl.DataFrame, tmp_path: Path) -> None:
    from xml.etree import ElementTree
    from zipfile import ZipFile

    done = call("export", "--tier", 1, "--format", "xlsx", "--out", tmp_path / "a.xlsx", "-w", warehouse)
    assert (done.exit_code, done.stdout) == (0, "")
    spread = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with ZipFile(tmp_path / "a.xlsx") as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        texts = ["".join(one.itertext()) for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
    rows = sheet.findall(f".//{spread}row")
    due = clinics.filter(pl.col("icp_tier") == 1)
    assert len(rows) == 1 + len(due)
    assert [texts[int("".join(cell.itertext()))] for cell in rows[0]] == due.columns
    assert [texts[int("".join(row[0].itertext()))] for row in rows[1:]] == due["clinic_id"].to_list()


# ---------------------------------------------------------------- without networks


@pytest.mark.parametrize("words", ["networks list", "networks show net_1", "sql show", "export", "audit"])
def test_without_networks_there_is_one_sentence(without_networks: Path, words: str) -> None:
    said = refused(*words.split(), "-w", without_networks)
    assert said == f"{without_networks} was published with --no-networks and has no icp.duckdb; run again without it."


def test_nothing_published(tmp_path: Path) -> None:
    assert "holds no published run" in refused("networks", "list", "-w", tmp_path)
