"""The scorecards `icp` and `icp-2025-11`, version 1.0.0, once more in plain Python, clinic by clinic, from the spec.

It shares nothing with icp_engine and reads no scorecard: an error has to be made twice to go unnoticed.
The engine is compared with it, on random clinics full of traps, in test_oracle.py.
"""

import math
import random
import re
from typing import Any

Raw = dict[str, Any]
Entry = dict[str, Any]
Outcome = tuple[str, float]  # name of the band, points

ICP = "icp"
NOVEMBER = "icp-2025-11"

TEXTS = ("clinic_id", "account_name", "segment_label", "sector")
INTEGERS = ("npi_count", "site_count", "services_count", "bene_count")
FLAGS = ("fqhc_flag", "aco_member", "pecos_enrolled", "oig_leie_flag")
NUMBERS = {  # with the top of the scale
    "allowed_amt": math.inf,
    "denial_pressure": 10.0,
    "coding_complexity": 15.0,
    "roi_readiness": 10.0,
    "emr_friction": 10.0,
    "scale_velocity": 10.0,
}

# ASCII figures, plain or in properly grouped thousands, with an optional dollar sign before them.
WRITTEN_NUMBER = re.compile(r"\$?((?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)")
ABSENT = {
    "na",
    "n/a",
    "#n/a",
    "null",
    "none",
    "nan",
    "-",
    "--",
    ".",
    "unknown",
    "<unavail>",
    "<na>",
    "(null)",
    "(blank)",
    "--none--",
    "n.a.",
    "?",
    "---",
    "\\n",
    "#ref!",
    "#value!",
    "#name?",
    "#div/0!",
    "#null!",
    "#num!",
}
YES = {"1", "1.0", "true", "yes", "y", "t"}
NO = {"0", "0.0", "false", "no", "n", "f"}

BEHAVIORAL_HOME_HEALTH = ["behavioral health", "mental health", "substance abuse", "psychiatry", "psychology"]
BEHAVIORAL_HOME_HEALTH += ["home health", "home care", "hospice", "palliative"]
FQHC_RURAL = ["fqhc", "federally qualified", "rural health", "community health", "hrsa"]
MULTI_SPECIALTY = ["multi-specialty", "multi specialty", "health system", "hospital-affiliated"]
MULTI_SPECIALTY += ["hospital affiliated", "private equity", "pe-backed"]
PRIMARY_CARE = ["primary care", "family medicine"]
POST_ACUTE = {
    ICP: ["home health", "post-acute", "post acute", "hospice"],
    NOVEMBER: ["home health", "post acute", "hospice"],
}
BEHAVIORAL = {
    ICP: ["behavioral", "mental health", "substance abuse", "psychiatry", "psychology"],
    NOVEMBER: ["behavioral"],
}

ABOVE_ZERO = math.ulp(0.0)  # the smallest number above 0, so that "above 0" is a lower edge like the others

ROI_READINESS = [(7, "high", 4), (4, "moderate", 2), (ABOVE_ZERO, "low", 1), (0, "none", 0)]
PROVIDERS = [
    (100, "large", 8),
    (50, "mid_size", 7),
    (20, "growing", 5.5),
    (10, "small_medium", 4),
    (5, "small", 2.5),
    (1, "very_small", 1),
    (0, "none", 0),
]
SITES = [(10, "large", 4), (5, "mid_size", 3), (3, "multi_site", 2), (1, "small", 1), (0, "none", 0)]
PATIENTS = [
    (10_000, "very_high", 4),
    (5_000, "high", 3.5),
    (1_000, "moderate", 2.5),
    (500, "small", 1.5),
    (ABOVE_ZERO, "low", 0.5),
    (0, "none", 0),
]
BILLING = [
    (10e6, "enterprise", 4),
    (5e6, "large", 3.5),
    (1e6, "mid_size", 2.5),
    (500e3, "small", 1.5),
    (ABOVE_ZERO, "low", 0.5),
    (0, "none", 0),
]

SCORE_NAMES = {
    "compliance": "compliance_risk",
    "propensity": "propensity_to_buy",
    "segment": "strategic_segment",
}
MAXIMUM = {"fit": 20, "pain": 20, "compliance": 10, "propensity": 10, "scale": 20, "segment": 20}
TIERS = {ICP: (80, 60), NOVEMBER: (70, 50)}
TIER_LABELS = {1: "Tier 1 - HOT", 2: "Tier 2 - Qualified", 3: "Tier 3 - Monitor"}

SOURCES = {
    "fit.specialty": ["segment_label", "sector"],
    "fit.multi_site": ["site_count"],
    "fit.service_breadth": ["services_count"],
    "pain.denial_pressure": ["denial_pressure"],
    "pain.revenue_per_patient": ["allowed_amt", "bene_count"],
    "pain.coding_complexity": ["coding_complexity"],
    "compliance.exposure": [
        "oig_leie_flag",
        "segment_label",
        "denial_pressure",
        "fqhc_flag",
        "aco_member",
    ],
    "propensity.roi_readiness": ["roi_readiness"],
    "propensity.pecos_enrolled": ["pecos_enrolled"],
    "propensity.aco_member": ["aco_member"],
    "propensity.coding_complexity": ["coding_complexity"],
    "propensity": ["roi_readiness", "pecos_enrolled", "aco_member", "coding_complexity"],
    "scale.provider_count": ["npi_count"],
    "scale.site_count": ["site_count"],
    "scale.patient_volume": ["bene_count"],
    "scale.billing_size": ["allowed_amt"],
    "segment.strategic_segment": ["segment_label", "fqhc_flag", "sector", "npi_count"],
}
NOTES = {
    "fit.specialty": "No specialty information available",
    "fit.multi_site": "No site count data available",
    "fit.service_breadth": "No services count data available",
    "pain.denial_pressure": "No denial pressure data available",
    "pain.revenue_per_patient": "No Medicare utilization data available",
    "pain.coding_complexity": "No coding complexity data available",
    "propensity.roi_readiness": "No ROI readiness data available",
    "propensity.pecos_enrolled": "No PECOS enrollment data available",
    "propensity.aco_member": "No ACO membership data available",
    "propensity.coding_complexity": "No coding complexity data available",
    "propensity": "No propensity indicators available",
    "scale.provider_count": "No provider count data",
    "scale.site_count": "No site count data available",
    "scale.patient_volume": "No patient volume data available",
    "scale.billing_size": "No billing volume data available",
    "segment.strategic_segment": "No segment data available",
}
UNKNOWN_LEIE = "OIG LEIE status unknown, counted as no match"
REASONS = {
    "fit.specialty.behavioral_home_health": "Behavioral Health / Home Health (high fit)",
    "fit.specialty.fqhc": "FQHC / Community Health (strong fit)",
    "fit.specialty.primary_care": "Primary Care (strong fit)",
    "fit.specialty.multi_specialty": "Multi-Specialty (moderate fit)",
    "fit.specialty.other": "Other specialty (lower fit)",
    "fit.multi_site.multi_site": "Multi-site complexity bonus",
    "fit.multi_site.few_sites": "Fewer than 5 sites, no multi-site bonus",
    "fit.service_breadth.broad": "High service breadth bonus",
    "fit.service_breadth.narrow": "Fewer than 10 services, no breadth bonus",
    "pain.denial_pressure.high": "Denial pressure indicates reimbursement pain",
    "pain.denial_pressure.some": "Denial pressure indicates reimbursement pain",
    "pain.denial_pressure.none": "No denial pressure",
    "pain.revenue_per_patient.very_low": "Very low revenue per patient (below $300)",
    "pain.revenue_per_patient.low": "Low revenue per patient ($300-$599)",
    "pain.revenue_per_patient.moderate": "Moderate revenue per patient ($600-$999)",
    "pain.revenue_per_patient.adequate": "Adequate revenue per patient",
    "pain.coding_complexity.high": "High coding complexity",
    "pain.coding_complexity.moderate": "Moderate coding complexity",
    "pain.coding_complexity.low": "Low coding complexity",
    "compliance.exposure.oig_leie": "OIG LEIE match (excluded provider)",
    "compliance.exposure.post_acute": "Home health / post-acute under regulatory scrutiny",
    "compliance.exposure.behavioral_denials": "Behavioral health with high denial pressure",
    "compliance.exposure.behavioral_fqhc": "Behavioral health in an FQHC",
    "compliance.exposure.fqhc": "FQHC reporting and grant compliance",
    "compliance.exposure.behavioral": "Behavioral health documentation requirements",
    "compliance.exposure.aco": "ACO quality reporting",
    "compliance.exposure.baseline": "Baseline regulatory exposure",
    "propensity.roi_readiness.high": "High ROI readiness",
    "propensity.roi_readiness.moderate": "Moderate ROI readiness",
    "propensity.roi_readiness.low": "Low ROI readiness",
    "propensity.roi_readiness.none": "No ROI readiness",
    "propensity.pecos_enrolled.enrolled": "Enrolled in PECOS",
    "propensity.pecos_enrolled.not_enrolled": "Not enrolled in PECOS",
    "propensity.aco_member.member": "ACO member",
    "propensity.aco_member.not_member": "Not an ACO member",
    "propensity.coding_complexity.high": "Coding complexity favors automation",
    "propensity.coding_complexity.low": "Coding complexity too low to drive a purchase",
    "scale.provider_count.large": "Large provider network (100+ providers)",
    "scale.provider_count.mid_size": "Mid-size provider network (50-99 providers)",
    "scale.provider_count.growing": "Growing provider network (20-49 providers)",
    "scale.provider_count.small_medium": "Small-medium provider group (10-19 providers)",
    "scale.provider_count.small": "Small provider group (5-9 providers)",
    "scale.provider_count.very_small": "Very small practice (1-4 providers)",
    "scale.provider_count.none": "No providers",
    "scale.site_count.large": "Multi-site organization (10+ sites)",
    "scale.site_count.mid_size": "Multi-site organization (5-9 sites)",
    "scale.site_count.multi_site": "Multi-site (3-4 sites)",
    "scale.site_count.small": "Single or dual-site (1-2 sites)",
    "scale.site_count.none": "No sites",
    "scale.patient_volume.very_high": "Very high patient volume (10,000+ beneficiaries)",
    "scale.patient_volume.high": "High patient volume (5,000-9,999 beneficiaries)",
    "scale.patient_volume.moderate": "Moderate patient volume (1,000-4,999 beneficiaries)",
    "scale.patient_volume.small": "Small patient volume (500-999 beneficiaries)",
    "scale.patient_volume.low": "Low patient volume (1-499 beneficiaries)",
    "scale.patient_volume.none": "No patients",
    "scale.billing_size.enterprise": "Enterprise billing volume ($10M+)",
    "scale.billing_size.large": "Large billing volume ($5M-$10M)",
    "scale.billing_size.mid_size": "Mid-size billing volume ($1M-$5M)",
    "scale.billing_size.small": "Small billing volume ($500K-$1M)",
    "scale.billing_size.low": "Low billing volume (below $500K)",
    "scale.billing_size.none": "No billing",
    "segment.strategic_segment.behavioral_home_health": "Behavioral Health / Home Health / Hospice",
    "segment.strategic_segment.fqhc_rural": "FQHC / Rural Health / HRSA Grantee",
    "segment.strategic_segment.multi_specialty": "Multi-specialty, health system or 100+ providers",
    "segment.strategic_segment.primary_care": "Primary care",
    "segment.strategic_segment.mid_size": "Growing group (50-99 providers)",
    "segment.strategic_segment.growing": "Growing group (20-49 providers)",
    "segment.strategic_segment.other": "Other organization",
}


def conform(raw: Raw) -> Raw:
    """Return what the engine should read in one clinic's raw values: every field, None where missing."""
    clinic: Raw = {name: as_text(raw.get(name)) for name in TEXTS}
    clinic["state_code"] = as_state(raw.get("state_code"))
    clinic |= {name: as_integer(raw.get(name)) for name in INTEGERS}
    clinic |= {name: as_number(raw.get(name), top) for name, top in NUMBERS.items()}
    clinic |= {name: as_flag(raw.get(name)) for name in FLAGS}
    return clinic


def as_text(value: Any) -> str | None:
    """Return a text as it stands, None where it is blank or says that there is none."""
    return value if value is not None and value.strip() and value.strip().lower() not in ABSENT else None


def as_state(value: Any) -> str | None:
    """Return two letters of a state, None for anything but the states that the texts here name."""
    state = (value or "").strip().upper()
    return {"TEXAS": "TX"}.get(state, state if state in {"TX", "CA", "OK"} else None)


def as_number(value: Any, top: float = math.inf) -> float | None:
    """Return a number that is finite and not below 0, clipped to the top of its scale."""
    if isinstance(value, str):
        written = WRITTEN_NUMBER.fullmatch(value.strip())
        value = float(written[1].replace(",", "")) if written else None
    if value is None or not math.isfinite(value) or value < 0:
        return None
    return min(float(value), top)


def as_integer(value: Any) -> int | None:
    """Return a number without a fraction."""
    number = as_number(value)
    return int(number) if number is not None and number == int(number) else None


def as_flag(value: Any) -> bool | None:
    """Return true or false, however they are spelled."""
    spelled = str(value).strip().lower()
    return True if spelled in YES else False if spelled in NO else None


def score(raw: Raw, card: str) -> dict[str, Any]:
    """Return the category scores, total, tier, segment and bibliography of one clinic by one scorecard."""
    clinic = conform(raw)
    for name in ("segment_label", "sector"):
        clinic[name] = clinic[name] and clinic[name].strip().lower()
    segment, by_segment = segment_entries(clinic)
    categories = {
        "fit": fit_entries(clinic, card),
        "pain": pain_entries(clinic, card),
        "compliance": compliance_entries(clinic, card),
        "propensity": propensity_entries(clinic),
        "scale": scale_entries(clinic),
        "segment": by_segment,
    }
    result: dict[str, Any] = {name: capped(name, entries) for name, entries in categories.items()}
    total = hundredths(sum(result.values()))
    first, second = TIERS[card]
    tier = 1 if total >= first else 2 if total >= second else 3
    return {
        **{("segment_score" if name == "segment" else name): points for name, points in result.items()},
        "total": total,
        "tier": tier,
        "tier_label": TIER_LABELS[tier],
        "segment": segment,
        "bibliography": [entry for entries in categories.values() for entry in entries],
    }


def hundredths(number: float) -> float:
    """Round to 2 decimals, half to even, as Polars does."""
    return round(number * 100) / 100


def capped(category: str, entries: list[Entry]) -> float:
    """Return the score of a category, and add the entry for what its maximum cuts off."""
    points = hundredths(sum(entry["points"] for entry in entries))
    maximum = float(MAXIMUM[category])
    if points <= maximum:
        return points
    entries.append(
        {
            "score": SCORE_NAMES.get(category, category),
            "code": f"{category}.cap",
            "sources": [],
            "points": hundredths(maximum - points),
            "reason": f"Capped at {maximum:g}",
        }
    )
    return maximum


def fit_entries(clinic: Raw, card: str) -> list[Entry]:
    """Specialty and the two bonuses; without a specialty the whole category is one entry."""
    label = clinic["segment_label"]
    if label is None and (card == ICP or clinic["sector"] is None):
        return [missing("fit.specialty")]
    specialty, points = specialty_of(label or "", clinic["sector"] or "", card)
    entries = [found("fit.specialty", (specialty, points), clinic)]
    every = card == NOVEMBER
    if every or specialty in {"behavioral_home_health", "primary_care", "other"}:
        bonus = [(5, "multi_site", 2), (0, "few_sites", 0)]
        entries.append(looked_up("fit.multi_site", bonus, clinic))
    if every or specialty in {"fqhc", "multi_specialty", "other"}:
        bonus = [(10, "broad", 3), (0, "narrow", 0)]
        entries.append(looked_up("fit.service_breadth", bonus, clinic))
    return entries


def specialty_of(label: str, sector: str, card: str) -> Outcome:
    """Return the first specialty that label and sector mention."""
    if mentions(label, BEHAVIORAL_HOME_HEALTH):
        return "behavioral_home_health", 18
    if mentions(label, FQHC_RURAL) or mentions(sector, FQHC_RURAL if card == ICP else ["fqhc"]):
        return "fqhc", 16
    if mentions(label, PRIMARY_CARE):
        return "primary_care", 15
    if mentions(label, MULTI_SPECIALTY):
        return "multi_specialty", 13
    return "other", 10


def pain_entries(clinic: Raw, card: str) -> list[Entry]:
    """Denials, revenue per patient, coding."""
    coding = [(10, "high", 3), (5, "moderate", 1.5), (0, "low", 0)]
    return [
        denial_entry(clinic, card),
        revenue_entry(clinic, card),
        looked_up("pain.coding_complexity", coding, clinic),
    ]


def denial_entry(clinic: Raw, card: str) -> Entry:
    """The value itself; in `icp` from 7 on a line that runs from 8 at 7 to 10 at 10."""
    pressure = clinic["denial_pressure"]
    if pressure is None:
        return missing("pain.denial_pressure")
    if card == ICP and pressure >= 7:
        outcome = "high", hundredths(8 + (pressure - 7) * (2 / 3))
    elif pressure > 0:
        outcome = "some", hundredths(pressure)
    else:
        outcome = "none", 0.0
    return found("pain.denial_pressure", outcome, clinic)


def revenue_entry(clinic: Raw, card: str) -> Entry:
    """Less revenue per patient, more pain; undefined unless both amounts are positive."""
    amount, patients = clinic["allowed_amt"], clinic["bene_count"]
    if not amount or not patients:
        return missing("pain.revenue_per_patient")
    ratio = amount / patients
    outcome: Outcome = ("adequate", 0 if card == ICP else 1)
    for below, band, points in ((1000, "moderate", 3), (600, "low", 5), (300, "very_low", 7)):
        if ratio < below:
            outcome = band, points
    return {**found("pain.revenue_per_patient", outcome, clinic), "value": hundredths(ratio)}


def compliance_entries(clinic: Raw, card: str) -> list[Entry]:
    """Regulatory exposure: one entry for everyone."""
    applying = exposures(clinic, card)
    outcome = max(applying, key=lambda band: band[1]) if card == ICP else applying[0]
    entry = found("compliance.exposure", outcome, clinic)
    return [entry if clinic["oig_leie_flag"] is not None else {**entry, "note": UNKNOWN_LEIE}]


def exposures(clinic: Raw, card: str) -> list[Outcome]:
    """Return all bands of exposure that apply, in the order of the spec."""
    label = clinic["segment_label"] or ""
    behavioral = mentions(label, BEHAVIORAL[card])
    denied = (clinic["denial_pressure"] or 0) >= 7
    fqhc = bool(clinic["fqhc_flag"])
    bands = [
        (bool(clinic["oig_leie_flag"]), "oig_leie", 10),
        (mentions(label, POST_ACUTE[card]), "post_acute", 8),
        (behavioral and denied, "behavioral_denials", 7),
        (behavioral and fqhc and card == NOVEMBER, "behavioral_fqhc", 9),
        (fqhc, "fqhc", 5),
        (behavioral, "behavioral", 4),
        (bool(clinic["aco_member"]), "aco", 4),
        (True, "baseline", 2),
    ]
    return [(band, points) for applies, band, points in bands if applies]


def propensity_entries(clinic: Raw) -> list[Entry]:
    """Signs of intent to buy; with none known the category is one entry."""
    if all(clinic[name] is None for name in SOURCES["propensity"]):
        return [missing("propensity")]
    return [
        looked_up("propensity.roi_readiness", ROI_READINESS, clinic),
        looked_up("propensity.pecos_enrolled", [(1, "enrolled", 2), (0, "not_enrolled", 0)], clinic),
        looked_up("propensity.aco_member", [(1, "member", 2), (0, "not_member", 0)], clinic),
        looked_up("propensity.coding_complexity", [(8, "high", 2), (0, "low", 0)], clinic),
    ]


def scale_entries(clinic: Raw) -> list[Entry]:
    """Providers, sites, patients and billing."""
    return [
        looked_up("scale.provider_count", PROVIDERS, clinic),
        looked_up("scale.site_count", SITES, clinic),
        looked_up("scale.patient_volume", PATIENTS, clinic),
        looked_up("scale.billing_size", BILLING, clinic),
    ]


def segment_entries(clinic: Raw) -> tuple[str, list[Entry]]:
    """Return the strategic segment and its entry."""
    where = "segment.strategic_segment"
    if all(clinic[name] is None for name in SOURCES[where]):
        return "C", [{**missing(where), "points": 8.0}]
    segment, *outcome = segment_of(clinic)
    return segment, [found(where, (outcome[0], outcome[1]), clinic)]


def segment_of(clinic: Raw) -> tuple[str, str, float]:
    """Return segment, band and points of the first row of the decision table that holds."""
    label, sector = clinic["segment_label"] or "", clinic["sector"] or ""
    providers = clinic["npi_count"] or 0
    rural = mentions(label, FQHC_RURAL) or mentions(sector, FQHC_RURAL)
    table = [
        (mentions(label, BEHAVIORAL_HOME_HEALTH), "A", "behavioral_home_health", 20),
        (bool(clinic["fqhc_flag"]) or rural, "B", "fqhc_rural", 20),
        (mentions(label, MULTI_SPECIALTY) or providers >= 100, "C", "multi_specialty", 20),
        (mentions(label, ["primary care"]), "C", "primary_care", 14),
        (providers >= 50, "C", "mid_size", 15),
        (providers >= 20, "C", "growing", 12),
    ]
    return next((row[1:] for row in table if row[0]), ("C", "other", 8))


def mentions(text: str, phrases: list[str]) -> bool:
    """Whether a lower-cased text contains one of the phrases, whatever white space is between its words."""
    return any(phrase in " ".join(text.split()) for phrase in phrases)


def looked_up(where: str, bands: list[tuple[float, str, float]], clinic: Raw) -> Entry:
    """Return the entry for a characteristic of one field by the lower edges of its bands."""
    value = clinic[SOURCES[where][0]]
    if value is None:
        return missing(where)
    return found(where, next((band, points) for edge, band, points in bands if value >= edge), clinic)


def found(where: str, outcome: Outcome, clinic: Raw) -> Entry:
    """Return the entry for the band that a characteristic landed in."""
    band, points = outcome
    sources = SOURCES[where]
    category = where.partition(".")[0]
    return {
        "score": SCORE_NAMES.get(category, category),
        "code": f"{where}.{band}",
        "sources": sources,
        "value": clinic[sources[0]] if len(sources) == 1 else {name: clinic[name] for name in sources},
        "points": float(points),
        "reason": REASONS[f"{where}.{band}"],
    }


def missing(where: str) -> Entry:
    """Return the entry for a characteristic, or a whole category, of which nothing is known."""
    category = where.partition(".")[0]
    return {
        "score": SCORE_NAMES.get(category, category),
        "code": f"{where}.missing",
        "sources": SOURCES[where],
        "points": 0.0,
        "status": "MISSING",
        "note": NOTES[where],
    }


# What random clinics are made of: every edge with its neighbours, and what real extracts get wrong.
LABELS = [
    "Home Health / Post-Acute",
    "Home Health",
    "Post-Acute",
    "Post Acute Care",
    "Hospice & Palliative",
    "palliative",
    "Home Care",
    "homehealth",
    "Behavioral Health",
    "Behavioral",
    "behavioural health",
    "Mental Health / Substance Abuse",
    "Mental Health",
    "Substance Abuse Treatment",
    "Psychiatry",
    "Psychology",
    "Psychologist",
    "FQHC",
    "Federally Qualified Health Center",
    "Rural Health Clinic",
    "Rural",
    "Community Health Center",
    "HRSA Grantee",
    "Primary Care",
    "Primary Care / Family Medicine",
    "Family Medicine",
    "Primary-Care",
    "Primary  Care",
    "Multi-Specialty",
    "Multi Specialty Group",
    "multispecialty",
    "Health System / Hospital-Affiliated",
    "Health System",
    "Hospital-Affiliated",
    "Hospital Affiliated",
    "Private Equity",
    "PE-Backed Dermatology",
    "Primary Care, Private Equity",
    "Cardiology",
    "Specialty / Other",
    "NA",
    "N/A",
    "null",
    "NaN",
    "0",
    "",
    "   ",
    "\t\n",
    'Mental "Health" \\ Psychiatry',
    "Home\nHealth",
    "Home Health\nHospice",
    "{'hospice': [1, 2]}, \x01\x7f",
    "Médecine générale — HOSPICE 🏥",
    "İSTANBUL Straße ΟΔΟΣ, HRSA",
    "Rural Health " * 50,
]
SECTORS = ["FQHC", "fqhc look-alike", "HRSA", "Rural Health", "Community Health", "Behavioral Health"]
SECTORS += ["Primary Care", "Multi-Specialty", "Private", "NA", "", "  ", 'a "quoted" sector']
STATES = ["TX", "tx", " ca ", "T", "Texas", "T1", "ß", "\u0131t", "", " ", "NA"]
BLANKS = ["", "", "", "", " ", "  ", "\t", "\n", "\u00a0"]
PATIENT_COUNTS = [0, 1, 3, 499, 500, 501, 999, 1000, 1001, 4999, 5000, 5001, 9999, 10_000, 10_001, 987_654]
COUNTS = {
    "npi_count": [0, 1, 2, 4, 5, 6, 9, 10, 11, 19, 20, 21, 49, 50, 51, 55, 99, 100, 101, 1234],
    "site_count": [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 55, 1000],
    "services_count": [0, 1, 9, 10, 11, 40, 2500],
    "bene_count": PATIENT_COUNTS,
}
AMOUNTS = [0.0, 0.01, 7.5, 499_999.99, 5e5, 500_000.01, 999_999.99, 1e6, 4_999_999.99, 5e6, 9_999_999.99, 1e7]
RATIOS = [150, 299.99, 299.995, 299.999, 300, 300.005, 450, 599.99, 600, 600.01, 999.99, 999.999, 1000, 2500]
DENIALS = [0.0, 0.001, 0.004, 0.005, 0.0051, 0.015, 3.145, 6.99, 6.994, 6.995, 6.9999]
DENIALS += [7.0, 7.0001, 7.0075, 7.01, 7.0225, 7.5, 8.5, 9.99, 10.0, 10.01, 12.0]
EDGES = {
    "denial_pressure": DENIALS,
    "coding_complexity": [0.0, 0.5, 4.99, 5.0, 5.01, 7.99, 8.0, 8.01, 9.99, 10.0, 10.01, 15.0, 15.01, 99.0],
    "roi_readiness": [0.0, 0.001, 1.0, 3.99, 4.0, 4.01, 6.99, 7.0, 7.01, 7.5, 10.0, 11.0],
    "emr_friction": [0.0, 3.0, 6.0, 10.0, 12.0],
    "scale_velocity": [0.0, 4.5, 7.0, 10.0, 12.0],
}
NOT_NUMBERS = ["", " ", "NA", "n/a", "null", "None", "nan", "NaN", "inf", "-inf", "-1", "-0.5", "-$5", "$-5"]
NOT_NUMBERS += ["abc", "$", "$$5", "5%", "(5)", "1,2", "12,34", "1234,567", "1,2345", "1,,234", ",123"]
NOT_NUMBERS += ["1_000", "0x10", "1.2.3", "5 5", "55 providers", "\u0665\u0665", "true"]
NOT_COUNTS = ["55.5", "0.5", "1,234.5", "99.99999"]
TRUE_TEXTS = ["1", "1.0", "true", "TRUE", "True", "tRuE", "yes", "YES", "Y", "y", "T", "t"]
FALSE_TEXTS = ["0", "0.0", "false", "FALSE", "False", "no", "No", "N", "n", "F", "f"]
NOT_FLAGS = ["", " ", "NA", "N/A", "null", "none", "nan", "2", "-1", "0.5", "maybe", "yess", "10", "tr"]
NOT_FLOATS = [math.nan, math.inf, -math.inf, -1.0, -0.001]

Number = type[int] | type[float] | type[str]


def random_text_clinic(rng: random.Random) -> Raw:
    """Return a raw clinic as from a CSV file: every value a text or None, some fields not there at all."""
    return random_typed_clinic(rng, counts=str, numbers=str, flags=str)


def random_typed_clinic(
    rng: random.Random, counts: Number = int, numbers: Number = float, flags: Number | type[bool] = bool
) -> Raw:
    """Return a raw clinic as from a Parquet file: in each kind of field values of one type, or None.

    Args:
        rng: where the randomness comes from.
        counts: the type of the four counts.
        numbers: the type of the amount and the metrics.
        flags: the type of the flags.
    """
    raw: Raw = {"segment_label": _label(rng, LABELS), "sector": _label(rng, SECTORS)}
    raw["account_name"] = rng.choice(LABELS)
    raw["state_code"] = rng.choice(STATES)
    plain: Raw = {name: rng.choice(choices) for name, choices in COUNTS.items()}
    plain["allowed_amt"] = _amount(rng, plain["bene_count"])
    plain |= {name: _metric(rng, edges) for name, edges in EDGES.items()}
    for name, value in plain.items():
        raw[name] = _number(rng, value, counts if name in COUNTS else numbers, whole=name in COUNTS)
    raw |= {name: _flag(rng, flags) for name in FLAGS}
    # Four clinics in ten know much, four know half, two next to nothing; what is gone is None or not there.
    gone = rng.choice((0.08, 0.08, 0.08, 0.08, 0.4, 0.4, 0.4, 0.4, 0.85, 0.95))
    for name in [name for name in raw if rng.random() < gone]:
        if rng.random() < 0.5:
            raw[name] = None
        else:
            del raw[name]
    return raw


def _label(rng: random.Random, labels: list[str]) -> str:
    label = rng.choice(labels)
    spelled = rng.choice((str, str, str.lower, str.upper, str.swapcase))(label)
    return rng.choice(BLANKS) + spelled + rng.choice(BLANKS)


def _amount(rng: random.Random, patients: int) -> float:
    if patients and rng.random() < 0.6:
        amount = rng.choice(RATIOS) * patients
        return float(amount if rng.random() < 0.8 else math.nextafter(amount, 0))
    return rng.choice(AMOUNTS)


def _metric(rng: random.Random, edges: list[float]) -> float:
    if rng.random() < 0.7:
        return rng.choice(edges)
    return round(rng.uniform(0, 11), rng.choice((1, 2, 3, 4, 16)))


def _number(rng: random.Random, value: float, kind: Number, *, whole: bool) -> Any:
    trap = rng.random() < 0.06
    if kind is str:
        return _written(rng, value, whole=whole, trap=trap)
    if kind is int:
        return rng.choice((-1, -100, 10**12)) if trap else int(value)
    if not trap:
        return float(value)
    return rng.choice([*NOT_FLOATS, 55.5, 0.5] if whole else NOT_FLOATS)


def _written(rng: random.Random, value: float, *, whole: bool, trap: bool) -> str:
    if trap:
        return rng.choice(NOT_NUMBERS + NOT_COUNTS if whole else NOT_NUMBERS)
    style = rng.random()
    written = f"{value:,}" if style < 0.25 else f"{value}.0" if style < 0.4 and whole else str(value)
    if style > 0.9:
        written = f"0{value}"
    elif written.startswith("0.") and style > 0.7:
        written = written[1:]
    dollar = "$" if rng.random() < 0.15 else ""
    return rng.choice(BLANKS) + dollar + written + rng.choice(BLANKS)


def _flag(rng: random.Random, kind: Number | type[bool]) -> Any:
    value = rng.random() < 0.35
    if kind is bool:
        return value
    trap = rng.random() < 0.1
    if kind is str:
        spelled = rng.choice(NOT_FLAGS if trap else TRUE_TEXTS if value else FALSE_TEXTS)
        return rng.choice(BLANKS) + spelled + rng.choice(BLANKS)
    if kind is int:
        return rng.choice((-1, 2, 10)) if trap else int(value)
    return rng.choice((*NOT_FLOATS, 2.0, 0.5)) if trap else float(value)
