"""The warehouse file: all of a run in one file that plain DuckDB opens, with the tables, explanations and comments."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import oracle
import polars as pl
import pytest
from msgspec import to_builtins

import icp_engine
from icp_engine.columns import FIELDS
from icp_engine.networks.columns import member_columns, networks_columns
from icp_engine.networks.decisions import ACTIONS
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.explain import explain_clinic
from icp_engine.published.run import open_run
from icp_engine.scoring.compiler import BANDS
from icp_engine.scoring.explain import with_bibliography
from icp_engine.scoring.explanation import bibliography_content

SIZE = 3_000
ODD = 'we"ird, name'
CARDS = ["icp", "icp-2025-11"]
PUBLISHED = ["clinics_icp", "icp_scores", "icp_bands", "clinics_icp_with_networks", "networks_icp"]
TABLES = {
    "clinics", "networks_icp", "reason_patterns", "run_facts", "run_inputs", "run_settings", "field_coverage",
    "network_overrides", "excluded_names", "scorecard_categories", "scorecard_characteristics", "scorecard_bands",
    "scorecard_segments", "scorecard_tiers", "scorecard_tier_edges", "scorecard_total",
    "network_edges", "network_aliases", "network_changes", "decisions", "decision_pairs", "history",
}  # fmt: skip
VIEWS = {
    "clinics_icp", "icp_scores", "icp_bands", "clinics_icp_with_networks", "shared_names", "network_candidates",
    "clinic_bibliography", "clinic_evidence", "networks_by_tier_and_size", "anchors_to_call", "members_to_expand_to",
    "tier_by_state", "clinic_scores", "clinic_why", "member_scores", "network_scores", "network_evidence",
    "network_ids", "network_members", "told_scores",
}  # fmt: skip
ICP = icp_engine.load_scorecard("icp")
ENTRY = ["score", "code", "sources", "value", "points", "status", "reason", "note"]
NAMES = ["Sunrise Clinic, Inc.", "SUNRISE CLINIC", "O'Hara & Sons; drop", "Médecine 诊所", "Alone"]
INPUT: dict[str, Any] = {
    "clinic_id": pl.String, ODD: pl.String, "account_name": pl.String, "state_code": pl.String,
    "segment_label": pl.String, "sector": pl.String, **dict.fromkeys(oracle.INTEGERS, pl.Int64),
    **dict.fromkeys(oracle.NUMBERS, pl.Float64), **dict.fromkeys(oracle.FLAGS, pl.Boolean),
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What a run of random clinics publishes, by scorecard."""
    folder, rng, rows = tmp_path_factory.mktemp("file"), random.Random(77), []
    for number in range(SIZE):
        row = oracle.random_typed_clinic(rng)
        row["clinic_id"] = "".join(rng.choices("ab'\";é诊🦷 -\\", k=3)) + str(number)
        row[ODD] = rng.choice(["x", None, "'\"", ""])
        row["account_name"] = rng.choice([*NAMES, f"Own {number // 2}", row.get("account_name")])
        rows.append({name: row.get(name) for name in INPUT})
    pl.DataFrame(rows, INPUT).write_parquet(folder / "clinics.parquet")
    for card in CARDS:
        options = RunOptions(
            scorecard=card, format="parquet", network=NetworkOptions(min_single_state=4, grouping="exact")
        )
        run([str(folder / "clinics.parquet")], folder / card, options)
    return {card: folder / card for card in CARDS}


@pytest.fixture(scope="module")
def db(warehouses: dict[str, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file as any client of DuckDB opens it."""
    with duckdb.connect(str(warehouses["icp"] / "icp.duckdb"), read_only=True) as connection:
        yield connection


def frame(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    return connection.sql(query).pl()


def rows(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, list(values)).fetchall()


def published_run(folder: Path, table: dict[str, list[Any]], **options: Any) -> Path:
    pl.DataFrame(table).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(**{"format": "parquet", **options}))
    return folder / "out"


def test_every_table_and_view_is_there(db: duckdb.DuckDBPyConnection) -> None:
    assert {name for (name,) in rows(db, "select table_name from duckdb_tables() where not internal")} == TABLES
    assert {name for (name,) in rows(db, "select view_name from duckdb_views() where not internal")} == VIEWS


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("table", PUBLISHED)
def test_tables_hold_what_the_parquet_files_hold(warehouses: dict[str, Path], card: str, table: str) -> None:
    due = pl.read_parquet(warehouses[card] / f"{table}.parquet")
    with duckdb.connect(str(warehouses[card] / "icp.duckdb"), read_only=True) as connection:
        found = frame(connection, f"from {table}")
    assert list(found.schema.items()) == list(due.schema.items())
    assert found.equals(due)  # the rows too, in the order of the files
    assert len(found) == SIZE or table == "networks_icp"
    assert ODD in found.columns or table != "clinics_icp"


@pytest.mark.parametrize("card", CARDS)
def test_the_bibliography_of_every_clinic_is_that_of_explain(warehouses: dict[str, Path], card: str) -> None:
    out = warehouses[card]
    with duckdb.connect(str(out / "icp.duckdb"), read_only=True) as connection:
        found = bibliography_in(connection)
    due = bibliography_of(out)
    assert found.keys() == due.keys()
    wrong = [(key, found[key], due[key]) for key in due if found[key] != due[key]]
    assert not wrong, f"{len(wrong)} clinics, such as {wrong[0]}"
    some = list(due)[:: SIZE // 10]
    assert [bibliography_content(explain_clinic(open_run(out), key).bibliography) for key in some] == [
        due[key] for key in some
    ]
    caps = [entry for entries in found.values() for entry in entries if entry["code"].endswith(".cap")]
    assert (len(caps) > 100) == (card == "icp-2025-11")


def bibliography_in(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    """The entries of every clinic as explain spells them: no key where there is nothing to say."""
    found: dict[str, list[dict[str, Any]]] = {}
    query = f"select clinic_id, {', '.join(ENTRY)} from clinic_bibliography order by clinic_id, position"
    for key, *values in rows(connection, query):
        entry = dict(zip(ENTRY, values, strict=True))
        if entry["value"] is not None:
            entry["value"] = json.loads(entry["value"])
        found.setdefault(key, []).append({name: value for name, value in entry.items() if value is not None})
    return found


def bibliography_of(out: Path) -> dict[str, list[dict[str, Any]]]:
    card = open_run(out).card
    bands = pl.read_parquet(out / "icp_bands.parquet").rename(
        {part.column: BANDS + part.column for part in parts(card)}
    )
    clinics = pl.read_parquet(out / "clinics_icp.parquet").join(bands, on="clinic_id")
    texts = with_bibliography(clinics, card).select("clinic_id", "icp_bibliography").rows()
    return {key: json.loads(text) for key, text in texts}


def parts(card: Any) -> list[Any]:
    return list(card.characteristics)


def test_points_of_the_bibliography_add_up_to_the_score(db: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select clinic_id, round(sum(points), 2), any_value(icp_total_score) "
        "from clinic_bibliography join icp_scores using (clinic_id) group by all"
    )
    found = rows(db, query)
    assert len(found) == SIZE
    assert [row for row in found if row[1] != row[2]] == []


@pytest.mark.parametrize(
    ("label", "compared"),
    [
        ("\u00a0Home Health\u00a0", "home health"),
        ("\u2003FQHC\u0085\v", "fqhc"),
        ("İSTANBUL HRSA", "i̇stanbul hrsa"),
        ("ΟΔΟΣ Rural Health", "οδος rural health"),
        ('a\\"b\n', 'a\\"b'),
        ("Ⅷ ẞ Ǆ", "ⅷ ß ǆ"),
    ],
)
def test_values_of_the_bibliography_are_the_texts_that_were_compared(tmp_path: Path, label: str, compared: str) -> None:
    out = published_run(tmp_path, {"clinic_id": ["a"], "segment_label": [label]})
    with duckdb.connect(str(out / "icp.duckdb"), read_only=True) as connection:
        [entry, *_] = bibliography_in(connection)["a"]
    assert entry["value"] == explain_clinic(open_run(out), "a").bibliography[0].value
    assert entry["value"]["segment_label"] == compared


def test_everything_has_a_comment(db: duckdb.DuckDBPyConnection) -> None:
    for what, name in (("tables", "table_name"), ("views", "view_name"), ("columns", "table_name || column_name")):
        found = rows(db, f"select {name}, comment from duckdb_{what}() where not internal")
        assert len(found) >= 10
        assert [one for one, text in found if not (text or "").strip()] == [], what


@pytest.mark.parametrize(
    ("column", "means"),
    [
        ("decisions.reason", "Why it was decided so"),
        ("decisions.line", "Number of the line in the file of decisions"),
        ("decision_pairs.line", "Number of the line in the file of decisions"),
        ("network_aliases.line", "Number of the line, from 1"),
        *(("decisions.action", action) for action in ACTIONS),
        ("network_candidates.num_clinics", "Clinics of that name, in a network or not"),
        ("network_candidates.network_name", "The name, as grouping compares names"),
        ("network_changes.network_id", "missing of one that is gone"),
        ("network_changes.num_clinics", "Clinics that the row is about"),
        ("clinic_bibliography.reason", "Why these points"),
    ],
)
def test_columns_of_one_name_mean_what_their_table_says(db: duckdb.DuckDBPyConnection, column: str, means: str) -> None:
    found = rows(db, "select comment from duckdb_columns() where table_name || '.' || column_name = $1", column)
    assert means in found[0][0]


@pytest.mark.parametrize(
    ("table", "column", "unit"),
    [
        ("clinics_icp", "num_clinics", "clinics"),
        ("icp_scores", "npi_count", "providers"),
        ("clinics_icp_with_networks", "num_clinics", "clinics"),
        ("networks_icp", "num_clinics", "clinics"),
    ],
)
def test_result_columns_have_the_comments_of_the_contract(
    db: duckdb.DuckDBPyConnection, table: str, column: str, unit: str
) -> None:
    results = (*ICP.columns, *member_columns(ICP))
    contract = [*FIELDS.values(), *(networks_columns(ICP) if table == "networks_icp" else results)]
    known = {one.name: (one.description, f"{one.description} ({one.unit})") for one in contract}
    found = dict(rows(db, "select column_name, comment from duckdb_columns() where table_name = $1", table))
    shared = found.keys() & known.keys()
    assert len(shared) >= 17
    assert [name for name in shared if found[name] not in known[name]] == []
    assert found[column].endswith(f"({unit})")


def test_the_file_works_elsewhere_without_its_folder(warehouses: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(warehouses["icp"], tmp_path / "a", symlinks=False, ignore=lambda *_: ["latest", ".runs"])
    moved = Path(shutil.copy(tmp_path / "a" / "icp.duckdb", tmp_path / "mailed to a friend.db"))
    shutil.rmtree(tmp_path / "a")
    with duckdb.connect(str(moved), config={"enable_external_access": False}) as connection:
        for name in sorted(TABLES | VIEWS):
            assert rows(connection, f"select count(*) from {name}")[0][0] >= 0
        assert rows(connection, "select count(*) from clinics") == [(SIZE,)]
        connection.execute("create table mine as select clinic_id from icp_scores limit 5")
        assert rows(connection, "select count(*) from mine") == [(5,)]


@pytest.mark.parametrize("view", ["clinics", "clinics_icp", "icp_scores", "icp_bands", "clinics_icp_with_networks"])
def test_look_ups_by_id_go_through_the_index(db: duckdb.DuckDBPyConnection, view: str) -> None:
    keys = [key for (key,) in rows(db, "select clinic_id from clinics")][:: SIZE // 5]
    for key in keys:
        assert len(rows(db, f"from {view} where clinic_id = $1", key)) == 1
    plan = rows(db, f"explain analyze from {view} where clinic_id = $1", keys[0])[0][1]
    assert "Index Scan" in plan
    plan = rows(db, f"explain analyze from {view} where lower(clinic_id) = lower($1)", keys[0])[0][1]
    assert "Index Scan" not in plan


def test_bibliography_of_one_clinic_goes_through_the_index(db: duckdb.DuckDBPyConnection) -> None:
    key = rows(db, "select clinic_id from clinics limit 1")[0][0]
    assert "Index Scan" in rows(db, "explain analyze from clinic_bibliography where clinic_id = $1", key)[0][1]


def test_settings_facts_inputs_and_coverage(warehouses: dict[str, Path], db: duckdb.DuckDBPyConnection) -> None:
    manifest = open_run(warehouses["icp"]).manifest
    assert frame(db, "from run_settings").to_dicts() == [
        {"min_clinics": 2, "min_states": 2, "min_single_state": 4, "network_mean": "weighted", "grouping": "exact"}
    ]
    card, counts = manifest.scorecard, manifest.rows
    assert frame(db, "from run_facts").to_dicts() == [
        {"run_id": manifest.run_id, "started_at": manifest.started_at, "scorecard_id": "icp"}
        | {"scorecard_version": card.version, "scorecard_hash": card.hash}
        | {"rows_in": SIZE, "rows_scored": counts.scored, "rows_rejected": 0}
    ]
    assert frame(db, "from run_inputs").to_dicts() == [to_builtins(file) for file in manifest.inputs]
    clinics = pl.read_parquet(warehouses["icp"].parent / "clinics.parquet")
    found = {row["field"]: row for row in frame(db, "from field_coverage").to_dicts()}
    assert list(found) == list(FIELDS)
    for name in FIELDS:
        row = found[name]
        assert row["given"] + row["missing"] + row["invalid"] == SIZE
        assert row["given_share"] == row["given"] / SIZE
    negative = {name: int((clinics[name] < 0).sum()) for name in oracle.INTEGERS}
    assert {name: found[name]["invalid"] for name in negative} == negative
    assert (
        found["denial_pressure"]["clipped"]
        == clinics.filter(pl.col("denial_pressure").is_finite() & (pl.col("denial_pressure") > 10)).height
    )


def test_candidates_agree_with_the_members(db: duckdb.DuckDBPyConnection) -> None:
    members = "select network_name, num_clinics from networks_icp order by all"
    assert rows(db, "select network_name, num_clinics from network_candidates where is_grouped order by all") == rows(
        db, members
    )
    apart = rows(db, "select network_name, num_clinics, num_states, kept_apart_by from network_candidates "
                     "where not is_grouped")  # fmt: skip
    assert len(apart) > 20
    assert {why for *_, why in apart} == {"fewer than 2 states and fewer than 4 clinics"}
    assert all(2 <= clinics < 4 and states < 2 for _, clinics, states, _ in apart)
    counted = rows(db, "select network_name, count(*) from clinics_icp_with_networks where network_id is not null "
                       "group by all order by all")  # fmt: skip
    assert counted == rows(db, members)


def test_rejected_rows_are_in_the_file(tmp_path: Path) -> None:
    table = {"clinic_id": ["a", "a", " ", "b"], "mine": [1, 2, 3, 4]}
    out = published_run(tmp_path, table, duplicates="first")
    with duckdb.connect(str(out / "icp.duckdb"), read_only=True) as connection:
        found = frame(connection, "from rejects")
        assert found.equals(pl.read_parquet(out / "rejects.parquet"))
        assert rows(connection, "select comment from duckdb_tables() where table_name = 'rejects'") != [(None,)]
    assert found["mine"].to_list() == [2, 3]


CARRIED = {
    "names of the file": ["pattern", "reason_codes", "clinics", "long", "band", "code", "fields", "position"],
    "capitals": ["Account_Name", "CLINIC_ID", "Mine", "mine", "MINE"],
    "odd": ["_", "a.b", "a\nb", "it's", 'a"b', "ß诊🦷"],
    "no name": [""],
}


@pytest.mark.parametrize("case", CARRIED)
def test_columns_of_any_name_are_carried_and_break_nothing(tmp_path: Path, case: str) -> None:
    carried = {name: [f"{name}1", None, "'"] for name in CARRIED[case]}
    known = {"clinic_id": ["a", "b", "c"], "account_name": ["N"] * 3, "npi_count": [55, 1, None]}
    out = published_run(tmp_path, {**carried, **known})
    whole = pl.read_parquet(out / "clinics_icp.parquet").sort("clinic_id")
    assert whole.select(*carried).to_dict(as_series=False) == carried
    with duckdb.connect(str(out / "icp.duckdb"), read_only=True) as connection:
        found = frame(connection, "from clinics_icp order by clinic_id")
        assert [found.to_series(place).to_list() for place in range(len(carried))] == list(carried.values())
        assert found["clinic_id"].to_list() == ["a", "b", "c"]
        query = "select count(distinct clinic_id) from icp_scores where icp_reason_codes > ''"
        assert rows(connection, query) == [(3,)]
        assert bibliography_in(connection) == bibliography_of_few(out)
        unsaid = "select column_name from duckdb_columns() where not internal and trim(coalesce(comment, '')) = ''"
        assert rows(connection, unsaid) == []


def bibliography_of_few(out: Path) -> dict[str, list[dict[str, Any]]]:
    return {key: bibliography_content(explain_clinic(open_run(out), key).bibliography) for key in ("a", "b", "c")}
