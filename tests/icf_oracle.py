"""The scorecard `icf`, version 1.0.0, once more in plain Python, clinic by clinic, from the spec.

It shares nothing with icp_engine and reads no scorecard: an error has to be made twice to go unnoticed. Fields are
those of a clinic whose data is sound: numbers, true or false, texts, None where missing.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

Clinic = Mapping[str, Any]

WEIGHTS = {
    "denial_pressure": (3, Fraction("1.0")),  # maximum and weight
    "cash_flow_strain": (2, Fraction("0.7")),
    "compliance_exposure": (2, Fraction("0.7")),
    "workforce_crisis": (2, Fraction("0.5")),
    "change_readiness": (1, Fraction("0.3")),
}
GROWING = ["behavioral health", "home health", "post-acute", "post acute", "multi-specialty", "multi specialty"]
GROWING += ["orthopedic", "surgery"]
LABELS = {1: "Tier 1 - Prime", 2: "Tier 2 - Emerging", 3: "Tier 3 - Watchlist"}


def score(clinic: Clinic) -> dict[str, Any]:
    """Return the results of a clinic by the names of their columns."""
    return _results(_structural_fit(clinic), _propensity(clinic))


@cache
def _results(structural_fit: float, points: tuple[float, ...]) -> dict[str, Any]:
    shares = {
        name: weight * Fraction(scored) / maximum
        for scored, (name, (maximum, weight)) in zip(points, WEIGHTS.items(), strict=True)
    }
    total_weight = sum(weight for _, weight in WEIGHTS.values())
    propensity = round(sum(shares.values()) / total_weight * 10, 2)
    fit = Fraction(structural_fit)
    tier = 1 if fit >= 6 and propensity >= Fraction("4.5") else 2 if fit >= 5 and propensity >= 3 else 3
    most = max(shares.values())
    return {
        "icf_score": float(round(fit * propensity / 10, 2)),
        "icf_tier": tier,
        "icf_tier_label": LABELS[tier],
        "structural_fit_score": structural_fit,
        "propensity_score": float(propensity),
        "primary_driver": next(name for name, share in shares.items() if share == most) if most else None,
    }


def _structural_fit(clinic: Clinic) -> float:
    label, sector = _text(clinic["segment_label"]), _text(clinic["sector"])
    providers, sites = clinic["npi_count"] or 0, clinic["site_count"] or 0
    friction = 5 if clinic["emr_friction"] is None else clinic["emr_friction"]

    charts = next((points for edge, points in ((150, 2.5), (30, 2), (15, 1), (5, 0.5)) if providers >= edge), 0)
    charts = min(charts + (1 if _mentions(label, *GROWING) else 0), 3)

    if clinic["fqhc_flag"] or "fqhc" in label:
        billing = 0
    elif clinic["aco_member"] or "value" in sector:
        billing = 2
    else:
        billing = 3

    if sites <= 2 and providers <= 60:
        coding = 2.0
    elif (sites <= 5 and providers <= 150) or _mentions(label, "behavioral", "home health"):
        coding = 1.5
    else:
        coding = 0.5
    return float(charts + billing + (2 if friction <= 3 else 1.5 if friction <= 6 else 0.5) + coding)


def _propensity(clinic: Clinic) -> tuple[float, ...]:
    label = _text(clinic["segment_label"])
    denials, sites = clinic["denial_pressure"] or 0, clinic["site_count"] or 0
    coding, velocity, roi = (clinic[name] or 0 for name in ("coding_complexity", "scale_velocity", "roi_readiness"))
    return (
        next((points for edge, points in ((7.5, 3), (5.5, 2), (3.5, 1)) if denials >= edge), 0),
        _cash_flow_strain(clinic, label),
        _compliance_exposure(clinic, label, denials, coding),
        2 if velocity >= 7 or sites >= 6 else 1 if velocity >= 4.5 or sites >= 4 else 0,
        1
        if roi >= 6.5
        or clinic["pecos_enrolled"]
        or clinic["aco_member"]
        or _mentions(label, "multi-specialty", "health system / hospital-affiliated", "specialty / other")
        else 0,
    )


def _cash_flow_strain(clinic: Clinic, label: str) -> int:
    patients, allowed = clinic["bene_count"], clinic["allowed_amt"]
    revenue = allowed / patients if patients and allowed else None
    if revenue is not None and revenue < 300:
        return 2
    if revenue is not None and revenue < 600:
        return 1
    if clinic["fqhc_flag"] or "fqhc" in label:
        return 2
    return 1 if label in ("primary care", "family medicine", "internal medicine") or "behavioral" in label else 0


def _compliance_exposure(clinic: Clinic, label: str, denials: float, coding: float) -> int:
    if clinic["oig_leie_flag"] or _mentions(label, "home health", "post acute"):
        return 2
    if "behavioral" in label and (denials >= 5.5 or coding >= 7):
        return 2
    return 1 if clinic["fqhc_flag"] or clinic["aco_member"] else 0


def _text(value: str | None) -> str:
    return (value or "").strip().lower()


def _mentions(text: str, *phrases: str) -> bool:
    return any(phrase in text for phrase in phrases)
