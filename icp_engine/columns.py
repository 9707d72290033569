"""The contract: every field that the engine reads and every column that it writes, each said once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

FieldType = Literal["text", "integer", "number", "flag", "list", "moment"]

DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "flag": pl.Boolean(),
    "list": pl.List(pl.String()),
    "moment": pl.Datetime("us"),
}
SCORED_TYPES: tuple[FieldType, ...] = ("text", "integer", "number", "flag", "list")  # what bands can look at


@dataclass(frozen=True, slots=True)
class Field:
    """One input field: what it is called, its type, its unit, and the top of its scale if it has one."""

    name: str
    type: FieldType
    unit: str = ""
    description: str = ""
    scale: float | None = None

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type that the field has once conformed."""
        return DTYPES[self.type]


@dataclass(frozen=True, slots=True)
class Column:
    """One result column: its name, type, unit and meaning."""

    name: str
    dtype: pl.DataType
    unit: str
    description: str


HELPERS = "__icp_"  # every column that is not for the eyes of users starts with this
KEY = "clinic_id"
NAME = "account_name"
STATE = "state_code"

_FIELDS = (
    Field("clinic_id", "text", "", "Identifier of the clinic, unique and not blank"),
    Field("account_name", "text", "", "Organisation name as registered; needed for networks"),
    Field("state_code", "text", "USPS", "Two letters, stored upper-case"),
    Field("segment_label", "text", "", "Specialty or service line, e.g. `Home Health / Post-Acute`"),
    Field("sector", "text", "", "Broader sector, e.g. `FQHC`"),
    Field("npi_count", "integer", "providers", "Providers under the clinic"),
    Field("site_count", "integer", "locations", "Practice locations"),
    Field("services_count", "integer", "services", "Breadth of billed services"),
    Field("bene_count", "integer", "patients", "Medicare beneficiaries"),
    Field("allowed_amt", "number", "USD / year", "Medicare allowed amount"),
    Field("denial_pressure", "number", "0-10", "Pressure from denied claims, derived metric", 10.0),
    Field("coding_complexity", "number", "0-15", "Complexity of coding, derived metric", 15.0),
    Field("roi_readiness", "number", "0-10", "Readiness to invest for a return, derived metric", 10.0),
    Field("emr_friction", "number", "0-10", "Friction of the medical record system, derived metric", 10.0),
    Field("scale_velocity", "number", "0-10", "Speed of growth, derived metric", 10.0),
    Field("fqhc_flag", "flag", "", "Federally Qualified Health Center"),
    Field("aco_member", "flag", "", "Member of an Accountable Care Organization"),
    Field("pecos_enrolled", "flag", "", "Enrolled in Medicare (PECOS)"),
    Field("oig_leie_flag", "flag", "", "On the OIG List of Excluded Individuals and Entities"),
)

FIELDS: dict[str, Field] = {field.name: field for field in _FIELDS}


def score_columns(
    prefix: str, categories: dict[str, tuple[str, str, float]], named: dict[str, str], *, segments: bool
) -> Iterator[Column]:
    """Yield the score columns of a scorecard in their order.

    Args:
        prefix: the scorecard's prefix, e.g. `icp`.
        categories: per category its column name, its label and its maximum in points.
        named: the columns of `total_score`, `tier`, `tier_label` and `segment` that the scorecard
            names otherwise; the rest is `{prefix}_{key}`.
        segments: whether the scorecard sorts clinics into segments.
    """
    name = {key: named.get(key, f"{prefix}_{key}") for key in ("total_score", "tier", "tier_label", "segment")}
    yield Column(name["total_score"], pl.Float64(), "points", "Total score, the sum of its parts")
    yield Column(name["tier"], pl.Int8(), "", "Class by score, 1 is best")
    yield Column(name["tier_label"], pl.String(), "", "The tier in words")
    if segments:
        yield Column(name["segment"], pl.String(), "", "Strategic class by rules, independent of the score")
    for column, label, maximum in categories.values():
        yield Column(column, pl.Float64(), f"points, 0-{maximum:g}", f"{label}: points of this category")


def _column(name: str, dtype: pl.DataType, description: str, unit: str = "") -> Column:
    return Column(name, dtype, unit, description)


_TEXT, _WHOLE, _POINTS, _TRUTH = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean()

# What every clinic gets from its network.
NETWORK_COLUMNS: tuple[Column, ...] = (
    _column("network_id", _TEXT, "Network that the clinic belongs to, missing for a standalone clinic"),
    _column("network_name", _TEXT, "Normalised name of the network"),
    _column("network_icp_score", _POINTS, "Total score of the network", "points"),
    _column("network_tier", pl.Int8(), "Tier of the network, 1 is best"),
    _column("network_tier_label", _TEXT, "Tier of the network in words"),
    _column("is_network_anchor", _TRUTH, "Whether this is the clinic of its network to call first; never missing"),
    _column("num_clinics", _WHOLE, "Clinics in the network, missing for a standalone clinic", "clinics"),
)

# One row per network.
NETWORKS_TABLE: tuple[Column, ...] = (
    _column("network_id", _TEXT, "net_ and the first 12 hex digits of the MD5 of the normalised name"),
    _column("network_name", _TEXT, "Normalised name that the clinics share"),
    _column("num_clinics", _WHOLE, "Members", "clinics"),
    _column("num_states", _WHOLE, "Distinct states of the members, an unknown state is none", "states"),
    _column("states_covered", _TEXT, "The states, sorted, separated by commas; missing if none is known"),
    _column("network_icp_total_score", _POINTS, "Sum of the six category scores before rounding", "points, 0-100"),
    _column("network_icp_tier", pl.Int8(), "Class by score on the network scale, 1 is best"),
    _column("network_icp_tier_label", _TEXT, "The tier in words"),
    _column("network_icp_segment", _TEXT, "Most frequent segment of the members, A before B before C on a tie"),
    _column("network_icp_fit_score", _POINTS, "Fit: mean over members, weighted by sites", "points, 0-20"),
    _column("network_icp_pain_score", _POINTS, "Pain: mean over members, weighted by sites", "points, 0-20"),
    _column("network_icp_compliance_score", _POINTS, "Compliance risk: mean over members, by sites", "points, 0-10"),
    _column("network_icp_propensity_score", _POINTS, "Propensity to buy: mean over members, by sites", "points, 0-10"),
    _column("network_icp_scale_score", _POINTS, "Operational scale: mean over members, by sites", "points, 0-20"),
    _column("network_icp_segment_score", _POINTS, "Strategic segment: mean over members, by sites", "points, 0-20"),
    _column("total_npi_count", _WHOLE, "Sum of the known npi_count, missing if none is known", "providers"),
    _column("total_site_count", _WHOLE, "Sum of the known site_count, missing if none is known", "locations"),
    _column("avg_clinic_icp_score", _POINTS, "Plain mean of the members' total scores", "points"),
    _column("fqhc_clinics_count", _WHOLE, "Members with the FQHC flag", "clinics"),
    _column("aco_clinics_count", _WHOLE, "Members in an ACO", "clinics"),
    _column("anchor_clinic_id", _TEXT, "Member to call first: highest score, then most providers, then smallest id"),
    _column("display_name", _TEXT, "Most frequent name as registered, the smallest on a tie"),
    _column("is_ambiguous", _TRUTH, "Exactly 2 clinics in 2 states: the evidence is one shared name"),
)
