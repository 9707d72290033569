"""Why a network of a published run is one: what ties its clinics, what it hangs on, and what was left out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.database import Database, quoted
from icp_engine.networks.apart import Sets
from icp_engine.networks.evidence import EVIDENCE_COLUMNS, KINDS, known_owners
from icp_engine.networks.match_names import match_name
from icp_engine.published.by_id import clinics_by_id
from icp_engine.published.lists import FormerId, former_ids
from icp_engine.published.run import Run

_DECIDED = """
with
members as (
    select unnest(cast($ids as varchar[])) as clinic_id
),
lines as (
    select line from decision_pairs where clinic_id in (from members) or other_clinic_id in (from members)
    union
    select line from decisions where subject in (from members)
    union
    select unnest(cast($of_brands as bigint[]))
)
select action, subject, object, author, reason, state from decisions semi join lines using (line) order by line
"""
_FEW = 5  # values of a kind, and networks of a near miss, that are shown
_TIES = "select kind, clinic_id, value from network_edges where network_id = $id"
_PLACED = """
select 'override', clinic_id, network_name from network_overrides
semi join (select unnest(cast($ids as varchar[])) as clinic_id) using (clinic_id)
"""
_Tied = tuple[str, str, str | None]  # the kind of a tie, a clinic that it ties, what it shares


@dataclass(frozen=True, slots=True)
class Shared:
    """Something that clinics share, and how many of them do."""

    value: str | None
    clinics: int


@dataclass(frozen=True, slots=True)
class Tie:
    """Everything of one kind that ties clinics of a network: the commonest values, and how many there are in all."""

    kind: str
    clinics: int
    num_values: int
    values: tuple[Shared, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Clinics that hang together without the weakest kind of tie; `name` is the commonest among them."""

    name: str | None
    states: tuple[str, ...]
    clinics: int


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A name of the network that clinics outside bear as well: where these are, and why they were left out."""

    name: str
    clinics: int
    states: tuple[str, ...]
    networks: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on clinics of the network, and what became of it."""

    action: str
    subject: str
    object: str
    author: str
    reason: str
    state: str


@dataclass(frozen=True, slots=True)
class NetworkWhy:
    """What is known of how a network came about.

    Attributes:
        states: members by state, most first; None is an unknown state.
        ties: by kind, strongest first.
        weakest: the weakest kind without which the network falls apart; None by exact names.
        parts: what it falls into without that kind, largest first.
        owners: known owners (PAC ids), by members.
        parents: known parents, by members.
        near_misses: shared names that were kept apart.
        decisions: what people decided on its clinics.
        former_ids: ids that lead to it by now.
        links: by clinic what links it to the anchor: of the ways that there are the strongest, of that the weakest tie.
    """

    states: tuple[Shared, ...]
    ties: tuple[Tie, ...]
    weakest: str | None
    parts: tuple[Part, ...]
    owners: tuple[Shared, ...]
    parents: tuple[Shared, ...]
    near_misses: tuple[NearMiss, ...]
    decisions: tuple[Decided, ...]
    former_ids: tuple[FormerId, ...]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Grouped:
    """A network of a run.

    Attributes:
        network_id: its id.
        clinics: its rows of the table `clinics`.
        weakest: the kind of its weakest tie; None by exact names.
        placed: whether overrides may have placed some of its clinics.
        anchor: the clinic to call; links to it are told where it is given.
    """

    network_id: str
    clinics: pl.DataFrame
    weakest: str | None
    placed: bool = True
    anchor: str | None = None


def network_why(run: Run, network_id: str) -> NetworkWhy:
    """Return why a network of the run, which has to be there, is one."""
    with run.database() as db:
        ids = db.frame("select clinic_id from clinics where network_id = $id", {"id": network_id})[KEY].to_list()
        weakest = db.frame("select weakest_edge from network_evidence where network_id = $id", {"id": network_id})
        members = clinics_by_id(db, ids, ", ".join(map(quoted, member_columns(db.columns("clinics")))))
        return why_in(db, Grouped(network_id, members, weakest.item()), former_ids(db))


def member_columns(columns: Iterable[str]) -> list[str]:
    """Return what is read of the clinics of a network, of the columns of the table `clinics`."""
    evidence = [name for name in columns if name.lower() in EVIDENCE_COLUMNS]
    return [KEY, NAME, STATE, *evidence]


def why_in(
    db: Database,
    network: Grouped,
    former: pl.DataFrame,
    *,
    decided: bool = True,
    outside: bool = True,
) -> NetworkWhy:
    """Return why a network of a warehouse file, which has to be there, is one.

    Args:
        db: the file.
        network: the network.
        former: what `former_ids` says of the file.
        decided: whether the run was given any decisions.
        outside: look for near misses, which goes through all clinics; without it there are none.
    """
    members = network.clinics.rename(str.lower)
    ids = members[KEY].to_list()
    ties: list[_Tied] = db.rows(_TIES, {"id": network.network_id})
    if network.placed:
        ties += db.rows(_PLACED, {"ids": ids})
    owners = known_owners(members)
    decisions = db.rows(_DECIDED, {"ids": ids, "of_brands": _of_brands(db, ties)}) if decided else ()
    return NetworkWhy(
        states=_shared(members[STATE]),
        ties=tuple(_ties(ties)),
        weakest=network.weakest,
        parts=_parts(members, [tie for tie in ties if tie[0] != network.weakest]) if network.weakest else (),
        owners=_shared(owners.filter(kind="owner")["value"]),
        parents=_shared(owners.filter(kind="parent")["value"]),
        near_misses=tuple(_near_misses(db, members, network.network_id)) if outside else (),
        decisions=tuple(Decided(*line) for line in decisions),
        former_ids=_former(former, network.network_id),
        links=links_to(network.anchor, ids, ties) if network.anchor is not None else {},
    )


def _of_brands(db: Database, ties: Iterable[_Tied]) -> list[int]:
    """Return the lines of the decisions that made the brands which tie clinics."""
    brands = {value for kind, _, value in ties if kind == "brand_prefix"}
    if not brands:
        return []
    lines = db.frame("select line, subject from decisions where action = 'brand_prefix'")
    return lines.filter(match_name(pl.col("subject")).is_in(brands))["line"].to_list()


def _former(former: pl.DataFrame, network_id: str) -> tuple[FormerId, ...]:
    if former.is_empty():
        return ()
    found = former.filter(network_id=network_id).drop("network_id").sort("since")
    return tuple(FormerId(*row) for row in found.iter_rows())


def _shared(values: Iterable[str | None]) -> tuple[Shared, ...]:
    """Return values with how often each is there, the commonest first."""
    counted = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0] is not None, pair[0] or ""))
    return tuple(Shared(value, clinics) for value, clinics in counted)


def _ties(ties: Iterable[_Tied]) -> Iterator[Tie]:
    by_kind: dict[str, list[_Tied]] = {}
    for tie in ties:
        by_kind.setdefault(tie[0], []).append(tie)
    for kind in sorted(by_kind, key=KINDS.index):
        values = _shared(value for _, _, value in by_kind[kind])
        yield Tie(kind, len({clinic for _, clinic, _ in by_kind[kind]}), len(values), values[:_FEW])


def _parts(members: pl.DataFrame, ties: Iterable[_Tied]) -> tuple[Part, ...]:
    """Return what members hang together by ties: one by one, which for one network is sooner done than any query."""
    sets, place_of = Sets(), {clinic: place for place, clinic in enumerate(members[KEY])}
    _join(sets, place_of, ties)
    parts: dict[int, list[int]] = {}
    for place in place_of.values():
        parts.setdefault(sets.find(place), []).append(place)
    rows = members.select(NAME, STATE).rows()
    found = [_part([rows[place] for place in part]) for part in parts.values()]
    return tuple(sorted(found, key=lambda part: (-part.clinics, part.name is None, part.name or "", part.states)))


def _join(sets: Sets, place_of: Mapping[str, int], ties: Iterable[_Tied]) -> None:
    first: dict[tuple[str, str | None], int] = {}
    for kind, clinic, value in ties:
        place = place_of[clinic]
        sets.join(first.setdefault((kind, value), place), place)


def links_to(anchor: str, ids: Sequence[str], ties: Sequence[_Tied]) -> dict[str, str]:
    """Return what links clinics to the anchor: the kind of tie with which they reach it, strong ones first."""
    sets, place_of = Sets(), {clinic: place for place, clinic in enumerate(ids)}
    left = {*ids} - {anchor}
    links: dict[str, str] = {}
    for kind in KINDS:
        of_kind = [tie for tie in ties if tie[0] == kind]
        if not of_kind:
            continue
        _join(sets, place_of, of_kind)
        at = sets.find(place_of[anchor])
        reached = {clinic for clinic in left if sets.find(place_of[clinic]) == at}
        left -= reached
        links |= dict.fromkeys(reached, kind)
    return links


def _part(members: Sequence[tuple[str | None, str | None]]) -> Part:
    """Return members, as name and state, as a part."""
    commonest = _shared(name for name, _ in members if name is not None)
    states = sorted({state for _, state in members if state is not None})
    return Part(commonest[0].value if commonest else None, tuple(states), len(members))


def _near_misses(db: Database, members: pl.DataFrame, network_id: str) -> Iterator[NearMiss]:
    """Yield the names of a network that clinics outside bear, those of most clinics first."""
    if db.frame("select grouping from run_settings").item() == "exact":
        return  # one name is one network
    names = members.select(match_name(pl.col(NAME)).alias("name")).drop_nulls()
    db.register("names_inside", names.group_by("name").len("num_inside"))
    wider = db.frame(
        "select name, holds_across_states, chance from names_inside "
        "join network_candidates on network_name = name where num_clinics > num_inside order by num_clinics desc, name"
    )
    if wider.is_empty():
        return
    outside = db.frame(
        "select clinics.account_name, state_code, network_id, network_overrides.clinic_id is not null as by_hand "
        "from clinics left join network_overrides using (clinic_id) where network_id is distinct from $id",
        {"id": network_id},
    )
    outside = outside.with_columns(match_name(pl.col(NAME)).alias("name")).join(wider, on="name")
    reasons = outside.with_columns(_left_out_by())
    grouped = reasons.group_by("name", "why").agg(
        pl.len().alias("clinics"),
        pl.col(STATE).drop_nulls().unique().sort(),
        pl.col("network_id").drop_nulls().unique().sort(),
    )
    for name, why, clinics, states, networks in grouped.sort(
        "clinics", "name", "why", descending=[True, False, False]
    ).iter_rows():
        yield NearMiss(name, clinics, tuple(states), tuple(networks), why)


def _left_out_by() -> pl.Expr:
    """Return why a clinic outside does not belong to a network whose name it bears."""
    thinly = pl.format(
        "a name of many owners ({} expected by accident) holds in one state at a time",
        pl.col("chance").round_sig_figs(2),
    )
    alone = pl.col("network_id").is_null()
    return (
        pl.when("by_hand")
        .then(pl.lit("placed by hand"))  # by an override
        .when(pl.col(STATE).is_null() & ~pl.col("holds_across_states"))
        .then(pl.lit("its state is not known"))
        .when("holds_across_states")
        .then(pl.lit("kept apart by hand"))
        .when(alone)
        .then(thinly + ", and too few stand in theirs")
        .otherwise(thinly)
        .fill_null("kept apart by hand")
        .alias("why")
    )
