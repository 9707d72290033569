"""Ids that stay from run to run: a network keeps its id while it holds half of what it was, whatever its name is."""

from dataclasses import dataclass, field

import polars as pl

from icp_engine.columns import KEY
from icp_engine.database import Database, sql_text

_MEMBERS = {KEY: pl.String, "network_id": pl.String}
_NAMES = {"network_id": pl.String, "network_name": pl.String}
ALIASES = {"line": pl.Int64, "old_id": pl.String, "new_id": pl.String, "since": pl.String, "why": pl.String}


@dataclass(frozen=True, slots=True)
class Former:
    """The networks of the run before: members, names, and where ids went that were known before them.

    Attributes:
        moment: when this run began, UTC, as ISO 8601 writes it.
        members: clinic and network.
        names: network and its name.
        aliases: lines of `network_aliases`.
    """

    moment: str = ""
    members: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_MEMBERS))
    names: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_NAMES))
    aliases: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ALIASES))


NO_FORMER = Former()


def register_former(db: Database, former: Former) -> None:
    """Make the networks of the run before readable."""
    db.register("former_members", former.members)
    db.register("former_networks", former.names)
    db.register("former_aliases", former.aliases)
    db.copy("run_moment", pl.DataFrame({"moment": [former.moment]}))


def keep_ids(db: Database) -> None:
    """Give networks of `network_members` the ids of the former networks that they go on."""
    _share(db)
    db.table("network_ids", sql_text("identity/network_ids"))
    db.table(
        "network_members",
        "select network_ids.network_id, network_members.* exclude (network_id) "
        "from network_members join network_ids on fresh_id = network_members.network_id",
    )


def compare_with_former(db: Database) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the aliases of all runs, and the changes since the run before."""
    _share(db)
    return db.frame(sql_text("identity/network_aliases")), db.frame(sql_text("identity/network_changes"))


def _share(db: Database) -> None:
    db.table("network_shares", sql_text("identity/network_shares"))
