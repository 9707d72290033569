"""Audits find what is planted and nothing else, and a run that fails one publishes nothing."""

import math
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import icp_engine
from icp_engine import cli
from icp_engine.database import sql_names
from icp_engine.errors import GateError
from icp_engine.networks.grouping import Networks, find_networks
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.warehouse.audits import AUDITED, audit, check_run

CARD = icp_engine.load_scorecard("icp")
PARTS = ["fit", "pain", "compliance", "propensity", "scale", "segment"]
MOST = {"fit": 20.0, "pain": 20.0, "compliance": 10.0, "propensity": 10.0, "scale": 20.0, "segment": 20.0}
POINTS = {"fit": 20.0, "pain": 2.25, "compliance": 10.0, "propensity": 0.0, "scale": 1.1, "segment": 8.0}
TOTAL = 41.35
Tables = dict[str, pl.DataFrame]
CLINIC_TABLES = ("clinics_icp", "icp_scores", "clinics_icp_with_networks")
NO_OVERRIDES = pl.DataFrame(schema={"clinic_id": pl.String, "network_name": pl.String, "is_anchor": pl.Boolean})


CLASSES = {"icp_tier": 3, "icp_tier_label": "Tier 3", "icp_segment": "C"}
NO_NUMBERS = (math.nan, math.inf, -math.inf, 1e300)


def scores(prefix: str, points: dict[str, float] = POINTS, total: float = TOTAL) -> dict[str, float]:
    return {f"{prefix}_total_score": total, **{f"{prefix}_{name}_score": value for name, value in points.items()}}


def good() -> Tables:
    """A run of five clinics, three of them in network n1, two in n2, and one alone."""
    members = [("a", "n1"), ("b", "n1"), ("c", "n1"), ("d", "n2"), ("e", "n2"), ("f", None)]
    rows = [
        {"clinic_id": key, **scores("icp"), **CLASSES, "network_id": network, "is_network_anchor": key in "ad",
         "num_clinics": {"n1": 3, "n2": 2, None: None}[network]}
        for key, network in members
    ]  # fmt: skip
    networks = [
        {"network_id": name, **scores("network_icp"), "num_clinics": size, "anchor_clinic_id": anchor,
         "display_name": "Name"}
        for name, size, anchor in (("n1", 3, "a"), ("n2", 2, "d"))
    ]  # fmt: skip
    clinics = pl.DataFrame(rows, schema_overrides={"num_clinics": pl.Int64})
    return {
        "clinics_icp": clinics.drop("network_id", "is_network_anchor", "num_clinics"),
        "icp_scores": clinics.drop("network_id", "is_network_anchor", "num_clinics"),
        "clinics_icp_with_networks": clinics,
        "networks_icp": pl.DataFrame(networks),
    }


def edited(table: str, key: str, **values: Any) -> Callable[[Tables], Tables]:
    """Set values of one row of a table, found by its id."""

    def edit(tables: Tables) -> Tables:
        frame = tables[table]
        this = pl.col("network_id" if table == "networks_icp" else "clinic_id") == key
        columns = [
            pl.when(this).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in values.items()
        ]
        return {**tables, table: frame.with_columns(columns)}

    return edit


def without(table: str, key: str) -> Callable[[Tables], Tables]:
    id_ = "network_id" if table == "networks_icp" else "clinic_id"
    return lambda tables: {**tables, table: tables[table].filter(pl.col(id_) != key)}


def doubled(table: str, old: str, new: str) -> Callable[[Tables], Tables]:
    """Put one clinic in another's place, so that the number of rows stays."""
    return lambda tables: {**tables, table: tables[table].with_columns(pl.col("clinic_id").replace(old, new))}


def beside(table: str, *rows: tuple[Any, ...]) -> Callable[[Tables], Tables]:
    """Give a table of the warehouse file alone, such as decisions."""
    return lambda tables: {**tables, table: pl.DataFrame(rows, AUDITED[table].schema, orient="row")}


def tied(*ties: tuple[str | None, str, str, str], status: str = "automatic") -> Callable[[Tables], Tables]:
    """Give ties: network, clinic, kind and value."""
    return beside("network_edges", *((*tie, status, None) for tie in ties))


def decided(action: str, subject: str, object_: str = "", state: str = "holds") -> Callable[[Tables], Tables]:
    return beside("decisions", (2, "", "", action, subject, object_, "", state))


def both(*edits: Callable[[Tables], Tables]) -> Callable[[Tables], Tables]:
    def edit(tables: Tables) -> Tables:
        for each_edit in edits:
            tables = each_edit(tables)
        return tables

    return edit


def higher(level: str, key: str, part: str, value: float) -> Callable[[Tables], Tables]:
    """Set a category score, and the total that goes with it, wherever they stand."""
    prefix, tables = ("icp", CLINIC_TABLES) if level == "clinic" else ("network_icp", ["networks_icp"])
    points = scores(prefix, {**POINTS, part: value}, round(TOTAL + value - POINTS[part], 2))
    return both(*(edited(table, key, **points) for table in tables))


def found(tables: Tables, folder: Path, overrides: pl.DataFrame = NO_OVERRIDES) -> dict[str, list[dict[str, Any]]]:
    beside = {name: frame for name, frame in tables.items() if name in AUDITED}  # in the warehouse file alone
    for name in tables.keys() - beside.keys():
        tables[name].write_parquet(folder / f"{name}.parquet")
    audited = audit(folder, CARD, 6, {"network_overrides": overrides, **beside})
    rows = {name.removeprefix("audits/"): one.to_dicts() for name, one in audited.items()}
    return {name: row for name, row in rows.items() if row}


WITH = "clinics_icp_with_networks"
NUMBER, ANCHOR, ONCE = "num_clinics_is_the_number_of_members", "one_anchor_per_network", "every_clinic_once"
SUM, WITHIN = "total_is_the_sum_of_its_parts", "category_scores_within_maximum"
RESOLVES, HOLDS, APART = "aliases_resolve", "decisions_hold", "not_same_pairs_are_apart"
JOINS = "each_tie_joins"
HIGHEST, EXISTS = "anchor_has_the_highest_score", "every_member_has_a_network"
SAME = "tables_say_the_same"
PLANTED: dict[str, tuple[str, Callable[[Tables], Tables], dict[str, Any]]] = {
    "an alias to nowhere": (RESOLVES, beside("network_aliases", (1, "old", "n9", "", "merged")),
                            {"old_id": "old", "new_id": "n9"}),
    "an alias over another, to nowhere": (
        RESOLVES, beside("network_aliases", (1, "older", "old", "", "merged"), (2, "old", "n1", "", "merged"),
                         (3, "old", "n9", "", "merged")), {"old_id": "old"}),
    "joined and in two networks": (
        HOLDS, both(decided("merge", "a", "d"), beside("decision_pairs", (2, True, "a", "d"))),
        {"line": 2, "action": "merge"}),
    "joined and in none": (HOLDS, both(decided("merge", "a", "f"), beside("decision_pairs", (2, True, "f", "a"))),
                           {"line": 2}),
    "no anchor, though decided": (HOLDS, decided("anchor", "b"), {"line": 2, "subject": "b"}),
    "another name than decided": (HOLDS, decided("rename", "b", "N"), {"line": 2, "subject": "b"}),
    "kept apart and in one network": (APART, beside("decision_pairs", (2, False, "b", "c")),
                                      {"line": 2, "clinic_id": "b", "network_id": "n1"}),
    "a tie of a clinic of another network": (
        JOINS, tied(("n1", "a", "owner", "7"), ("n1", "d", "owner", "7")),
        {"kind": "owner", "value": "7", "clinic_id": "d", "network_id": "n1", "other_id": "n2"}),
    "a tie of a clinic of no network": (
        JOINS, tied(("n1", "f", "owner", "7")), {"clinic_id": "f", "other_id": None}),
    "a value of two networks": (
        JOINS, tied(("n1", "a", "owner", "7"), ("n2", "d", "owner", "7"),
                      ("n2", "e", "owner", "8")),
        {"kind": "owner", "value": "7", "clinic_id": None, "network_id": "n1", "other_id": "n2"}),
    "a value of two networks, of which a decision says nothing": (
        JOINS, both(tied(("n1", "a", "owner", "7"), ("n2", "d", "owner", "7")),
                    beside("decision_pairs", (2, False, "a", "f"), (3, True, "a", "b"))), {"value": "7"}),
    "a tie for review that is of a network": (
        JOINS, tied(("n1", "a", "sibling", "q_7"), status="review"), {"value": "q_7", "network_id": "n1"}),
    "a tie of a rule that is of no network": (
        JOINS, tied((None, "a", "owner", "7")), {"value": "7", "network_id": None}),
    "aliases in a circle": (
        RESOLVES, beside("network_aliases", (1, "old", "n1", "", "merged"), (2, "one", "two", "", "merged"),
                         (3, "two", "one", "", "merged")), {"old_id": "two", "new_id": "one"}),
    "an alias that leads to itself": (RESOLVES, beside("network_aliases", (1, "old", "old", "", "merged")),
                                      {"old_id": "old"}),
    "a member without a score": (HIGHEST, edited(WITH, "b", icp_total_score=None),
                                 {"network_id": "n1", "clinic_id": "b", "total_score": None}),
    "a member scores more": (HIGHEST, edited(WITH, "b", icp_total_score=TOTAL + 0.01),
                             {"network_id": "n1", "clinic_id": "b", "anchor_score": TOTAL}),
    "an anchor scores less": (HIGHEST, edited(WITH, "d", icp_total_score=TOTAL - 0.01),
                              {"network_id": "n2", "clinic_id": "e", "total_score": TOTAL}),
    "no such network": (EXISTS, edited(WITH, "f", network_id="n9"), {"clinic_id": "f", "network_id": "n9"}),
    "network lost": (EXISTS, both(without("networks_icp", "n2"), edited(WITH, "e", network_id=None, num_clinics=None)),
                     {"clinic_id": "d", "network_id": "n2"}),
    "no anchor": (ANCHOR, edited(WITH, "a", is_network_anchor=False), {"network_id": "n1", "num_anchors": 0}),
    "two anchors": (ANCHOR, edited(WITH, "b", is_network_anchor=True), {"network_id": "n1", "num_anchors": 2}),
    "another anchor": (ANCHOR, edited("networks_icp", "n2", anchor_clinic_id="e"),
                       {"network_id": "n2", "anchor_clinic_id": "e", "clinic_id": "d", "num_anchors": 1}),
    "nothing says whether a member is the anchor": (ANCHOR, edited(WITH, "b", is_network_anchor=None),
                                                    {"network_id": "n1", "clinic_id": "b", "num_anchors": None}),
    "nothing says whether a clinic alone is one": (ANCHOR, edited(WITH, "f", is_network_anchor=None),
                                                   {"network_id": None, "clinic_id": "f", "num_anchors": None}),
    "anchor of none": (ANCHOR, edited(WITH, "f", is_network_anchor=True), {}),
    "too many members": (NUMBER, edited(WITH, "f", network_id="n1", num_clinics=3),
                         {"network_id": "n1", "num_clinics": 3, "num_members": 4}),
    "network counts wrong": (NUMBER, edited("networks_icp", "n2", num_clinics=3),
                             {"network_id": "n2", "num_clinics": 3, "num_members": 2, "least": 2, "most": 2}),
    "member says another number": (NUMBER, edited(WITH, "c", num_clinics=7), {"network_id": "n1", "most": 7}),
    "member says no number": (NUMBER, edited(WITH, "c", num_clinics=None), {"network_id": "n1", "num_clinics": 3}),
    "network twice": (NUMBER, lambda tables: {**tables, "networks_icp": pl.concat(
        [tables["networks_icp"], tables["networks_icp"].head(1)])}, {"network_id": "n1", "num_rows": 2}),
    "a clinic alone says a number": (NUMBER, edited(WITH, "f", num_clinics=3),
                                     {"network_id": None, "clinic_id": "f", "num_clinics": 3}),
    "clinic lost": (ONCE, without("icp_scores", "c"), {"name": "icp_scores", "num_rows": 5, "rows_scored": 6}),
    "clinic twice": (ONCE, doubled("clinics_icp_with_networks", "f", "a"), {"name": WITH, "num_rows": 6}),
    "another clinic": (ONCE, doubled("icp_scores", "f", "x"), {"name": "icp_scores", "num_rows": 6}),
    "clinic total": (SUM, edited("icp_scores", "e", icp_total_score=TOTAL + 0.01), {"level": "clinic", "id": "e"}),
    "clinic without total": (SUM, edited("icp_scores", "e", icp_total_score=None), {"id": "e", "total": None}),
    "network total": (SUM, edited("networks_icp", "n1", network_icp_total_score=TOTAL - 0.04),
                      {"level": "network", "id": "n1", "total": round(TOTAL - 0.04, 2)}),
    "clinic below 0": (WITHIN, higher("clinic", "f", "propensity", -0.01), {"level": "clinic", "id": "f"}),
    **{f"clinic {part}": (WITHIN, higher("clinic", "f", part, MOST[part] + 0.01),
                          {"id": "f", "category": part, "score": MOST[part] + 0.01}) for part in PARTS},
    **{f"network {part}": (WITHIN, higher("network", "n2", part, MOST[part] + 0.01),
                           {"id": "n2", "category": part, "score": MOST[part] + 0.01}) for part in PARTS},
    **{f"{table}: {column} is {value}": (SAME, edited(table, "f", **{column: value}),
                                         {"table_name": table, "clinic_id": "f"})
       for table in ("clinics_icp", WITH)
       for column, value in (("icp_pain_score", 2.26), ("icp_pain_score", None), ("icp_total_score", math.nan),
                             ("icp_fit_score", -math.inf), ("icp_tier", 2), ("icp_tier_label", "Tier 2"),
                             ("icp_segment", None))},
}  # fmt: skip


def test_good_tables_pass(tmp_path: Path) -> None:
    assert found(good(), tmp_path) == {}
    edges = both(
        higher("clinic", "f", "pain", 20.0), edited("networks_icp", "n1", network_icp_total_score=TOTAL + 0.03)
    )
    assert found(edges(good()), tmp_path) == {}
    lines = [(1, "older", "old", "", "merged"), (2, "old", "n1", "", "split"), (3, "lost", None, "", "gone")]
    pairs = [(2, True, "a", "b"), (2, False, "a", "d"), (2, False, "d", "f"), (2, True, "a", "lost")]
    for edit in (
        beside("network_aliases", *lines),
        beside("decision_pairs", *pairs),
        tied(("n1", "a", "owner", "7"), ("n1", "b", "owner", "7"), ("n2", "d", "name", "7")),
        both(
            tied(("n2", "e", "owner", "7"), ("n1", "b", "owner", "7")),
            beside("decision_pairs", (2, False, "a", "d")),
        ),
        tied((None, "a", "sibling", "q_7"), (None, "d", "sibling", "q_7"), status="review"),
        decided("anchor", "a"),
        decided("anchor", "b", state="overtaken by a later line"),
        decided("rename", "a", "Name"),
    ):
        assert found(edit(good()), tmp_path) == {}


# What is damaged in one table alone is another in that table than in the others.
ALSO_ANOTHER = {
    "a member without a score", "a member scores more", "an anchor scores less", "clinic total", "clinic without total",
}  # fmt: skip


@pytest.mark.parametrize("case", PLANTED)
def test_an_audit_finds_the_row_that_was_planted_and_no_other(tmp_path: Path, case: str) -> None:
    name, edit, due = PLANTED[case]
    rows = found(edit(good()), tmp_path)
    assert set(rows) == {name, SAME} if case in ALSO_ANOTHER else {name}
    [row] = rows[name]
    assert {key: row[key] for key in due} == due


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize(
    ("table", "key", "column", "due"),
    [
        ("icp_scores", "f", "icp_total_score", {SUM}),
        ("icp_scores", "f", "icp_pain_score", {SUM, WITHIN}),
        ("networks_icp", "n1", "network_icp_total_score", {SUM}),
        ("networks_icp", "n1", "network_icp_pain_score", {SUM, WITHIN}),
    ],
)
def test_a_score_that_is_no_number_is_found(
    tmp_path: Path, table: str, key: str, column: str, due: set[str], value: float
) -> None:
    rows = found(edited(table, key, **{column: value})(good()), tmp_path)
    assert set(rows) == due | ({SAME} if table == "icp_scores" else set())
    assert {row["id"] for name in due for row in rows[name]} == {key}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_anchor_whose_score_is_no_number_has_not_the_highest(tmp_path: Path, value: float) -> None:
    rows = found(edited(WITH, "d", icp_total_score=value)(good()), tmp_path)
    assert [row["clinic_id"] for row in rows[HIGHEST]] == ["d", "e"]


def test_where_the_anchor_has_no_score_nobody_knows_who_has_the_highest(tmp_path: Path) -> None:
    rows = found(edited(WITH, "d", icp_total_score=None)(good()), tmp_path)
    assert [(row["clinic_id"], row["anchor_score"]) for row in rows.pop(HIGHEST)] == [("d", None), ("e", None)]
    assert [row["clinic_id"] for row in rows.pop(SAME)] == ["d"]
    assert rows == {}


def test_every_audit_has_a_case() -> None:
    assert {name.removeprefix("audits/") for name in sql_names("audits")} == {name for name, _, _ in PLANTED.values()}


def test_an_anchor_by_hand_may_score_less(tmp_path: Path) -> None:
    overrides = pl.DataFrame({"clinic_id": ["d"], "network_name": ["x"], "is_anchor": [True]})
    lower = scores("icp", {**POINTS, "fit": 0.0}, round(TOTAL - 20, 2))
    tables = both(*(edited(table, "d", **lower) for table in CLINIC_TABLES))(good())
    assert list(found(tables, tmp_path)) == [HIGHEST]
    assert found(tables, tmp_path, overrides) == {}
    assert found(decided("anchor", "d")(tables), tmp_path) == {}
    assert list(found(decided("anchor", "d", state="placed by --network-overrides")(tables), tmp_path)) == [HIGHEST]


CLINICS = {
    "clinic_id": ["a", "b", "c", "d"],
    "account_name": ["N"] * 3 + [None],
    "state_code": ["TX", "TX", "TX", "CA"],
}


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    pl.DataFrame({**CLINICS, "npi_count": [100, 50, 5, None]}).write_parquet(tmp_path / "clinics.parquet")
    return tmp_path / "clinics.parquet"


@pytest.fixture
def warehouse(extract: Path, tmp_path: Path) -> Path:
    run([str(extract)], tmp_path / "out", RunOptions(format="parquet", charts=False))
    return tmp_path / "out"


def program(monkeypatch: pytest.MonkeyPatch, *words: object) -> int | str | None:
    """The exit code of the command line, called as the program calls it."""
    monkeypatch.setattr(sys, "argv", ["icp-engine", *map(str, words)])
    with pytest.raises(SystemExit) as done:
        cli.main()
    return done.value.code


def wrong_networks(*arguments: Any, **named: Any) -> Any:
    """What grouping finds, with a network that says one clinic too many."""
    networks = find_networks(*arguments, **named)
    return replace(networks, networks=networks.networks.with_columns(pl.col("num_clinics") + 1))


def test_check_run_names_the_audit_and_shows_a_row(tmp_path: Path) -> None:
    networks = Networks(
        good()["networks_icp"],
        pl.DataFrame(),
        2,
        pl.DataFrame(),
        NO_OVERRIDES,
        AUDITED["network_edges"].lazy(),
        pl.DataFrame(),
        AUDITED["network_aliases"],
        pl.DataFrame(),
    )
    assert found(good(), tmp_path) == {}
    check_run(tmp_path, [CARD], 6, networks)
    assert found(edited(WITH, "f", network_id="n9")(good()), tmp_path)
    with pytest.raises(GateError, match=r"^1 of 12 audits failed.*every_member_has_a_network: 1 rows.*'n9'"):
        check_run(tmp_path, [CARD], 6, networks)


def test_a_run_that_fails_an_audit_publishes_nothing(
    warehouse: Path, extract: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in sorted(warehouse.glob("*")) if path.is_file()}
    runs = sorted((warehouse / ".runs").iterdir())
    monkeypatch.setattr("icp_engine.pipeline.run.find_networks", wrong_networks)
    fresh = warehouse.with_name("fresh")
    for out in (warehouse, fresh):
        assert program(monkeypatch, "run", extract, "--out", out, "-q", "--format", "parquet") == 3
        said = capsys.readouterr().err
        assert "num_clinics_is_the_number_of_members" in said
        assert "nothing was published" in said
        assert "Traceback" not in said
    assert {path: path.read_bytes() for path in sorted(warehouse.glob("*")) if path.is_file()} == before
    assert sorted((warehouse / ".runs").iterdir()) == runs
    assert not list(fresh.glob("*.parquet"))


def test_published_files_pass_on_the_command_line(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(monkeypatch, "audit", "-w", warehouse) == 0
    said = capsys.readouterr()
    assert [line.split() for line in said.out.splitlines()] == [[name[7:], "ok"] for name in sql_names("audits")]
    assert said.err == ""


@pytest.mark.parametrize("json", [False, True])
def test_tampered_files_fail_on_the_command_line(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], json: bool
) -> None:
    file = (warehouse / "icp_scores.parquet").resolve()
    shutil.copy(file, file.with_suffix(".old"))
    scored = pl.read_parquet(file.with_suffix(".old"))
    scored.with_columns(pl.col("icp_total_score") + (pl.col("clinic_id") == "b")).write_parquet(file)
    assert program(monkeypatch, "audit", "-w", warehouse, *["--json"] * json) == 3
    said = capsys.readouterr()
    assert "total_is_the_sum_of_its_parts" in said.err
    assert '"id": "b"' in said.out if json else "1 rows" in said.out
