"""The shapes of all answers, for the OpenAPI document; answers themselves are written as JSON without a detour."""

from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, create_model

from icp_engine.api.rows import ALWAYS, CLINIC, MEMBER, OPERATIONAL, field_columns
from icp_engine.columns import NETWORK_COLUMNS, NETWORKS_TABLE, Column

_TYPES: dict[type[pl.DataType], type] = {
    pl.String: str,
    pl.Boolean: bool,
    pl.Float64: float,
    pl.Int64: int,
    pl.Int8: int,
}


def _row(
    name: str, columns: tuple[Column, ...], always: set[str], base: type[BaseModel] = BaseModel
) -> type[BaseModel]:
    """Return the shape of a row: every column is there, and null where its value is missing."""
    fields: dict[str, Any] = {}
    for one in columns:
        kind: Any = _TYPES[type(one.dtype)]
        text = f"{one.description} ({one.unit})" if one.unit else one.description
        fields[one.name] = (kind if one.name in always else kind | None, Field(description=text))
    return create_model(name, __base__=base, **fields)


_NETWORK_ALWAYS = {one.name for one in NETWORKS_TABLE} - {
    "states_covered", "network_icp_segment", "total_npi_count", "total_site_count", "display_name",
}  # fmt: skip
ClinicRow = _row("ClinicRow", CLINIC, ALWAYS)
NetworkRow = _row("NetworkRow", NETWORKS_TABLE, _NETWORK_ALWAYS)
Member = _row("Member", tuple(one for one in CLINIC if one.name in MEMBER), ALWAYS)
NetworkOfClinic = _row("NetworkOfClinic", NETWORK_COLUMNS, {one.name for one in NETWORK_COLUMNS})
Operational = _row("Operational", field_columns(*OPERATIONAL), set())


class Clinics(BaseModel):
    """One page of a list of clinics."""

    total: int = Field(description="Clinics that the filters leave, on all pages together")
    limit: int
    offset: int
    clinics: list[ClinicRow]  # type: ignore[valid-type]


class NetworkFilters(BaseModel):
    """The filters of a request as they were understood; null where not given."""

    tier: list[int] | None
    segment: list[str] | None
    min_clinics: int | None
    min_states: int | None
    min_score: float | None
    state: str | None
    q: str | None


class Networks(BaseModel):
    """One page of a list of networks."""

    total: int = Field(description="Networks that the filters leave, on all pages together")
    returned: int = Field(description="Networks on this page")
    networks: list[NetworkRow]  # type: ignore[valid-type]
    filters_applied: NetworkFilters


class _WithMembers(BaseModel):
    """A network and its members."""

    clinics: list[Member] = Field(description="Its members, anchor first, then by score")  # type: ignore[valid-type]


Network = _row("Network", NETWORKS_TABLE, _NETWORK_ALWAYS, _WithMembers)


class Breakdown(BaseModel):
    """Points of each category."""

    fit: float
    pain: float
    compliance_risk: float
    propensity_to_buy: float
    operational_scale: float
    strategic_segment: float


class Score(BaseModel):
    """The score of a clinic and the points that it is the sum of."""

    total: float
    breakdown: Breakdown


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


class Clinic(BaseModel):
    """Everything known of one clinic, and why it scored what it scored."""

    clinic_id: str
    account_name: str | None
    state_code: str | None
    segment_label: str | None
    icp_score: Score
    tier: Tier
    segment: Segment
    operational_data: Operational  # type: ignore[valid-type]
    network: NetworkOfClinic | None  # type: ignore[valid-type]
    bibliography: list[Entry] = Field(description="One entry per characteristic that was looked at")


class Distribution(BaseModel):
    """The scores of all clinics."""

    mean: float
    median: float
    min: float
    max: float
    std: float | None = Field(description="Sample standard deviation; null for a single clinic")


class TierCounts(BaseModel):
    """Clinics per tier."""

    tier_1_hot: int
    tier_2_qualified: int
    tier_3_monitor: int


class SegmentCounts(BaseModel):
    """Clinics per segment."""

    segment_a_behavioral_home_health: int
    segment_b_fqhc_compliance: int
    segment_c_multi_specialty_growth: int


class Quality(BaseModel):
    """Whether the ranking means anything."""

    distinct_scores: int
    most_common_share: float = Field(description="Share of clinics that have the most common score, 0 to 1")
    missing_share: dict[str, float] = Field(description="Share of clinics without each field that is scored, 0 to 1")


class Stats(BaseModel):
    """The statistics of the run."""

    total_clinics: int
    score_distribution: Distribution
    tier_distribution: TierCounts
    segment_distribution: SegmentCounts
    category_averages: Breakdown
    top_10_clinics: list[ClinicRow]  # type: ignore[valid-type]
    data_quality: Quality


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
