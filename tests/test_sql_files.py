"""The files of sql/ run as they stand, say what they answer, and answer it."""

import random
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import oracle
import polars as pl
import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run

FOLDER = Path(__file__).resolve().parents[1] / "sql"
ALL = sorted(FOLDER.rglob("*.sql"))
ANALYST = sorted((FOLDER / "analyst").glob("*.sql"))
STEPS = ["shared_names", "network_candidates", "network_members", "networks", "network_columns"]
COLUMNS = {
    "almost_tier_1": "clinic_id account_name state_code icp_total_score points_short pain_room propensity_room "
    "scale_room",
    "anchors_by_state": "state_code clinic_id account_name icp_total_score display_name network_icp_total_score "
    "num_clinics",
    "biggest_reason_patterns": "icp_reason_codes num_clinics a_score a_clinic",
    "high_pain_low_propensity": "clinic_id account_name state_code icp_segment icp_pain_score icp_propensity_score "
    "icp_total_score",
    "names_kept_apart": "network_name num_clinics num_states kept_apart_by",
    "networks_worth_a_call": "network_id display_name network_icp_total_score network_icp_tier_label num_clinics "
    "num_states states_covered total_npi_count anchor_clinic_id is_ambiguous",
    "points_lost_to_missing_data": "code note num_clinics points_at_stake_each points_at_stake",
    "score_distribution": "from_points num_clinics share",
    "segment_profile": "icp_segment label num_clinics total fit pain compliance propensity scale segment",
    "white_space_by_state": "state num_clinics in_tier_1_or_2 percent_in_tier_1_or_2 num_networks avg_score",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of two scorecards publishes that groups by every rule there is, with names excluded and overrides."""
    folder, rng, rows = tmp_path_factory.mktemp("sql"), random.Random(5), []
    for number in range(2_500):
        row = {"clinic_id": f"c{number}", "state_code": rng.choice(["TX", "OK", "CA", None])}
        rows.append(
            {**oracle.random_typed_clinic(rng), **row, "account_name": f"Network {int(rng.expovariate(0.005))}"}
        )
    names = sorted({name for row in rows for name in row})
    pl.DataFrame({name: [row.get(name) for row in rows] for name in names}).write_parquet(folder / "clinics.parquet")
    (folder / "names.txt").write_text("NETWORK 1\nNetwork 2, Inc.\n")
    (folder / "overrides.csv").write_text(
        "clinic_id,network_name,is_anchor\nc1,,\nc2,Ours,yes\nc3,Ours,\nc4,Network 1,\nc5,Solo,\n"
    )
    options = NetworkOptions(
        grouping="exact", exclude_names=str(folder / "names.txt"), overrides=str(folder / "overrides.csv")
    )
    run(
        [str(folder / "clinics.parquet")],
        folder / "out",
        RunOptions(("icp", "icf"), format="parquet", network=options, stability=True),
    )
    return folder / "out"


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


def comment(path: Path) -> list[str]:
    """The lines of the comment that a file starts with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(place for place, line in enumerate(lines) if not line.startswith("--"))
    return lines[:end]


def bare(path: Path) -> str:
    """The text of a file without comments, strings, quoted names and the `$name` parameters of charts and API."""
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"\"[^\"]*\"", '""', re.sub(r"'(?:[^']|'')*'", "''", text))
    return re.sub(r"\$[a-z_]+", "0", text) if path.parent.name in ("api", "charts", "report") else text


def test_there_are_files_of_every_kind() -> None:
    assert len(ANALYST) >= 8
    assert {path.stem for path in ANALYST} == set(COLUMNS)
    assert {path.stem for path in FOLDER.glob("*.sql")} >= set(STEPS)
    assert {path.parent.name for path in ALL} == {
        "sql",
        "analyst",
        "api",
        "audits",
        "build",
        "charts",
        "evidence",
        "identity",
        "report",
        "review",
        "views",
    }


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_file_starts_with_what_it_is_for(path: Path) -> None:
    lines = comment(path)
    assert re.match(r"-- [A-Z]", lines[0])
    assert lines[-1].endswith((".", "?"))
    assert ("Grain: one row per" in " ".join(lines)) or path in ANALYST
    assert "?" in " ".join(lines) or path not in ANALYST


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_file_is_plain_sql_in_lower_case(path: Path) -> None:
    text = bare(path)
    assert re.findall(r"[A-Z]+", text) == []
    assert re.findall(r"\{\w*\}|\{\{|\}\}|%\w|\$\w+|\?", text) == []
    assert text.count(";") <= 1
    assert re.match(r"\s*(select|with|from)\b", text)
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 130


@pytest.mark.parametrize("path", ANALYST, ids=lambda path: path.stem)
def test_an_analyst_query_runs_on_the_command_line(warehouse: Path, path: Path) -> None:
    done = call("sql", "--file", path, "--csv", "-w", warehouse)
    assert (done.exit_code, done.stderr) == (0, "")
    header, *lines = done.stdout.splitlines()
    assert header.split(",") == COLUMNS[path.stem].split()
    assert lines


@pytest.mark.parametrize("mean", ["weighted", "median"])
def test_networks_are_scored_anew_as_they_stand_where_evidence_groups_them(mean: Any, tmp_path: Path) -> None:
    rng = random.Random(7)
    rows = [
        {**oracle.random_typed_clinic(rng), "clinic_id": f"c{number}", "state_code": "TX",
         "account_name": f"Network {chr(97 + number % 20)}x"}
        for number in range(200)
    ]  # fmt: skip
    names = sorted({name for row in rows for name in row})
    pl.DataFrame({name: [row.get(name) for row in rows] for name in names}).write_parquet(tmp_path / "c.parquet")
    (tmp_path / "overrides.csv").write_text("clinic_id,network_name,is_anchor\nc7,Network hx,yes\nc8,Ours,\n")
    (tmp_path / "decisions.csv").write_text(
        "decided_at,author,action,subject,object,reason\n,,anchor,c3,,\n,,anchor,c199,,\n,,merge,c1,c2,\n"
    )
    options = NetworkOptions(
        overrides=str(tmp_path / "overrides.csv"), decisions=str(tmp_path / "decisions.csv"), mean=mean
    )
    run([str(tmp_path / "c.parquet")], tmp_path / "out", RunOptions(format="parquet", network=options, charts=False))
    with duckdb.connect(str(tmp_path / "out" / "icp.duckdb"), read_only=True) as connection:
        anew = connection.sql((FOLDER / "networks.sql").read_text(encoding="utf-8")).fetchall()
        assert len(anew) == 20
        assert anew == connection.sql("from network_scores").fetchall()
        members = connection.sql((FOLDER / "network_columns.sql").read_text(encoding="utf-8"))
        assert len(members.fetchall()) == 200
        forced = connection.sql("select clinic_id from network_members where is_forced_anchor order by 1").fetchall()
    assert forced == [("c199",), ("c3",), ("c7",)]


def test_the_steps_of_grouping_run_as_they_stand_in_plain_duckdb(warehouse: Path, tmp_path: Path) -> None:
    copy = shutil.copy(warehouse / "icp.duckdb", tmp_path / "copy.duckdb")
    with duckdb.connect(str(copy)) as connection:
        for step in STEPS:
            table = "network_scores" if step == "networks" else step
            connection.execute(f"create temp table {table} as {(FOLDER / f'{step}.sql').read_text(encoding='utf-8')}")
            assert connection.sql(f"select count(*) from temp.{table}").fetchall()[0][0] > 0
        for name in ("shared_names", "network_candidates", "network_scores"):
            same = f"select count(*) from ((from temp.{name} except all from main.{name}) union all " \
                   f"(from main.{name} except all from temp.{name}))"  # fmt: skip
            assert connection.sql(same).fetchall() == [(0,)], name
        assert (
            connection.sql("from temp.network_scores").fetchall()
            == connection.sql("from main.network_scores").fetchall()
        )
        members = connection.sql("from temp.network_columns order by clinic_id").fetchall()
        due = connection.sql(
            "select clinic_id, network_id, network_name, network_icp_score, network_tier, network_tier_label, "
            "is_network_anchor, num_clinics from clinics_icp_with_networks "
            "where network_id is not null order by clinic_id"
        ).fetchall()
        assert members == due
        kept = connection.sql("select distinct kept_apart_by from network_candidates").fetchall()
        rules = {"excluded name", "fewer than 2 clinics", "fewer than 2 states and fewer than 3 clinics"}
        assert {row[0] for row in kept} == {None, *rules}


@pytest.mark.parametrize(
    "path", [path for path in ALL if path.parent.name in ("views", "audits")], ids=lambda one: one.stem
)
def test_views_and_audits_run_as_they_stand_in_plain_duckdb(warehouse: Path, path: Path) -> None:
    with duckdb.connect(str(warehouse / "icp.duckdb"), read_only=True) as connection:
        found = connection.sql(path.read_text(encoding="utf-8")).fetchall()
    assert bool(found) == (path.parent.name == "views")


def asked(name: str, **tables: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The rows of a query over small tables."""
    with duckdb.connect() as connection:
        for table, rows in tables.items():
            connection.register(table, rows.to_arrow())
        return connection.sql((FOLDER / f"{name}.sql").read_text(encoding="utf-8")).fetchall()


def table(names: str, *rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), names.split(), orient="row", infer_schema_length=None)


MAXIMA = table("category maximum", ("pain", 20.0), ("propensity", 10.0), ("scale", 20.0))


def test_almost_tier_1() -> None:
    tiers = table("level tier at_least", ("clinic", 1, 70.0), ("clinic", 2, 50.0), ("network", 1, 40.0))
    names = "clinic_id account_name state_code icp_total_score icp_pain_score icp_propensity_score icp_scale_score"
    clinics = table(
        names,
        ("on", "On", "TX", 70.0, 1.0, 1.0, 1.0),
        ("b", "B", "TX", 69.99, 12.5, 3.25, 20.0),
        ("a", "A", None, 69.99, 20.0, 10.0, 0.0),
        ("edge", "Edge", "OK", 65.0, 0.0, 0.0, 8.0),
        ("below", "Below", "OK", 64.99, 0.0, 0.0, 8.0),
    )
    assert asked("analyst/almost_tier_1", icp_scores=clinics, scorecard_tiers=tiers, scorecard_categories=MAXIMA) == [
        ("a", "A", None, 69.99, 0.01, 0.0, 0.0, 20.0),
        ("b", "B", "TX", 69.99, 0.01, 7.5, 6.75, 0.0),
        ("edge", "Edge", "OK", 65.0, 5.0, 20.0, 10.0, 12.0),
    ]


def test_high_pain_low_propensity() -> None:
    names = "clinic_id account_name state_code icp_segment icp_pain_score icp_propensity_score icp_total_score"
    rows = [
        ("half", None, "TX", "A", 10.0, 2.5, 50.0),
        ("less pain", "X", "TX", "A", 9.99, 0.0, 50.0),
        ("ready", "X", "TX", "B", 20.0, 2.51, 90.0),
        ("most", "Y", None, "C", 20.0, 0.0, 40.0),
        ("z", "Z", "OK", "C", 10.0, 0.0, 50.0),
    ]
    found = asked("analyst/high_pain_low_propensity", icp_scores=table(names, *rows), scorecard_categories=MAXIMA)
    assert found == [rows[3], rows[0], rows[4]]


def test_white_space_by_state() -> None:
    clinics = table(
        "state_code icp_tier network_id icp_total_score",
        ("TX", 1, "n1", 80.0),
        ("TX", 3, "n1", 30.0),
        ("TX", 3, "n2", 30.01),
        (None, 2, None, 60.0),
        ("OK", 3, None, 10.0),
        ("CA", 2, "n1", 55.0),
    )
    assert asked("analyst/white_space_by_state", clinics_icp_with_networks=clinics) == [
        ("CA", 1, 1, 100.0, 1, 55.0),
        ("TX", 3, 1, 33.3, 2, 46.67),
        ("not known", 1, 1, 100.0, 0, 60.0),
        ("OK", 1, 0, 0.0, 0, 10.0),
    ]


def test_score_distribution_and_names_kept_apart() -> None:
    scores = table("icp_total_score", (0.0,), (4.99,), (5.0,), (100.0,))
    assert [row[:2] for row in asked("analyst/score_distribution", icp_scores=scores)] == [(0, 2), (5, 1), (100, 1)]
    names = "network_name num_clinics num_states is_grouped kept_apart_by"
    candidates = table(
        names, ("b", 2, 1, False, "r"), ("a", 2, 1, False, "r"), ("c", 9, 1, False, "x"), ("d", 9, 2, True, None)
    )
    kept = asked("analyst/names_kept_apart", network_candidates=candidates)
    assert kept == [("c", 9, 1, "x"), ("a", 2, 1, "r"), ("b", 2, 1, "r")]
