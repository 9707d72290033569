"""What requests may ask: every parameter with its type, its limits and what it means."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import HTTPException, Request
from pydantic import AfterValidator, BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from icp_engine.api.rows import CLINIC, SCORES
from icp_engine.columns import NETWORKS_TABLE
from icp_engine.errors import did_you_mean
from icp_engine.published.filters import Filter

MOST_ROWS = 10_000
_LARGEST = 1_000_000_000
_NONE = SkipJsonSchema[None]  # what is not given; a query cannot say null
_SHOWN = 60  # characters of a wrong value that are repeated to who sent it


def _takes(what: str, meaning: str, among: list[str] | None = None, **limits: Any) -> Any:
    """Return the description of a parameter: what it takes, which errors repeat, and what it is for."""
    extra: dict[str, Any] = {"x-takes": what} | ({"enum": among} if among else {})
    return Field(description=f"{what[:1].upper()}{what[1:]}; {meaning}", json_schema_extra=extra, **limits)


def _blank_is_none(text: str | None) -> str | None:
    return text if text and text.strip() else None


_Tiers = Annotated[str, Field(pattern=r"^ *[123] *(, *[123] *)*$")]
_Segments = Annotated[str, Field(pattern=r"^ *[ABCabc] *(, *[ABCabc] *)*$")]
_Letters = Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")]
_Points = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST, allow_inf_nan=False)]
_Text = Annotated[str, Field(max_length=500)]
_Id = Annotated[str, Field(min_length=1)]
_Count = Annotated[int, Field(ge=0, le=_LARGEST)]

Tier = Annotated[_Tiers | _NONE, _takes("one or more of 1, 2, 3, separated by commas", "the tiers to take")]
Segment = Annotated[_Segments | _NONE, _takes("one or more of A, B, C, separated by commas", "the segments to take")]
State = Annotated[_Letters | _NONE, _takes("two letters", "the state to take, in any case")]
MinScore = Annotated[_Points | _NONE, _takes("a number", "scores of at least so many points")]
Words = Annotated[
    _Text | _NONE,
    _takes(
        "words, at most 500 characters",
        "each of them must occur in the name, anywhere and in any case; signs such as % stand for themselves",
    ),
    AfterValidator(_blank_is_none),
]
NetworkId = Annotated[_Id | _NONE, _takes("the id of a network", "its members")]
AtLeast = Annotated[_Count | _NONE, _takes("a whole number from 0", "networks of at least so many")]
Limit = Annotated[int, _takes(f"a whole number from 0 to {MOST_ROWS:,}", "the most rows to send", ge=0, le=MOST_ROWS)]
Offset = Annotated[int, _takes(f"a whole number from 0 to {_LARGEST:,}", "rows to leave out", ge=0, le=_LARGEST)]
Direction = Annotated[Literal["asc", "desc"], _takes("asc or desc", "what is missing comes last in both")]


def _among(columns: list[str]) -> Any:
    """Return the check of a parameter that names one of some columns."""

    def check(name: str) -> str:
        if name not in columns:
            raise ValueError(name)
        return name

    return AfterValidator(check)


_CLINIC = [one.name for one in CLINIC]
_NETWORK = [one.name for one in NETWORKS_TABLE]
_BY = "a column of the rows", "what to sort by; rows that tie come by id"
ClinicColumn = Annotated[str, _among(_CLINIC), _takes(*_BY, among=_CLINIC)]
NetworkColumn = Annotated[str, _among(_NETWORK), _takes(*_BY, among=_NETWORK)]


class _Asked(BaseModel):
    """What both lists can be asked for."""

    tier: Tier = None
    segment: Segment = None
    state: State = None
    min_score: MinScore = None
    q: Words = None
    limit: Limit = 100
    offset: Offset = 0
    sort_dir: Direction = "desc"

    def filter(self) -> Filter:
        """Return which rows are wanted."""
        return Filter(
            tiers=tuple(sorted({int(one) for one in _parts(self.tier)})),
            segments=tuple(sorted({one.upper() for one in _parts(self.segment)})),
            state=self.state.upper() if self.state else None,
            min_score=self.min_score,
            words=tuple(sorted(set((self.q or "").lower().split()))),
        )


class ClinicsAsked(_Asked):
    """What a list of clinics can be asked for."""

    network_id: NetworkId = None
    sort_by: ClinicColumn = SCORES["total_score"]

    def filter(self) -> Filter:
        """Return which clinics are wanted."""
        return replace(super().filter(), network_id=self.network_id)


class NetworksAsked(_Asked):
    """What a list of networks can be asked for."""

    min_clinics: AtLeast = None
    min_states: AtLeast = None
    sort_by: NetworkColumn = "network_icp_total_score"

    def filter(self) -> Filter:
        """Return which networks are wanted."""
        return replace(super().filter(), min_clinics=self.min_clinics, min_states=self.min_states)


class NothingAsked(BaseModel):
    """What takes no parameter."""


def _parts(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def only(asked: type[BaseModel]) -> Callable[[Request], Awaitable[None]]:
    """Return a check that a request has no parameter but those, and none twice: a typo would widen the answer."""

    async def check(request: Request) -> None:  # on the event loop: a thread would cost more than the check
        names = [name for name, _ in request.query_params.multi_items()]
        for name in names:
            if name not in asked.model_fields:
                near = did_you_mean(name[:_SHOWN], asked.model_fields)
                raise HTTPException(422, f"There is no parameter {_quoted(name)}{near}.")
            if names.count(name) > 1:
                raise HTTPException(422, f"{name} is given twice; give it once, with commas where it takes several.")

    return check


def wrong(asked: type[BaseModel], name: str, value: object) -> str:
    """Return one sentence about a parameter that cannot be what it is."""
    extra = asked.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    known = extra.get("enum", [])
    assert isinstance(known, list)
    near = did_you_mean(str(value)[:_SHOWN], map(str, known))
    return f"{name} takes {extra['x-takes']}, not {_quoted(value)}{near}."


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
