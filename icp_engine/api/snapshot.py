"""One run, opened once and read only through what is open: it stays whole when its files are removed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from icp_engine.api.listing import Listing
from icp_engine.api.rows import ANCHOR, CLINIC, MEMBER, NETWORK_OF_CLINIC, OPERATIONAL, SCORES
from icp_engine.columns import KEY, NAME, NETWORKS_TABLE, STATE
from icp_engine.database import Database, sql_text
from icp_engine.errors import InputError
from icp_engine.networks.grouping import NETWORKS
from icp_engine.published.explain import bibliography_content, entries_of
from icp_engine.published.filters import Filter, conditions
from icp_engine.published.run import Run
from icp_engine.published.statistics import score_statistics
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.explain import Explainer

_POOL = 512 << 20  # bytes that DuckDB may hold: one clinic at a time is read
_TIERS = {1: "tier_1_hot", 2: "tier_2_qualified", 3: "tier_3_monitor"}
_SEGMENTS = {
    "A": "segment_a_behavioral_home_health",
    "B": "segment_b_fqhc_compliance",
    "C": "segment_c_multi_specialty_growth",
}
_TOP = 10
_CLINIC = sql_text("api/clinic")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run to answer from: its lists in memory, its statistics, and its warehouse file for one clinic at a time.

    Attributes:
        members: the clinics of networks, network by network, anchor first; `places` says from where on, and how many.
        breakdown: the name of each category in answers, by its column.
        schema: the columns of the table that one clinic is read from, and after them the fields that it lacks.
        explainer: spells out a bibliography.
    """

    run_id: str
    card: Scorecard
    clinics: Listing
    networks: Listing
    members: pl.DataFrame
    places: dict[str, tuple[int, int]]
    statistics: dict[str, Any]
    breakdown: dict[str, str]
    schema: pl.Schema
    explainer: Explainer
    db: Database

    @property
    def count(self) -> int:
        """The number of clinics."""
        return int(self.statistics["total_clinics"])


@contextmanager
def snapshot(run: Run) -> Iterator[Snapshot]:
    """Read what answers need of a run.

    Raises:
        InputError: it has no warehouse file, another kind of scorecard, or is not there any more.
    """
    card = run.card
    breakdown = _breakdown(run)
    with run.database(memory_limit=_POOL) as db:
        frame = _clinics(db)
        clinics = Listing(frame, key=KEY, score=SCORES["total_score"], names=[NAME])
        del frame  # as large as the list itself
        networks = Listing(
            db.frame(f"select {', '.join(one.name for one in NETWORKS_TABLE)} from {NETWORKS}"),
            key="network_id",
            score="network_icp_total_score",
            names=["display_name", "network_name"],
        )
        members, places = _members(clinics)
        given = db.frame("from clinics limit 0").schema
        absent = {name: card.fields[name].dtype for name in card.reads if name not in given}
        db.run("set threads = 1")  # a look-up has no use for more, and several of them run at once
        yield Snapshot(
            run_id=run.folder.name,
            card=card,
            clinics=clinics,
            networks=networks,
            members=members,
            places=places,
            statistics=_statistics(clinics, run, breakdown),
            breakdown=breakdown,
            schema=pl.Schema({**given, **absent}),
            explainer=Explainer(card),
            db=db,
        )


def _breakdown(run: Run) -> dict[str, str]:
    """Return what the categories are called in answers, by the columns of their scores.

    Raises:
        InputError: they are not the six of the clinic profile.
    """
    card = run.card
    names = {one.column: one.breakdown for one in card.categories}
    due = {one.column: one.breakdown for one in load_scorecard("icp").categories}
    if names != due or {one.name for one in card.columns} != {one.name for one in load_scorecard("icp").columns}:
        raise InputError(
            f"{run.warehouse} was scored with '{card.id}', and the API answers from runs with the six categories of "
            f"'icp' only; run again with --scorecard icp, or one that extends it and keeps its categories."
        )
    return names


def _clinics(db: Database) -> pl.DataFrame:
    """Return the rows to list; what the extract did not give is missing for all."""
    given = set(db.columns("clinics"))
    shown = ", ".join(one.name for one in CLINIC if one.name in given)
    frame = db.frame(f"select {shown} from clinics")
    absent = [pl.lit(None, one.dtype).alias(one.name) for one in CLINIC if one.name not in given]
    return frame.with_columns(absent).select(one.name for one in CLINIC)


def _members(clinics: Listing) -> tuple[pl.DataFrame, dict[str, tuple[int, int]]]:
    """Return the members of all networks, and where those of each stand: from which row on, and how many."""
    rows = clinics.rows.filter(pl.col("network_id").is_not_null())
    rows = rows.sort("network_id", ANCHOR, descending=[False, True], maintain_order=True)
    counts = rows.group_by("network_id", maintain_order=True).len()
    ends = counts["len"].cum_sum()
    starts = (ends - counts["len"]).to_list()
    ids = counts["network_id"].cast(pl.String)
    places = dict(zip(ids, zip(starts, counts["len"].to_list(), strict=True), strict=True))
    return rows.select(pl.col(MEMBER)).with_columns(pl.col(pl.Enum).cast(pl.String)), places


def _statistics(clinics: Listing, run: Run, breakdown: dict[str, str]) -> dict[str, Any]:
    """Return the statistics in the names of the API."""
    found = score_statistics(clinics.rows.lazy(), run.card, run.manifest)
    tiers = {one.tier: one.clinics for one in found.tiers}
    segments = {one.segment: one.clinics for one in found.segments}
    averages = {one.category: one.average for one in found.categories}
    quality = found.data_quality
    return {
        "total_clinics": found.total_clinics,
        "score_distribution": asdict(found.scores),
        "tier_distribution": {name: tiers.get(number, 0) for number, name in _TIERS.items()},
        "segment_distribution": {name: segments.get(letter, 0) for letter, name in _SEGMENTS.items()},
        "category_averages": {breakdown[one.column]: averages[one.name] for one in run.card.categories},
        "top_10_clinics": clinics.rows.head(_TOP).to_dicts(),
        "data_quality": {
            "distinct_scores": quality.distinct_scores,
            "most_common_share": quality.most_common_share,
            "missing_share": dict(quality.missing_share),
        },
    }


def clinic(run: Snapshot, clinic_id: str) -> dict[str, Any] | None:
    """Return everything known of one clinic, its score explained; None where there is none of that id."""
    with run.db.another() as db:
        values = db.row(_CLINIC, {"clinic_id": clinic_id})
    if values is None:
        return None
    values += (None,) * (len(run.schema) - len(values))
    row = dict(zip(run.schema, values, strict=True))
    found = entries_of(run.explainer, pl.DataFrame([values], run.schema, orient="row"))
    tier, letter = row[SCORES["tier"]], row[SCORES["segment"]]
    return {
        **{name: row.get(name) for name in (KEY, NAME, STATE, "segment_label")},
        "icp_score": {
            "total": row[SCORES["total_score"]],
            "breakdown": {name: row[column] for column, name in run.breakdown.items()},
        },
        "tier": {"number": tier, "label": row[SCORES["tier_label"]]},
        "segment": {"letter": letter, "description": run.card.segments.get(letter)},
        "operational_data": {name: row.get(name) for name in OPERATIONAL},
        "network": {name: row[name] for name in NETWORK_OF_CLINIC} if row["network_id"] is not None else None,
        "bibliography": bibliography_content(found),
    }


def network(run: Snapshot, network_id: str) -> dict[str, Any] | None:
    """Return a network and its members, anchor first, then as clinics are listed; None where there is none."""
    if network_id not in run.places:
        return None
    asked = conditions(Filter(network_id=network_id), "networks")
    found = run.networks.page(asked, "network_icp_total_score", descending=True, limit=1, offset=0)
    return {**found.rows.row(0, named=True), "clinics": run.members.slice(*run.places[network_id]).to_dicts()}
