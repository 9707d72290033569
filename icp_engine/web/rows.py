"""The few clinics of a page as people read them: score with its interval, tier, reasons, what is unknown."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote

import polars as pl

from icp_engine.api.snapshot import Snapshot
from icp_engine.columns import CONTACT, KEY, NAME, STATE
from icp_engine.database import Database
from icp_engine.published.by_id import few_clinics
from icp_engine.scorecard.model import TOTAL, Scorecard, Tier
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scorecard.ranking import headlines, unknown_fields
from icp_engine.scoring.headlines import Landed, headline_columns, landed_bands
from icp_engine.web import spelling

_SHARED = 0.75  # of the rows of a page: a reason that so many have says little of each
_FEWEST_TO_SHARE = 4  # rows; of three clinics each is told whole
_SHOWN = (
    KEY, NAME, STATE, "segment_label", "npi_count", "site_count",
    "network_id", "network_name", "num_clinics", "is_network_anchor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason and its points."""

    code: str
    text: str
    points: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """A field that is not known, and the most points that it could bring."""

    field: str
    points: float


@dataclass(frozen=True, slots=True)
class Score:
    """A score within what it could be.

    Attributes:
        value: the points.
        floor: the least that it could be; None where nothing says.
        ceiling: the most that it could be.
        maximum: the most that the scorecard gives.
        cuts: where tiers begin, best first: their short names and points; none where tiers rest on more than the score.
    """

    value: float
    floor: float | None
    ceiling: float | None
    maximum: float
    cuts: tuple[tuple[str, float], ...]

    @property
    def known(self) -> float:
        """How far the bar of what rests on data goes, in points: what could still be lost is no part of it."""
        return self.value if self.floor is None else min(self.value, self.floor)

    @property
    def most(self) -> float:
        """How far the bar goes with all that is unknown, in points."""
        return self.value if self.ceiling is None else max(self.value, self.ceiling)

    @property
    def is_open(self) -> bool:
        """Whether anything unknown could change it."""
        return self.most > self.known


@dataclass(frozen=True, slots=True)
class Membership:
    """What a clinic is in its network."""

    network_id: str
    name: str
    clinics: int
    is_anchor: bool

    @property
    def url(self) -> str:
        """The page of the network."""
        return network_url(self.network_id)


@dataclass(frozen=True, slots=True)
class ClinicRow:
    """A clinic of a page; `could_be` is the best tier that its ceiling reaches, where that is a better one."""

    clinic_id: str
    name: str
    registered: str | None
    state: str | None
    kind: str | None
    score: Score
    tier: int
    tier_name: str
    could_be: int | None
    reasons: tuple[Reason, ...]
    unknown: tuple[Unknown, ...]
    network: Membership | None
    contact: Mapping[str, str]
    values: Mapping[str, Any]

    @property
    def url(self) -> str:
        """The page of the clinic."""
        return clinic_url(self.clinic_id)

    @property
    def phone(self) -> tuple[str, str] | None:
        """Its phone as people read it, and as a link dials it."""
        return spelling.phone(self.contact.get("phone"))


def clinic_url(clinic_id: str) -> str:
    """Return the address of a clinic's page."""
    return f"/clinics/{quote(clinic_id, safe='')}"


def network_url(network_id: str) -> str:
    """Return the address of a network's page."""
    return f"/networks/{quote(network_id, safe='')}"


def short_tier(tier: Tier) -> str:
    """Return `Tier 1` of `Tier 1 - HOT`."""
    return tier.label.partition(" - ")[0]


def cuts(tiers: Sequence[Tier]) -> tuple[tuple[str, float], ...]:
    """Return where tiers begin on the score, best first; none where they rest on more than the score."""
    if any(set(tier.at_least) - {TOTAL} for tier in tiers):
        return ()
    return tuple((short_tier(tier), tier.at_least[TOTAL]) for tier in tiers if tier.at_least)


def bound(card: Scorecard, which: Literal["floor", "ceiling"]) -> str:
    """Return the column of the least or the greatest score; runs of older versions lack it."""
    return card.column("score_floor" if which == "floor" else "score_ceiling")


def clinic_rows(run: Snapshot, db: Database, ids: Sequence[str]) -> tuple[ClinicRow, ...]:
    """Return clinics in the order of their ids; those that the run does not have are left out."""
    if not ids:
        return ()
    return rows_of_frame(run, read_clinics(run, db, ids, row_columns(run.rows.card)), ids)


def read_clinics(run: Snapshot, db: Database, ids: Sequence[str], columns: Iterable[str]) -> pl.DataFrame:
    """Return some columns of clinics in any order; fields of the scorecard that the extract lacks are missing."""
    wanted = dict.fromkeys(columns)
    absent = [pl.lit(None, run.schema[name]).alias(name) for name in wanted if name in run.schema.keys() - run.given]
    frame = few_clinics(db, ids, given_schema(run, wanted))
    return frame.with_columns(absent) if absent else frame


def given_schema(run: Snapshot, columns: Iterable[str]) -> pl.Schema:
    """Return which of some columns the table `clinics` of a run has, with their types."""
    return pl.Schema({name: run.schema[name] for name in columns if name in run.given})


@lru_cache(maxsize=8)
def row_columns(card: Scorecard) -> tuple[str, ...]:
    """Return the columns that rows are read from: a page pays for each, and needs a third of them."""
    told = (told.field for told in _told(card).values() if told.field)
    scores = (card.column("total_score"), card.column("tier"), bound(card, "floor"), bound(card, "ceiling"))
    columns = (*_SHOWN, *CONTACT, *scores, *told, *headline_columns(card))
    return tuple(dict.fromkeys(columns))


def rows_of_frame(run: Snapshot, frame: pl.DataFrame, ids: Sequence[str]) -> tuple[ClinicRow, ...]:
    """Return clinics as rows. Source: the columns `row_columns` of the few clinics that a page shows."""
    card = run.rows.card
    found = zip(frame.iter_rows(named=True), landed_bands(frame, card), strict=True)
    rows = {row[KEY]: _row(card, row, landed) for row, landed in found}
    return tuple(rows[clinic_id] for clinic_id in ids if clinic_id in rows)


def _row(card: Scorecard, row: dict[str, Any], landed: Sequence[Landed]) -> ClinicRow:
    score = score_of(card, row)
    tier = row[card.column("tier")]
    network = row.get("network_id")
    return ClinicRow(
        clinic_id=row[KEY],
        name=spelling.name(row[NAME]),
        registered=row[NAME],
        state=row[STATE],
        kind=row.get("segment_label"),
        score=score,
        tier=tier,
        tier_name=_tier_names(card)[tier],
        could_be=_could_be(card, tier, score),
        reasons=_reasons(card, landed, row),
        unknown=_unknown(card, landed),
        network=network
        and Membership(
            network, spelling.matched_name(row["network_name"]), row["num_clinics"], row["is_network_anchor"]
        ),
        contact={name: str(row[name]) for name in CONTACT if row.get(name) not in (None, "")},
        values=row,
    )


@lru_cache(maxsize=8)
def _tier_names(card: Scorecard) -> dict[int, str]:
    return {tier.number: short_tier(tier) for tier in card.tiers}


def score_of(card: Scorecard, row: Mapping[str, Any]) -> Score:
    """Return the score of a clinic with its interval."""
    value, ceiling = row[card.column("total_score")], row.get(bound(card, "ceiling"))
    return Score(value, row.get(bound(card, "floor")), ceiling, card.maximum, _cuts(card))


@lru_cache(maxsize=8)
def _cuts(card: Scorecard) -> tuple[tuple[str, float], ...]:
    return cuts(card.tiers)


def _could_be(card: Scorecard, tier: int, score: Score) -> int | None:
    if score.ceiling is None or not score.cuts:
        return None
    reached = [each.number for each in card.tiers if score.ceiling >= each.at_least.get(TOTAL, score.value)]
    return min(reached) if reached and min(reached) < tier else None


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of a band: code and reason, and where its points depend on a field, that one, and what it is of."""

    code: str
    text: str
    field: str | None
    label: str
    scale: float | None


@lru_cache(maxsize=8)
def _told(card: Scorecard) -> dict[tuple[str, int], _Told]:
    """Return what is told of every band that is worth telling."""
    parts = {part.rule.column: part for part in outcome_table(card).parts}
    found = {}
    for headline in headlines(card):
        rule = headline.rule
        outcome = parts[rule.column].outcomes[headline.number]
        field = rule.field if outcome.fixed is None and rule.field in card.fields else None
        scale = card.fields[field].scale if field else None
        found[rule.column, headline.number] = _Told(outcome.code, headline.reason, field, rule.label, scale)
    return found


def _reasons(card: Scorecard, landed: Sequence[Landed], row: Mapping[str, Any]) -> tuple[Reason, ...]:
    """Return why a clinic has its points, most points first, then as the scorecard has them."""
    every, found = _told(card), []
    for each in landed:
        told = every.get((each.column, each.band))
        if told is None or each.points <= 0:
            continue
        text, value = told.text, row.get(told.field) if told.field else None
        if value is not None:
            text = f"{told.label} {spelling.points(value)}" + (f" of {told.scale:g}" if told.scale else "")
        found.append(Reason(told.code, text, each.points))
    return tuple(sorted(found, key=lambda reason: -reason.points))


@lru_cache(maxsize=8)
def _gaps(card: Scorecard) -> tuple[tuple[str, float, frozenset[tuple[str, int]]], ...]:
    return tuple(
        (
            field_label(card, unknown.name),
            unknown.points,
            frozenset((rule.column, band) for rule, bands in unknown.bands for band in bands),
        )
        for unknown in unknown_fields(card)
    )


def _unknown(card: Scorecard, landed: Sequence[Landed]) -> tuple[Unknown, ...]:
    bands = {(each.column, each.band) for each in landed}
    return tuple(Unknown(name, points) for name, points, says in _gaps(card) if points > 0 and says & bands)


def field_label(card: Scorecard, name: str) -> str:
    """Return what people call a field: the label of what gives most points for it, or else its name as words."""
    parts = [part for part in outcome_table(card).parts if part.rule.field == name]
    best = max(parts, key=lambda part: part.most, default=None)
    return spelling.inside(best.rule.label if best else spelling.field(name))


def without_segment(card: Scorecard, reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Return reasons without that of the segment, which stands in every row of its own accord."""
    start = _segment_start(card)
    return tuple(reason for reason in reasons if start is None or not reason.code.startswith(start))


@lru_cache(maxsize=8)
def _segment_start(card: Scorecard) -> str | None:
    source = card.segment_source
    return f"{source.code}." if source else None


def shared_reasons(card: Scorecard, rows: Sequence[ClinicRow]) -> tuple[tuple[Reason, int], ...]:
    """Return the reasons that three quarters of the rows have, and how many have each, most points first."""
    if len(rows) < _FEWEST_TO_SHARE:
        return ()
    counted = Counter(reason.code for row in rows for reason in without_segment(card, row.reasons))
    first = {reason.code: reason for row in reversed(rows) for reason in row.reasons}
    points = {code: {reason.points for row in rows for reason in row.reasons if reason.code == code} for code in first}
    found = [
        (first[code], count)
        for code, count in counted.items()
        if count >= _SHARED * len(rows) and len(points[code]) == 1  # of differing points each row says its own
    ]
    return tuple(sorted(found, key=lambda pair: -pair[0].points))


def apart(card: Scorecard, rows: Sequence[ClinicRow], shared: Collection[str], most: int) -> tuple[ClinicRow, ...]:
    """Return rows with the reasons that set each apart, at most so many."""
    return tuple(replace(row, reasons=_set_apart(without_segment(card, row.reasons), shared)[:most]) for row in rows)


def _set_apart(reasons: tuple[Reason, ...], shared: Collection[str]) -> tuple[Reason, ...]:
    return tuple(reason for reason in reasons if reason.code not in shared)
