"""The engine gives what the plain-Python oracle gives, on 100,000 random clinics for each scorecard."""

import json
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import oracle
import polars as pl
import pytest
from frozen import frozen_card
from oracle import ICP, NOVEMBER, Entry, Raw

import icp_engine
from icp_engine.scoring.explanation import bibliography_content

CATEGORIES = {
    "fit": "icp_fit_score",
    "pain": "icp_pain_score",
    "compliance": "icp_compliance_score",
    "propensity": "icp_propensity_score",
    "scale": "icp_scale_score",
    "segment_score": "icp_segment_score",
}
RESULTS = {
    **CATEGORIES,
    "total": "icp_total_score",
    "tier": "icp_tier",
    "tier_label": "icp_tier_label",
    "segment": "icp_segment",
}
DTYPES = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}
CARDS = pytest.mark.parametrize("card", [ICP, NOVEMBER])
SIZE = 10_000
SHOWN = 3  # mismatches that a failure shows

CAPROCK = {
    "account_name": "CAPROCK HOME HEALTH SERVICES, INC.",
    "state_code": "TX",
    "segment_label": "Home Health / Post-Acute",
    "npi_count": 55,
    "site_count": 10,
    "denial_pressure": 5.0,
    "roi_readiness": 7.5,
}


@dataclass(frozen=True)
class Batch:
    """Clinics of one frame: the type of each kind of column, and the columns that are not there at all."""

    seed: int
    counts: type = str
    numbers: type = str
    flags: type = str
    without: tuple[str, ...] = ()

    def dtype(self, name: str) -> type[pl.DataType]:
        """The Polars type of a column."""
        groups = ((oracle.INTEGERS, self.counts), (oracle.NUMBERS, self.numbers), (oracle.FLAGS, self.flags))
        return DTYPES[next((kind for names, kind in groups if name in names), str)]


TEXT = Batch(1)
TYPED = Batch(2, int, float, bool)
FLOATS = Batch(7, float, float, int)
WHOLE = Batch(8, float, int, float)
BATCHES = [
    TEXT,
    TYPED,
    Batch(3),
    Batch(4),
    Batch(5),
    Batch(6, int, float, bool),
    FLOATS,
    WHOLE,
    Batch(9, without=("sector", "aco_member", "npi_count")),
    Batch(10, int, float, bool, without=("segment_label", "fqhc_flag", "roi_readiness", "oig_leie_flag")),
]


@lru_cache(maxsize=1)
def clinics_of(batch: Batch) -> list[Raw]:
    """The raw clinics of a batch, the same at every call."""
    rng = random.Random(batch.seed)
    clinics = []
    for number in range(SIZE):
        clinic = oracle.random_typed_clinic(rng, batch.counts, batch.numbers, batch.flags)
        kept = {name: value for name, value in clinic.items() if name not in batch.without}
        clinics.append({"clinic_id": f"c{number:05}", **kept})
    return clinics


def frame_of(batch: Batch) -> pl.DataFrame:
    """The raw clinics of a batch as a frame."""
    names = ["clinic_id", "account_name", "state_code", "segment_label", "sector"]
    names += [*oracle.INTEGERS, *oracle.NUMBERS, *oracle.FLAGS]
    schema = {name: batch.dtype(name) for name in names if name not in batch.without}
    clinics = clinics_of(batch)
    return pl.DataFrame({name: [clinic.get(name) for clinic in clinics] for name in schema}, schema)


def scored(frame: pl.DataFrame, card: str) -> pl.DataFrame:
    """What the engine says of a frame, in an order that is not the frame's."""
    result = icp_engine.score(frame.lazy(), icp_engine.load_scorecard(frozen_card(card)), bibliography=True)
    return result.sort("clinic_id", descending=True).collect()


def by_clinic(result: pl.DataFrame) -> dict[str, Raw]:
    """The engine's rows by clinic."""
    return {row["clinic_id"]: row for row in result.iter_rows(named=True)}


def kinds(entries: list[Entry]) -> list[Any]:
    """The types of points and values, since 1, 1.0 and true are equal in Python."""
    found = []
    for entry in entries:
        value = entry.get("value")
        parts = {name: type(part) for name, part in value.items()} if isinstance(value, dict) else type(value)
        found.append((type(entry["points"]), parts))
    return found


def differences(raw: Raw, row: Raw, card: str) -> dict[str, Any]:
    """What engine and oracle say of one clinic, wherever they disagree: the engine first."""
    expected = oracle.score(raw, card)
    found = {
        column: (row[column], expected[key])
        for key, column in RESULTS.items()
        if row[column] != expected[key] or type(row[column]) is not type(expected[key])
    }
    entries, due = json.loads(row["icp_bibliography"]), expected["bibliography"]
    if entries != due or kinds(entries) != kinds(due):
        found["icp_bibliography"] = (
            [entry for entry in entries if entry not in due] or kinds(entries),
            [entry for entry in due if entry not in entries] or kinds(due),
        )
    return found


@CARDS
@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: f"batch {batch.seed}")
def test_engine_equals_oracle(batch: Batch, card: str) -> None:
    rows = by_clinic(scored(frame_of(batch), card))
    assert len(rows) == SIZE
    wrong = []
    for raw in clinics_of(batch):
        if found := differences(raw, rows[raw["clinic_id"]], card):
            wrong.append(f"{raw}\n" + "\n".join(f"    {name}: {said}" for name, said in found.items()))
    assert not wrong, f"{len(wrong)} clinics differ (engine, oracle):\n" + "\n".join(wrong[:SHOWN])


@CARDS
@pytest.mark.parametrize("batch", [TEXT, TYPED], ids=["text", "typed"])
def test_one_clinic_is_explained_as_all_are(batch: Batch, card: str) -> None:
    loaded, frame = icp_engine.load_scorecard(frozen_card(card)), frame_of(batch).head(200)
    wrong = []
    for clinic, row in by_clinic(scored(frame, card)).items():
        found, due = icp_engine.explain(frame.lazy(), loaded, clinic), json.loads(row["icp_bibliography"])
        entries = bibliography_content(found.bibliography)
        if json.dumps(entries) != json.dumps(due):
            wrong.append(f"{clinic}: {entries} {due}")
    assert not wrong, f"{len(wrong)} clinics differ (one, all):\n" + "\n".join(wrong[:SHOWN])


@pytest.mark.parametrize("batch", [TEXT, TYPED, FLOATS, WHOLE], ids=["text", "typed", "floats", "whole"])
def test_engine_conforms_as_the_oracle_does(batch: Batch) -> None:
    frame = frame_of(batch)
    rows = by_clinic(scored(frame, ICP).select(frame.columns))
    wrong = []
    for raw in clinics_of(batch):
        row, due = rows[raw["clinic_id"]], oracle.conform(raw)
        wrong += [
            f"{name}: {raw.get(name)!r} became {row[name]!r}, due {due[name]!r}"
            for name in row
            if row[name] != due[name] or type(row[name]) is not type(due[name])
        ]
    assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(sorted(set(wrong))[: 10 * SHOWN])


@CARDS
@pytest.mark.parametrize("batch", [TEXT, TYPED], ids=["text", "typed"])
def test_points_of_the_bibliography_add_up_to_the_scores(batch: Batch, card: str) -> None:
    columns = {oracle.SCORE_NAMES.get(key, key): column for key, column in CATEGORIES.items()}
    columns["strategic_segment"] = columns.pop("segment_score")
    for clinic, row in by_clinic(scored(frame_of(batch), card)).items():
        sums = dict.fromkeys(columns, 0.0)
        for entry in json.loads(row["icp_bibliography"]):
            sums[entry["score"]] += entry["points"]
        said = {name: row[column] for name, column in columns.items()}
        assert sums == pytest.approx(said, abs=1e-9), clinic
        assert sum(said.values()) == pytest.approx(row["icp_total_score"], abs=1e-9), clinic


@CARDS
@pytest.mark.parametrize("more", [1, 9, 1000])
def test_more_providers_never_lower_the_scale_score(more: int, card: str) -> None:
    frame = frame_of(TYPED)
    scores = {}
    for name, extra in (("before", 0), ("after", more)):
        grown = frame.lazy().with_columns(pl.col("npi_count") + extra)
        result = icp_engine.score(grown, icp_engine.load_scorecard(frozen_card(card)))
        scores[name] = result.select("clinic_id", pl.col("icp_scale_score").alias(name)).collect()
    both = scores["before"].join(scores["after"], on="clinic_id")
    assert both.height == SIZE
    assert both.filter(pl.col("after") < pl.col("before")).is_empty()
    assert not both.filter(pl.col("after") > pl.col("before")).is_empty()


@pytest.mark.parametrize(
    ("card", "never"),
    [(ICP, {"compliance.exposure.behavioral_fqhc"}), (NOVEMBER, {"pain.denial_pressure.high"})],
)
def test_random_clinics_reach_every_band(card: str, never: set[str]) -> None:
    results = [oracle.score(raw, card) for raw in clinics_of(TEXT)]
    reached = {entry["code"] for result in results for entry in result["bibliography"]}
    bands = {code for code in reached if not code.endswith((".missing", ".cap"))}
    assert bands == oracle.REASONS.keys() - never
    assert {code for code in reached if code.endswith(".missing")} == {f"{code}.missing" for code in oracle.NOTES}
    assert {code for code in reached if code.endswith(".cap")} == ({"fit.cap"} if card == NOVEMBER else set())
    assert {result["tier"] for result in results} == {1, 2, 3}
    assert {result["segment"] for result in results} == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("name", "raw", "due"),
    [
        ("npi_count", "55", 55),
        ("npi_count", "55.0", 55),
        ("npi_count", 55.0, 55),
        ("npi_count", " 1,234 ", 1234),
        ("npi_count", "1,2", None),
        ("npi_count", "1234,567", None),
        ("npi_count", 55.5, None),
        ("npi_count", "55.5", None),
        ("npi_count", -1, None),
        ("npi_count", "0", 0),
        ("npi_count", "", None),
        ("npi_count", float("nan"), None),
        ("npi_count", float("inf"), None),
        ("allowed_amt", "$1,234.50", 1234.5),
        ("allowed_amt", "abc", None),
        ("allowed_amt", "n/a", None),
        ("allowed_amt", -0.01, None),
        ("denial_pressure", 12, 10.0),
        ("coding_complexity", "12", 12.0),
        ("coding_complexity", 15.5, 15.0),
        ("fqhc_flag", " Yes ", True),
        ("fqhc_flag", "1.0", True),
        ("fqhc_flag", 0.0, False),
        ("fqhc_flag", "F", False),
        ("fqhc_flag", 2, None),
        ("fqhc_flag", "none", None),
        ("state_code", " tx ", "TX"),
        ("state_code", "Texas", "TX"),
        ("state_code", "T1", None),
        ("segment_label", " NA ", None),
        ("segment_label", " \t", None),
    ],
    ids=repr,
)
def test_conform(name: str, raw: Any, due: Any) -> None:
    found = oracle.conform({name: raw})[name]
    assert (found, type(found)) == (due, type(due))


@pytest.mark.parametrize(
    ("card", "raw", "due"),
    [
        (
            ICP,
            CAPROCK,
            {"fit": 20, "pain": 5, "compliance": 8, "propensity": 4, "scale": 11, "segment_score": 20}
            | {"total": 68.0, "tier": 2, "tier_label": "Tier 2 - Qualified", "segment": "A"},
        ),
        (NOVEMBER, CAPROCK, {"total": 68.0, "tier": 2, "segment": "A"}),
        (ICP, {}, {"fit": 0, "compliance": 2, "segment_score": 8, "total": 10.0, "tier": 3, "segment": "C"}),
        (ICP, {"denial_pressure": 7}, {"pain": 8}),
        (ICP, {"denial_pressure": 8.5}, {"pain": 9}),
        (ICP, {"denial_pressure": 12}, {"pain": 10}),
        (ICP, {"denial_pressure": 6.99}, {"pain": 6.99}),
        (NOVEMBER, {"denial_pressure": 7}, {"pain": 7}),
        (ICP, {"allowed_amt": 300, "bene_count": 1}, {"pain": 5}),
        (ICP, {"allowed_amt": 299.99, "bene_count": 1}, {"pain": 7}),
        (ICP, {"allowed_amt": 1000, "bene_count": 1}, {"pain": 0}),
        (NOVEMBER, {"allowed_amt": 1000, "bene_count": 1}, {"pain": 1}),
        (ICP, {"sector": "FQHC"}, {"fit": 0, "segment_score": 20, "segment": "B"}),
        (NOVEMBER, {"sector": "FQHC"}, {"fit": 16, "segment_score": 20, "segment": "B"}),
        (NOVEMBER, {"sector": "HRSA"}, {"fit": 10, "segment_score": 20, "segment": "B"}),
        (ICP, {"segment_label": "Post-Acute"}, {"compliance": 8}),
        (NOVEMBER, {"segment_label": "Post-Acute"}, {"compliance": 2}),
        (ICP, {"segment_label": "Behavioral", "fqhc_flag": 1}, {"compliance": 5}),
        (NOVEMBER, {"segment_label": "Behavioral", "fqhc_flag": 1}, {"compliance": 9}),
        (NOVEMBER, {"segment_label": "Behavioral", "fqhc_flag": 1, "denial_pressure": 7}, {"compliance": 7}),
        (ICP, {"segment_label": "Hospice", "site_count": 5, "services_count": 10}, {"fit": 20}),
        (NOVEMBER, {"segment_label": "Hospice", "site_count": 4, "services_count": 10}, {"fit": 20}),
        (ICP, {"segment_label": "Primary Care", "npi_count": 50}, {"segment_score": 14}),
        (ICP, {"segment_label": "Family Medicine", "npi_count": 50}, {"segment_score": 15, "scale": 7}),
    ],
    ids=str,
)
def test_oracle_scores(card: str, raw: Raw, due: dict[str, Any]) -> None:
    found = oracle.score(raw, card)
    assert {key: found[key] for key in due} == due


def test_oracle_bibliography() -> None:
    entries = {entry["code"]: entry for entry in oracle.score(CAPROCK, ICP)["bibliography"]}
    assert entries["scale.provider_count.mid_size"] == {
        "score": "scale",
        "code": "scale.provider_count.mid_size",
        "sources": ["npi_count"],
        "value": 55,
        "points": 7.0,
        "reason": "Mid-size provider network (50-99 providers)",
    }
    assert entries["pain.revenue_per_patient.missing"] == {
        "score": "pain",
        "code": "pain.revenue_per_patient.missing",
        "sources": ["allowed_amt", "bene_count"],
        "points": 0.0,
        "status": "MISSING",
        "note": "No Medicare utilization data available",
    }
    assert "LEIE status unknown" in entries["compliance.exposure.post_acute"]["note"]


def test_oracle_says_what_a_cap_cuts() -> None:
    raw = {"segment_label": "Home Health", "site_count": 5, "services_count": 10}
    fit = [entry for entry in oracle.score(raw, NOVEMBER)["bibliography"] if entry["score"] == "fit"]
    cap = {"score": "fit", "code": "fit.cap", "sources": [], "points": -3.0, "reason": "Capped at 20"}
    assert [entry["points"] for entry in fit] == [18.0, 2.0, 3.0, -3.0]
    assert fit[-1] == cap


@pytest.mark.parametrize(("card", "raw"), [(ICP, {"sector": "FQHC", "site_count": 9}), (NOVEMBER, {})])
def test_oracle_says_nothing_known_once(card: str, raw: Raw) -> None:
    codes = [entry["code"] for entry in oracle.score(raw, card)["bibliography"]]
    assert [code for code in codes if code.startswith("fit")] == ["fit.specialty.missing"]
    assert [code for code in codes if code.startswith("propensity")] == ["propensity.missing"]
