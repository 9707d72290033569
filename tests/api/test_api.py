"""What a server answers: every parameter and every error, against the published rows and plain Python."""

import csv
import gzip
import io
import json
import math
import random
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import oracle
import polars as pl
import pytest
from conftest import BEST
from frozen import shipped_version
from serving import Server, escaped, served

from icp_engine.api.app import Application
from icp_engine.api.current import Current
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.explain import explain_clinic
from icp_engine.published.run import open_run
from icp_engine.scoring.explanation import bibliography_content

Row = dict[str, Any]
ODD_IDS = (
    "a/b", "/a", "a//b", "a/", "../x", "..", "100%", "%2F", "ü", "İ", "o'brien", 'quo"te', "a b", "a?b=c", "a#b",
    "a&b", "a;b", "' or 1=1 --", "\\", "🦷", "clinics", "x" * 10_000, "a\tb", "a\nb",
)  # fmt: skip
ODD_NAMES = (
    "100% Care_Group, Inc.", "O'Brien \"Best\" Care", "ÉCOLE de SANTÉ", "<script>alert(1)</script>", "=1+1", None, " ",
    "Zwei\nZeilen, mit Komma",
)  # fmt: skip
SCORES = ["icp_fit_score", "icp_pain_score", "icp_compliance_score", "icp_propensity_score", "icp_scale_score"]
SCORES.append("icp_segment_score")
NETWORK = ["network_id", "network_name", "network_icp_score", "network_tier", "network_tier_label"]
NETWORK += ["is_network_anchor", "num_clinics"]
HEAD = ["clinic_id", "account_name", "state_code", "segment_label", "icp_total_score", "icp_tier", "icp_tier_label"]
HEAD.append("icp_segment")
COUNTS = ["npi_count", "site_count", "bene_count", "allowed_amt"]
RANKS = ["icp_rank", "icp_percentile", "icp_tie_size"]
HIDDEN = ["icp_coverage", "icp_score_floor", "icp_score_ceiling", "icp_tier_certain"]
COLUMNS = [*HEAD, *SCORES, *RANKS, *HIDDEN, *COUNTS, *NETWORK]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over clinics of all kinds, among them ids and names that are hard to write into a path or a page."""
    folder, rng, rows = tmp_path_factory.mktemp("api"), random.Random(11), []
    for number in range(700):
        row = {**oracle.random_typed_clinic(rng), "clinic_id": f"c{number:04}"}
        name = f"Family Group {int(rng.expovariate(0.02))}, Inc." if rng.random() < 0.8 else None
        rows.append(row | {"account_name": name, "state_code": rng.choice(["TX", "CA", "NY", "PR", None])})
    for number, clinic_id in enumerate(ODD_IDS):
        rows.append(
            {**BEST, "clinic_id": clinic_id, "account_name": ODD_NAMES[number % len(ODD_NAMES)], "state_code": "TX"}
        )
    names = sorted({name for row in rows for name in row})
    table = {name: [row.get(name) for row in rows] for name in names}
    pl.DataFrame(table, strict=False, infer_schema_length=None).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet", charts=False))
    return folder / "out"


@pytest.fixture(scope="module")
def server(warehouse: Path) -> Iterator[Server]:
    with served(warehouse) as one:
        yield one


@pytest.fixture(scope="module")
def clinics(warehouse: Path) -> list[Row]:
    """The published rows, in the order of the list, put there by plain Python."""
    rows = pl.read_parquet(warehouse / "clinics_icp.parquet").select(COLUMNS).to_dicts()
    return sorted(rows, key=lambda one: (-one["icp_total_score"], one["clinic_id"]))


@pytest.fixture(scope="module")
def networks(warehouse: Path) -> list[Row]:
    rows = pl.read_parquet(warehouse / "networks_icp.parquet").to_dicts()
    return sorted(rows, key=lambda one: (-one["network_icp_total_score"], one["network_id"]))


def sorted_by(rows: list[Row], key: str, column: str, direction: str) -> list[Row]:
    """Plain Python: by a column, missing last, then by id."""
    rows = sorted(rows, key=lambda one: str(one[key]))
    given = [row for row in rows if row[column] is not None]
    ordered = sorted(given, key=lambda one: one[column], reverse=direction == "desc")
    if direction == "desc":  # reversing keeps ties in order, as sorted promises
        assert [one[column] for one in ordered] == sorted((one[column] for one in given), reverse=True)
    return ordered + [row for row in rows if row[column] is None]


def test_the_first_page_is_the_best_clinics(server: Server, clinics: list[Row]) -> None:
    found = server.get("/icp/clinics").json
    assert list(found) == ["total", "limit", "offset", "clinics"]
    assert (found["total"], found["limit"], found["offset"]) == (len(clinics), 100, 0)
    assert found["clinics"] == clinics[:100]
    assert list(found["clinics"][0]) == COLUMNS


CLINIC_FILTERS: list[tuple[dict[str, Any], Callable[[Row], bool]]] = [
    ({"tier": "1"}, lambda one: one["icp_tier"] == 1),
    ({"tier": "2"}, lambda one: one["icp_tier"] == 2),
    ({"tier": "3,1"}, lambda one: one["icp_tier"] in (1, 3)),
    ({"tier": " 1 , 2"}, lambda one: one["icp_tier"] in (1, 2)),
    ({"segment": "B"}, lambda one: one["icp_segment"] == "B"),
    ({"segment": "a,C"}, lambda one: one["icp_segment"] in ("A", "C")),
    ({"state": "TX"}, lambda one: one["state_code"] == "TX"),
    ({"state": "ny"}, lambda one: one["state_code"] == "NY"),
    ({"state": "ZZ"}, lambda _: False),
    ({"min_score": "0"}, lambda _: True),
    ({"min_score": "-3"}, lambda _: True),
    ({"min_score": "101"}, lambda _: False),
    ({"q": "group"}, lambda one: "group" in (one["account_name"] or "").lower()),
    ({"q": "GROUP fam"}, lambda one: "family group" in (one["account_name"] or "").lower()),
    ({"q": "  inc.   12 "}, lambda one: all(word in (one["account_name"] or "").lower() for word in ("inc.", "12"))),
    ({"q": "100%"}, lambda one: "100%" in (one["account_name"] or "")),
    ({"q": "%"}, lambda one: "%" in (one["account_name"] or "")),
    ({"q": "_"}, lambda one: "_" in (one["account_name"] or "")),
    ({"q": "o'b"}, lambda one: "O'B" in (one["account_name"] or "")),
    ({"q": '"best"'}, lambda one: '"Best"' in (one["account_name"] or "")),
    ({"q": "école SANTÉ"}, lambda one: "ÉCOLE" in (one["account_name"] or "")),
    ({"q": "."}, lambda one: "." in (one["account_name"] or "")),
    ({"q": ".*"}, lambda _: False),
    ({"q": ""}, lambda _: True),
    ({"q": "   "}, lambda _: True),
    ({"network_id": "net_000000000000"}, lambda _: False),
    ({"network_id": "' or 1=1 --"}, lambda _: False),
    ({"network_id": "x" * 10_000}, lambda _: False),
    (
        {"tier": "1,2", "segment": "A", "state": "tx", "min_score": "55.5", "q": "a"},
        lambda one: one["icp_tier"] in (1, 2) and one["icp_segment"] == "A" and one["state_code"] == "TX"
        and one["icp_total_score"] >= 55.5 and "a" in (one["account_name"] or "").lower(),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "holds"), CLINIC_FILTERS, ids=lambda one: "" if callable(one) else str(one)[:40])
def test_clinics_filtered(
    server: Server, clinics: list[Row], asked: dict[str, Any], holds: Callable[[Row], bool]
) -> None:
    answer = server.get("/icp/clinics", limit=10_000, **asked)
    wanted = [clinic for clinic in clinics if holds(clinic)]
    assert answer.json["clinics"] == wanted
    assert answer.json["total"] == int(answer.headers["x-total-count"]) == len(wanted)


def test_the_edge_of_min_score_is_a_score_that_somebody_has(server: Server, clinics: list[Row]) -> None:
    edge = clinics[len(clinics) // 2]["icp_total_score"]
    for least in (edge - 0.01, edge, edge + 0.01):
        wanted = [clinic["clinic_id"] for clinic in clinics if clinic["icp_total_score"] >= least]
        found = server.get("/icp/clinics", min_score=least, limit=10_000).json["clinics"]
        assert [match["clinic_id"] for match in found] == wanted


def test_clinics_of_a_network(server: Server, clinics: list[Row], networks: list[Row]) -> None:
    for network in networks[:5]:
        found = server.get("/icp/clinics", network_id=network["network_id"]).json
        assert found["clinics"] == [row for row in clinics if row["network_id"] == network["network_id"]]
        assert found["total"] == network["num_clinics"]


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("column", COLUMNS)
def test_clinics_sorted(server: Server, clinics: list[Row], column: str, direction: str) -> None:
    found = server.get("/icp/clinics", sort_by=column, sort_dir=direction, limit=10_000).json["clinics"]
    assert found == sorted_by(clinics, "clinic_id", column, direction)


def test_clinics_filtered_and_sorted(server: Server, clinics: list[Row]) -> None:
    found = server.get("/icp/clinics", sort_by="npi_count", state="TX", limit=40, offset=7).json
    wanted = sorted_by([clinic for clinic in clinics if clinic["state_code"] == "TX"], "clinic_id", "npi_count", "desc")
    assert found["clinics"] == wanted[7:47]
    assert found["total"] == len(wanted)


@pytest.mark.parametrize("asked", [{}, {"tier": "2,3"}, {"sort_by": "account_name", "sort_dir": "asc"}], ids=str)
def test_pages_make_the_whole(server: Server, asked: dict[str, str]) -> None:
    whole = server.get("/icp/clinics", limit=10_000, **asked).json["clinics"]
    pages = [
        server.get("/icp/clinics", limit=97, offset=start, **asked).json for start in range(0, len(whole) + 97, 97)
    ]
    assert [one for page in pages for one in page["clinics"]] == whole
    assert {page["total"] for page in pages} == {len(whole)}


@pytest.mark.parametrize(
    ("limit", "offset", "rows"),
    [("0", "0", 0), ("1", "0", 1), ("10000", "0", None), ("5", "1000000000", 0), ("1", "723", 1), ("1", "724", 0)],
)
def test_limits_and_offsets(server: Server, clinics: list[Row], limit: str, offset: str, rows: int | None) -> None:
    found = server.get("/icp/clinics", limit=limit, offset=offset).json
    assert len(found["clinics"]) == (len(clinics) if rows is None else rows)
    assert (found["total"], found["limit"], found["offset"]) == (len(clinics), int(limit), int(offset))


NETWORK_FILTERS: list[tuple[dict[str, Any], Callable[[Row], bool]]] = [
    ({}, lambda _: True),
    ({"tier": "1"}, lambda one: one["network_icp_tier"] == 1),
    ({"tier": "2,3"}, lambda one: one["network_icp_tier"] in (2, 3)),
    ({"segment": "c"}, lambda one: one["network_icp_segment"] == "C"),
    ({"min_clinics": "5"}, lambda one: one["num_clinics"] >= 5),
    ({"min_clinics": "0"}, lambda _: True),
    ({"min_clinics": "1000000000"}, lambda _: False),
    ({"min_states": "3"}, lambda one: one["num_states"] >= 3),
    ({"min_score": "40"}, lambda one: one["network_icp_total_score"] >= 40),
    ({"state": "tx"}, lambda one: "TX" in (one["states_covered"] or "").split(",")),
    ({"state": "ZZ"}, lambda _: False),
    ({"q": "FAMILY 1"}, lambda one: all(word in one["network_name"] for word in ("family", "1"))),
    ({"q": "%"}, lambda one: "%" in (one["display_name"] or "")),
    ({"q": ", inc."}, lambda one: ", Inc." in (one["display_name"] or "")),
    ({"state": "CA", "tier": "3", "min_clinics": "3"}, lambda one: one["network_icp_tier"] == 3 and
     one["num_clinics"] >= 3 and "CA" in (one["states_covered"] or "").split(",")),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "holds"), NETWORK_FILTERS, ids=lambda one: "" if callable(one) else str(one)[:40])
def test_networks_filtered(server: Server, networks: list[Row], asked: Row, holds: Callable[[Row], bool]) -> None:
    found = server.get("/icp/networks", limit=10_000, **asked).json
    wanted = [network for network in networks if holds(network)]
    assert list(found) == ["total", "returned", "networks", "filters_applied"]
    assert found["networks"] == wanted
    assert found["total"] == found["returned"] == len(wanted)


def test_filters_applied_repeats_every_filter(server: Server) -> None:
    nothing = dict.fromkeys(("tier", "segment", "min_clinics", "min_states", "min_score", "state", "q"))
    assert server.get("/icp/networks").json["filters_applied"] == nothing
    asked = {
        "tier": "2,1",
        "segment": "b",
        "min_clinics": 3,
        "min_states": 0,
        "min_score": 1.5,
        "state": "tx",
        "q": "A b",
    }
    applied = {**asked, "tier": [1, 2], "segment": ["B"], "state": "TX"}
    assert server.get("/icp/networks", **asked).json["filters_applied"] == applied


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("column", ["num_clinics", "display_name", "total_npi_count", "states_covered", "is_ambiguous"])
def test_networks_sorted_and_paged(server: Server, networks: list[Row], column: str, direction: str) -> None:
    found = server.get("/icp/networks", sort_by=column, sort_dir=direction, limit=20, offset=5).json
    assert found["networks"] == sorted_by(networks, "network_id", column, direction)[5:25]
    assert (found["total"], found["returned"]) == (len(networks), 20)


def test_every_network_with_its_members(server: Server, clinics: list[Row], networks: list[Row]) -> None:
    for network in networks:
        found = server.get(f"/icp/networks/{network['network_id']}").json
        members = [row for row in clinics if row["network_id"] == network["network_id"]]
        members.sort(key=lambda row: not row["is_network_anchor"])
        shown = ["clinic_id", "account_name", "state_code", "icp_total_score", "icp_tier_label", "is_network_anchor"]
        assert found == network | {
            "former_id": None,
            "clinics": [{name: row[name] for name in shown} for row in members],
        }
        assert found["clinics"][0]["clinic_id"] == network["anchor_clinic_id"]


def clinic_of(warehouse: Path, clinic_id: str) -> Row:
    """What the contract says of one clinic, from the row that `explain` reads from the Parquet files."""
    run = open_run(warehouse)
    why = explain_clinic(run, clinic_id)
    row = run.table("clinics_icp").filter(pl.col("clinic_id") == clinic_id).collect().row(0, named=True)
    names = ("fit", "pain", "compliance_risk", "propensity_to_buy", "operational_scale")
    operational = [*COUNTS, "fqhc_flag", "aco_member", "pecos_enrolled"]
    described = {
        "A": "Behavioral Health / Home Health / Hospice",
        "B": "FQHC / Rural Health / HRSA Grantee",
        "C": "Multi-Specialty / Growth / PE-Backed",
    }
    return {
        **{name: row[name] for name in HEAD[:4]},
        "icp_score": {
            "total": row["icp_total_score"],
            "breakdown": dict(zip((*names, "strategic_segment"), (row[score] for score in SCORES), strict=True)),
        },
        "tier": {"number": row["icp_tier"], "label": row["icp_tier_label"]},
        "segment": {"letter": row["icp_segment"], "description": described[row["icp_segment"]]},
        "operational_data": {name: row[name] for name in operational},
        "network": None if row["network_id"] is None else {name: row[name] for name in NETWORK},
        "bibliography": bibliography_content(why.bibliography),
        "sources": [],
    }


@pytest.mark.parametrize(
    "clinic_id", [*ODD_IDS, *(f"c{number:04}" for number in range(0, 700, 70))], ids=lambda one: one[:12]
)
def test_one_clinic(server: Server, warehouse: Path, clinic_id: str) -> None:
    found = server.get(f"/icp/clinic/{escaped(clinic_id)}")
    assert found.status == 200
    assert found.json == clinic_of(warehouse, clinic_id)
    points: dict[str, float] = {}
    for one in found.json["bibliography"]:
        points[one["score"]] = points.get(one["score"], 0) + one["points"]
    assert math.isclose(sum(points.values()), found.json["icp_score"]["total"], abs_tol=1e-6)


def test_what_is_not_known_is_null(server: Server, clinics: list[Row]) -> None:
    blank = next(clinic for clinic in clinics if clinic["npi_count"] is None and clinic["account_name"] is None)
    found = server.get(f"/icp/clinic/{blank['clinic_id']}").json
    assert found["account_name"] is None
    assert found["operational_data"]["npi_count"] is None
    assert found["network"] is None
    rows = server.get("/icp/clinics", limit=10_000).json["clinics"]  # whose reader refuses NaN
    assert "" not in [value for row in rows for value in row.values()]


def test_statistics(server: Server, clinics: list[Row], warehouse: Path) -> None:
    found = server.get("/icp/stats").json
    scores = [clinic["icp_total_score"] for clinic in clinics]
    assert list(found) == [
        "total_clinics", "score_distribution", "tier_distribution", "segment_distribution", "category_averages",
        "top_10_clinics", "data_quality",
    ]  # fmt: skip
    assert found["total_clinics"] == len(clinics)
    assert found["score_distribution"] == {
        "mean": pytest.approx(statistics.mean(scores), abs=0.006),
        "median": pytest.approx(statistics.median(scores)),
        "min": min(scores),
        "max": max(scores),
        "std": pytest.approx(statistics.stdev(scores), abs=0.006),
    }
    tiers = {"tier_1_hot": 1, "tier_2_qualified": 2, "tier_3_monitor": 3}
    assert found["tier_distribution"] == {
        name: sum(clinic["icp_tier"] == number for clinic in clinics) for name, number in tiers.items()
    }
    letters = ("segment_a_behavioral_home_health", "segment_b_fqhc_compliance", "segment_c_multi_specialty_growth")
    assert found["segment_distribution"] == {
        name: sum(clinic["icp_segment"] == letter for clinic in clinics)
        for name, letter in zip(letters, "ABC", strict=True)
    }
    categories = ("fit", "pain", "compliance_risk", "propensity_to_buy", "operational_scale", "strategic_segment")
    assert found["category_averages"] == {
        name: pytest.approx(statistics.mean(clinic[column] for clinic in clinics), abs=0.006)
        for name, column in zip(categories, SCORES, strict=True)
    }
    assert found["top_10_clinics"] == clinics[:10]
    quality = found["data_quality"]
    assert quality["distinct_scores"] == len(set(scores))
    assert quality["most_common_share"] == pytest.approx(max(map(scores.count, set(scores))) / len(scores))
    given = pl.read_parquet(warehouse / "clinics_icp.parquet")["npi_count"]
    assert quality["missing_share"]["npi_count"] == pytest.approx(given.null_count() / len(clinics))


def test_health(server: Server, clinics: list[Row], warehouse: Path) -> None:
    run_id = json.loads((warehouse / "run.json").read_text())["run_id"]
    answer = server.get("/health")
    assert answer.json == {
        "status": "ok", "run_id": run_id, "rows": len(clinics), "scorecard_id": "icp",
        "scorecard_version": shipped_version(), "detail": None,
    }  # fmt: skip
    assert answer.headers["x-icp-run"] == server.get("/icp/stats").headers["x-icp-run"] == run_id


BAD = [
    ("/icp/clinics", {"tier": "4"}, "tier takes one or more of 1, 2, 3, separated by commas, not '4'."),
    ("/icp/clinics", {"tier": "0"}, "tier takes"), ("/icp/clinics", {"tier": ""}, "tier takes"),
    ("/icp/clinics", {"tier": "1,"}, "tier takes"), ("/icp/clinics", {"tier": "1.0"}, "tier takes"),
    ("/icp/clinics", {"tier": "1; drop table clinics"}, "tier takes"),
    ("/icp/clinics", {"tier": "\uff11"}, "tier takes"),
    ("/icp/clinics", {"segment": "D"}, "segment takes one or more of A, B, C, separated by commas, not 'D'."),
    ("/icp/clinics", {"segment": "AB"}, "segment takes"), ("/icp/networks", {"segment": "' or ''='"}, "segment takes"),
    ("/icp/clinics", {"state": "Texas"}, "state takes two letters, not 'Texas'."),
    ("/icp/clinics", {"state": "T"}, "state takes"), ("/icp/clinics", {"state": "T1"}, "state takes"),
    ("/icp/clinics", {"state": ""}, "state takes"), ("/icp/clinics", {"state": "TX\n"}, "state takes"),
    ("/icp/clinics", {"state": "ÄÖ"}, "state takes"),
    ("/icp/clinics", {"min_score": "nan"}, "min_score takes a number, not 'nan'."),
    ("/icp/clinics", {"min_score": "inf"}, "min_score takes"),
    ("/icp/clinics", {"min_score": "1e999"}, "min_score takes"),
    ("/icp/clinics", {"min_score": "9" * 400}, "min_score takes a number, not '999"),
    ("/icp/clinics", {"min_score": "high"}, "min_score takes"),
    ("/icp/networks", {"min_score": "1 or 1=1"}, "min_score takes"),
    ("/icp/clinics", {"q": "x" * 501}, "q takes words, at most 500 characters, not 'xxx"),
    ("/icp/clinics", {"network_id": ""}, "network_id takes the id of a network, not ''."),
    ("/icp/clinics", {"limit": "-1"}, "limit takes a whole number from 0 to 10,000, not '-1'."),
    ("/icp/clinics", {"limit": "10001"}, "limit takes"), ("/icp/clinics", {"limit": "1.5"}, "limit takes"),
    ("/icp/clinics", {"limit": "9" * 5_000}, "limit takes"), ("/icp/networks", {"limit": "10001"}, "limit takes"),
    ("/icp/networks", {"limit": "-1"}, "limit takes"), ("/icp/clinics", {"offset": "-1"}, "offset takes"),
    ("/icp/clinics", {"offset": "1000000001"}, "offset takes"), ("/icp/networks", {"offset": "x"}, "offset takes"),
    ("/icp/clinics", {"sort_by": "npi_cuont"}, "sort_by takes a column of the rows, not 'npi_cuont' (did you mean"),
    ("/icp/clinics", {"sort_by": "num_states"}, "sort_by takes"), ("/icp/clinics", {"sort_by": ""}, "sort_by takes"),
    ("/icp/clinics", {"sort_by": "clinic_id; drop table clinics"}, "sort_by takes"),
    ("/icp/clinics", {"sort_by": "__icp_pattern"}, "sort_by takes"),
    ("/icp/networks", {"sort_by": "npi_count"}, "sort_by takes"),
    ("/icp/clinics", {"sort_dir": "up"}, "sort_dir takes asc or desc, not 'up'."),
    ("/icp/networks", {"sort_dir": "DESC"}, "sort_dir takes"),
    ("/icp/networks", {"tier": "x"}, "tier takes"), ("/icp/networks", {"state": "texas"}, "state takes"),
    ("/icp/networks", {"min_clinics": "-1"}, "min_clinics takes a whole number from 0, not '-1'."),
    ("/icp/networks", {"min_clinics": "two"}, "min_clinics takes"),
    ("/icp/networks", {"min_states": "1e3"}, "min_states takes"),
    ("/icp/networks", {"min_states": "99999999999999999999"}, "min_states takes"),
    ("/icp/clinics", {"min_scor": "60"}, "There is no parameter 'min_scor' (did you mean 'min_score'?)."),
    ("/icp/networks", {"network_id": "net_1"}, "There is no parameter 'network_id'."),
    ("/icp/clinics", {"min_clinics": "2"}, "There is no parameter 'min_clinics'"),
    ("/icp/stats", {"tier": "1"}, "There is no parameter 'tier'."),
    ("/icp/clinic/c0001", {"x": "1"}, "There is no parameter 'x'."),
    ("/icp/networks/net_1", {"x": "1"}, "There is no parameter 'x'."),
    ("/icp/clinics", {"x" * 9_000: "1"}, "There is no parameter 'xxx"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "asked", "said"), BAD, ids=lambda one: "" if callable(one) else str(one)[:40])
def test_a_bad_parameter_gets_one_sentence(server: Server, path: str, asked: dict[str, str], said: str) -> None:
    answer = server.get(path, **asked)
    assert answer.status == 422
    assert answer.detail.startswith(said)
    assert len(answer.detail) < 300


def test_two_bad_parameters_are_both_said(server: Server) -> None:
    detail = server.get("/icp/clinics", tier="9", limit="-1").detail
    assert "tier takes" in detail
    assert "limit takes" in detail


def test_a_parameter_given_twice_is_refused(server: Server) -> None:
    answer = server.get("/icp/clinics?tier=1&tier=2")
    assert answer.status == 422
    assert answer.detail == "tier is given twice; give it once, with commas where it takes several."


@pytest.mark.parametrize(
    "identifier",
    ["nobody", "C0001", "c0001 ", " c0001", "' or '1'='1", "c0001'; drop table clinics; --", "", "x" * 9_999,
     "x" * 30_000,
     "%00", "\x00", "../../etc/passwd", "a/b/c", "☃" * 100, "*", "c%", "_____"],
    ids=lambda one: f"{one[:20]!r} {len(one)}",
)  # fmt: skip
@pytest.mark.parametrize("path", ["/icp/clinic/", "/icp/networks/"])
def test_an_unknown_id_is_not_found(server: Server, path: str, identifier: str) -> None:
    answer = server.get(path + escaped(identifier))
    assert answer.status == 404
    assert answer.detail.startswith("There is no ")
    assert "etag" not in answer.headers
    assert server.get("/icp/clinics", limit=0).json["total"] == 724


@pytest.mark.parametrize("path", ["/nowhere", "/icp", "/icp/clinic", "/icp/clinics/", "/redoc", "/icp/nothing"])
def test_an_unknown_path_is_not_found(server: Server, path: str) -> None:
    answer = server.get(path)
    assert answer.status == 404
    assert answer.detail


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(server: Server, method: str) -> None:
    answer = server.get("/icp/clinics", method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("path", ["/icp/clinics?state=TX", "/icp/networks?q=family", "/icp/clinic/c0001", "/icp/stats"])
def test_an_answer_that_has_not_changed_is_not_sent_again(server: Server, path: str) -> None:
    first = server.get(path)
    tag = first.headers["etag"]
    assert server.get(path).headers["etag"] == tag
    for given in (tag, f'"other", {tag}'):
        again = server.get(path, {"If-None-Match": given})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["x-icp-run"] == first.headers["x-icp-run"]
    assert server.get(path, {"If-None-Match": '"other"'}).status == 200


def test_the_same_question_has_one_tag_and_another_has_another(server: Server) -> None:
    def tag(path: str, accept: str = "*/*") -> str:
        return server.get(path, {"Accept": accept}).headers["etag"]

    assert tag("/icp/clinics?limit=100&state=TX") == tag("/icp/clinics?state=TX")
    different = ["/icp/clinics", "/icp/clinics?tier=1", "/icp/clinics?tier=2", "/icp/clinics?offset=1", "/icp/networks"]
    different += ["/icp/clinic/c0001", "/icp/clinic/c0002", "/icp/stats"]
    assert len({tag(path) for path in different} | {tag("/icp/clinics", "text/csv")}) == len(different) + 1


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"), ("TEXT/CSV", "text/csv"), ("text/*", "text/csv"), ("text/csv, */*", "text/csv"),
        ("text/csv;q=0.9, application/json;q=0.5", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv;q=0", "application/json"), ("application/json, text/csv", "application/json"),
        ("*/*", "application/json"),
        ("image/png", "application/json"), ("text/csv;q=x", "application/json"), ("text/csv;q=nan", "application/json"),
        (";;,,=", "application/json"),
    ],
)  # fmt: skip
def test_the_form_is_what_accept_likes_best(server: Server, accept: str, kind: str) -> None:
    for path in ("/icp/clinics", "/icp/networks"):
        answer = server.get(path, {"Accept": accept})
        assert answer.headers["content-type"].split(";")[0] == kind
        assert "accept" in answer.headers["vary"].lower()


@pytest.mark.parametrize(("path", "name"), [("/icp/clinics", "clinics"), ("/icp/networks", "networks")])
def test_csv_says_the_same_as_json(server: Server, path: str, name: str) -> None:
    asked = {"limit": 10_000, "state": "TX"}
    as_json = server.get(path, **asked).json
    answer = server.get(path, {"Accept": "text/csv"}, **asked)
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert int(answer.headers["x-total-count"]) == as_json["total"] == len(rows)

    def plain(value: object) -> str:
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    assert rows == [{key: plain(value) for key, value in one.items()} for one in as_json[name]]
    assert server.get("/icp/stats", {"Accept": "text/csv"}).headers["content-type"] == "application/json"


def test_answers_are_compressed_for_who_reads_that(server: Server) -> None:
    plain = server.get("/icp/clinics")
    zipped = server.get("/icp/clinics", {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert len(zipped.body) < len(plain.body) / 4
    assert {"accept", "accept-encoding"} <= set(re.split(r",\s*", zipped.headers["vary"].lower()))


def test_every_answer_is_of_the_shape_that_the_document_says(server: Server, networks: list[Row]) -> None:
    jsonschema = pytest.importorskip("jsonschema_rs")
    document = server.get("/openapi.json").json
    paths = {
        "/icp/clinics": ["/icp/clinics?limit=10000"],
        "/icp/networks": ["/icp/networks?limit=10000"],
        "/icp/clinic/{clinic_id}": [
            f"/icp/clinic/{escaped(clinic_id)}" for clinic_id in (*ODD_IDS, "c0001", "c0333", "c0699")
        ],
        "/icp/networks/{network_id}": [f"/icp/networks/{network['network_id']}" for network in networks[:20]],
        "/icp/stats": ["/icp/stats"],
        "/health": ["/health"],
    }
    assert set(document["paths"]) == set(paths)
    for path, examples in paths.items():
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        # Exactly: nothing that the document does not name, and everything that it does.
        components = json.loads(json.dumps(document["components"]))
        for component in components["schemas"].values():
            if component.get("type") == "object":
                component["additionalProperties"] = False
        validator = jsonschema.validator_for(schema | {"components": components})
        for example in examples:
            validator.validate(server.get(example).json)


def test_many_at_once_get_what_one_gets(server: Server) -> None:
    from concurrent.futures import ThreadPoolExecutor

    paths = [f"/icp/clinic/c{number:04}" for number in range(0, 700, 7)]
    paths += [f"/icp/clinics?q=family+{number}&sort_by={COLUMNS[number % len(COLUMNS)]}" for number in range(50)]
    alone = [server.get(path).body for path in paths]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda path: server.get(path).body, paths)) == alone


def test_nothing_was_written(server: Server, warehouse: Path) -> None:
    assert server.process.poll() is None
    with duckdb.connect(str(warehouse / "icp.duckdb"), read_only=True) as connection:
        assert connection.sql("select count(*) from clinics").fetchall() == [(724,)]
    assert not list((warehouse / ".current").glob("*.wal"))


def test_the_document_says_what_a_token_is_for(tmp_path: Path) -> None:
    current = Current(tmp_path)
    assert "security" not in Application(current).openapi()["paths"]["/icp/stats"]["get"]
    document = Application(current, "secret").openapi()
    assert document["paths"]["/icp/stats"]["get"]["security"] == [{"HTTPBearer": []}]
    assert "401" in document["paths"]["/icp/clinics"]["get"]["responses"]
    assert "security" not in document["paths"]["/health"]["get"]
