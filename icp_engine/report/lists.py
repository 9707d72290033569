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
from icp_engine.scoring.headlines import band_points, missing_outcomes, reason_outcomes

MAX_CLINICS = 2_000
_MAX_NETWORKS = 10
_MAX_REASONS = 3
_MEMBERS = "clinics_icp_with_networks"
_CONTACT = ("phone", "city")


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason that counts: its points, on average where they vary, and for how many clinics of a network."""

    text: str
    points: float
    clinics: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Fields that are not known, the most points that this costs, and for how many clinics of a network."""

    fields: tuple[str, ...]
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


def clinic_rows(run: Run, max_rows: int = MAX_CLINICS) -> tuple[ClinicRow, ...]:
    """Return the best clinics of a run: by score, highest first, then id."""
    total = run.card.column("total_score")
    best = run.table("icp_scores").select(KEY, total).sort(total, KEY, descending=[True, False]).head(max_rows)
    return _clinics(run, best.collect()[KEY])


def network_rows(run: Run, max_rows: int = _MAX_NETWORKS) -> tuple[NetworkRow, ...]:
    """Return the networks of a run by clinics times score, highest first; none where it made none."""
    if not run.has_networks:
        return ()
    with database() as db:
        db.view_parquet(NETWORKS, run.path(NETWORKS))
        view(db, NETWORK_SCORES, network_sql(run.card), NETWORKS)
        chosen = db.frame(sql_text("report/networks_to_call"), {"max_rows": max_rows})
    anchors = {row.clinic_id: row for row in _clinics(run, chosen["anchor_clinic_id"])}
    members = run.table(_MEMBERS).select("network_id", KEY)
    members = members.join(chosen.lazy().select("network_id"), on="network_id", how="semi")
    whys = _whys(run, members.collect())
    return tuple(
        NetworkRow(
            network_id=row["network_id"],
            name=row["display_name"],
            weight=row["clinics_times_score"],
            score=row["total_score"],
            tier=row["tier"],
            tier_label=row["tier_label"],
            clinics=row["num_clinics"],
            states=row["num_states"],
            anchor=anchors[row["anchor_clinic_id"]],
            why=whys[row["network_id"]],
        )
        for row in chosen.iter_rows(named=True)
    )


def _clinics(run: Run, ids: pl.Series) -> tuple[ClinicRow, ...]:
    """Return clinics in the order of their ids."""
    card, these = run.card, pl.col(KEY).is_in(ids.implode())
    shown = {
        "name": NAME,
        "state": STATE,
        "score": card.column("total_score"),
        "tier": card.column("tier"),
        "tier_label": card.column("tier_label"),
        "segment": card.column("segment"),
    }
    known = run.table("icp_scores")
    columns = known.collect_schema().names()
    known = known.filter(these).select(
        KEY, *(pl.col(column).alias(name) for name, column in shown.items() if column in columns)
    )
    rows = pl.LazyFrame({KEY: ids}).with_row_index("place").join(known, on=KEY)
    rows = rows.join(_contacts(run).filter(these), on=KEY, how="left")
    if run.has_networks:
        place = ("network_name", "is_network_anchor", "num_clinics")
        rows = rows.join(run.table(_MEMBERS).filter(these).select(KEY, *place), on=KEY, how="left")
    found = rows.sort("place").drop("place").collect()
    whys = _whys(run, found.select(pl.col(KEY).alias("group"), KEY))
    return tuple(_clinic(row, whys) for row in found.iter_rows(named=True))


def _clinic(row: dict[str, Any], whys: dict[str, Why]) -> ClinicRow:
    name = row.get("network_name")
    return ClinicRow(
        clinic_id=row[KEY],
        name=row["name"],
        state=row["state"],
        city=row["city"],
        phone=row["phone"],
        score=row["score"],
        tier=row["tier"],
        tier_label=row["tier_label"],
        segment=row.get("segment"),
        network=None if name is None else Membership(name, row["is_network_anchor"], row["num_clinics"]),
        why=whys[row[KEY]],
    )


def _contacts(run: Run) -> pl.LazyFrame:
    """Return how to reach clinics, as far as the extract says it."""
    clinics = run.table("clinics_icp")
    present = clinics.collect_schema().names()
    columns = [(pl.col(name) if name in present else pl.lit(None)).cast(pl.String).alias(name) for name in _CONTACT]
    return clinics.select(KEY, *columns)


def _whys(run: Run, members: pl.DataFrame) -> dict[str, Why]:
    """Return the why of groups of clinics by group. Source: a group and a `clinic_id` per row."""
    group, card = members.columns[0], run.card
    members = members.rename({group: "group"})
    points = band_points(clinics_with_bands(run, members[KEY]), card).join(members.lazy(), on=KEY)
    counted = points.group_by("group", "characteristic", "band").agg(pl.mean("points").round(2), clinics=pl.len())
    place = {characteristic.column: place for place, characteristic in enumerate(card.characteristics)}
    counted = counted.with_columns(place=pl.col("characteristic").replace_strict(place, return_dtype=pl.Int64))
    bands = counted.collect()
    by = ["characteristic", "band"]
    missing = bands.drop("points").join(missing_outcomes(card), on=by)
    missing = missing.group_by("group", "fields").agg(pl.sum("points"), pl.max("clinics"), pl.min("place", "band"))
    reasons, unknown = _gathered(bands.join(reason_outcomes(card), on=by), "reason"), _gathered(missing, "fields")
    return {
        name: Why(
            tuple(Reason(*told) for told in reasons.get(name, [])[:_MAX_REASONS]),
            tuple(Unknown(tuple(fields), points, clinics) for fields, points, clinics in unknown.get(name, [])),
        )
        for name in members["group"].unique()
    }


def _gathered(rows: pl.DataFrame, told: str) -> dict[str, list[tuple[Any, float, int]]]:
    """Return what a column tells of each group, with its points and clinics; what moves the score most stands first."""
    rows = rows.filter(pl.col("points") > 0)
    rows = rows.sort(pl.col("points") * pl.col("clinics"), "place", "band", descending=[True, False, False])
    lists = rows.group_by("group", maintain_order=True).agg(told, "points", "clinics")
    return {group: list(zip(*columns, strict=True)) for group, *columns in lists.iter_rows()}
