"""What decisions that wait would make of the networks they are about, by the code that makes those of a run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from icp_engine.api.snapshot import Snapshot, members_of
from icp_engine.columns import KEY, NAME, STATE
from icp_engine.database import Database, database, quoted
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.networks.columns import network_tiers, network_total
from icp_engine.networks.decisions import Decision
from icp_engine.networks.evidence import NORMALIZED_NAME
from icp_engine.networks.grouping import ByHand, NetworkOptions, find_networks, network_inputs
from icp_engine.published.by_id import clinics_by_id
from icp_engine.web import spelling
from icp_engine.web.kept import Kept
from icp_engine.web.rows import clinic_url, short_tier
from icp_engine.web.units import clinics_of

MOST = 500  # clinics that are put together to see what would become of them
_REMEMBERED = 200  # answers, each of some clinics
_GROUP = "network_name"
_FOLLOWED = ("merge", "split", "anchor", "rename")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A network as it is, or as an answer would make it; its anchor is told by name."""

    clinics: int
    score: float | None
    tier: int | None
    tier_name: str | None
    anchor: str | None
    anchor_url: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What waiting decisions make of some networks.

    Attributes:
        of: what they are about, in words.
        clinics: how many are together then.
        outcome: what there would be; None where one clinic or none is left, or there are more than are put together.
        leaving: clinics that leave.
        name: the name that it gets, if it gets one.
    """

    of: str
    clinics: int
    outcome: Outcome | None
    leaving: int
    name: str | None


_Groups = tuple[tuple[tuple[str, ...], ...], frozenset[str]]


def _none_yet(run: Snapshot) -> dict[_Groups, tuple[Outcome | None, ...]]:  # noqa: ARG001
    return {}


_KNOWN = Kept(_none_yet)


def outcome_of(run: Snapshot, row: Mapping[str, Any], anchor: str | None) -> Outcome:
    """Return a network of a run, or one that was put together, in the names of the scorecard."""
    card = run.rows.card
    tier = next(tier for tier in network_tiers(card) if tier.number == row[f"network_{card.column('tier')}"])
    anchor_id = row["anchor_clinic_id"]
    return Outcome(
        row["num_clinics"],
        row[network_total(card)],
        tier.number,
        short_tier(tier),
        spelling.name(anchor) if anchor else anchor_id,
        clinic_url(anchor_id),
    )


def put_together(
    run: Snapshot, db: Database, groups: Sequence[Sequence[str]], anchors: Collection[str] = ()
) -> tuple[Outcome | None, ...]:
    """Return the networks that groups of clinics would be, from memory where they were asked for before.

    A group that is too large, or empty, is None.

    Args:
        run: the run that has the clinics.
        db: its warehouse file.
        groups: ids of clinics.
        anchors: clinics that are the anchors of their groups whatever they score.
    """
    known = _KNOWN.of(run)
    key = tuple(map(tuple, groups)), frozenset(anchors)
    found = known.get(key)
    if found is None:
        found = tuple(_put_together(run, db, groups, anchors))
        if len(known) >= _REMEMBERED:
            known.clear()
        known[key] = found
    return found


def _put_together(
    run: Snapshot, db: Database, groups: Sequence[Sequence[str]], anchors: Collection[str]
) -> list[Outcome | None]:
    small = {place: group for place, group in enumerate(groups) if 0 < len(group) <= MOST}
    rows = [(clinic, str(place), clinic in anchors) for place, group in small.items() for clinic in group]
    if not rows:
        return [None] * len(groups)
    said = pl.DataFrame(rows, schema={KEY: pl.String, _GROUP: pl.String, "is_anchor": pl.Boolean}, orient="row")
    inputs = ", ".join(map(quoted, network_inputs(run.rows.card)))
    clinics = clinics_by_id(db, said[KEY].to_list(), inputs)
    names = dict(clinics.select(KEY, NAME).iter_rows())
    by_hand = ByHand(pl.DataFrame(schema={NORMALIZED_NAME: pl.String}), said, ())
    options = NetworkOptions(grouping="exact", min_clinics=1, min_states=1, min_single_state=1)
    frame = clinics.with_columns(normalized_name(pl.col(NAME)).alias(NORMALIZED_NAME))
    with database(threads=1) as memory:
        found = find_networks(memory, frame, run.rows.card, options, said=by_hand).networks
    made = {row[_GROUP]: row for row in found.iter_rows(named=True)}
    return [
        outcome_of(run, made[str(place)], names.get(made[str(place)]["anchor_clinic_id"]))
        if str(place) in made
        else None
        for place in range(len(groups))
    ]


def previews(run: Snapshot, waiting: Sequence[Decision]) -> tuple[Preview, ...]:
    """Return what decisions that join, part, rename or choose an anchor would make, a row per network.

    Networks are taken as they are: what joins or leaves for other reasons in the next run is not known yet.
    """
    followed = [line for line in waiting if line.action in _FOLLOWED]
    if not followed:
        return ()
    with run.db.cursor() as db:
        named = {clinic for line in followed for clinic in line.clinics}
        rows = clinics_by_id(db, sorted(named), f"{KEY}, {NAME}, network_id")
        unit = {clinic: network or clinic for clinic, _, network in rows.iter_rows()}
        groups = _joined(followed, unit)
        left = {clinic for line in followed if line.action == "split" for clinic in _leaving(run, line, unit)}
        singles = clinics_of(run, db, [name for group in groups for name in group if name not in run.places])
        together = {name: each or (name,) for name, each in singles.items()}
        members = [[clinic for name in group for clinic in _members(run, name, together)] for group in groups]
        staying = [[clinic for clinic in group if clinic not in left] for group in members]
        names = dict(rows.select(KEY, NAME).iter_rows())
        anchors = {line.subject for line in followed if line.action == "anchor"}
        outcomes = put_together(run, db, staying, anchors)
    new_names = {unit.get(line.subject): line.object for line in followed if line.action == "rename"}
    return tuple(
        Preview(
            " and ".join(_told(run, name, names, len(together.get(name, ()))) for name in group),
            len(stays),
            outcome if len(stays) > 1 else None,
            len(all_of) - len(stays),
            next((new_names[name] for name in group if name in new_names), None),
        )
        for group, all_of, stays, outcome in zip(groups, members, staying, outcomes, strict=True)
    )


def _joined(decisions: Sequence[Decision], unit: Mapping[str, str]) -> list[list[str]]:
    """Return the networks and single clinics that decisions are about, those that they join together."""
    group_of: dict[str, list[str]] = {}
    for line in decisions:
        units = [unit[clinic] for clinic in line.clinics if clinic in unit]
        for name in units[: None if line.action == "merge" else 1]:
            first = group_of.setdefault(units[0], [units[0]])
            other = group_of.setdefault(name, [name])
            if other is not first:
                first += other
                group_of |= dict.fromkeys(other, first)
    return list({id(group): group for group in group_of.values()}.values())


def _members(run: Snapshot, name: str, together: Mapping[str, tuple[str, ...]]) -> Sequence[str]:
    return members_of(run, name)[KEY].to_list() if name in run.places else together.get(name, (name,))


def _leaving(run: Snapshot, line: Decision, unit: Mapping[str, str]) -> list[str]:
    """Return the clinics that a split lets go: those it names, and those of the states that it names."""
    if line.object not in unit:
        return line.subjects
    start, clinics = run.places.get(unit[line.object], (0, 0))
    members = run.members.slice(start, clinics).select(KEY, STATE)
    return [
        *line.subjects,
        *(clinic for clinic, state in members.iter_rows() if state in line.subjects and clinic != line.object),
    ]


def _told(run: Snapshot, name: str, names: Mapping[str, str | None], together: int) -> str:
    """Return a network, by the name of its anchor, or a clinic with those that go with it, and how many there are."""
    if name not in run.places:
        return f"{spelling.name(names.get(name))} ({spelling.count(together or 1, 'clinic')})"
    start, clinics = run.places[name]
    return f"{spelling.name(run.members[start, NAME])} ({spelling.count(clinics, 'clinic')})"
