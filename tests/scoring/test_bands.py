"""Every band of `icp` and `icp-2025-11` at 1.0.0, just below, on and above its edge, missing, NaN and blank."""

import json
import math
from collections import defaultdict
from typing import Any

import polars as pl
import pytest
from frozen import frozen_card

import icp_engine
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scoring.compiler import tier_expr

Fields = dict[str, Any]
Found = dict[str, tuple[str, float]]  # characteristic -> its band and points

ICP, NOVEMBER = "icp", "icp-2025-11"
CARDS = pytest.mark.parametrize("card", [ICP, NOVEMBER])
TINY, BELOW_7 = 5e-324, math.nextafter(7, 0)

NUMBERS: list[tuple[str, str, str, float, list[float]]] = [  # characteristic, field, band, points, values
    ("fit.multi_site", "site_count", "few_sites", 0, [0, 1, 4]),
    ("fit.multi_site", "site_count", "multi_site", 2, [5, 6, 1000]),
    ("fit.service_breadth", "services_count", "narrow", 0, [0, 1, 9]),
    ("fit.service_breadth", "services_count", "broad", 3, [10, 11, 1000]),
    ("pain.coding_complexity", "coding_complexity", "low", 0, [0, 1, 4.99]),
    ("pain.coding_complexity", "coding_complexity", "moderate", 1.5, [5, 5.01, 9.99]),
    ("pain.coding_complexity", "coding_complexity", "high", 3, [10, 10.01, 15, 15.01, 99]),
    ("propensity.roi_readiness", "roi_readiness", "none", 0, [0]),
    ("propensity.roi_readiness", "roi_readiness", "low", 1, [TINY, 0.01, 3.99]),
    ("propensity.roi_readiness", "roi_readiness", "moderate", 2, [4, 4.01, 6.99, BELOW_7]),
    ("propensity.roi_readiness", "roi_readiness", "high", 4, [7, 7.01, 10, 10.01]),
    ("propensity.coding_complexity", "coding_complexity", "low", 0, [0, 5, 7.99]),
    ("propensity.coding_complexity", "coding_complexity", "high", 2, [8, 8.01, 15, 99]),
    ("scale.provider_count", "npi_count", "none", 0, [0]),
    ("scale.provider_count", "npi_count", "very_small", 1, [1, 2, 4]),
    ("scale.provider_count", "npi_count", "small", 2.5, [5, 6, 9]),
    ("scale.provider_count", "npi_count", "small_medium", 4, [10, 11, 19]),
    ("scale.provider_count", "npi_count", "growing", 5.5, [20, 21, 49]),
    ("scale.provider_count", "npi_count", "mid_size", 7, [50, 51, 99]),
    ("scale.provider_count", "npi_count", "large", 8, [100, 101, 99_999]),
    ("scale.site_count", "site_count", "none", 0, [0]),
    ("scale.site_count", "site_count", "small", 1, [1, 2]),
    ("scale.site_count", "site_count", "multi_site", 2, [3, 4]),
    ("scale.site_count", "site_count", "mid_size", 3, [5, 6, 9]),
    ("scale.site_count", "site_count", "large", 4, [10, 11, 500]),
    ("scale.patient_volume", "bene_count", "none", 0, [0]),
    ("scale.patient_volume", "bene_count", "low", 0.5, [1, 499]),
    ("scale.patient_volume", "bene_count", "small", 1.5, [500, 501, 999]),
    ("scale.patient_volume", "bene_count", "moderate", 2.5, [1000, 1001, 4999]),
    ("scale.patient_volume", "bene_count", "high", 3.5, [5000, 5001, 9999]),
    ("scale.patient_volume", "bene_count", "very_high", 4, [10_000, 10_001, 1_000_000]),
    ("scale.billing_size", "allowed_amt", "none", 0, [0]),
    ("scale.billing_size", "allowed_amt", "low", 0.5, [TINY, 0.01, 499_999.99]),
    ("scale.billing_size", "allowed_amt", "small", 1.5, [5e5, 500_000.01, 999_999.99]),
    ("scale.billing_size", "allowed_amt", "mid_size", 2.5, [1e6, 1_000_000.01, 4_999_999.99]),
    ("scale.billing_size", "allowed_amt", "large", 3.5, [5e6, 5_000_000.01, 9_999_999.99]),
    ("scale.billing_size", "allowed_amt", "enterprise", 4, [1e7, 10_000_000.01, 1e12]),
]
OTHER = {"segment_label": "Cardiology"}
CONTEXT = {  # what else a clinic says, so that the characteristic has an entry of its own
    "fit.multi_site": OTHER,
    "fit.service_breadth": OTHER,
    "propensity.roi_readiness": {"pecos_enrolled": False},
    "propensity.coding_complexity": {"pecos_enrolled": False},
}
NUMERIC = [*dict.fromkeys(where for where, *_ in NUMBERS), "pain.denial_pressure"]
DENIAL_PRESSURE: dict[str, dict[str, dict[float, float]]] = {  # band -> value -> points
    ICP: {
        "none": {0: 0},
        "some": {TINY: 0, 0.004: 0, 0.01: 0.01, 3.5: 3.5, 6.99: 6.99, BELOW_7: 7},
        "high": {7: 8, 7.01: 8.01, 7.03: 8.02, 8.5: 9, 9.99: 9.99, 10: 10, 10.01: 10, 99: 10},
    },
    NOVEMBER: {
        "none": {0: 0},
        "some": {TINY: 0, 0.01: 0.01, 6.99: 6.99, 7: 7, 7.01: 7.01, 9.99: 9.99, 10: 10, 10.01: 10, 99: 10},
    },
}
REVENUE: list[tuple[str, float, list[float]]] = [  # USD per patient; November's adequate is worth 1
    ("very_low", 7, [0.01, 299.99]),
    ("low", 5, [300, 300.01, 599.99]),
    ("moderate", 3, [600, 600.01, 999.99]),
    ("adequate", 0, [1000, 1000.01, 1e6]),
]
FLAG_BANDS = {  # field -> band where true, band where false
    "pecos_enrolled": ("enrolled", "not_enrolled"),
    "aco_member": ("member", "not_member"),
}
TRUE = [True, 1, 1.0, "1", "true", "TRUE", "Yes", "y", "T", " Y "]
FALSE = [False, 0, 0.0, "0", "false", "FALSE", "No", "n", "F", " N "]
ABSENT = [None, math.nan, math.inf, -math.inf, -1, "", "  ", "\t", "NA", "n/a", "null", "None", "NaN", "-1", "x"]

BEHAVIORAL = {"segment_label": "Behavioral"}
NOT_HYPHENATED = {"segment_label": "Post-Acute"}
EXPOSURE: dict[str, list[tuple[Fields, str, float]]] = {
    ICP: [
        ({"oig_leie_flag": True, "segment_label": "Hospice"}, "oig_leie", 10),
        ({"oig_leie_flag": None, "segment_label": "Hospice"}, "post_acute", 8),
        ({"segment_label": "Hospice", "fqhc_flag": True, "denial_pressure": 9}, "post_acute", 8),
        (NOT_HYPHENATED, "post_acute", 8),
        (BEHAVIORAL | {"denial_pressure": 7, "fqhc_flag": True}, "behavioral_denials", 7),
        (BEHAVIORAL | {"denial_pressure": 7.01}, "behavioral_denials", 7),
        (BEHAVIORAL | {"denial_pressure": 6.99}, "behavioral", 4),
        (BEHAVIORAL | {"denial_pressure": None, "aco_member": True}, "behavioral", 4),
        (BEHAVIORAL | {"fqhc_flag": True}, "fqhc", 5),
        ({"segment_label": "Mental Health"}, "behavioral", 4),
        ({"fqhc_flag": True, "aco_member": True}, "fqhc", 5),
        ({"aco_member": True}, "aco", 4),
        ({"denial_pressure": 9}, "baseline", 2),
        ({"oig_leie_flag": False, "fqhc_flag": False, "aco_member": False}, "baseline", 2),
        ({}, "baseline", 2),
    ],
    NOVEMBER: [
        ({"oig_leie_flag": True, "segment_label": "Hospice"}, "oig_leie", 10),
        ({"segment_label": "Hospice", "fqhc_flag": True}, "post_acute", 8),
        (NOT_HYPHENATED, "baseline", 2),
        ({"segment_label": "Post Acute"}, "post_acute", 8),
        (BEHAVIORAL | {"denial_pressure": 7, "fqhc_flag": True}, "behavioral_denials", 7),
        (BEHAVIORAL | {"denial_pressure": 6.99, "fqhc_flag": True}, "behavioral_fqhc", 9),
        (BEHAVIORAL | {"denial_pressure": 6.99}, "behavioral", 4),
        ({"segment_label": "Mental Health", "denial_pressure": 7}, "baseline", 2),
        ({"fqhc_flag": True, "aco_member": True}, "fqhc", 5),
        (BEHAVIORAL | {"aco_member": True}, "behavioral", 4),
        ({"aco_member": True}, "aco", 4),
        ({}, "baseline", 2),
    ],
}
SEGMENTS: list[tuple[Fields, str, str, float]] = [  # fields, band, segment, points
    ({"segment_label": "Hospice", "fqhc_flag": True, "npi_count": 100}, "behavioral_home_health", "A", 20),
    ({"fqhc_flag": True}, "fqhc_rural", "B", 20),
    ({"fqhc_flag": True, "segment_label": "Health System"}, "fqhc_rural", "B", 20),
    ({"sector": "Rural Health"}, "fqhc_rural", "B", 20),
    ({"sector": "Hospice"}, "other", "C", 8),
    ({"segment_label": "Health System"}, "multi_specialty", "C", 20),
    ({"npi_count": 100, "segment_label": "Primary Care"}, "multi_specialty", "C", 20),
    ({"npi_count": 101}, "multi_specialty", "C", 20),
    ({"npi_count": 99, "segment_label": "Primary Care"}, "primary_care", "C", 14),
    ({"segment_label": "PRIMARY CARE "}, "primary_care", "C", 14),
    ({"npi_count": 50, "segment_label": "Family Medicine"}, "mid_size", "C", 15),
    ({"npi_count": 99}, "mid_size", "C", 15),
    ({"npi_count": 51}, "mid_size", "C", 15),
    ({"npi_count": 49}, "growing", "C", 12),
    ({"npi_count": 21}, "growing", "C", 12),
    ({"npi_count": 20}, "growing", "C", 12),
    ({"npi_count": 19}, "other", "C", 8),
    ({"npi_count": 0}, "other", "C", 8),
    ({"fqhc_flag": False}, "other", "C", 8),
    ({"segment_label": "Cardiology"}, "other", "C", 8),
    ({}, "missing", "C", 8),
]
MIND = ["mental health", "substance abuse", "psychiatry", "psychology"]
SYSTEMS = ["health system", "hospital-affiliated", "hospital affiliated"]
SPECIALTY: dict[str, tuple[float, list[str]]] = {  # band -> points, phrases
    "behavioral_home_health": (
        18,
        [*MIND, "behavioral health", "home health", "home care", "hospice", "palliative"],
    ),
    "fqhc": (16, ["fqhc", "federally qualified", "rural health", "community health", "hrsa"]),
    "primary_care": (15, ["primary care", "family medicine"]),
    "multi_specialty": (
        13,
        [*SYSTEMS, "multi-specialty", "multi specialty", "private equity", "pe-backed"],
    ),
    "other": (10, ["cardiology", "homehealth", "primary-care", "primarycare", "behavioural", "n / a", "health"]),
}
EXPOSED: dict[str, dict[str, tuple[float, list[str]]]] = {
    ICP: {
        "post_acute": (8, ["home health", "post-acute", "post acute", "hospice"]),
        "behavioral": (4, ["behavioral", *MIND]),
        "baseline": (2, ["home care", "palliative", "psychologist", "acute"]),
    },
    NOVEMBER: {
        "post_acute": (8, ["home health", "post acute", "hospice"]),
        "behavioral": (4, ["behavioral"]),
        "baseline": (2, ["post-acute", *MIND]),
    },
}
FIRST_OF_MANY = {
    "Health System, Primary Care, FQHC, Hospice": "behavioral_home_health",
    "Health System, Primary Care, HRSA": "fqhc",
    "Health System, Family Medicine": "primary_care",
}
BONUSES = {  # label -> bonuses that apply in icp, fit with 5 sites and 10 services
    "Hospice": (["fit.multi_site"], {ICP: 20, NOVEMBER: 20}),
    "FQHC": (["fit.service_breadth"], {ICP: 19, NOVEMBER: 20}),
    "Primary Care": (["fit.multi_site"], {ICP: 17, NOVEMBER: 20}),
    "Health System": (["fit.service_breadth"], {ICP: 16, NOVEMBER: 18}),
    "Cardiology": (["fit.multi_site", "fit.service_breadth"], {ICP: 15, NOVEMBER: 15}),
}
FEW: Found = {"fit.multi_site": ("few_sites", 0), "fit.service_breadth": ("narrow", 0)}
TIER_1 = {"segment_label": "Home Health", "site_count": 5, "npi_count": 100, "allowed_amt": 1e7}
TIER_1 |= {"roi_readiness": 7, "pecos_enrolled": True, "aco_member": True, "coding_complexity": 8}
TIER_2 = {"segment_label": "Home Health", "site_count": 5, "roi_readiness": 7}
TIERS: dict[str, list[tuple[Fields, float, int]]] = {
    ICP: [
        (TIER_1 | {"denial_pressure": 5.51}, 80.01, 1),
        (TIER_1 | {"denial_pressure": 5.5}, 80, 1),
        (TIER_1 | {"denial_pressure": 5.496}, 80, 1),  # tiers compare the rounded number
        (TIER_1 | {"denial_pressure": 5.49}, 79.99, 2),
        (TIER_2 | {"denial_pressure": 5.01}, 60.01, 2),
        (TIER_2 | {"denial_pressure": 5}, 60, 2),
        (TIER_2 | {"denial_pressure": 4.99}, 59.99, 3),
    ],
    NOVEMBER: [
        (TIER_2 | {"npi_count": 50, "denial_pressure": 8.01}, 70.01, 1),
        (TIER_2 | {"npi_count": 50, "denial_pressure": 8}, 70, 1),
        (TIER_2 | {"npi_count": 50, "denial_pressure": 7.99}, 69.99, 2),
        ({"segment_label": "Home Health", "denial_pressure": 4.01}, 50.01, 2),
        ({"segment_label": "Home Health", "denial_pressure": 4}, 50, 2),
        ({"segment_label": "Home Health", "denial_pressure": 3.99}, 49.99, 3),
    ],
}


def scored(card: str, clinics: list[Fields]) -> list[Fields]:
    """Score clinics whose values are of any type: those of the same types go into one frame."""
    frames: dict[tuple[str, ...], list[Fields]] = defaultdict(list)
    for number, clinic in enumerate(clinics):
        kinds = (f"{name} {type(value)}" for name, value in sorted(clinic.items()))
        frames[tuple(kinds)].append({"clinic_id": str(number), **clinic})
    scorecard = icp_engine.load_scorecard(frozen_card(card))
    rows = []
    for frame in frames.values():
        result = icp_engine.score(pl.LazyFrame(frame), scorecard, bibliography=True, reason_codes=True)
        rows += result.collect().rows(named=True)
    return sorted(rows, key=lambda row: int(row["clinic_id"]))


def looked_at(card: str, clinics: list[Fields]) -> list[Found]:
    """For every clinic and characteristic that has an entry its band and points."""
    found = []
    for row in scored(card, clinics):
        entries = json.loads(row["icp_bibliography"])
        assert row["icp_reason_codes"] == "|".join(entry["code"] for entry in entries)
        codes = [(*entry["code"].rpartition("."), entry["points"]) for entry in entries]
        found.append({where: (band, points) for where, _, band, points in codes})
    return found


def check(card: str, where: str, rows: list[tuple[Fields, str, float]]) -> None:
    """Compare the bands and points of one characteristic with a table."""
    found = looked_at(card, [fields for fields, _, _ in rows])
    assert [(fields, *match[where]) for (fields, _, _), match in zip(rows, found, strict=True)] == rows


def numeric(card: str, where: str) -> tuple[str, list[tuple[float, str, float]]]:
    """The field of a numeric characteristic, and its values with band and points."""
    if where == "pain.denial_pressure":
        bands = DENIAL_PRESSURE[card].items()
        return "denial_pressure", [(value, band, due) for band, many in bands for value, due in many.items()]
    rows = [row for row in NUMBERS if row[0] == where]
    return rows[0][1], [(value, band, points) for _, _, band, points, values in rows for value in values]


def revenue(card: str) -> list[tuple[Fields, str, float]]:
    rows = [*REVENUE[:-1], ("adequate", 1 if card == NOVEMBER else 0, REVENUE[-1][2])]
    return [({"allowed_amt": value * 100, "bene_count": 100}, band, due) for band, due, many in rows for value in many]


@CARDS
@pytest.mark.parametrize("where", NUMERIC)
def test_numeric_bands(where: str, card: str) -> None:
    field, rows = numeric(card, where)
    check(card, where, [({**CONTEXT.get(where, {}), field: value}, band, due) for value, band, due in rows])


@CARDS
@pytest.mark.parametrize("where", NUMERIC)
def test_absent_numbers_are_missing(where: str, card: str) -> None:
    field, _ = numeric(card, where)
    check(card, where, [({**CONTEXT.get(where, {}), field: value}, "missing", 0) for value in ABSENT])


@CARDS
def test_revenue_per_patient(card: str) -> None:
    check(card, "pain.revenue_per_patient", revenue(card))


@CARDS
def test_revenue_is_undefined_unless_both_are_positive(card: str) -> None:
    pairs = [(0, 5), (5, 0), (0, 0), (None, 5), (5, None), (-5, 5), (5, -5), (math.nan, 5), ("", "5"), ("5", " ")]
    rows = [({"allowed_amt": top, "bene_count": bottom}, "missing", 0) for top, bottom in pairs]
    check(card, "pain.revenue_per_patient", rows)


@CARDS
@pytest.mark.parametrize("field", FLAG_BANDS)
def test_flags(field: str, card: str) -> None:
    yes, no = FLAG_BANDS[field]
    due = [(yes, 2, TRUE), (no, 0, FALSE), ("missing", 0, [*ABSENT, 2, "2"])]
    rows = [({"roi_readiness": 0, field: value}, band, points) for band, points, many in due for value in many]
    check(card, f"propensity.{field}", rows)


@CARDS
def test_exposure(card: str) -> None:
    check(card, "compliance.exposure", EXPOSURE[card])


@CARDS
def test_segments(card: str) -> None:
    rows = [(fields, band, points) for fields, band, _, points in SEGMENTS]
    check(card, "segment.strategic_segment", rows)


@CARDS
def test_segment_letters(card: str) -> None:
    rows = scored(card, [fields for fields, *_ in SEGMENTS])
    found = [(row["icp_segment"], row["icp_segment_score"]) for row in rows]
    assert found == [(letter, points) for *_, letter, points in SEGMENTS]


def spelled(phrase: str) -> list[str]:
    """Spellings that mention a phrase all the same."""
    return [phrase, phrase.upper(), f"  {phrase.title()}\t", f"Big{phrase}Group", f"A {phrase.title()} Center"]


@CARDS
@pytest.mark.parametrize("band", SPECIALTY)
def test_specialty_phrases(band: str, card: str) -> None:
    points, phrases = SPECIALTY[band]
    labels = [label for phrase in phrases for label in spelled(phrase)]
    check(card, "fit.specialty", [({"segment_label": label}, band, points) for label in labels])


@CARDS
def test_the_first_specialty_wins(card: str) -> None:
    rows = [({"segment_label": label}, band, SPECIALTY[band][0]) for label, band in FIRST_OF_MANY.items()]
    check(card, "fit.specialty", rows)


@pytest.mark.parametrize(("card", "due"), [(ICP, ["fqhc"] * 5), (NOVEMBER, ["fqhc", *["other"] * 4])])
def test_fqhc_by_sector(card: str, due: list[str]) -> None:
    pairs = zip(SPECIALTY["fqhc"][1], due, strict=True)
    rows = [({**OTHER, "sector": phrase.upper()}, band, SPECIALTY[band][0]) for phrase, band in pairs]
    check(card, "fit.specialty", rows)


@CARDS
def test_segment_phrases(card: str) -> None:
    every = {"behavioral_home_health": "behavioral_home_health", "fqhc": "fqhc_rural"}
    every["multi_specialty"] = "multi_specialty"
    due = {phrase: (name, 20) for band, name in every.items() for phrase in SPECIALTY[band][1]}
    due |= {"primary care": ("primary_care", 14), "family medicine": ("other", 8), "cardiology": ("other", 8)}
    rows = [({"segment_label": f" {phrase.title()} Group"}, *one) for phrase, one in due.items()]
    check(card, "segment.strategic_segment", rows)


@CARDS
def test_exposure_phrases(card: str) -> None:
    due = [(phrase, band, points) for band, (points, many) in EXPOSED[card].items() for phrase in many]
    rows = [({"segment_label": label}, *one) for phrase, *one in due for label in spelled(phrase)]
    check(card, "compliance.exposure", rows)


@CARDS
@pytest.mark.parametrize("label", BONUSES)
def test_bonuses_of_fit(label: str, card: str) -> None:
    (found,) = looked_at(card, [{"segment_label": label, "site_count": 5, "services_count": 10}])
    every = {"fit.multi_site": ("multi_site", 2), "fit.service_breadth": ("broad", 3)}
    applies = every if card == NOVEMBER else BONUSES[label][0]
    assert {name: found[name] for name in every if name in found} == {name: every[name] for name in applies}


@CARDS
def test_cap_of_fit(card: str) -> None:
    rows = scored(card, [{"segment_label": bonus, "site_count": 5, "services_count": 10} for bonus in BONUSES])
    assert [row["icp_fit_score"] for row in rows] == [fit[card] for _, fit in BONUSES.values()]


@pytest.mark.parametrize(
    ("card", "sector", "due"),
    [
        (ICP, "FQHC", {"fit.specialty": ("missing", 0)}),
        (ICP, None, {"fit.specialty": ("missing", 0)}),
        (NOVEMBER, " ", {"fit.specialty": ("missing", 0)}),
        (NOVEMBER, "FQHC", {"fit.specialty": ("fqhc", 16), **FEW}),
        (NOVEMBER, "Hospice", {"fit.specialty": ("other", 10), **FEW}),
    ],
)
def test_fit_without_a_label(card: str, sector: str | None, due: Found) -> None:
    labels = [None, "", " ", "\t\n"]
    clinics = [{"segment_label": label, "sector": sector, "site_count": 0, "services_count": 0} for label in labels]
    fit = [{where: it for where, it in one.items() if where.startswith("fit")} for one in looked_at(card, clinics)]
    assert fit == [due] * len(labels)


@CARDS
@pytest.mark.parametrize("known", ["roi_readiness", "pecos_enrolled", "aco_member", "coding_complexity"])
def test_propensity_is_one_entry_only_with_nothing_known(known: str, card: str) -> None:
    nothing, something = looked_at(card, [{}, {known: 0}])
    assert [where for where in nothing if where.startswith("propensity")] == ["propensity"]
    assert len([where for where in something if where.startswith("propensity.")]) == 4


@CARDS
def test_clinic_tiers(card: str) -> None:
    labels = {1: "Tier 1 - HOT", 2: "Tier 2 - Qualified", 3: "Tier 3 - Monitor"}
    rows = scored(card, [fields for fields, _, _ in TIERS[card]])
    found = [(row["icp_total_score"], row["icp_tier"], row["icp_tier_label"]) for row in rows]
    assert found == [(total, tier, labels[tier]) for _, total, tier in TIERS[card]]


@CARDS
def test_network_tiers(card: str) -> None:
    due = {10_000: 1, 7001: 1, 7000: 1, 6999: 2, 5001: 2, 5000: 2, 4999: 3, 0: 3}  # in hundredths
    scorecard = icp_engine.load_scorecard(frozen_card(card))
    frame = pl.DataFrame({"icp_total_score": list(due)})
    tiers = frame.select(tier_expr(scorecard.network_tiers, scorecard)).to_series().to_list()
    assert dict(zip(due, tiers, strict=True)) == due


@CARDS
def test_every_band_stands_in_a_table(card: str) -> None:
    tables = {where: [*(band for _, band, _ in numeric(card, where)[1]), "missing"] for where in NUMERIC}
    tables |= {f"propensity.{field}": [*names, "missing"] for field, names in FLAG_BANDS.items()}
    tables["pain.revenue_per_patient"] = [*(band for band, _, _ in REVENUE), "missing"]
    tables["compliance.exposure"] = [band for _, band, _ in EXPOSURE[card]]
    tables["propensity"] = ["missing"]  # the category as a whole
    tables["segment.strategic_segment"] = [band for _, band, _, _ in SEGMENTS]
    tables["fit.specialty"] = [*SPECIALTY, "missing"]
    tried = {f"{where}.{band}" for where, bands in tables.items() for band in bands}
    parts = outcome_table(icp_engine.load_scorecard(frozen_card(card))).parts
    assert tried == {out.code for part in parts for out in part.outcomes if out.number or part.rule.missing}
