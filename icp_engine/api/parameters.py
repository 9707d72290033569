"""What requests may ask: every parameter with its type, its limits and what it means."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import HTTPException, Request
from pydantic import AfterValidator, BaseModel, Field, create_model
from pydantic.json_schema import SkipJsonSchema

from icp_engine.api.rows import Rows
from icp_engine.errors import did_you_mean
from icp_engine.published.filters import Filter
from icp_engine.scorecard.model import Scorecard

MOST_ROWS = 10_000
_LARGEST = 1_000_000_000
_NONE = SkipJsonSchema[None]  # what is not given; a query cannot say null
_NOTHING = r"[^\s\S]"  # a pattern that no text matches
_SHOWN = 60  # characters of a wrong value that are repeated to who sent it


def _takes(what: str, meaning: str, among: list[str] | None = None, **limits: Any) -> Any:
    """Return the description of a parameter: what it takes, which errors repeat, and what it is for."""
    extra: dict[str, Any] = {"x-takes": what} | ({"enum": among} if among else {})
    return Field(description=f"{what[:1].upper()}{what[1:]}; {meaning}", json_schema_extra=extra, **limits)


def _blank_is_none(text: str | None) -> str | None:
    return text if text and text.strip() else None


_Letters = Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")]
_Points = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST, allow_inf_nan=False)]
_Text = Annotated[str, Field(max_length=500)]
_Id = Annotated[str, Field(min_length=1)]
_Count = Annotated[int, Field(ge=0, le=_LARGEST)]

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


class _Asked(BaseModel):
    """What both lists can be asked for. Tiers, segments and columns to sort by are those of a scorecard."""

    tier: str | None = None
    segment: str | None = None
    state: State = None
    min_score: MinScore = None
    q: Words = None
    limit: Limit = 100
    offset: Offset = 0
    sort_by: str
    sort_dir: Direction = "desc"

    def filter(self) -> Filter:
        """Return which rows are wanted."""
        return Filter(
            tiers=tuple(sorted({int(part) for part in _parts(self.tier)})),
            segments=tuple(sorted(set(_parts(self.segment)))),
            state=self.state.upper() if self.state else None,
            min_score=self.min_score,
            words=tuple(sorted(set((self.q or "").lower().split()))),
        )


class ClinicsAsked(_Asked):
    """What a list of clinics can be asked for."""

    network_id: NetworkId = None

    def filter(self) -> Filter:
        """Return which clinics are wanted."""
        return replace(super().filter(), network_id=self.network_id)


class NetworksAsked(_Asked):
    """What a list of networks can be asked for."""

    min_clinics: AtLeast = None
    min_states: AtLeast = None

    def filter(self) -> Filter:
        """Return which networks are wanted."""
        return replace(super().filter(), min_clinics=self.min_clinics, min_states=self.min_states)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What lists can be asked for under a scorecard."""

    clinics: type[ClinicsAsked]
    networks: type[NetworksAsked]


def parameters_of(rows: Rows) -> Parameters:
    """Return what lists can be asked for under a scorecard."""
    by_clinic = (_column([column.name for column in rows.clinic]), rows.total)
    by_network = (_column([column.name for column in rows.network]), rows.network_total)
    return Parameters(
        create_model("ClinicsAsked", __base__=ClinicsAsked, sort_by=by_clinic, **_classes(rows.card)),
        create_model("NetworksAsked", __base__=NetworksAsked, sort_by=by_network, **_classes(rows.network_card)),
    )


def _classes(card: Scorecard) -> dict[str, Any]:
    """Return the parameters that take some of a scorecard's tiers or segments."""
    return {
        "tier": (_several([str(tier.number) for tier in card.tiers], "tiers"), None),
        "segment": (_several(list(card.segments), "segments"), None),
    }


def _column(among: list[str]) -> Any:
    """Return the type of a parameter that names a column to sort by."""
    takes = _takes("a column of the rows", "what to sort by; rows that tie come by id", among=among)
    return Annotated[str, _among(among), takes]


def _several(known: list[str], what: str) -> Any:
    """Return the type of a parameter that names some of a scorecard's tiers or segments, whatever their case."""
    spelled = {form: name for name in known for form in (name.lower(), name.upper(), name)}
    word = f"(?:{'|'.join(map(re.escape, spelled))})" if spelled else _NOTHING

    def in_the_card(text: str | None) -> str | None:
        return text if text is None else ",".join(spelled[part] for part in _parts(text))

    listed = f"one or more of {', '.join(known)}, separated by commas" if known else "nothing: the scorecard has none"
    takes = _takes(listed, f"the {what} to take")
    words = Annotated[str, Field(pattern=rf"^ *{word} *(, *{word} *)*$")]
    return Annotated[words | _NONE, takes, AfterValidator(in_the_card)]


class NothingAsked(BaseModel):
    """What takes no parameter."""


def _parts(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


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
