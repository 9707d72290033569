"""What a decision would do to the networks of a published run, before it is written: they are grouped once more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import KEY
from icp_engine.database import database
from icp_engine.errors import InputError
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.networks.columns import network_total
from icp_engine.networks.decisions import Decision
from icp_engine.networks.evidence import NORMALIZED_NAME
from icp_engine.networks.grouping import ByHand, NetworkOptions, Networks, find_networks, network_inputs
from icp_engine.networks.identity import NO_FORMER, Former
from icp_engine.published.run import Run

_OF_FILES = ("exclude_names", "overrides", "decisions")  # which may have changed since: the run kept what they said


@dataclass(frozen=True, slots=True)
class Effect:
    """What would become of networks.

    Attributes:
        decisions: the lines, with what would become of each.
        changes: networks that are added, gone, merged, split or renamed, as `network_changes` has them.
        networks: those that go on with other clinics, another score, tier or anchor: each with what it was.
        clinics: how many clinics get another network, or one with another tier or anchor.
    """

    decisions: tuple[Decision, ...]
    changes: pl.DataFrame
    networks: pl.DataFrame
    clinics: int


def effect(run: Run, before: Iterable[Decision], fresh: Iterable[Decision]) -> Effect:
    """Return what decisions would do in a run on the same clinics.

    Args:
        run: the published run.
        before: the decisions of the file.
        fresh: those that would be added; their lines come after.

    Raises:
        InputError: the run grouped by exact names, which no decision changes; or lines contradict each other.
    """
    options = _options(run.manifest.options.get("network"))
    if options.grouping == "exact":
        raise InputError("A run by exact names (--grouping exact) applies no decisions; run again by evidence.")
    before, fresh = tuple(before), tuple(fresh)
    with run.database() as db:
        if ("table", "network_aliases") not in db.relations():
            raise InputError(f"{run.warehouse} was published by an older version; run again, then try the decision.")
        said = ByHand(db.frame("from excluded_names"), db.frame("from network_overrides"), before)
        members = db.frame("select clinic_id, network_id from clinics where network_id is not null")
        names = db.frame("select network_id, network_name from networks_icp")
        aliases = db.frame(f"select {', '.join(NO_FORMER.aliases.columns)} from network_aliases")
    former = Former(run.manifest.started_at, members, names, aliases)
    clinics = _clinics(run)
    now = _grouped(run, clinics, options, former, said)
    then_former = Former(
        former.moment,
        now.columns.select(KEY, "network_id"),
        now.networks.select("network_id", "network_name"),
        now.aliases,
    )
    then = _grouped(run, clinics, options, then_former, ByHand(said.excluded, said.overrides, (*before, *fresh)))
    lines = {decision.line for decision in fresh}
    return Effect(
        tuple(decision for decision in then.applied.decisions if decision.line in lines),
        then.changes,
        _compared(run, now.networks, then.networks),
        _moved(now, then),
    )


def _options(kept: object) -> NetworkOptions:
    """Return how a run grouped, but for what its files said, which it kept itself."""
    known = kept if isinstance(kept, Mapping) else {}
    names = set(NetworkOptions.__dataclass_fields__) - {*_OF_FILES, "review"}
    return NetworkOptions(**{name: value for name, value in known.items() if name in names})


def _clinics(run: Run) -> pl.DataFrame:
    """Return the clinics of a run as grouping reads them."""
    counts = run.manifest.networks
    evidence = dict(counts.evidence) if counts else {}
    carried = run.table("clinics_icp").select(KEY, *(pl.col(column).alias(field) for field, column in evidence.items()))
    scored = run.table("icp_scores").select(network_inputs(run.card))
    frame = scored.join(carried, on=KEY).collect() if evidence else scored.collect()
    return frame.with_columns(normalized_name(pl.col("account_name")).alias(NORMALIZED_NAME))


def _grouped(run: Run, clinics: pl.DataFrame, options: NetworkOptions, former: Former, said: ByHand) -> Networks:
    with database() as db:
        return find_networks(db, clinics, run.card, options, former, said)


def _compared(run: Run, now: pl.DataFrame, then: pl.DataFrame) -> pl.DataFrame:
    """Return networks of which something is another, with what it was before."""
    tier = f"network_{run.card.column('tier_label')}"
    shown = {"num_clinics": "clinics", network_total(run.card): "score", tier: "tier", "anchor_clinic_id": "anchor"}
    both = [frame.select("network_id", "display_name", *(pl.col(name).alias(as_) for name, as_ in shown.items()))
            for frame in (then, now)]  # fmt: skip
    found = both[0].join(both[1].drop("display_name"), on="network_id", suffix="_before")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in shown.values()]
    return found.filter(pl.any_horizontal(differs)).sort("network_id")


def _moved(now: Networks, then: Networks) -> int:
    """Return how many clinics get another network, or one of another tier or anchor."""
    told = []
    for found in (now, then):
        anchors = found.networks.select("network_id", "anchor_clinic_id")
        told.append(found.columns.select(KEY, "network_id", "network_tier").join(anchors, on="network_id"))
    both = told[0].join(told[1], on=KEY, how="full", coalesce=True, suffix="_then")
    names = ("network_id", "network_tier", "anchor_clinic_id")
    return len(both.filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_then")) for name in names)))
