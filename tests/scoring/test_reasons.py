"""The strongest reasons and the missing fields of a clinic, and which come first."""

from typing import Any

import polars as pl
import pytest

from icp_engine import Scorecard, load_scorecard
from icp_engine.extract.conform import conform
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.ranking import headlines, unknown_fields
from icp_engine.scoring.reasons import ReasonSpeller
from icp_engine.scoring.score import add_bands

Content = dict[str, Any]


def rule(field: str, points: float, reason: str, **more: Any) -> Content:
    """A characteristic that gives points where a number is above 0."""
    bands = [
        {"name": "some", "above": 0, "points": points, "reason": reason},
        {"name": "none", "points": 0, "reason": f"no {reason}"},
    ]
    return {"field": field, "missing": {"points": 0}, "bands": bands} | more


def card(*categories: Content) -> Scorecard:
    content = {
        "id": "tiny",
        "version": "1",
        "title": "Tiny",
        "prefix": "tiny",
        "tier": {"1": {"label": "All"}},
        "category": {f"c{number}": {"label": "C", "max": 20} | category for number, category in enumerate(categories)},
    }
    return restore_scorecard(content, "tiny")


def said(scorecard: Scorecard, **clinic: Any) -> tuple[str | None, str | None]:
    frame = pl.LazyFrame({"clinic_id": ["1"], **{name: [value] for name, value in clinic.items()}})
    fields = [scorecard.fields[name] for name in scorecard.reads]
    reasons = ReasonSpeller(scorecard).spell(add_bands(conform(frame, fields), scorecard).collect())
    return reasons.to_text("top_reasons").item(), reasons.to_text("unknown").item()


FOUR = card(
    {"a": rule("npi_count", 2, "Two"), "b": rule("site_count", 3, "Three")},
    {"c": rule("bene_count", 2, "Two too"), "d": rule("services_count", 1, "One")},
)
ALL = {"npi_count": 1, "site_count": 1, "bene_count": 1, "services_count": 1}
CLINICS: dict[str, tuple[Content, str | None, str | None]] = {
    "three of four, ties in file order": (ALL, "Three; Two; Two too", None),
    "bands worth nothing are left out": (ALL | {"site_count": 0, "bene_count": 0}, "Two; One", None),
    "nothing to say": (dict.fromkeys(ALL, 0), None, None),
    "the dearest first": (ALL | {"site_count": None, "npi_count": None}, "Two too; One", "site_count, npi_count"),
    "everything is missing": ({}, None, "site_count, npi_count, bene_count, services_count"),
}


@pytest.mark.parametrize("case", CLINICS)
def test_reasons_and_missing_fields_of_a_clinic(case: str) -> None:
    clinic, *due = CLINICS[case]
    assert said(FOUR, **dict.fromkeys(ALL) | clinic) == tuple(due)


def test_a_line_counts_with_its_upper_end_and_a_weight_with_its_part() -> None:
    line = rule("npi_count", 0, "")
    line["bands"] = [{"name": "line", "points": {"from": 5, "to": 0, "over": [0, 10]}, "reason": "Line"}]
    mean = {
        "combine": "weighted_mean",
        "max": 6,
        "x": rule("site_count", 10, "Half", max=10),
        "y": rule("bene_count", 10, "Half too", max=10),
    }
    assert said(card(mean, {"z": line}), npi_count=10, site_count=1, bene_count=1) == ("Line; Half; Half too", None)


def test_a_characteristic_that_is_no_headline_is_left_out_of_the_reasons_alone() -> None:
    quiet = card({"a": rule("npi_count", 5, "Five", headline=False), "b": rule("site_count", 1, "One")})
    assert said(quiet, npi_count=1, site_count=1) == ("One", None)
    assert said(quiet, site_count=1) == ("One", "npi_count")


def test_fields_of_which_any_is_missing_are_told_together_and_a_ratio_by_its_name() -> None:
    several = rule("npi_count", 1, "One", missing={"when_any": ["npi_count", "site_count"], "points": 0})
    every = rule("bene_count", 1, "One", missing={"when_all": ["bene_count", "services_count"], "points": 0})
    assert said(card({"a": several, "b": every})) == (None, "npi_count or site_count, bene_count, services_count")
    assert said(load_scorecard("icp"))[1] is not None
    assert "revenue_per_patient" in {field.name for field in unknown_fields(load_scorecard("icp"))}


@pytest.mark.parametrize(("length", "due"), [(249, 255), (250, 255), (400, 255)])
def test_long_reasons_are_cut_to_255_characters(length: int, due: int) -> None:
    text, _ = said(card({"a": rule("npi_count", 2, "é" * length), "b": rule("site_count", 1, "One!")}), **ALL)
    assert text is not None
    assert len(text) == due
    assert text.endswith("One!") == (length == 249)
    assert text.endswith("…") == (length > 249)


@pytest.mark.parametrize("name", ["icp", "icp-2025-11"])
def test_the_segment_of_the_shipped_cards_is_no_headline(name: str) -> None:
    shipped = load_scorecard(name)
    assert shipped.segment_source is not None
    assert shipped.segment_source.column not in {headline.rule.column for headline in headlines(shipped)}
