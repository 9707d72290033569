"""`/`: the run on one screen: whom to call, then the tiers, then what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from starlette.requests import Request

from icp_engine.api.snapshot import Snapshot
from icp_engine.columns import KEY
from icp_engine.published.filters import Condition
from icp_engine.scorecard.model import TOTAL
from icp_engine.scorecard.ranking import unknown_fields
from icp_engine.web import spelling
from icp_engine.web.asked import could_rise
from icp_engine.web.kept import Kept
from icp_engine.web.networks import NetworkRow, network_rows
from icp_engine.web.rows import (
    ClinicRow,
    Reason,
    apart,
    bound,
    clinic_rows,
    cuts,
    field_label,
    shared_reasons,
    short_tier,
)

_NETWORKS, _CLINICS, _FIELDS, _BARS = 6, 6, 6, 50


@dataclass(frozen=True, slots=True)
class TierLine:
    """A tier with its clinics; `could_rise` are those of lower tiers whose ceiling reaches it, or None."""

    number: int
    name: str
    edges: str
    clinics: int
    share: float
    could_rise: int | None


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field with the share of clinics that lack it, and the most points that it could bring one of them."""

    name: str
    points: float
    missing: float


@dataclass(frozen=True, slots=True)
class Bar:
    """Clinics of a step of score: where it begins and how high it is, both as shares of the picture."""

    start: float
    height: float
    tier: int


@dataclass(frozen=True, slots=True)
class Home:
    """What the page of a run says; it stays the same for as long as the run answers."""

    headline: str
    networks: tuple[NetworkRow, ...]
    left_out: int
    clinics: tuple[ClinicRow, ...]
    shared: tuple[tuple[Reason, int], ...]
    tiers: tuple[TierLine, ...]
    bars: tuple[Bar, ...]
    cuts: tuple[tuple[str, float], ...]
    fields: tuple[FieldLine, ...]
    best_tier: tuple[int, str, int]


def show(run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:  # noqa: ARG001
    """Return the first page of a run."""
    manifest = run.run.manifest
    return "home", {"home": _HOME.of(run), "manifest": manifest, "card": run.rows.card, "clinics": run.count}


def home(run: Snapshot) -> Home:
    """Return what the first page says of a run."""
    card = run.rows.card
    networks, left_out = _networks(run)
    best = run.clinics.page((), run.rows.total, descending=True, limit=_CLINICS, offset=0).rows[KEY].to_list()
    with run.db.cursor() as db:
        clinics = clinic_rows(run, db, best)
    shared = shared_reasons(card, clinics)
    tiers = _tiers(run)
    top = next((tier for tier in tiers if tier.clinics), tiers[-1])
    return Home(
        headline=_headline(run, tiers),
        networks=networks,
        left_out=left_out,
        clinics=apart(card, clinics, {reason.code for reason, _ in shared}, 2),
        shared=shared,
        tiers=tiers,
        bars=_bars(run),
        cuts=cuts(card.tiers),
        fields=_fields(run),
        best_tier=(top.number, top.name, top.clinics),
    )


_HOME = Kept(home)


def _networks(run: Snapshot) -> tuple[tuple[NetworkRow, ...], int]:
    """Return the best networks that do not hang on a shared name across states, and how many do."""
    total = run.rows.network_total
    sure = (Condition("is_ambiguous", "is", False),)
    page = run.networks.page(sure, total, descending=True, limit=_NETWORKS, offset=0)
    every = run.networks.page((), total, descending=True, limit=0, offset=0).total
    return network_rows(run, page.rows.to_dicts()), every - page.total


def _headline(run: Snapshot, tiers: tuple[TierLine, ...]) -> str:
    rejected = run.run.manifest.rows.rejected
    rows = f"{spelling.count(rejected, 'row')} {_were(rejected)} rejected" if rejected else "No row was rejected"
    scored = f"{spelling.count(run.count, 'clinic')} scored from 0 to {run.rows.card.maximum:g}. {rows}."
    some = next((tier for tier in tiers if tier.clinics), None)
    if some is None:
        return scored
    there = f"{spelling.count(some.clinics, 'clinic')} {_were(some.clinics, past=False)} in {some.name}"
    return f"{scored} {there}." if some is tiers[0] else f"{scored} {there}; none is in {tiers[0].name}."


def _were(number: int, *, past: bool = True) -> str:
    return ("was" if past else "is") if number == 1 else ("were" if past else "are")


def _tiers(run: Snapshot) -> tuple[TierLine, ...]:
    card, counts = run.rows.card, run.run.manifest.tiers
    ceiling = bound(card, "ceiling")
    lines = []
    for tier in card.tiers:
        rise = None
        if ceiling in run.clinics.columns and set(tier.at_least) == {TOTAL}:
            rise = run.clinics.page(could_rise(card, tier), run.rows.total, descending=True, limit=0, offset=0).total
        clinics = counts.get(tier.number, 0)
        lines.append(
            TierLine(tier.number, short_tier(tier), card.edges(tier), clinics, clinics / max(run.count, 1), rise)
        )
    return tuple(lines)


def _bars(run: Snapshot) -> tuple[Bar, ...]:
    """Return how scores spread, in steps of a fiftieth of the maximum, each of the tier of most of its clinics."""
    card = run.rows.card
    step = card.maximum / _BARS
    score, tier = pl.col(run.rows.total), pl.col(card.column("tier"))
    counted = (
        run.clinics.rows.lazy()
        .group_by((score / step).floor().clip(0, _BARS - 1).cast(pl.Int32).alias("step"), tier.alias("tier"))
        .len()
        .sort("step", "len", descending=[False, True])
        .group_by("step", maintain_order=True)
        .agg(pl.first("tier"), pl.sum("len"))
        .collect()
    )
    most = counted["len"].max()
    highest = int(most) if isinstance(most, int) else 1
    return tuple(Bar(place / _BARS, count / highest, number) for place, number, count in counted.iter_rows())


def _fields(run: Snapshot) -> tuple[FieldLine, ...]:
    """Return the fields whose absence costs most: the points at stake, times the share of clinics that lack them."""
    known = run.run.manifest.fields
    rows = max(run.run.manifest.rows.read, 1)
    lines = [
        FieldLine(
            field_label(run.rows.card, gap.name), gap.points, (known[gap.name].missing + known[gap.name].invalid) / rows
        )
        for gap in unknown_fields(run.rows.card)
        if gap.name in known
    ]
    missing = [line for line in lines if line.missing > 0 and line.points > 0]
    return tuple(sorted(missing, key=lambda line: -line.points * line.missing)[:_FIELDS])
