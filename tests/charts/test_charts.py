"""Charts: what the files of sql/charts choose, and that figures show just that."""

import math
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from colours import contrast
from conftest import HOSTILE

import icp_engine
from icp_engine.charts import figures, states
from icp_engine.charts.aggregates import Aggregates, aggregates
from icp_engine.charts.catalogue import Chart, draw, draw_clinic
from icp_engine.charts.partners import partner_scores
from icp_engine.charts.style import SEGMENTS, TEMPLATES, TIERS, cut
from icp_engine.database import database, sql_names, sql_text
from icp_engine.display import percent
from icp_engine.published.explain import explain_clinic
from icp_engine.published.run import open_run
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.headlines import missing_outcomes, reason_outcomes, unknown_outcomes

Rows = list[tuple[Any, ...]]
ICP = icp_engine.load_scorecard("icp")
CARD = """
id = "lead"
version = "1.0.0"
title = "Leads"
prefix = "lead"
[derived.revenue]
description = "Allowed amount per beneficiary"
numerator = "allowed_amt"
denominator = "bene_count"
[category.size]
label = "Size"
max = 10
requires = "providers"
[category.size.providers]
field = "npi_count"
missing = { points = 0, note = "No count" }
bands = [
  { name = "many", at_least = 10, points = 6, reason = "Many" },
  { name = "few", points = 2, reason = "Few", fields = ["sector"], mentions = ["few"] },
  { name = "other", points = 0, reason = "Other" },
]
[category.size.sites]
field = "site_count"
missing = { reads_as = 5 }
bands = [
  { name = "several", at_least = 5, points = 1.5, reason = "Several" },
  { name = "one", points = 4, reason = "One" },
]
[category.need]
label = "Need"
max = 9
all_missing = "Nothing is known"
[category.need.revenue]
field = "revenue"
missing = { points = 0, note = "No revenue" }
bands = [
  { name = "high", at_least = 100, points = 0, reason = "High" },
  { name = "low", points = 5, reason = "Low" },
]
[category.need.denials]
field = "denial_pressure"
missing = { points = 0, note = "No denials" }
bands = [{ name = "any", points = { from = 0, to = 4, over = [0, 10] }, reason = "Denials" }]
[tier]
1 = { label = "Tier 1 - Yes", at_least = { total = 12.5 } }
2 = { label = "Tier 2 - No" }
"""


@pytest.fixture
def lead(tmp_path: Path) -> str:
    """A scorecard of another prefix, without segments and networks."""
    (tmp_path / "lead.toml").write_text(CARD)
    return str(tmp_path / "lead.toml")


@pytest.fixture
def card(lead: str) -> Scorecard:
    return icp_engine.load_scorecard(lead)


# ---------------------------------------------------------------- sql

CLINICS = {
    "clinic_id": pl.String(), "account_name": pl.String(), "state_code": pl.String(), "total_score": pl.Float64(),
    "tier": pl.Int8(), "tier_label": pl.String(), "segment": pl.String(), "hundredths": pl.Int64(),
    "category_hundredths": pl.List(pl.Int64()),
}  # fmt: skip
HOT, MILD = (1, "T1"), (2, "T2")
THREE: Rows = [
    ("a", "A", "TX", 59.99, *MILD, "A", 5999, [1000, 100]),
    ("b", None, None, 60.0, *HOT, "B", 6000, [2000, 0]),
    ("c", "C", "TX", 60.99, *HOT, "A", 6099, [501, 200]),
]
CATEGORIES = (
    {"position": pl.Int64(), "category": pl.String(), "label": pl.String(), "maximum": pl.Float64()},
    [(1, "fit", "Fit", 20.0), (2, "pain", "Pain", 10.0)],
)
NETWORKS = {
    "network_id": pl.String(), "display_name": pl.String(), "total_score": pl.Float64(),
    "tier": pl.Int8(), "tier_label": pl.String(), "num_clinics": pl.Int64(),
    "num_states": pl.Int64(), "anchor_clinic_id": pl.String(),
}  # fmt: skip
TWO: Rows = [
    ("n2", "Two", 60.0, *HOT, 2, 1, "c"),
    ("n1", "One", 60.0, *HOT, 2, 1, "gone"),
    ("n0", "O", 61.99, *HOT, 2, 2, "a"),
]
BANDS = {"clinic_id": pl.String(), "normalized_name": pl.String(), "a": pl.UInt8(), "b": pl.UInt8()}
OUTCOMES = {"characteristic": pl.String(), "band": pl.UInt8(), "fields": pl.List(pl.String()), "points": pl.Float64()}
COVERAGE = {"field": pl.String(), "is_read": pl.Boolean(), "given_share": pl.Float64()}
LOST: Rows = [("a", 0, ["x"], 4.0), ("b", 0, ["y", "z"], 6.0), ("b", 3, ["y"], 2.0), ("c", 0, ["x"], 99.0)]
KNOWN: Rows = [("w", True, 1.0), ("x", True, 0.5), ("y", True, 0.75), ("z", True, 0.25), ("unread", False, 0.0)]
CASES: dict[str, tuple[str, dict[str, tuple[dict[str, Any], Rows]], dict[str, int] | None, Rows]] = {
    "scores in steps of a point": (
        "score_distribution", {"clinic_scores": (CLINICS, THREE)}, {"step": 100}, [(59.0, 2, 1), (60.0, 1, 2)],
    ),
    "scores in steps of a tenth": (
        "score_distribution", {"clinic_scores": (CLINICS, THREE)}, {"step": 10},
        [(59.9, 2, 1), (60.0, 1, 1), (60.9, 1, 1)],
    ),
    "a step on both sides of an edge": (
        "score_distribution", {"clinic_scores": (CLINICS, THREE[:2])}, {"step": 3000},
        [(30.0, 2, 1), (60.0, 1, 1)],
    ),
    "tiers and segments": (
        "tiers_and_segments", {"clinic_scores": (CLINICS, THREE)}, None,
        [(*HOT, "A", 1), (*HOT, "B", 1), (*MILD, "A", 1)],
    ),
    "no segments": (
        "tiers_and_segments", {"clinic_scores": (CLINICS, [(*THREE[0][:6], None, *THREE[0][7:])])}, None,
        [(*MILD, "", 1)],
    ),
    "states, none last": (
        "tiers_by_state", {"clinic_scores": (CLINICS, THREE)}, None,
        [("TX", *HOT, 1, 60.99), ("TX", *MILD, 1, 59.99), (None, *HOT, 1, 60.0)],
    ),
    "averages": (
        "category_averages", {"clinic_scores": (CLINICS, THREE), "scorecard_categories": CATEGORIES}, None,
        [("fit", "Fit", "A", 7.51, 20.0), ("fit", "Fit", "B", 20.0, 20.0),
         ("pain", "Pain", "A", 1.5, 10.0), ("pain", "Pain", "B", 0.0, 10.0)],
    ),
    "averages of one": (
        "category_averages", {"clinic_scores": (CLINICS, THREE[:1]), "scorecard_categories": CATEGORIES}, None,
        [("fit", "Fit", "A", 10.0, 20.0), ("pain", "Pain", "A", 1.0, 10.0)],
    ),
    "networks, by id where scores are the same": (
        "top_networks", {"clinic_scores": (CLINICS, THREE), "network_scores": (NETWORKS, TWO)}, {"max_rows": 9},
        [("n0", "O", 61.99, *HOT, 2, 2, "a", "A", "TX"), ("n1", "One", 60.0, *HOT, 2, 1, "gone", None, None),
         ("n2", "Two", 60.0, *HOT, 2, 1, "c", "C", "TX")],
    ),
    "the best network": (
        "top_networks", {"clinic_scores": (CLINICS, THREE), "network_scores": (NETWORKS, TWO)}, {"max_rows": 1},
        [("n0", "O", 61.99, *HOT, 2, 2, "a", "A", "TX")],
    ),
    "no network": (
        "top_networks", {"clinic_scores": (CLINICS, THREE), "network_scores": (NETWORKS, [])}, {"max_rows": 1}, [],
    ),
    "sizes": (
        "network_sizes", {"network_scores": (NETWORKS, [*TWO, ("n3", None, 62.0, *MILD, 30, 1, "x")])}, None,
        [(2, 60.0, 1, 3, "O"), (30, 62.0, 2, 1, None)],
    ),
    # a: 2 x 4; b: 2 x 6, of which y has a quarter (0.25 of 0.25 + 0.75 missing), and once 2 more
    "points lost": (
        "points_out_of_reach",
        {"icp_bands": (BANDS, [("1", None, 0, 0), ("2", "n", 0, 3), ("3", None, 1, None), ("4", None, 2, 0)]),
         "missing_outcomes": (OUTCOMES, LOST), "field_coverage": (COVERAGE, KNOWN)},
        None,
        [("z", 2.25, 0.25), ("x", 2.0, 0.5), ("y", 1.25, 0.75), ("w", 0.0, 1.0)],
    ),
    "points lost of one, looked at in part": (
        "points_out_of_reach",
        {"icp_bands": (BANDS, [("1", None, 0, None)]),
         "missing_outcomes": (OUTCOMES, LOST), "field_coverage": (COVERAGE, [("x", True, 0.0), ("y", True, 1.0)])},
        None,
        [("x", 4.0, 0.0), ("y", 0.0, 1.0)],
    ),
    "both fields there, and useless": (
        "points_out_of_reach",
        {"icp_bands": (BANDS, [("1", None, None, 0)]), "missing_outcomes": (OUTCOMES, LOST),
         "field_coverage": (COVERAGE, [("y", True, 1.0), ("z", True, 1.0)])},
        None,
        [("y", 3.0, 1.0), ("z", 3.0, 1.0)],
    ),
    "nothing lost": (
        "points_out_of_reach",
        {"icp_bands": (BANDS, [("1", None, 1, 1)]), "missing_outcomes": (OUTCOMES, []),
         "field_coverage": (COVERAGE, KNOWN[:2])},
        None,
        [("x", 0.0, 0.5), ("w", 0.0, 1.0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_chart_is_made_of(case: str) -> None:
    name, tables, values, due = CASES[case]
    with database(threads=1) as db:
        for table, (schema, rows) in tables.items():
            db.copy(table, pl.DataFrame(rows, schema=schema, orient="row"))
        found = db.frame(sql_text(f"charts/{name}"), values)
    assert [tuple(round(one, 9) if isinstance(one, float) else one for one in row) for row in found.rows()] == due


def test_every_file_has_a_case() -> None:
    assert sql_names("charts") == sorted({f"charts/{name}" for name, *_ in CASES.values()})


def test_what_missing_bands_cost(card: Scorecard) -> None:
    assert missing_outcomes(card).rows() == [
        ("size_providers", 0, ["npi_count"], 10.0),  # the whole category wants it
        ("size_sites", 0, ["site_count"], 4.0),
        ("size_sites", 3, ["site_count"], 2.5),  # reads as 5, which gives 1.5 of 4
        ("size_sites", 4, ["site_count"], 0.0),
        ("need_revenue", 0, ["allowed_amt", "bene_count"], 5.0),
        ("need_revenue", 3, ["allowed_amt", "bene_count", "denial_pressure"], 9.0),  # all that the category has
        ("need_denials", 0, ["denial_pressure"], 4.0),
    ]


def test_reasons_by_band(card: Scorecard) -> None:
    assert reason_outcomes(card).rows() == [
        ("size_providers", 1, "Many"), ("need_revenue", 2, "Low"), ("size_sites", 2, "One"),
        ("need_denials", 1, "Denials"), ("size_providers", 2, "Few"), ("size_sites", 1, "Several"),
    ]  # fmt: skip


def test_unknown_fields_by_band(card: Scorecard) -> None:
    assert unknown_outcomes(card).rows() == [
        ("size_providers", 0, "npi_count", 10.0),  # the whole category wants it
        ("need_revenue", 0, "revenue", 5.0),
        ("need_revenue", 3, "revenue", 5.0),
        ("need_revenue", 3, "denial_pressure", 4.0),
        ("need_denials", 0, "denial_pressure", 4.0),
        ("size_sites", 3, "site_count", 2.5),  # it reads as 5, which gives 1.5 of 4
        ("size_sites", 4, "site_count", 2.5),
    ]


def found_in(clinics: list[dict[str, Any]], folder: Path, scorecard: str) -> Aggregates:
    """Score clinics without networks and return what their charts show."""
    from icp_engine.pipeline.run import RunOptions, run

    names = sorted({name for clinic in clinics for name in clinic})
    table = {name: [clinic.get(name) for clinic in clinics] for name in names}
    pl.DataFrame(table, infer_schema_length=None).write_parquet(folder / "clinics.parquet")
    options = RunOptions(scorecard=scorecard, networks=False, charts=False, format="parquet")
    run([str(folder / "clinics.parquet")], folder / "out", options)
    return aggregates(open_run(folder / "out"))


def test_points_out_of_reach_from_a_run(lead: str, tmp_path: Path) -> None:
    clinics = [
        {"clinic_id": "nothing"},
        {"clinic_id": "all", "npi_count": 10, "site_count": 1, "allowed_amt": 1.0, "bene_count": 1}
        | {"denial_pressure": 1.0},
        {"clinic_id": "no amount", "npi_count": 10, "site_count": 1, "bene_count": 1, "denial_pressure": 1.0},
        {"clinic_id": "no sites", "npi_count": 9, "allowed_amt": 1.0, "bene_count": 1},
    ]  # fmt: skip
    found = found_in(clinics, tmp_path, lead)
    # shares of what is missing: amount 2/4, beneficiaries 1/4, denials 2/4
    due = {
        "npi_count": 10 / 4,  # of `nothing`, whose sites are not looked at any more
        "allowed_amt": (9 * 2 / 5 + 5 * 2 / 3) / 4,
        "bene_count": (9 * 1 / 5 + 5 * 1 / 3) / 4,
        "denial_pressure": (9 * 2 / 5 + 4) / 4,
        "site_count": 2.5 / 4,
    }
    lost = dict(found["points_out_of_reach"].select("field", "average_points").rows())
    assert {name: lost[name] for name in due} == pytest.approx(due)
    assert lost["sector"] == 0  # a rule reads it, and misses nothing without
    assert found["top_networks"].is_empty()
    assert found["category_averages"]["segment"].unique().to_list() == [""]


def test_charts_of_clinics_without_state_segments_and_networks(lead: str, tmp_path: Path) -> None:
    found = found_in([{"clinic_id": "1"}], tmp_path, lead)
    charts = {one.name: one for one in draw(found)}
    assert list(charts) == ["score_distribution", "tiers_and_segments", "category_averages", "points_out_of_reach"]
    assert [trace.name for trace in charts["category_averages"].figure.data] == ["All clinics", "Maximum"]
    assert len(charts["tiers_and_segments"].figure.data) == 1
    assert not any(chart.has_map for chart in charts.values())


# ---------------------------------------------------------------- figures


def bars(figure: Any) -> list[tuple[Any, ...]]:
    """What the traces of a figure show."""
    return [(trace.name, list(trace.x), list(trace.y)) for trace in figure.data]


def test_scores_stand_where_they_begin_with_their_tiers() -> None:
    frame = pl.DataFrame({"from_score": [59.0, 60.0, 80.0], "tier": [3, 2, 1], "num_clinics": [5, 4, 1]})
    figure = figures.score_distribution(frame, ICP)
    assert bars(figure) == [
        ("Tier 1 - HOT", [80.5], [1]), ("Tier 2 - Qualified", [60.5], [4]), ("Tier 3 - Monitor", [59.5], [5]),
    ]  # fmt: skip
    assert [trace.marker.color for trace in figure.data] == list(TIERS)
    assert [(line.x0, line.x1) for line in figure.layout.shapes] == [(80, 80), (60, 60)]
    assert [annotation.text for annotation in figure.layout.annotations] == ["Tier 1 from 80", "Tier 2 from 60"]
    assert tuple(figure.layout.xaxis.range) == (0, 100)


@pytest.mark.parametrize(("maximum", "step"), [(19, 0.19)])
def test_cut_offs_are_those_of_the_scorecard(card: Scorecard, maximum: float, step: float) -> None:
    frame = pl.DataFrame({"from_score": [12.35], "tier": [1], "num_clinics": [5]})
    figure = figures.score_distribution(frame, card)
    assert [line.x0 for line in figure.layout.shapes] == [12.5]
    assert card.maximum == maximum
    assert figure.data[0].width == step
    assert list(figure.data[0].x) == [pytest.approx(12.35 + step / 2)]


def test_tiers_and_segments_are_counted_and_shared() -> None:
    frame = pl.DataFrame({"tier": [2, 3, 3], "segment": ["A", "A", "C"], "num_clinics": [1, 2, 7]})
    tiers, segments = figures.tiers_and_segments(frame, ICP).data
    assert (list(tiers.x), list(tiers.y)) == ([0, 0.1, 0.9], [tier.label for tier in ICP.tiers])
    assert list(tiers.text) == ["0 (0.0%)", "1 (10.0%)", "9 (90.0%)"]
    assert list(tiers.textposition) == ["outside", "outside", "inside"]
    assert (list(segments.x), list(segments.y)) == ([0.3, 0, 0.7], ["Segment A", "Segment B", "Segment C"])


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0%"), (1e-9, "<0.1%"), (0.0005, "0.1%"), (0.5, "50.0%"), (0.9996, ">99.9%"), (1, "100.0%")],
)
def test_shares_in_words(share: float, text: str) -> None:
    assert percent(share) == text


def test_category_averages_stand_beside_their_maxima() -> None:
    rows = [("Fit", "A", 18.0), ("Pain", "A", 5.0), ("Fit", "C", 13.0), ("Pain", "C", 4.0)]
    frame = pl.DataFrame(rows, schema=["label", "segment", "average"], orient="row")
    *segments, most = figures.category_averages(frame, ICP).data
    assert [(segment.name, list(segment.x), list(segment.y)) for segment in segments] == [
        ("Segment A", [18, 5], ["Fit", "Pain"]), ("Segment B", [], []), ("Segment C", [13, 4], ["Fit", "Pain"]),
    ]  # fmt: skip
    assert (list(most.x), list(most.y)) == ([20, 20, 10, 10, 20, 20], [category.label for category in ICP.categories])


def test_lost_points_and_coverage_stand_side_by_side() -> None:
    frame = pl.DataFrame({"field": ["x", "y"], "average_points": [4.483, 0.0], "given_share": [0.25, 1.0]})
    lost, known = figures.missing_data(frame, ICP).data
    assert (list(lost.x), list(lost.y), list(lost.text)) == ([4.483, 0], ["x", "y"], ["4.48", ""])
    assert (list(known.x), list(known.text)) == ([0.25, 1], ["25.0%", "100.0%"])


def test_nothing_lost_is_drawn_too() -> None:
    frame = pl.DataFrame({"field": ["x"], "average_points": [0.0], "given_share": [1.0]})
    assert tuple(figures.missing_data(frame, ICP).layout.xaxis.range) == (0, 1)


def by_state(*rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["state_code", "tier", "num_clinics", "sum_of_scores"], orient="row")


STATES_OF_ALL_KINDS = by_state(
    ("TX", 1, 10, 800.0), ("TX", 2, 20, 1300.0), ("TX", 3, 10, 300.0), ("OK", 3, 50, 1000.0),
    ("AK", 1, 19, 1900.0), ("CA", 2, 5, 350.0), ("CA", 3, 15, 450.0), (None, 2, 3, 3.0),
)  # fmt: skip


def test_a_state_has_the_share_above_the_lowest_tier() -> None:
    shares, few = states.tiers_by_state(STATES_OF_ALL_KINDS, ICP).data
    assert dict(zip(shares.locations, shares.z, strict=True)) == {"CA": 0.25, "OK": 0, "TX": 0.75}
    assert shares.text[2] == (
        "TX: 40 clinics, mean 60.0<br>Tier 1 - HOT: 10<br>Tier 2 - Qualified: 20<br>Tier 3 - Monitor: 10"
    )
    assert shares.colorbar.title.text == "Share of clinics in Tier 1 or Tier 2"
    assert (shares.zmin, shares.zmax) == (0, 0.75), "the scale begins at nothing"
    assert (list(few.locations), few.showscale) == (["AK"], False)
    assert "too few clinics to compare" in few.hovertemplate


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (
            STATES_OF_ALL_KINDS,
            "Shares run from 0.0% in OK to 75.0% in TX; the colours begin at 0%. "
            "1 state is grey: too few clinics to compare.",
        ),
        (
            by_state(("OK", 3, 20, 1.0), ("TX", 3, 900, 1.0)),
            "It is 0.0% in every state: the map tells nothing apart.",
        ),
        (by_state(("OK", 1, 19, 1.0)), "Every state is grey: each has too few clinics to compare."),
        # 1% of all are above: five of them are to be expected of 500 clinics
        (
            by_state(("CA", 2, 10, 1.0), ("CA", 3, 490, 1.0), ("OK", 3, 499, 1.0), ("TX", 3, 1, 1.0)),
            "It is 2.0% in every state: the map tells nothing apart. 2 states are grey: too few clinics to compare.",
        ),
    ],
    ids=["several", "none above", "small", "rare"],
)
def test_the_spread_of_states_in_words(frame: pl.DataFrame, text: str) -> None:
    assert states.spread_of_states(frame, ICP) == text


def networks(*rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, orient="row",
        schema=["display_name", "network_total_score", "network_tier", "num_clinics", "num_states"],
    )  # fmt: skip


def test_networks_stand_by_score() -> None:
    figure = figures.top_networks(networks(("A", 75.0, 1, 1200, 2), ("B", 62.5, 2, 3, 1), ("A", 61.0, 2, 4, 1)), ICP)
    first, second = figure.data
    assert (first.name, list(first.y), list(first.x)) == (ICP.network_tiers[0].label, ["A"], [75])
    assert (list(first.text), list(first.customdata[0])) == (["75.0 · 1,200"], ["A", "1,200 clinics in 2 states"])
    assert list(second.x) == [62.5, 61.0]
    assert len(set(figure.layout.yaxis.categoryarray)) == 3, "networks of one name have a bar each"
    assert [name.strip("\u200b") for name in figure.layout.yaxis.categoryarray] == ["A", "B", "A"]


def test_bubbles_have_areas_by_number_of_networks() -> None:
    rows = [(2, 60.0, 2, 100, "A"), (50, 40.0, 3, 25, "<i>")]
    schema = ["num_clinics", "from_score", "network_tier", "num_networks", "example"]
    first, second = figures.network_sizes(pl.DataFrame(rows, schema=schema, orient="row"), ICP).data
    assert (list(first.x), list(first.y), list(first.marker.size)) == ([2], [61], [40])
    assert (list(second.x), list(second.y), list(second.marker.size)) == ([50], [41], [6 + 34 * math.sqrt(0.25)])
    assert list(second.customdata[0]) == [25, 40, "&lt;i&gt;"]


def test_a_waterfall_adds_up(pictured: Path) -> None:
    clinic = (
        pl.read_parquet(pictured / "clinics_icp.parquet")
        .filter(pl.col("account_name").is_not_null())
        .row(3, named=True)
    )
    chart = draw_clinic(explain_clinic(open_run(pictured), clinic["clinic_id"]))
    (trace,) = chart.figure.data
    parts = [clinic[category.column] for category in ICP.categories]
    assert list(trace.x) == [*parts, clinic["icp_total_score"]]
    assert sum(parts) == pytest.approx(clinic["icp_total_score"])
    assert trace.text[-1] == f"{clinic['icp_total_score']:g} of 100"
    assert chart.data["points"].to_list() == parts
    assert chart.data["maximum"].to_list() == [20, 20, 10, 10, 20, 20]
    assert chart.title.endswith(f": {clinic['icp_total_score']:g} points")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_no_markup(name: str) -> None:
    text = cut(name, 40)
    assert not set("<>\n$") & set(text)
    assert len(unescape(text)) <= 40
    figure = figures.top_networks(networks((name, 75.0, 1, 2, 1)), ICP)
    assert all(one in figure.to_json() for one in ('"yaxis"', '"text":["75.0'))
    assert "<script" not in figure.to_json()
    assert "<img" not in figure.to_json()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (None, "No name"), ("", "No name"), ("x" * 8, "x" * 8), ("x" * 9, "x" * 7 + "…"),
        ("a & b", "a &amp; b"),
        ("a  \n b", "a b"), ("a 'b'", "a 'b'"), ("$a$", "&#36;a&#36;"), ("مركز", "مركز"), ("🦷" * 9, "🦷" * 7 + "…"),
        ("aaaaaa bbb", "aaaaaa…"),
    ],
)  # fmt: skip
def test_names_are_cut(name: str | None, text: str) -> None:
    assert cut(name, 8) == text


# ---------------------------------------------------------------- all of them


@pytest.fixture(scope="module")
def drawn(pictured: Path) -> dict[str, Chart]:
    return {one.name: one for one in draw(aggregates(open_run(pictured)))}


def test_a_run_has_every_chart(drawn: dict[str, Chart]) -> None:
    assert [f"charts/{name}" for name in sorted(drawn)] == sql_names("charts")
    for chart in drawn.values():
        assert chart.title
        assert chart.says.endswith(".")
        assert len(chart.figure.to_json()) < 200_000
        assert chart.figure.layout.height >= 200


def test_the_numbers_of_the_charts_are_those_of_the_tables(drawn: dict[str, Chart], pictured: Path) -> None:
    scores = pl.read_parquet(pictured / "icp_scores.parquet")
    totals = scores["icp_total_score"]
    due = dict(totals.floor().cast(pl.Int64).value_counts().iter_rows())
    spread = drawn["score_distribution"].data
    assert (
        dict(spread.group_by(pl.col("from_score").cast(pl.Int64)).agg(pl.col("num_clinics").sum()).iter_rows()) == due
    )
    tiers = drawn["tiers_and_segments"].data
    counted = scores.group_by("icp_tier", "icp_segment").len().sort("icp_tier", "icp_segment").rows()
    assert [(row[0], row[2], row[3]) for row in tiers.iter_rows()] == counted
    of_states = drawn["tiers_by_state"].data
    assert of_states["num_clinics"].sum() == len(scores)
    assert of_states["sum_of_scores"].sum() == pytest.approx(totals.sum())
    averages = dict(
        drawn["category_averages"].data.filter(pl.col("segment") == "A").select("category", "average").rows()
    )
    of_a = scores.filter(pl.col("icp_segment") == "A")
    assert averages == {
        category.name: pytest.approx(of_a[category.column].mean(), abs=0.005) for category in ICP.categories
    }
    grouped = pl.read_parquet(pictured / "networks_icp.parquet").sort(
        "network_icp_total_score", "network_id", descending=[True, False]
    )
    assert drawn["top_networks"].data["network_id"].to_list() == grouped["network_id"].head(25).to_list()
    assert drawn["network_sizes"].data["num_networks"].sum() == len(grouped)
    known = open_run(pictured).manifest.fields
    lost = drawn["points_out_of_reach"].data
    assert dict(lost.select("field", "given_share").rows()) == {
        name: field.given / 1532 for name, field in known.items() if field.read
    }


# ---------------------------------------------------------------- colours


@pytest.mark.parametrize("theme", TEMPLATES)
def test_contrast_of_figures(theme: str) -> None:
    layout = TEMPLATES[theme]["layout"]
    paper = layout["paper_bgcolor"]
    assert contrast(layout["font"]["color"], paper) >= 7
    assert contrast(layout["hoverlabel"]["font"]["color"], layout["hoverlabel"]["bgcolor"]) >= 7
    for colour in {*TIERS, *SEGMENTS, figures.BAR, figures.LOSS}:
        assert contrast(colour, paper) >= 3, colour
        assert contrast(figures.ON_BAR, colour) >= 4.5, colour


def test_the_chart_of_partners() -> None:
    card = load_scorecard("rula")
    labels = [tier.label for tier in card.tiers]
    best = pl.DataFrame(
        {
            "Rank": [1, 2, 3],
            "Name": ["A & B", "A & B", "C"],
            "Tier": [labels[0], labels[0], labels[2]],
            "Score": [80.4, 74.6, 19.2],
            "Practice Type": ["PC", None, "OB"],
            "Location": [None, "X", "Y"],
        }
    )
    chart = partner_scores(best, 3, card, "scores")
    assert [(item.name, list(item.x), list(item.y), item.showlegend) for item in chart.figure.data] == [
        (labels[0], [80.4, 74.6], [1, 2], True),
        (labels[1], [], [], False),
        (labels[2], [19.2], [3], True),
    ]
    assert len({item.marker.color for item in chart.figure.data}) == 3
    axis = chart.figure.layout.yaxis
    assert (axis.range, list(axis.ticktext)) == ((3.5, 0.5), ["A &amp; B", "A &amp; B", "C"]), "the best is on top"
    assert chart.figure.layout.xaxis.range == (0, 100)
    assert (chart.name, chart.title) == ("scores", "Referral partners by score")
    assert chart.says.startswith("3 practices by score")
    of_many = partner_scores(best, 3_000, card, "scores")
    assert (of_many.title, of_many.says[:31]) == (
        "Referral partners by score: the best 3",
        "The best 3 of 3,000 practices b",
    )
