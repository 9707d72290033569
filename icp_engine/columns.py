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
    """One input field: what it is called, its type, its unit, and the top of its scale if it has one.

    White space around an `identifier` is no part of it. Words such as `NA` are missing in every number and flag, and
    in a text that has no other use for them (`absent_words`). `items` are those of a list that the rules of a scorecard
    know, by any of their names, in lower case and without spaces.
    """

    name: str
    type: FieldType
    unit: str = ""
    description: str = ""
    scale: float | None = None
    identifier: bool = False
    absent_words: bool = False
    items: frozenset[str] = frozenset()

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
CONTACT = {
    "phone": "Telephone number of the clinic",
    "address": "Street and number",
    "city": "City",
    "postal_code": "Postal code",
    "npi": "National Provider Identifier of the clinic",
}
"""How to reach a clinic: columns that the table for CRM takes over from the extract, each with its meaning."""

_FIELDS = (
    Field("clinic_id", "text", "", "Identifier of the clinic, unique and not blank", identifier=True),
    Field("account_name", "text", "", "Organisation name as registered; needed for networks", absent_words=True),
    Field("state_code", "text", "USPS", "State or territory: two letters, stored upper-case, or its name in full"),
    Field("segment_label", "text", "", "Specialty or service line, e.g. `Home Health / Post-Acute`", absent_words=True),
    Field("sector", "text", "", "Broader sector, e.g. `FQHC`", absent_words=True),
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
    yield Column(name["total_score"], pl.Float64(), "points", "Total score, made of the category scores")
    yield Column(name["tier"], pl.Int8(), "", "Class by score, 1 is best")
    yield Column(name["tier_label"], pl.String(), "", "The tier in words")
    if segments:
        yield Column(name["segment"], pl.String(), "", "Strategic class by rules, independent of the score")
    for column, label, maximum in categories.values():
        yield Column(column, pl.Float64(), f"points, 0-{maximum:g}", f"{label}: points of this category")


def driver_columns(labels: dict[str, str]) -> Iterator[Column]:
    """Yield the columns that say what drives a category: the label of the category by the name of the column."""
    for name, label in labels.items():
        meaning = f"{label}: the characteristic that brings the most, the first on a tie; missing where none brings any"
        yield Column(name, pl.String(), "", meaning)


def rank_columns(prefix: str, named: dict[str, str]) -> Iterator[Column]:
    """Yield the columns that say where a clinic stands among all of a run, in their order.

    Args:
        prefix: the scorecard's prefix.
        named: the columns of `rank`, `percentile` and `tie_size` that the scorecard names otherwise.
    """
    name = {key: named.get(key, f"{prefix}_{key}") for key in ("rank", "percentile", "tie_size")}
    rank = "Place among all clinics, 1 is best: one more than the clinics before it by score and tie-breakers"
    yield Column(name["rank"], pl.Int64(), "", rank)
    behind = "Share of all clinics that stand behind it; those of the same rank do not"
    yield Column(name["percentile"], pl.Float64(), "percent, 0-100", behind)
    yield Column(name["tie_size"], pl.Int64(), "clinics", "Clinics of the same rank, itself included")


def stability_column(prefix: str, named: dict[str, str]) -> Column:
    """Return the column that says how sure a tier is, which a run has where it was asked for."""
    name = named.get("tier_stability", f"{prefix}_tier_stability")
    text = (
        "Share of 200 variations of the categories' weights, each within 20%, in which the clinic keeps its tier; "
        "of a run with --stability"
    )
    return Column(name, pl.Float64(), "0-1", text)


def missing_columns(names: dict[str, str], maximum: float) -> Iterator[Column]:
    """Yield the columns that say what missing data hides.

    Args:
        names: the name of each, by `coverage`, `score_floor`, `score_ceiling`, `tier_certain` and `next_tier`.
        maximum: the highest total in points.
    """
    points = f"points, 0-{maximum:g}"
    yield Column(
        names["coverage"], pl.Float64(), "share, 0-1", "Share of the maximum points that no missing field can change"
    )
    yield Column(
        names["score_floor"], pl.Float64(), points, "The least that the total can be once missing fields are known"
    )
    yield Column(
        names["score_ceiling"], pl.Float64(), points, "The most that the total can be once missing fields are known"
    )
    yield Column(
        names["tier_certain"],
        pl.Boolean(),
        "",
        "Whether floor and ceiling are in one tier",
    )
    yield Column(
        names["next_tier"], pl.String(), "", "The smallest change of one field that leads to a better tier, if one does"
    )
