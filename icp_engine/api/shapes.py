"""The shapes of all answers, for the OpenAPI document; answers themselves are written as JSON without a detour."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, create_model

from icp_engine.api.rows import OPERATIONAL, Rows, field_columns
from icp_engine.columns import Column

_TYPES: dict[type[pl.DataType], type] = {
    pl.String: str,
    pl.Boolean: bool,
    pl.Float64: float,
    pl.Int64: int,
    pl.Int8: int,
}


def _row(
    name: str, columns: tuple[Column, ...], always: frozenset[str], base: type[BaseModel] = BaseModel
) -> type[BaseModel]:
    """Return the shape of a row: every column is there, and null where its value is missing."""
    fields: dict[str, Any] = {}
    for column in columns:
        kind: Any = _TYPES[type(column.dtype)]
        text = f"{column.description} ({column.unit})" if column.unit else column.description
        fields[column.name] = (kind if column.name in always else kind | None, Field(description=text))
    return create_model(name, __base__=base, **fields)


def _counts(name: str, description: str, keys: Iterable[str], kind: type) -> type[BaseModel]:
    """Return the shape of an object that has a number under each key."""
    fields: dict[str, Any] = dict.fromkeys(keys, (kind, ...))
    return create_model(name, __doc__=description, **fields)


Operational = _row("Operational", field_columns(*OPERATIONAL), frozenset())


class NetworkFilters(BaseModel):
    """The filters of a request as they were understood; null where not given."""

    tier: list[int] | None
    segment: list[str] | None
    min_clinics: int | None
    min_states: int | None
    min_score: float | None
    state: str | None
    q: str | None


class Tier(BaseModel):
    """Class by score, 1 is best."""

    number: int
    label: str


class Segment(BaseModel):
    """Strategic class by rules, independent of the score."""

    letter: str | None
    description: str | None


def _may_be_absent(description: str) -> Any:
    """Return a field that is not always there, and then has no value, not even null."""
    return Field(default=None, description=description, json_schema_extra=_no_default)


def _no_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class SourceRow(BaseModel):
    """One row of a public file: the field that it sets, and by which key and value it belongs to the clinic."""

    field: str
    file: str = Field(description="Kind of file, as the options of build are called")
    key: str
    value: str | None
    match: str = Field(description="Exact, by name, or possible")
    detail: str | None


class Entry(BaseModel):
    """What one characteristic was worth, and why: a value and its reason, or MISSING and a note."""

    model_config = ConfigDict(extra="forbid")

    score: str = Field(description="The category")
    code: str = Field(description="Characteristic and band, as in reason codes")
    sources: list[str] = Field(description="The fields that the characteristic reads")
    value: Any = _may_be_absent("What was compared; several fields as an object; absent where it is missing")
    points: float
    status: Literal["MISSING"] = _may_be_absent("Where there was nothing to compare; absent otherwise")
    reason: str = _may_be_absent("Absent where the value is missing")
    note: str = _may_be_absent("Absent where nothing is to be added")


class Distribution(BaseModel):
    """The scores of all clinics."""

    mean: float
    median: float
    min: float
    max: float
    std: float | None = Field(description="Sample standard deviation; null for a single clinic")


class Quality(BaseModel):
    """Whether the ranking means anything."""

    distinct_scores: int
    most_common_share: float = Field(description="Share of clinics that have the most common score, 0 to 1")
    missing_share: dict[str, float] = Field(description="Share of clinics without each field that is scored, 0 to 1")


class Health(BaseModel):
    """Which run answers."""

    status: str = Field(description="`ok`, or `outdated` where a newer run is published and cannot be served")
    run_id: str
    rows: int = Field(description="Clinics")
    scorecard_id: str
    scorecard_version: str
    detail: str | None = Field(description="What is wrong with the newer run; null where all is well")


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of answers that depend on the scorecard."""

    clinics: type[BaseModel]
    clinic: type[BaseModel]
    networks: type[BaseModel]
    network: type[BaseModel]
    statistics: type[BaseModel]


def shapes_of(rows: Rows) -> Shapes:
    """Return the shapes of answers under a scorecard."""
    clinic_row = _row("ClinicRow", rows.clinic, rows.clinic_always)
    network_row = _row("NetworkRow", rows.network, rows.network_always)
    member = _row("Member", tuple(column for column in rows.clinic if column.name in rows.member), rows.clinic_always)
    of_network = tuple(column for column in rows.clinic if column.name in rows.of_network)
    network_of_clinic = _row("NetworkOfClinic", of_network, frozenset(rows.of_network))
    breakdown = _counts("Breakdown", "Points of each category.", rows.breakdown.values(), float)
    members = create_model(
        "_WithMembers",
        __doc__="A network and its members.",
        former_id=(str | None, Field(description="Id that was asked for, where the network has another by now")),
        clinics=(list[member], Field(description="Its members, anchor first, then by score")),  # type: ignore[valid-type]
    )
    return Shapes(
        clinics=create_model(
            "Clinics",
            __doc__="One page of a list of clinics.",
            total=(int, Field(description="Clinics that the filters leave, on all pages together")),
            limit=(int, ...),
            offset=(int, ...),
            clinics=(list[clinic_row], ...),  # type: ignore[valid-type]
        ),
        clinic=_clinic(rows, breakdown, network_of_clinic),
        networks=create_model(
            "Networks",
            __doc__="One page of a list of networks.",
            total=(int, Field(description="Networks that the filters leave, on all pages together")),
            returned=(int, Field(description="Networks on this page")),
            networks=(list[network_row], ...),  # type: ignore[valid-type]
            filters_applied=(NetworkFilters, ...),
        ),
        network=_row("Network", rows.network, rows.network_always, members),
        statistics=create_model(
            "Stats",
            __doc__="The statistics of the run.",
            total_clinics=(int, ...),
            score_distribution=(Distribution, ...),
            tier_distribution=(_counts("TierCounts", "Clinics per tier.", rows.tiers.values(), int), ...),
            segment_distribution=(_counts("SegmentCounts", "Clinics per segment.", rows.segments.values(), int), ...),
            category_averages=(breakdown, ...),
            top_10_clinics=(list[clinic_row], ...),  # type: ignore[valid-type]
            data_quality=(Quality, ...),
        ),
    )


def _clinic(rows: Rows, breakdown: type[BaseModel], network: type[BaseModel]) -> type[BaseModel]:
    """Return the shape of one clinic; its score is called after the scorecard."""
    score = create_model(
        "Score",
        __doc__="The score of a clinic and the points of its categories.",
        total=(float, ...),
        breakdown=(breakdown, ...),
    )
    fields: dict[str, Any] = {
        "clinic_id": (str, ...),
        **dict.fromkeys(("account_name", "state_code", "segment_label"), (str | None, ...)),
        rows.score: (score, ...),
        "tier": (Tier, ...),
        "segment": (Segment, ...),
        "operational_data": (Operational, ...),
        "network": (network | None, ...),
        "bibliography": (list[Entry], Field(description="One entry per characteristic that was looked at")),
        "sources": (
            list[SourceRow],
            Field(description="Rows of public files that set fields, where a build left them"),
        ),
    }
    return create_model("Clinic", __doc__="Everything known of one clinic, and why it scored what it scored.", **fields)
