"""What a list was asked for: the fields of a form as they were typed, what they mean, and what is wrong with them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from icp_engine.errors import did_you_mean
from icp_engine.extract.states import CODES, NAME_OF
from icp_engine.published.filters import Condition, Filter, conditions
from icp_engine.scorecard.model import TOTAL, Scorecard, Tier
from icp_engine.web import spelling
from icp_engine.web.rows import bound, short_tier

UNKNOWN = "unknown"
COULD_BE = "could-be-"
NETWORKS = {"in": "In a network", "anchors": "Anchors only", "none": "In no network"}
PER_PAGE = 20
_LONGEST = 500  # characters of a search
_OF_LISTS = ("sort", "order", "page")
_OF_MAILERS = ("utm_", "_hs")  # programs that send mail add them to links, and they filter nothing
_AS_TYPED = ("q", "network_id")  # fields in which `any` is a word like others
_LAST = 1_000_000  # the highest number of a page


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use, and the address of the list without it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A form, read.

    Attributes:
        path: the address of the list.
        typed: what was typed into each field; blank ones are left out.
        wanted: the conditions that rows must meet.
        problems: a sentence for each field that cannot be what it is.
        chips: the filters in use, by field.
        sort_by: the column that rows are sorted by.
        descending: whether from the highest down.
        page: which page, from 1.
    """

    path: str
    typed: Mapping[str, str]
    wanted: tuple[Condition, ...]
    problems: Mapping[str, str]
    chips: tuple[Chip, ...]
    sort_by: str
    descending: bool
    page: int

    def url(self, **changes: str | None) -> str:
        """Return the address of the same list with some fields changed; None takes one away."""
        return address(self.path, {**self.typed, **changes})

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * PER_PAGE


@dataclass(slots=True)
class _Reading:
    """A form being read."""

    typed: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=lambda: set(_OF_LISTS))

    def text(self, name: str) -> str | None:
        self.known.add(name)
        value = self.typed.get(name)
        if value is not None and len(value) > _LONGEST:
            self.problems[name] = f"This is {len(value):,} characters long; {_LONGEST} are the most."
            return None
        return value

    def number(self, name: str, label: str, unit: str = "") -> float | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            number = float(value.removesuffix("%"))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.problems[name] = f"{label} “{_cut(value)}” is not a number. Write it like 65 or 65.5."
            return None
        self.shown[name] = f"{label} {spelling.points(number)}{unit}"
        return number

    def choice(self, name: str, what: str, known: Mapping[str, str]) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        found = {key.lower(): key for key in known}.get(value.lower())
        if found is None:
            near = did_you_mean(value, known)
            self.problems[name] = f"{what} “{_cut(value)}” is none of {', '.join(known)}{near}."
            return None
        self.shown[name] = known[found]
        return found


def clinics_asked(query: Mapping[str, str], card: Scorecard, columns: list[str]) -> Asked:
    """Return what a list of clinics was asked for; `columns` are those that it can be sorted by."""
    reading = _Reading(_typed(query))
    words = _words(reading)
    tiers, extra = _tier(reading, card, columns)
    state, place = _state(reading)
    wanted = Filter(
        tiers=tiers,
        segments=_segment(reading, card),
        state=state,
        min_score=reading.number("min_score", "Score at least"),
        network_id=reading.text("network_id"),
        words=words,
    )
    if wanted.network_id:
        reading.shown["network_id"] = f"Network {wanted.network_id}"
    found = [*conditions(wanted, "clinics", card), *extra, *place]
    ceiling = reading.number("min_ceiling", "Could reach at least") if bound(card, "ceiling") in columns else None
    if ceiling is not None:
        found.append(Condition(bound(card, "ceiling"), "at least", ceiling))
    coverage = card.column("coverage")
    known = reading.number("min_coverage", "Known at least", "%") if coverage in columns else None
    if known is not None:
        found.append(Condition(coverage, "at least", known / 100))
    found += _network(reading)
    return _asked("/clinics", reading, found, columns, card.column("total_score"))


def networks_asked(query: Mapping[str, str], card: Scorecard, columns: list[str], total: str) -> Asked:
    """Return what a list of networks was asked for."""
    reading = _Reading(_typed(query))
    known = {str(tier.number): short_tier(tier) for tier in card.network_tiers or card.tiers}
    tier = reading.choice("tier", "Tier", known)
    state, _ = _state(reading, unknown=False)
    clinics, states = reading.number("min_clinics", "Clinics at least"), reading.number("min_states", "States at least")
    wanted = Filter(
        tiers=(int(tier),) if tier else None,
        segments=_segment(reading, card),
        state=state,
        min_score=reading.number("min_score", "Score at least"),
        min_clinics=None if clinics is None else math.ceil(clinics),
        min_states=None if states is None else math.ceil(states),
        words=_words(reading),
    )
    return _asked("/networks", reading, [*conditions(wanted, "networks", card)], columns, total)


def _asked(path: str, reading: _Reading, wanted: list[Condition], columns: list[str], total: str) -> Asked:
    for name in reading.typed:
        if name not in reading.known and not name.startswith(_OF_MAILERS):  # left out it would widen the list
            reading.problems["filter"] = f"There is no filter “{_cut(name)}”{did_you_mean(name, reading.known)}."
    sort_by = reading.typed.get("sort", total)
    if sort_by not in columns:
        reading.problems["sort"] = f"The list has no column “{_cut(sort_by)}”{did_you_mean(sort_by, columns)}."
        sort_by = total
    direction = reading.typed.get("order", "desc")
    if direction not in ("asc", "desc"):
        reading.problems["order"] = f"The order “{_cut(direction)}” is none of asc and desc."
    page = reading.typed.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 0  # noqa: PLR2004 - more is no page
    if not 1 <= number <= _LAST:
        reading.problems["page"] = f"There is no page “{_cut(page)}”."
    typed = reading.typed
    chips = [
        Chip(text, address(path, {**typed, name: None, "page": None}))
        for name, text in reading.shown.items()
        if name not in reading.problems
    ]
    return Asked(
        path, typed, tuple(wanted), reading.problems, tuple(chips), sort_by, direction != "asc", max(number, 1)
    )


def _typed(query: Mapping[str, str]) -> dict[str, str]:
    typed = {name: value.strip() for name, value in query.items()}
    return {name: value for name, value in typed.items() if value and (name in _AS_TYPED or value.lower() != "any")}


def _words(reading: _Reading) -> tuple[str, ...] | None:
    text = reading.text("q")
    if text is None:
        return None
    reading.shown["q"] = f"“{_cut(text)}”"
    return tuple(sorted(set(text.lower().split())))


def _tier(reading: _Reading, card: Scorecard, columns: list[str]) -> tuple[tuple[int, ...] | None, list[Condition]]:
    value = reading.choice("tier", "Tier", tier_choices(card, columns))
    if value is None:
        return None, []
    if value.startswith(COULD_BE):
        number = int(value.removeprefix(COULD_BE))
        tier = next(tier for tier in card.tiers if tier.number == number)
        return None, [*could_rise(card, tier)]
    return tuple(int(part) for part in value.split(",")), []


def could_rise(card: Scorecard, tier: Tier) -> tuple[Condition, ...]:
    """Return what clinics of lower tiers must be whose ceiling reaches a tier that rests on the score alone."""
    lower = tuple(each.number for each in card.tiers if each.number > tier.number)
    return (
        Condition(card.column("tier"), "one of", lower),
        Condition(bound(card, "ceiling"), "at least", tier.at_least[TOTAL]),
    )


def tier_choices(card: Scorecard, columns: list[str]) -> dict[str, str]:
    """Return what the field for tiers offers: each, the best two together, and those that could rise to one.

    `columns` are those that the list has: ceilings are not known of runs of older versions.
    """
    single = {str(tier.number): short_tier(tier) for tier in card.tiers}
    both = list(single)[:2]
    together = {",".join(both): " or ".join(single[number] for number in both)} if len(single) > len(both) else {}
    has_bounds = bound(card, "ceiling") in columns
    could = {
        f"{COULD_BE}{tier.number}": f"Could be {short_tier(tier)}"
        for tier in card.tiers
        if has_bounds and set(tier.at_least) == {TOTAL}
    }
    return {**single, **together, **could}


def _segment(reading: _Reading, card: Scorecard) -> tuple[str, ...] | None:
    choice = reading.choice("segment", "Segment", {letter: f"Segment {letter}" for letter in card.segments})
    return (choice,) if choice else None


def _state(reading: _Reading, *, unknown: bool = True) -> tuple[str | None, list[Condition]]:
    value = reading.text("state")
    if value is None:
        return None, []
    if unknown and value.lower() == UNKNOWN:
        reading.shown["state"] = "State unknown"
        return None, [Condition("state_code", "known", False)]
    if value.upper() not in CODES:
        reading.problems["state"] = f"State “{_cut(value)}” is not a state. Use two letters, as in TX."
        return None, []
    reading.shown["state"] = NAME_OF[value.upper()]
    return value.upper(), []


def _network(reading: _Reading) -> Iterator[Condition]:
    match reading.choice("network", "Network", NETWORKS):
        case "in":
            yield Condition("network_id", "known", True)
        case "none":
            yield Condition("network_id", "known", False)
        case "anchors":
            yield Condition("is_network_anchor", "is", True)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 - characters that a sentence can hold


def address(path: str, values: Mapping[str, str | None]) -> str:
    """Return an address with the fields that have a value."""
    kept = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
