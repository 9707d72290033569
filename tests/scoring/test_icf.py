"""The card `icf` gives what the plain-Python oracle gives, on 100,000 clinics on, below and above its edges."""

import math
import random
from pathlib import Path
from typing import Any

import icf_oracle
import polars as pl
import pytest
from frozen import frozen_card

import icp_engine

SIZE = 100_000
SHOWN = 3  # mismatches that a failure shows
RESULTS = ["icf_score", "icf_tier", "icf_tier_label", "structural_fit_score", "propensity_score", "primary_driver"]

SPECIALTIES = [None, "", " ", "Dermatology", "Behavioral Health", "Behavioral", "HOME HEALTH / Post-Acute"]
SPECIALTIES += ["post acute", "post-acute care", "Multi-Specialty Group", "multi specialty", "Orthopedic Surgery"]
SPECIALTIES += ["surgery", "FQHC", "fqhc look-alike", " Primary Care ", "primary care clinic", "Family Medicine"]
SPECIALTIES += ["internal medicine", "Health System / Hospital-Affiliated", "Specialty / Other", "behaviour"]
SPECIALTIES += ["Value-based"]


def around(*edges: float) -> list[float | None]:
    """Values below, on and above edges, and none."""
    return [None, 0.0, *(value for edge in edges for value in (math.nextafter(edge, 0), edge, edge + 0.25))]


def counts(*edges: int) -> list[int | None]:
    return [None, 0, 1, *(value for edge in edges for value in (edge - 1, edge, edge + 1))]


VALUES: dict[str, list[Any]] = {
    "segment_label": SPECIALTIES,
    "sector": [None, "", "Value", "FQHC", "value-based care", "Private"],
    "npi_count": counts(5, 15, 30, 60, 150),
    "site_count": counts(2, 4, 5, 6),
    "bene_count": [None, 0, 1, 2, 3],
    "allowed_amt": [None, 0.0, 1.0, *(value for edge in (300.0, 600.0) for value in around(edge, 2 * edge)[2:])],
    "emr_friction": around(3, 5, 6),
    "denial_pressure": around(3.5, 5.5, 7.5),
    "coding_complexity": around(7),
    "scale_velocity": around(4.5, 7),
    "roi_readiness": around(6.5),
    **{flag: [None, False, False, True] for flag in ("fqhc_flag", "aco_member", "pecos_enrolled", "oig_leie_flag")},
}
TYPES = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}


@pytest.fixture(scope="module")
def card() -> icp_engine.Scorecard:
    return icp_engine.load_scorecard(frozen_card("icf"))


def test_agrees_with_the_oracle_on_random_clinics(card: icp_engine.Scorecard) -> None:
    draw = random.Random(15)
    columns = {name: draw.choices(values, k=SIZE) for name, values in VALUES.items()}
    types = {name: TYPES[type(values[-1])] for name, values in VALUES.items()}
    clinics = pl.DataFrame({"clinic_id": [f"c{row}" for row in range(SIZE)], **columns}, schema_overrides=types)
    found = icp_engine.score(clinics, card)
    names = list(columns)
    expected = pl.DataFrame(
        [icf_oracle.score(dict(zip(names, row, strict=True))) for row in zip(*columns.values(), strict=True)],
        schema=found.select(RESULTS).schema,
    )
    differs = pl.any_horizontal(found[name].ne_missing(expected[name]) for name in RESULTS)
    wrong = pl.select(differs.arg_true()).to_series()[:SHOWN]
    assert wrong.is_empty(), [(found.row(row, named=True), expected.row(row, named=True)) for row in wrong]
    assert expected["icf_tier"].n_unique() == 3
    assert set(expected["primary_driver"].unique()) == {None, *icf_oracle.WEIGHTS}


@pytest.mark.parametrize(
    ("given", "characteristic", "points", "status"),
    [
        ({}, "chart_volume", 0.0, "MISSING"),
        ({"npi_count": 0}, "chart_volume", 0.0, None),
        ({"segment_label": "Surgery"}, "chart_volume", 1.0, "MISSING"),  # the bonus counts without providers
        ({"npi_count": 150, "segment_label": "Surgery"}, "chart_volume", 3.0, None),  # 3.5, at most 3
        ({}, "emr_integration", 1.5, "MISSING"),
        ({"emr_friction": 5}, "emr_integration", 1.5, None),
        ({"site_count": 3}, "coding_setup", 1.5, "MISSING"),
        ({"site_count": 3, "npi_count": 0}, "coding_setup", 1.5, None),
        ({"denial_pressure": 0}, "denial_pressure", 0.0, None),
        ({}, "cash_flow_strain", 0.0, "MISSING"),
        ({"bene_count": 1, "allowed_amt": 0}, "cash_flow_strain", 0.0, "MISSING"),  # undefined, not 0: in no band
        ({"bene_count": 1, "allowed_amt": 600}, "cash_flow_strain", 0.0, None),
        ({"fqhc_flag": True}, "cash_flow_strain", 2.0, None),
        ({"fqhc_flag": True, "bene_count": 1, "allowed_amt": 599.99}, "cash_flow_strain", 1.0, None),
        ({}, "compliance_exposure", 0.0, "MISSING"),
        ({"oig_leie_flag": True}, "compliance_exposure", 2.0, None),
        ({"site_count": 1}, "workforce_crisis", 0.0, "MISSING"),
        ({"site_count": 6}, "workforce_crisis", 2.0, None),
        ({"scale_velocity": 0.0}, "workforce_crisis", 0.0, None),
        ({}, "change_readiness", 0.0, "MISSING"),
        ({"pecos_enrolled": True}, "change_readiness", 1.0, None),
    ],
)
def test_a_missing_number_reads_as_0_and_says_so(
    given: dict[str, Any], characteristic: str, points: float, status: str | None, card: icp_engine.Scorecard
) -> None:
    clinic = pl.DataFrame({"clinic_id": ["c"], **{name: [value] for name, value in given.items()}})
    entries = icp_engine.explain(clinic, card, "c")
    entry = next(entry for entry in entries if entry.code.split(".")[1] == characteristic)
    assert (entry.points, "MISSING" if entry.missing else None) == (points, status)
    assert (entry.note if entry.missing else entry.reason) is not None


def test_the_driver_column_is_the_card_s_to_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = frozen_card("icf").read_text(encoding="utf-8")
    path.write_text(text.replace('"primary_driver"', '"icf_score"'), encoding="utf-8")
    with pytest.raises(icp_engine.ScorecardError, match="2 columns would be called 'icf_score'"):
        icp_engine.load_scorecard(path)
