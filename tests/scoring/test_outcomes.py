"""The outcome table, and scorecards that pass the check and were told differently by those who explain them."""

import json
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl
import pytest

import icp_engine
from icp_engine import Scorecard
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.explain import explain_clinic
from icp_engine.published.run import open_run
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scorecard.reach import reachable_total

Content = dict[str, Any]
LAST = {"name": "b", "points": 1, "reason": "B"}
RATIO = {"r": {"numerator": "allowed_amt", "denominator": "bene_count", "description": "R"}}
PLANS = {"plans": {"type": "list", "description": "Plans"}}
SHARE = {"share_of": ["x", "y", "z"], "times": 9}
ENTRY = ["score", "code", "sources", "value", "points", "status", "reason", "note"]


def card_of(*rules: Content, top: Content | None = None, **category: Any) -> Content:
    """The content of a scorecard of one category `c`, at most 10 points unless said otherwise."""
    named = {f"x{number}": rule for number, rule in enumerate(rules)}
    table = {"label": "C", "max": 10, **category, **named}
    head = {"id": "tiny", "version": "1", "title": "Tiny", "prefix": "tiny", "tier": {"1": {"label": "All"}}}
    return {**head, "category": {"c": table}, **(top or {})}


def rule(points: Any, field: str | None = "npi_count", missing: Any = None, **more: Any) -> Content:
    """A characteristic of one band for all that is known."""
    own = {"field": field} if field else {}
    return {
        **own,
        "missing": missing or {"points": 0},
        "bands": [{"name": "a", "points": points, "reason": "A"}],
        **more,
    }


def line(start: float, stop: float, low: float, high: float, **more: Any) -> Content:
    return {"from": start, "to": stop, "over": [low, high], **more}


TEXT = """
id = "tiny"
version = "1"
title = "Tiny"
prefix = "icp"
extends = "icp"
[fields.plans]
type = "list"
description = "Plans"
[category.scale.costs]
field = "revenue_per_patient"
missing = { points = 0 }
bands = [{ name = "a", points = { from = 0, to = 12, over = [0, 1000] }, reason = "A" }]
[category.scale.plans]
field = "plans"
missing = { points = 0 }
bands = [{ name = "a", points = { share_of = ["x", "y", "z"], times = 12 }, reason = "A" }]
"""


def test_a_run_tells_what_a_maximum_cuts_off_a_line_over_a_ratio_and_a_share(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TEXT)
    clinics = {
        "clinic_id": ["a", "b", "c"],
        "npi_count": [100, 0, None],
        "allowed_amt": [4_000.0, 500.0, None],
        "bene_count": [4, 1, None],
        "plans": ["X;y;z", "z;Z", None],
    }
    pl.DataFrame(clinics).write_parquet(tmp_path / "clinics.parquet")
    options = RunOptions(scorecard=str(tmp_path / "tiny.toml"), charts=False, format="parquet")
    run([str(tmp_path / "clinics.parquet")], tmp_path / "out", options)
    scores = pl.read_parquet(tmp_path / "out" / "icp_scores.parquet").sort("clinic_id")
    cut = scores["icp_reason_codes"].str.contains("|scale.cap", literal=True).to_list()
    assert list(zip(scores["icp_scale_score"], cut, strict=True)) == [(20.0, True), (11.0, False), (0.0, False)]
    with duckdb.connect(str(tmp_path / "out" / "icp.duckdb"), read_only=True) as connection:
        query = (
            "select code, points from clinic_bibliography where clinic_id = 'a' and score = 'scale' order by position"
        )
        found = connection.execute(query).fetchall()
    assert found[-3:] == [("scale.costs.a", 12), ("scale.plans.a", 12), ("scale.cap", -13)]
    shown = [msgspec.to_builtins(entry) for entry in explain_clinic(open_run(tmp_path / "out"), "a").bibliography]
    assert [(one["code"], one["points"]) for one in shown if one["score"] == "scale"] == found


def explained(card: Scorecard, clinic: Content) -> icp_engine.Explanation:
    return icp_engine.explain(frame_of(card, clinic), card, "a")


def frame_of(card: Scorecard, clinic: Content) -> pl.LazyFrame:
    columns = [pl.Series(name, [value], card.fields[name].dtype) for name, value in clinic.items()]
    return pl.LazyFrame([pl.Series("clinic_id", ["a"]), *columns])


BONUS = {"field": "fqhc_flag", "is": True, "points": 2, "reason": "More"}
POINTS: dict[str, tuple[Content, Content, list[float]]] = {
    "a bonus on a line": (card_of(rule(line(0, 8, 0, 8), bonus=BONUS)), {"npi_count": 3, "fqhc_flag": True}, [5]),
    "a maximum on a line": (
        card_of(rule(line(0, 8, 0, 8), bonus=BONUS, max=8)),
        {"npi_count": 7, "fqhc_flag": True},
        [8],
    ),
    "a line over a field that is missing": (
        card_of(rule(line(3, 8, 0, 8, field="site_count"), missing="never")),
        {"npi_count": 7},
        [0],
    ),
    "a line over a missing field that reads as a value": (
        card_of(rule(line(0, 8, 0, 8), missing={"reads_as": 5})),
        {"npi_count": None},
        [5],
    ),
    "a line over a ratio": (
        card_of(rule(line(0, 8, 0, 8), "r"), top={"derived": RATIO}),
        {"allowed_amt": 5.0, "bene_count": 2},
        [2.5],
    ),
    "a ratio that is no number": (
        card_of(rule(line(1, 8, 0, 8), "r"), top={"derived": {"r": {**RATIO["r"], "denominator": "roi_readiness"}}}),
        {"allowed_amt": 1e308, "roi_readiness": 0.01},
        [0],
    ),
    "a share": (card_of(rule(SHARE, "plans"), top={"fields": PLANS}), {"plans": ["X ", "x", "q", None]}, [3]),
    "a share with a bonus and a maximum": (
        card_of(rule(SHARE, "plans", bonus=BONUS, max=9), top={"fields": PLANS}),
        {"plans": ["x", "y", "z"], "fqhc_flag": True},
        [9],
    ),
    "points of three decimals": (card_of(rule(1.015)), {"npi_count": 1}, [1.02]),
    "a line that rounds above what it runs to": (card_of(rule(line(0, 1.6, 0, 8, round=0))), {"npi_count": 8}, [2]),
    "no bonus where a category has what it requires missing": (
        card_of(rule(1, bonus=BONUS), rule(3, "site_count"), requires="x0"),
        {"npi_count": None, "fqhc_flag": True, "site_count": 1},
        [0],
    ),
}


@pytest.mark.parametrize("name", POINTS)
def test_points_of_entries_add_up_to_the_score(name: str) -> None:
    content, clinic, due = POINTS[name]
    card = restore_scorecard(content, "tiny")
    assert [entry.points for entry in explained(card, clinic)] == due
    found = icp_engine.score(frame_of(card, clinic), card).collect()
    assert found["tiny_total_score"].to_list() == [sum(due)]


def test_several_notes_of_what_is_unknown_stand_in_one() -> None:
    unknown = {"fqhc_flag": "No FQHC", "site_count": 'No "sites"'}
    bands = [{"name": "a", "field": "fqhc_flag", "is": True, "points": 2, "reason": "A"}, LAST]
    content = card_of({"field": "site_count", "missing": "never", "bands": bands, "unknown": unknown})
    frame = pl.LazyFrame({"clinic_id": ["a", "b", "c"], "site_count": [None, 1, 2], "fqhc_flag": [None, None, True]})
    texts = icp_engine.score(frame, restore_scorecard(content, "tiny"), bibliography=True).collect()
    notes = [json.loads(text)[0].get("note") for text in texts["tiny_bibliography"]]
    assert notes == ['No "sites"; No FQHC', "No FQHC", None]
    assert explained(restore_scorecard(content, "tiny"), {"site_count": None})[0].note == notes[0]


def test_the_segment_of_a_category_of_which_nothing_is_known() -> None:
    bands = [{"name": "a", "points": 2, "reason": "A", "segment": "A"}]
    carrier = {"field": "site_count", "missing": {"points": 0, "segment": "B"}, "bands": bands}
    segments = {"segment": {"A": {"label": "Known"}, "B": {"label": "Unknown"}}}
    card = restore_scorecard(card_of(rule(1), carrier, all_missing="Nothing", top=segments), "tiny")
    frame = pl.LazyFrame({"clinic_id": ["a", "b", "c"], "site_count": [1, None, None], "npi_count": [None, 1, None]})
    assert icp_engine.score(frame, card).collect()["tiny_segment"].to_list() == ["A", "B", "B"]


@pytest.mark.parametrize(
    ("scores", "divide_by", "total"),
    [
        ((2.9, 0.05), 1, 0.14),
        ((3.5, 0.13), 1, 0.46),
        ((6.5, 3.85), 10, 2.5),
        ((10, 10), 0.7, 142.86),
        ((5, 5), 3, 8.33),
    ],
)
def test_a_product_is_rounded_half_to_even(scores: tuple[float, float], divide_by: float, total: float) -> None:
    content = card_of(rule(scores[0]), top={"total": {"combine": "product", "divide_by": divide_by}})
    content["category"]["d"] = {"label": "D", "max": 10, "y": rule(scores[1])}
    found = icp_engine.score(pl.LazyFrame({"clinic_id": ["a"], "npi_count": [1]}), restore_scorecard(content, "tiny"))
    assert found.collect()["tiny_total_score"].to_list() == [total]


FEW = {"name": "few", "points": 1, "reason": "Few"}
MANY = {"name": "many", "at_least": 5, "points": 4, "reason": "Many"}
STEPS = {"field": "npi_count", "missing": {"points": 0}, "bands": [MANY, FEW]}
SITES = {**STEPS, "field": "site_count"}
REACH: dict[str, tuple[Content, set[str], float]] = {
    "a sum": (card_of(STEPS, SITES), set(), 8),
    "without a field": (card_of(STEPS, SITES), {"npi_count"}, 4),
    "a cap": (card_of(STEPS, SITES, max=6), set(), 6),
    "missing is worth more": (card_of({**STEPS, "missing": {"points": 5}}), set(), 5),
    "reads as a value": (card_of({**STEPS, "missing": {"reads_as": 3}}), {"npi_count"}, 1),
    "a category that requires it": (card_of(STEPS, SITES, requires="x0"), {"npi_count"}, 0),
    "nothing known": (card_of({**STEPS, "missing": {"points": 3}}, all_missing="None"), {"npi_count"}, 0),
    "only for the lower band": (card_of(STEPS, {**SITES, "only_for": {"x0": ["few"]}}), set(), 5),
    "a weighted mean": (
        card_of({**STEPS, "max": 4}, {**SITES, "max": 8, "weight": 3}, combine="weighted_mean"),
        set(),
        6.25,
    ),
}


@pytest.mark.parametrize("name", REACH)
def test_points_within_reach(name: str) -> None:
    content, absent, due = REACH[name]
    card = restore_scorecard(content, "tiny")
    assert reachable_total(card, absent) == due <= card.maximum


def test_points_within_reach_of_a_product() -> None:
    content = card_of(STEPS, top={"total": {"combine": "product", "divide_by": 10}})
    content["category"]["d"] = {"label": "D", "max": 5, "y": SITES}
    card = restore_scorecard(content, "tiny")
    assert (card.maximum, reachable_total(card, set()), reachable_total(card, {"npi_count"})) == (5, 1.6, 0)


@pytest.mark.parametrize("name", ["icp", "icp-2025-11", "rula"])
def test_everything_is_within_reach_of_the_shipped_scorecards(name: str) -> None:
    card = icp_engine.load_scorecard(name)
    assert reachable_total(card, set()) == card.maximum == 100
    assert reachable_total(card, set(card.reads)) <= 10


@pytest.mark.parametrize("divide_by", [0, -1])
def test_a_product_is_divided_by_something(divide_by: float) -> None:
    content = card_of(rule(1), top={"total": {"combine": "product", "divide_by": divide_by}})
    with pytest.raises(icp_engine.ScorecardError, match="divided by a number above 0, found"):
        restore_scorecard(content, "tiny")


def test_a_row_for_every_band_number() -> None:
    content = card_of({**STEPS, "missing": {"reads_as": 3, "note": "N"}, "bonus": BONUS, "max": 5})
    [part] = outcome_table(restore_scorecard(content, "tiny")).parts
    found = [(out.number, out.code, out.fixed, out.reason, out.note) for out in part.outcomes]
    assert found == [
        (0, "c.x0.missing", 0, None, "N"),
        (1, "c.x0.many", 400, "Many", None),
        (2, "c.x0.few", 100, "Few", None),
        (3, "c.x0.missing", 400, None, "N"),
        (4, "c.x0.missing", 100, None, "N"),
        (5, "c.x0.missing+bonus", 200, None, "N; More"),
        (6, "c.x0.many+bonus", 500, "Many; More", None),
        (7, "c.x0.few+bonus", 300, "Few; More", None),
        (8, "c.x0.missing+bonus", 500, None, "N; More"),
        (9, "c.x0.missing+bonus", 300, None, "N; More"),
    ]


def test_notes_stand_in_the_order_of_the_fields_whatever_that_of_their_table() -> None:
    bonus = {"is": True, "field": "aco_member", "points": 1, "reason": "R"}
    notes = {"aco_member": "Flag", "allowed_amt": "Amount"}
    bands = [{"above": 1, "field": "allowed_amt", "name": "a", "points": 2, "reason": "A"}, LAST]
    tables = (notes, dict(reversed(notes.items())))
    rules = [
        {"field": "npi_count", "missing": {"points": 0}, "bands": bands, "bonus": bonus, "unknown": table}
        for table in tables
    ]
    first, second = (restore_scorecard(card_of(content), "tiny") for content in rules)
    assert first.hash == second.hash
    for card in (first, second):
        lf = pl.LazyFrame({"clinic_id": ["1"], "npi_count": [3]})
        entries = {entry.code: entry.note for entry in icp_engine.explain(lf, card, "1")}
        assert entries == {"c.x0.b": "Amount; Flag"}
