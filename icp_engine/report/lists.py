"""Whom the report lists: the best clinics and the networks to call, each with its why and what is not known of it."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.database import database, sql_text
from icp_engine.networks.grouping import NETWORKS
from icp_engine.networks.neutral import NETWORK_SCORES, network_sql, view
from icp_engine.published.explain import clinics_with_bands
from icp_engine.published.run import Run
from icp_engine.scorecard.model import Scorecard, ScorecardColumn
from icp_engine.scoring.compiler import BANDS
from icp_engine.scoring.headlines import band_points, reason_outcomes, unknown_outcomes
from icp_engine.tables.ordering import best_first

MAX_CLINICS = 2_000
_MAX_NETWORKS = 10
_MAX_REASONS = 3
_MEMBERS = "clinics_icp_with_networks"
_CONTACT = ("phone", "city")
_PLACE = ("network_name", "is_network_anchor", "num_clinics")


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason that counts: its points, on average where they vary, and for how many clinics of a network."""

    text: str
    points: float
    clinics: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A field that is not known, the most points that this costs, and for how many clinics of a network."""

    field: str
    points: float
    clinics: int


@dataclass(frozen=True, slots=True)
class Why:
    """The reasons that count most, and all that is not known, the dearest first."""

    reasons: tuple[Reason, ...] = ()
    unknown: tuple[Unknown, ...] = ()


@dataclass(frozen=True, slots=True)
class Membership:
    """What a clinic is in its network."""

    name: str
    is_anchor: bool
    clinics: int


@dataclass(frozen=True, slots=True)
class ClinicRow:
    """A clinic to call; what the extract has no column for is None."""

    clinic_id: str
    name: str | None
    state: str | None
    city: str | None
    phone: str | None
    score: float
    tier: int
    tier_label: str
    segment: str | None
    network: Membership | None
    why: Why


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A network to call; `anchor` is the clinic to begin with, `why` is that of all its clinics."""

    network_id: str
    name: str | None
    weight: float
    score: float
    tier: int
    tier_label: str
    clinics: int
    states: int
    anchor: ClinicRow
    why: Why


@dataclass(frozen=True, slots=True)
class CallLists:
    """The best clinics by rank, then id; and the networks by clinics times score, none where the run made none."""

    clinics: tuple[ClinicRow, ...]
    networks: tuple[NetworkRow, ...]


def call_lists(run: Run, max_clinics: int = MAX_CLINICS, max_networks: int = _MAX_NETWORKS) -> CallLists:
    """Return whom to call, the best first."""
    best, chosen = _best_clinics(run, max_clinics), _chosen_networks(run, max_networks)
    members = _members(run, chosen)
    known = _known(run, pl.concat([best[KEY], members[KEY]]).unique())
    points = band_points(known.lazy(), run.card).collect()
    alone, together = known.select(KEY, pl.col(KEY).alias("group")), members.rename({"network_id": "group"})
    whys = _whys(points, pl.concat([alone, together]), run.card)
    columns = _columns(run.card)
    clinics = {row[KEY]: _clinic(row, whys[row[KEY]], columns) for row in known.iter_rows(named=True)}
    return CallLists(
        tuple(clinics[key] for key in best[KEY]),
        tuple(
            _network(row, whys[row["network_id"]], clinics[row["anchor_clinic_id"]])
            for row in chosen.iter_rows(named=True)
        ),
    )


def _best_clinics(run: Run, max_rows: int) -> pl.DataFrame:
    clinics = run.table("clinics_icp")
    order = best_first(run.card, clinics.collect_schema())
    return clinics.select(*order).sort(*order, descending=list(order.values())).head(max_rows).select(KEY).collect()


def _chosen_networks(run: Run, max_rows: int) -> pl.DataFrame:
    if not run.has_networks:
        return pl.DataFrame(schema={"network_id": pl.String, "anchor_clinic_id": pl.String})
    with database() as db:
        db.view_parquet(NETWORKS, run.path(NETWORKS))
        view(db, NETWORK_SCORES, network_sql(run.card), NETWORKS)
        return db.frame(sql_text("report/networks_to_call"), {"max_rows": max_rows})


def _members(run: Run, chosen: pl.DataFrame) -> pl.DataFrame:
    """Return the clinics of networks."""
    if chosen.is_empty():
        return pl.DataFrame(schema={KEY: pl.String, "network_id": pl.String})
    members = run.table(_MEMBERS).filter(pl.col("network_id").is_in(chosen["network_id"].implode()))
    return members.select(KEY, "network_id").collect()


def _known(run: Run, ids: pl.Series) -> pl.DataFrame:
    """Return what is known of clinics: fields, scores, bands, how to reach them, and their networks."""
    clinics, card = clinics_with_bands(run, ids), run.card
    place = _PLACE if run.has_networks else ()  # without networks these may be columns of the extract
    present = clinics.collect_schema().names()
    bands = [BANDS + rule.column for rule in card.characteristics]
    shown = dict.fromkeys((KEY, NAME, STATE, *card.reads, *_columns(card).values(), *place, *bands))
    texts = [pl.col(name) if name in present else pl.lit(None) for name in _CONTACT]
    contact = [text.cast(pl.String).alias(f"contact_{name}") for text, name in zip(texts, _CONTACT, strict=True)]
    return clinics.select(*shown, *contact).collect()


def _columns(card: Scorecard) -> dict[str, str]:
    """Return the scores of a clinic that its row has, and what the scorecard calls them."""
    names: tuple[ScorecardColumn, ...] = ("total_score", "tier", "tier_label", "segment")
    return {name: card.column(name) for name in names if name != "segment" or card.segment_source}


def _clinic(row: dict[str, Any], why: Why, columns: dict[str, str]) -> ClinicRow:
    network = row.get("network_name")
    return ClinicRow(
        clinic_id=row[KEY],
        name=row[NAME],
        state=row[STATE],
        city=row["contact_city"],
        phone=row["contact_phone"],
        score=row[columns["total_score"]],
        tier=row[columns["tier"]],
        tier_label=row[columns["tier_label"]],
        segment=row[columns["segment"]] if "segment" in columns else None,
        network=None if network is None else Membership(network, row["is_network_anchor"], row["num_clinics"]),
        why=why,
    )


def _network(row: dict[str, Any], why: Why, anchor: ClinicRow) -> NetworkRow:
    return NetworkRow(
        network_id=row["network_id"],
        name=row["display_name"],
        weight=row["clinics_times_score"],
        score=row["total_score"],
        tier=row["tier"],
        tier_label=row["tier_label"],
        clinics=row["num_clinics"],
        states=row["num_states"],
        anchor=anchor,
        why=why,
    )


def _whys(points: pl.DataFrame, members: pl.DataFrame, card: Scorecard) -> dict[str, Why]:
    """Return the why of groups of clinics by group. Source: `band_points`, and a group and a `clinic_id` per row."""
    place = {rule.column: place for place, rule in enumerate(card.characteristics)}
    place_of = pl.col("characteristic").replace_strict(place, return_dtype=pl.Int64)
    by, group = ["characteristic", "band"], ["group", "characteristic", "band"]
    landed = points.join(members, on=KEY).with_columns(place=place_of)
    told = landed.join(reason_outcomes(card), on=by).group_by(*group, "place", "reason")
    reasons = _gathered(told.agg(pl.mean("points").round(2), clinics=pl.len()), "reason")
    gone = landed.drop("points").join(unknown_outcomes(card), on=by).group_by("group", "field", "points")
    unknown = _gathered(gone.agg(pl.min("place", "band"), clinics=pl.n_unique(KEY)), "field")
    return {
        name: Why(
            tuple(Reason(*told) for told in reasons.get(name, [])[:_MAX_REASONS]),
            tuple(Unknown(*told) for told in unknown.get(name, [])),
        )
        for name in members["group"].unique()
    }


def _gathered(rows: pl.DataFrame, told: str) -> dict[str, list[tuple[Any, float, int]]]:
    """Return what a column tells of each group, with its points and clinics; what moves the score most stands first."""
    rows = rows.filter(pl.col("points") > 0)
    rows = rows.sort(pl.col("points") * pl.col("clinics"), "place", "band", descending=[True, False, False])
    lists = rows.group_by("group", maintain_order=True).agg(told, "points", "clinics")
    return {group: list(zip(*columns, strict=True)) for group, *columns in lists.iter_rows()}
