"""Clinics group into networks as the specification says: like the oracle on random clinics, and case by case."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import network_oracle as oracle
import polars as pl
import pytest
from network_oracle import Row, Settings, random_clinics, random_overrides
from polars.testing import assert_frame_equal

import icp_engine
from icp_engine import InputError, normalized_name
from icp_engine.database import database
from icp_engine.networks.columns import check_names
from icp_engine.networks.grouping import NetworkOptions, Networks, find_networks, network_inputs

CARD = icp_engine.load_scorecard("icp")
SIZE = 40_000
SEEDS = [1, 2, 3, 4, 5]
FEW = 10_000  # for seed 6
SHOWN = 3  # mismatches that a failure shows
DEFAULT = Settings()
EXCLUDED = ("GENOA HEALTHCARE, INC.", "  family   medical-center", "Ours 1", "LLC", "1918 Winter Street Operating Co")
OTHERS = {
    "larger": Settings(min_clinics=4, min_single_state=6),
    "states": Settings(min_states=3, min_single_state=5),
    "one state": Settings(min_states=1),
    "many states": Settings(min_states=9, min_single_state=10_000),
    "median": Settings(mean="median"),
    "excluded": Settings(excluded=EXCLUDED),
    "overrides": Settings(
        excluded=EXCLUDED, overrides=random_overrides(random_clinics(FEW, Random(6)), FEW // 10, Random(7))
    ),
}
TEXTS = ["clinic_id", "account_name", "state_code", "icp_segment", "icp_tier_label"]
SCHEMA = {
    **dict.fromkeys(["icp_total_score", *oracle.SCORES], pl.Float64),
    **dict.fromkeys(TEXTS, pl.String),
    **dict.fromkeys(["npi_count", "site_count"], pl.Int64),
    **dict.fromkeys(["fqhc_flag", "aco_member"], pl.Boolean),
    "icp_tier": pl.Int8,
}


def typed(columns: str) -> dict[str, Any]:
    """Columns and their types, written as pairs of words."""
    words = columns.split()
    return {name: getattr(pl, dtype) for name, dtype in zip(words[::2], words[1::2], strict=True)}


NETWORKS_ICP = typed("""
    network_id String  network_name String  num_clinics Int64  num_states Int64  states_covered String
    network_icp_total_score Float64  network_icp_tier Int8  network_icp_tier_label String  network_icp_segment String
    network_icp_fit_score Float64  network_icp_pain_score Float64  network_icp_compliance_score Float64
    network_icp_propensity_score Float64  network_icp_scale_score Float64  network_icp_segment_score Float64
    total_npi_count Int64  total_site_count Int64  avg_clinic_icp_score Float64  fqhc_clinics_count Int64
    aco_clinics_count Int64  anchor_clinic_id String  display_name String  is_ambiguous Boolean
    evidence String  weakest_edge String  num_owners Int64
""")
NETWORK_COLUMNS = typed("""
    clinic_id String  network_id String  network_name String  network_icp_score Float64  network_tier Int8
    network_tier_label String  is_network_anchor Boolean  num_clinics Int64
""")


@lru_cache(maxsize=1)
def clinics_of(seed: int) -> list[Row]:
    """The random clinics of a batch, the same at every call."""
    return random_clinics(SIZE if seed in SEEDS else FEW, Random(seed))


def frame_of(clinics: list[Row]) -> pl.DataFrame:
    """Scored clinics as grouping reads them."""
    schema = {name: SCHEMA[name] for name in network_inputs(CARD)}
    return pl.DataFrame({name: [clinic.get(name) for clinic in clinics] for name in schema}, schema)


def engine(frame: pl.DataFrame, options: NetworkOptions, threads: int = 2) -> tuple[Networks, pl.DataFrame]:
    """What the engine finds, and the candidates that it looked at."""
    named = frame.with_columns(normalized_name(pl.col("account_name")).alias("normalized_name"))
    with database(threads=threads, memory_limit=1 << 30) as db:
        return find_networks(db, named, CARD, options), db.frame("from network_candidates")


def options_of(settings: Settings, folder: Path) -> NetworkOptions:
    """The settings of the oracle as the engine takes them, files included."""
    given = {name: getattr(settings, name) for name in ("min_clinics", "min_states", "min_single_state", "mean")}
    if settings.excluded:
        given["exclude_names"] = str(folder / "names.txt")
        (folder / "names.txt").write_text("\n".join(settings.excluded), encoding="utf-8")
    if settings.overrides:
        given["overrides"] = str(folder / "overrides.csv")
        rows = [(clinic, name, str(anchor)) for clinic, (name, anchor) in settings.overrides.items()]
        pl.DataFrame(rows, ["clinic_id", "network_name", "is_anchor"], orient="row").write_csv(given["overrides"])
    return NetworkOptions(**given, grouping="exact")


def assert_agree(clinics: list[Row], settings: Settings, folder: Path) -> Networks:
    found, _ = engine(frame_of(clinics), options_of(settings, folder))
    networks, columns = oracle.group(clinics, settings)
    rows = found.networks.rows(named=True)
    pairs = [(row, due) for row, due in zip(rows, networks, strict=False) if row != due]
    wrong = [{name: (row[name], due[name]) for name in due if row[name] != due[name]} for row, due in pairs[:SHOWN]]
    assert not wrong, f"{len(pairs)} networks differ (engine, oracle): {wrong}"
    assert len(rows) == len(networks)
    assert {row.pop("clinic_id"): row for row in found.columns.rows(named=True)} == columns
    assert len(found.columns) == len(columns)
    return found


# ---------------------------------------------------------------- the oracle


@pytest.mark.parametrize("seed", SEEDS)
def test_engine_equals_oracle(seed: int, tmp_path: Path) -> None:
    found = assert_agree(clinics_of(seed), DEFAULT, tmp_path)
    assert found.networks.schema == NETWORKS_ICP
    assert found.columns.schema == NETWORK_COLUMNS
    assert set(found.networks["network_icp_tier"]) == {1, 2, 3}
    assert set(found.networks["network_icp_segment"]) == {"A", "B", "C"}
    assert found.networks["is_ambiguous"].sum() > 500
    assert found.networks["num_clinics"].max() > 500
    assert found.why_none is None


@pytest.mark.parametrize("case", OTHERS)
def test_engine_equals_oracle_under_other_settings(case: str, tmp_path: Path) -> None:
    networks = assert_agree(clinics_of(6), OTHERS[case], tmp_path).networks
    plain, _ = oracle.group(clinics_of(6), DEFAULT)
    assert networks.rows(named=True) != plain
    assert len(networks) > (2 if case == "many states" else 200)


def test_oracle_normalises_as_the_engine_does() -> None:
    names = sorted({clinic["account_name"] for seed in (1, 2) for clinic in clinics_of(seed)} - {None})
    ours = pl.DataFrame({"name": names}).select(normalized_name(pl.col("name"))).to_series()
    assert ours.to_list() == [oracle.normalised(name) for name in names]


@pytest.mark.parametrize("case", ["default", "median", "overrides"])
def test_rows_and_threads_change_nothing(case: str, tmp_path: Path) -> None:
    options = options_of({"default": DEFAULT, **OTHERS}[case], tmp_path)
    clinics = list(clinics_of(6))
    first, first_candidates = engine(frame_of(clinics), options)
    for threads, order in ((1, 8), (2, 9), (4, 10)):
        Random(order).shuffle(clinics)
        again, candidates = engine(frame_of(clinics), options, threads)
        assert_frame_equal(again.networks, first.networks, abs_tol=0, rel_tol=0)
        assert_frame_equal(again.columns.sort("clinic_id"), first.columns.sort("clinic_id"), abs_tol=0, rel_tol=0)
        assert_frame_equal(candidates, first_candidates)


# ---------------------------------------------------------------- case by case


def clinic(name: str | None, state: str | None = "TX", **other: Any) -> Row:
    """A scored clinic; its id is missing unless given."""
    scores = dict.fromkeys(oracle.SCORES, 10.0)
    return {"account_name": name, "state_code": state, "icp_total_score": 60.0, "icp_segment": "C", **scores, **other}


def small(clinics: list[Row], folder: Path, lines: str = "", **settings: Any) -> tuple[Networks, pl.DataFrame]:
    """Group a few clinics, named c0, c1, ... in their order unless they have an id; `lines` are overrides."""
    if lines:
        settings["overrides"] = str(folder / "o.csv")
        (folder / "o.csv").write_text(f"clinic_id,network_name,is_anchor\n{lines}", encoding="utf-8")
    rows = [{"clinic_id": f"c{number}", **row} for number, row in enumerate(clinics)]
    return engine(frame_of(rows), NetworkOptions(**settings, grouping="exact"))


def only(clinics: list[Row], folder: Path, lines: str = "", **settings: Any) -> Row:
    """The one network of a few clinics."""
    found, _ = small(clinics, folder, lines, **settings)
    return found.networks.row(0, named=True) if len(found.networks) == 1 else pytest.fail(f"{found.networks}")


PAIR = [clinic("A"), clinic("A", "CA")]


@pytest.mark.parametrize(
    ("names", "states", "settings", "due"),  # due: members, states, ambiguous
    [
        ("A", "TX", {}, None),
        ("A A", "TX TX", {}, None),
        ("A A", "TX CA", {}, (2, 2, True)),
        ("A A", "TX ?", {}, None),
        ("A A", "? ?", {}, None),
        ("A A A", "TX TX TX", {}, (3, 1, False)),
        ("A A A", "TX TX CA", {}, (3, 2, False)),
        ("A A A", "TX ? ?", {}, (3, 1, False)),
        ("A A A", "? ? ?", {}, (3, 0, False)),
        ("A A B", "TX TX CA", {}, None),
        ("A a Å", "TX TX CA", {}, None),
        ("A A,_Inc. a_llc", "TX TX TX", {}, (3, 1, False)),
        ("? ? ?", "TX CA NY", {}, None),
        ("- ! ...", "TX CA NY", {}, None),
        ("A A", "TX CA", {"min_clinics": 3}, None),
        ("A A A", "TX CA CA", {"min_clinics": 3}, (3, 2, False)),
        ("A A A", "TX CA CA", {"min_states": 3, "min_single_state": 4}, None),
        ("A A", "TX TX", {"min_single_state": 2}, (2, 1, False)),
        ("A A", "TX TX", {"min_states": 1}, (2, 1, False)),
        ("A A", "? ?", {"min_states": 1}, None),
    ],
)
def test_rules(names: str, states: str, settings: Row, due: tuple[int, int, bool] | None, tmp_path: Path) -> None:
    known = [[None if part == "?" else part.replace("_", " ") for part in text.split()] for text in (names, states)]
    found, _ = small([clinic(*one) for one in zip(*known, strict=True)], tmp_path, **settings)
    rows = found.networks.select("num_clinics", "num_states", "is_ambiguous").rows()
    assert rows == ([due] if due else [])
    assert len(found.columns) == (due[0] if due else 0)


@pytest.mark.parametrize(
    ("row", "other", "due"),  # the anchor, given the ids b and a
    [
        ({"icp_total_score": 60.01}, {}, "b"),
        ({"npi_count": 2}, {"npi_count": 1}, "b"),
        ({"npi_count": 0}, {"npi_count": None}, "b"),
        ({"npi_count": 10}, {"npi_count": 9}, "b"),
        ({"icp_total_score": 60.0}, {"icp_total_score": 60.01, "npi_count": 1}, "a"),
        ({"npi_count": 3}, {"npi_count": 3}, "a"),
        ({}, {}, "a"),
    ],
)
def test_anchor(row: Row, other: Row, due: str, tmp_path: Path) -> None:
    clinics = [clinic("A", clinic_id="b", **row), clinic("A", "CA", clinic_id="a", **other)]
    assert only(clinics, tmp_path)["anchor_clinic_id"] == due


@pytest.mark.parametrize(("segments", "due"), [("CCBA", "C"), ("CB", "B"), ("CAB", "A"), ("CBBAA", "A"), ("CCBB", "B")])
def test_segment(segments: str, due: str, tmp_path: Path) -> None:
    clinics = [clinic("A", state, icp_segment=segment) for state, segment in zip(oracle.STATES, segments, strict=False)]
    assert only(clinics, tmp_path)["network_icp_segment"] == due


@pytest.mark.parametrize(
    ("mean", "members", "due"),  # fit and sites of each member; the fit of the network
    [
        ("weighted", [(10.0, 3), (20.0, 1)], 12.5),
        ("weighted", [(10.0, 0), (20.0, None)], 15.0),
        ("weighted", [(10.0, -5), (20.0, 3)], 17.5),
        ("weighted", [(0.01, 1), (0.02, 1)], 0.02),
        ("weighted", [(0.02, 1), (0.03, 1)], 0.02),
        ("weighted", [(0.03, 1), (0.04, 1)], 0.04),
        ("weighted", [(0.0, 2), (0.01, 1)], 0.0),
        ("weighted", [(2.0, 100_000), (8.0, 1)], 2.0),
        ("median", [(10.0, 9), (20.0, 1)], 15.0),
        ("median", [(10.0, 9), (20.0, 1), (11.0, 1)], 11.0),
        ("median", [(0.02, 1), (0.03, 1)], 0.02),
    ],
)
def test_mean(mean: str, members: list[tuple[float, int | None]], due: float, tmp_path: Path) -> None:
    both = zip(oracle.STATES, members, strict=False)
    clinics = [clinic("A", state, icp_fit_score=fit, site_count=sites) for state, (fit, sites) in both]
    assert only(clinics, tmp_path, mean=mean)["network_icp_fit_score"] == due


def test_total_is_rounded_once_and_decides_the_tier(tmp_path: Path) -> None:
    apart = [clinic("A", s, **dict.fromkeys(oracle.SCORES, one)) for s, one in (("TX", 0.02), ("CA", 0.03))]
    row = only(apart, tmp_path)
    assert (row["network_icp_fit_score"], row["network_icp_total_score"]) == (0.02, 0.15)
    for fit, pain, tier in ((20.0, 10.0, 1), (19.99, 10.0, 2), (0.0, 10.0, 2), (0.0, 9.99, 3)):
        edges = [clinic("A", s, icp_fit_score=fit, icp_pain_score=pain) for s in ("TX", "CA")]
        assert only(edges, tmp_path)["network_icp_tier"] == tier


def test_columns_of_a_network(tmp_path: Path) -> None:
    known = {"npi_count": 4, "site_count": 0, "fqhc_flag": True, "aco_member": False, "icp_total_score": 60.01}
    clinics = [clinic("Acme Inc", "TX", **known), clinic("ACME", "AK", fqhc_flag=True), clinic("acme", None)]
    row = only(clinics, tmp_path)
    due = {"states_covered": "AK,TX", "num_states": 2, "total_npi_count": 4, "total_site_count": 0}
    due |= {"fqhc_clinics_count": 2, "aco_clinics_count": 0, "avg_clinic_icp_score": 60.0, "display_name": "ACME"}
    assert {name: row[name] for name in due} == due
    nothing = only([clinic("Acme", None), clinic("Acme, Inc.", None), clinic("Acme, Inc.", None)], tmp_path)
    due = {"states_covered": None, "num_states": 0, "total_npi_count": None, "total_site_count": None}
    due |= {"fqhc_clinics_count": 0, "aco_clinics_count": 0, "display_name": "Acme, Inc."}
    assert {name: nothing[name] for name in due} == due


def test_ids_names_and_order_of_networks(tmp_path: Path) -> None:
    ends = (("TX", ", Inc."), ("CA", ""))
    names = {"Christiana Care Health Services": 10.0, "B": 10.0, "C": 10.0, "D": 10.0, "E": 11.0}
    clinics = [clinic(name + end, s, icp_fit_score=fit) for name, fit in names.items() for s, end in ends]
    found, _ = small(clinics, tmp_path)
    first, *others = found.networks.select("network_name", "network_id").rows()
    assert first[0] == "e"
    assert ("christiana care health services", "net_ebac5a35e974") in others
    assert others == sorted(others, key=lambda row: row[1])


# ---------------------------------------------------------------- candidates, and why there is nothing

TWO_STATES = "fewer than 2 states and fewer than 3 clinics"


def test_candidates_say_what_kept_names_apart(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text("Generic Clinic, LLC\n\n  \n!\ngeneric   clinic\n", encoding="utf-8")
    clinics = [*PAIR, clinic("B"), clinic("B"), clinic("C"), clinic(None), clinic(None, "CA")]
    clinics += [clinic("Generic Clinic"), clinic("Generic Clinic", "CA")]
    found, candidates = small(clinics, tmp_path, exclude_names=str(tmp_path / "n.txt"))
    assert candidates.rows() == [
        ("a", 2, 2, True, None),
        ("b", 2, 1, False, TWO_STATES),
        ("generic clinic", 2, 2, False, "excluded name"),
    ]
    assert candidates.columns == ["network_name", "num_clinics", "num_states", "is_grouped", "kept_apart_by"]
    assert found.excluded["normalized_name"].to_list() == ["generic clinic"]
    found, candidates = small(clinics, tmp_path, min_clinics=4, min_states=5, min_single_state=6)
    assert set(candidates["kept_apart_by"]) == {"fewer than 4 clinics"}
    _, candidates = small(clinics, tmp_path, min_states=5, min_single_state=6)
    assert set(candidates["kept_apart_by"]) == {"fewer than 5 states and fewer than 6 clinics"}


def test_why_there_is_no_network(tmp_path: Path) -> None:
    nothing, _ = small([clinic("A"), clinic("B"), clinic(None), clinic(None)], tmp_path)
    assert str(nothing.why_none).startswith("No network: no two clinics share an organisation name (")
    apart, _ = small([clinic(name) for name in "AABB"], tmp_path)
    assert str(apart.why_none).startswith("No network: 2 shared names, kept apart by the rules")
    assert (nothing.shared_names, apart.shared_names) == (0, 2)
    assert (nothing.networks.schema, nothing.columns.schema) == (NETWORKS_ICP, NETWORK_COLUMNS)
    assert small(PAIR, tmp_path)[0].why_none is None


# ---------------------------------------------------------------- overrides

FOUR = [clinic("A"), clinic("A", "CA"), clinic("B", "WA"), clinic("B", "WA")]  # a is a network, b is kept apart


@pytest.mark.parametrize(
    ("lines", "due"),
    [
        ("c2,A,", {"a": ["c0", "c1", "c2"]}),
        ('c2,"a, Inc.",no', {"a": ["c0", "c1", "c2"]}),
        ("c0,,", {}),
        ("c0,,false\nc3,A,", {"a": ["c1", "c3"]}),
        ("c2,Mine,", {"a": ["c0", "c1"], "mine": ["c2"]}),
        ("c0,Mine LLC,\nc2,mine,", {"mine": ["c0", "c2"]}),
        ("c2,B,\nc3,B,", {"a": ["c0", "c1"], "b": ["c2", "c3"]}),
        ("c2,B,", {"a": ["c0", "c1"], "b": ["c2"]}),
        ("c0,B,", {"b": ["c0", "c2", "c3"]}),
        pytest.param("c2,A,\n\n", {"a": ["c0", "c1", "c2"]}, id="blank line at the end"),
        pytest.param(" c2 ,A,", {"a": ["c0", "c1", "c2"]}, id="blanks around the id"),
        pytest.param("c2\u00a0\u200b,A,", {"a": ["c0", "c1", "c2"]}, id="blanks that are not seen around the id"),
    ],
)
def test_overrides(lines: str, due: dict[str, list[str]], tmp_path: Path) -> None:
    found, candidates = small(FOUR, tmp_path, lines)
    members = found.columns.sort("clinic_id").group_by("network_name").agg("clinic_id")
    assert dict(members.rows()) == due
    assert set(candidates.filter("is_grouped")["network_name"]) == set(due)


def test_overrides_choose_the_anchor_and_hold_against_excluded_names(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text("a\n", encoding="utf-8")
    better = [*PAIR, clinic("C", icp_total_score=99.0)]
    for word in ("true", " TRUE ", "1", "yes", "Y", "t"):
        assert only(better, tmp_path, f"c1,A,{word}\nc2,A,0\n")["anchor_clinic_id"] == "c1"
    assert only(better, tmp_path, "c2,A,\n")["anchor_clinic_id"] == "c2"
    row = only(better, tmp_path, "c1,A,", exclude_names=str(tmp_path / "n.txt"))
    assert (row["num_clinics"], row["anchor_clinic_id"], row["is_ambiguous"]) == (1, "c1", False)
    pl.DataFrame({"clinic_id": [12.0], "network_name": ["A"], "is_anchor": [True]}).write_parquet(
        tmp_path / "o.parquet"
    )
    row = only([*PAIR, clinic("C", clinic_id="12")], tmp_path, overrides=str(tmp_path / "o.parquet"))
    assert (row["num_clinics"], row["anchor_clinic_id"]) == (3, "12")
    zeros = [*PAIR, clinic("C", clinic_id="007"), clinic("D", clinic_id="7")]
    assert only(zeros, tmp_path, " 007,A,1")["anchor_clinic_id"] == "007"
    assert only(zeros, tmp_path, "7.0,A,1")["anchor_clinic_id"] == "7"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"clinic_id,network_name\nc9,A\n", r"names clinic 'c9', which the extract does not have"),
        (b"clinic_id,network_name,is_anchor\nc0,A,1\nc1,a inc,1\n", r"network 'a' two anchors, c0 and c1; keep one"),
        (b"clinic_id,network_name\nc0,A\nc0,B\n", r"names clinic 'c0' more than once; keep one line"),
        (b"clinic_id,network_name\nc0,A\n c0,B\n", r"names clinic 'c0' more than once; keep one line"),
        (b"clinic_id,network_name,is_anchor\nc0,,yes\n", r"makes clinic 'c0' an anchor without a network_name"),
        (b"Clinic ID,network_name\nc0,A\n", r"no column 'clinic_id' \(did you mean 'Clinic ID'\?\); over"),
        (b"clinic_id,networkname\nc0,A\n", r"no column 'network_name' \(did you mean 'networkname'\?\)"),
        (b"clinic_id\nc0\n", r"no column 'network_name' among 'clinic_id'; overrides need it"),
        (b"clinic_id;network_name\nc0;A\n", r"no column 'clinic_id' among 'clinic_id;network_name'; overrides need"),
        (b"clinic_id,network_name\nc0,net_ebac5a35e974\n", r"'net_ebac5a35e974' is the id of a network; write its nam"),
        (b"clinic_id,network_name,is_anchor\nc0,A,maybe\n", r"is_anchor is 'maybe' somewhere; write true or false"),
        (b"", r"--network-overrides .*o\.csv cannot be read"),
        (b"clinic_id,network_name\nc0,A,1,2\n", r"--network-overrides .*o\.csv cannot be read"),
        (b"clinic_id,network_name\nc0,\xff\xfe\n", r"--network-overrides .*o\.csv cannot be read"),
        (None, r"--network-overrides .*o\.csv cannot be read"),
        pytest.param(b"clinic_id,network_name\n,A\n", "clinic_id"),
        pytest.param(b"clinic_id,network_name\nc0,!!!\n", "network_name"),
        (b"clinic_id,network_name\nc0,\nc1,NA\n", r"network_name 'NA' is no name; leave it blank for no network"),
        (b"clinic_id,network_name\nc0, None \nc1,A\n", r"network_name 'None' is no name; leave it blank"),
        (b"clinic_id,network_name\nc0,n/a\n", r"network_name 'n/a' is no name; leave it blank for no network"),
    ],
)
def test_overrides_that_cannot_be_used(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        small(PAIR, tmp_path, overrides=str(path))


def test_names_to_exclude_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Clínica".encode("latin-1"))
    for name in ("latin.txt", "none.txt", "."):
        with pytest.raises(InputError, match=r"--exclude-names .* (cannot be read as UTF-8 text|does not exist)"):
            small(PAIR, tmp_path, exclude_names=str(tmp_path / name))


def test_columns_of_networks_have_names_of_their_own() -> None:
    for name in ("icp", "icp-2025-11", "rula"):
        check_names(icp_engine.load_scorecard(name))
    check_names(replace(CARD, prefix="own", categories=CARD.categories[1:], network_tiers=()))
    first = replace(CARD.categories[0], column="name")
    for other in ({"named_columns": {"tier_label": "id"}}, {"categories": (first, *CARD.categories[1:])}):
        with pytest.raises(InputError, match=r"^Scorecard icp makes two columns called 'network_(id|name)' where"):
            check_names(replace(CARD, **other))


# ---------------------------------------------------------------- real names

NPPES = {
    "clinic_id": "NPI",
    "account_name": "Provider Organization Name (Legal Business Name)",
    "state_code": "Provider Business Practice Location Address State Name",
    "parent": "Parent Organization LBN",
}


def test_real_names(shared_data: Path) -> None:
    path = shared_data / "nppes" / "npidata_weekly_20240101-20240211_type2.csv"
    raw = pl.scan_csv(path, infer_schema=False).select(pl.col(there).alias(here) for here, there in NPPES.items())
    scored = icp_engine.score(raw, CARD).collect()
    unknown = [name for name in network_inputs(CARD) if name not in scored.columns]
    scored = scored.with_columns(pl.lit(None, SCHEMA[name]).alias(name) for name in unknown)
    assert len(scored) == 28_611
    found, candidates = engine(scored.select(network_inputs(CARD)), NetworkOptions(grouping="exact"))
    networks, columns = oracle.group(scored.rows(named=True), DEFAULT)
    assert found.networks.rows(named=True) == networks
    assert len(found.columns) == len(columns)
    by_name = {row["network_name"]: row for row in networks}
    genoa, winter = by_name["genoa healthcare"], by_name["1918 winter street operating"]
    assert (genoa["num_clinics"], genoa["num_states"], genoa["display_name"]) == (734, 48, "GENOA HEALTHCARE LLC")
    assert (winter["num_clinics"], winter["states_covered"]) == (327, "NH")
    assert {"wegmans food markets", "walgreen", "total renal care"} < by_name.keys()
    assert set(candidates["kept_apart_by"]) == {None, TWO_STATES}
    assert (len(networks), len(candidates)) == (790, 1533)

    # Organisations of one parent under one name belong together: all of them land in one network but pairs in a state.
    parent, name = (normalized_name(pl.col(one)).alias(one) for one in ("parent", "account_name"))
    members = scored.select("clinic_id", "state_code", parent, name).drop_nulls("parent")
    members = members.join(found.columns, on="clinic_id", how="left")
    one_network = (pl.col("network_id").n_unique() == 1) & pl.col("network_id").is_not_null().all()
    families = members.group_by("parent", "account_name").agg(pl.len(), one_network, pl.col("state_code").n_unique())
    families = families.filter(pl.col("len") > 1)
    apart = families.filter(~pl.col("network_id"))
    assert apart["len"].unique().to_list() == [2]
    assert apart["state_code"].unique().to_list() == [1]
    assert families["network_id"].mean() > 0.75
