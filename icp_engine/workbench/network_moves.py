"""What became of networks from one run to the next: old ids are followed to the networks of their clinics now."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import KEY
from icp_engine.networks.columns import network_tiers
from icp_engine.report.document import Column, Table
from icp_engine.workbench.moves import in_words, matrix
from icp_engine.workbench.sides import Side

_LISTED = 15

_MEMBERS = {"came": pl.Int64, "left": pl.Int64, "rescored": pl.Int64}


@dataclass(frozen=True, slots=True)
class NetworkMoves:
    """What became of networks: tables, sentences, and numbers by name."""

    tables: tuple[Table, ...]
    sentences: tuple[str, ...]
    counts: Mapping[str, int]


def network_moves(old: Side, new: Side, clinics: pl.DataFrame) -> NetworkMoves:
    """Return what became of networks; a sentence alone where one of the runs has none.

    Source of `clinics`: `clinic_id`, `old_network_id`, `new_network_id`, `old_total`, `new_total`.
    """
    before, after = old.networks, new.networks
    if before is None or after is None:
        return NetworkMoves((), ("Networks are not compared: one side has none.",), {})
    followed = _followed(before, after, new.aliases)
    moved = _with_members(followed.filter(pl.col("old_tier") != pl.col("new_tier")), clinics, followed)
    tiers = network_tiers(old.card), network_tiers(new.card)
    fates = dict(followed["fate"].value_counts().iter_rows())
    added = after.join(followed, left_on="network_id", right_on="new_id", how="anti")
    moves = followed.drop_nulls("new_tier").group_by("old_tier", "new_tier").len("clinics")
    gone = fates.get("gone", 0)
    sentences = (
        f"{len(added):,} networks are new, and {gone:,} are gone, {fates.get('merged', 0):,} merged into others and "
        f"{fates.get('renamed', 0) + fates.get('split', 0):,} go on under another id.",
        in_words(moves, *tiers, "networks"),
    )
    counts = {
        "networks_in_both": followed["new_id"].count(),
        "networks_new": len(added),
        "networks_gone": gone,
        "networks_merged": fates.get("merged", 0),
        "networks_moved": len(moved),
    }
    labels = [{tier.number: tier.label for tier in side} for side in tiers]
    tables = (
        matrix(moves, *tiers, "network_tier_moves", "Tier of networks before, and now"),
        _moved(moved, labels),
        _listed("new_networks", "New networks", added, labels[1]),
        _listed("gone_networks", "Networks that are gone", followed.filter(pl.col("fate") == "gone"), labels[0]),
    )
    return NetworkMoves(tables, sentences, counts)


def _followed(before: pl.DataFrame, after: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return every old network with the id, tier and size of the network that it is now, and its fate."""
    led = aliases.select("former_id", pl.col("network_id").alias("alias_id"), "why")
    found = before.join(led, left_on="network_id", right_on="former_id", how="left")
    stays = pl.col("network_id").is_in(after["network_id"].implode())
    found = found.with_columns(pl.when(stays).then(pl.col("network_id")).otherwise(pl.col("alias_id")).alias("new_id"))
    now = after.select(
        pl.col("network_id").alias("new_id"),
        pl.col("network_tier").alias("new_tier"),
        pl.col("num_clinics").alias("new_clinics"),
    )
    fate = pl.when(stays).then(pl.lit("same")).when(pl.col("new_tier").is_null()).then(pl.lit("gone"))
    return (
        found.join(now, on="new_id", how="left")
        .with_columns(fate.otherwise(pl.col("why")).alias("fate"))
        .rename({"network_tier": "old_tier", "num_clinics": "old_clinics"})
    )


def _with_members(moved: pl.DataFrame, clinics: pl.DataFrame, followed: pl.DataFrame) -> pl.DataFrame:
    """Return networks with the clinics that came, that left, and that stayed with another score."""
    now = followed.select(pl.col("network_id").alias("old_network_id"), pl.col("new_id").alias("was_id"))
    rows = clinics.join(now, on="old_network_id", how="left")
    came = rows.filter(pl.col("was_id").ne_missing(pl.col("new_network_id")))
    stayed = rows.filter((pl.col("was_id") == pl.col("new_network_id")) & (pl.col("old_total") != pl.col("new_total")))
    counts = (
        came.group_by(pl.col("new_network_id").alias("new_id")).agg(pl.col(KEY).len().alias("came")),
        came.group_by(pl.col("was_id").alias("new_id")).agg(pl.col(KEY).len().alias("left")),
        stayed.group_by(pl.col("new_network_id").alias("new_id")).agg(pl.col(KEY).len().alias("rescored")),
    )
    for count in counts:
        moved = moved.join(count, on="new_id", how="left")
    return moved.with_columns(pl.col(name).fill_null(0).cast(dtype) for name, dtype in _MEMBERS.items())


def _moved(moved: pl.DataFrame, labels: list[dict[int, str]]) -> Table:
    first = moved.sort(
        pl.min_horizontal("old_tier", "new_tier"), "new_clinics", "network_id", descending=[False, True, False]
    )
    rows = [
        (
            network["new_id"],
            network["network_name"],
            labels[0][network["old_tier"]],
            labels[1][network["new_tier"]],
            network["old_clinics"],
            network["new_clinics"],
            network["came"],
            network["left"],
            network["rescored"],
            network["fate"],
        )
        for network in first.head(_LISTED).iter_rows(named=True)
    ]
    columns = (
        Column("network_id", "Network"),
        Column("name", "Name before"),
        Column("old_tier", "Tier before"),
        Column("new_tier", "Tier now"),
        Column("old_clinics", "Clinics before", "count"),
        Column("new_clinics", "Now", "count"),
        Column("came", "Came", "count"),
        Column("left", "Left", "count"),
        Column("rescored", "Other score", "count"),
        Column("fate", "Id"),
    )
    says = "Clinics that came and left, and those that stayed with another score, are why."
    return Table("moved_networks", "Networks that move", columns, rows, says, "No network moves.")


def _listed(name: str, title: str, networks: pl.DataFrame, labels: dict[int, str]) -> Table:
    tier = "network_tier" if "network_tier" in networks.columns else "old_tier"
    clinics = "num_clinics" if "num_clinics" in networks.columns else "old_clinics"
    first = networks.sort(tier, clinics, "network_id", descending=[False, True, False]).head(_LISTED)
    rows = [
        (key, text, labels[number], count)
        for key, text, number, count in first.select("network_id", "network_name", tier, clinics).iter_rows()
    ]
    columns = (
        Column("network_id", "Network"),
        Column("name", "Name"),
        Column("tier", "Tier"),
        Column("clinics", "Clinics", "count"),
    )
    return Table(name, title, columns, rows, empty="There are none.")
