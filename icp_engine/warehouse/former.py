"""The networks that a warehouse published last, for the run that follows."""

from pathlib import Path

import polars as pl

from icp_engine.columns import KEY
from icp_engine.database import database
from icp_engine.errors import InputError, first_line
from icp_engine.networks import identity
from icp_engine.networks.grouping import NETWORKS
from icp_engine.networks.identity import NO_FORMER, Former
from icp_engine.warehouse.duckdb_file import FILE
from icp_engine.warehouse.folder import runs_by_age
from icp_engine.warehouse.switch import CLINICS, Switch

MEMBERS, ALIASES = "clinics_icp_with_networks", "network_aliases"


def read_former(out: Path, moment: str, switch: Switch = CLINICS) -> Former:
    """Return the networks of the last run of a warehouse that made any; of a new warehouse there are none.

    Args:
        out: the warehouse.
        moment: when the run that follows began.
        switch: that of the warehouse; a cluster writes members by state, and aliases as a table.

    Raises:
        InputError: a file of that run is damaged.
    """
    folder = next((run for run in runs_by_age(out, switch) if (run / f"{NETWORKS}.parquet").exists()), None)
    if folder is None:
        return Former(moment)
    by_state = folder / MEMBERS
    path = by_state / "*/*.parquet" if by_state.is_dir() else folder / f"{MEMBERS}.parquet"
    try:
        members = pl.read_parquet(path, columns=[KEY, "network_id"], hive_partitioning=False).drop_nulls()
        path = folder / f"{NETWORKS}.parquet"
        names = pl.read_parquet(path, columns=["network_id", "network_name"])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"{path} of the run before cannot be read ({first_line(error)}), and ids of networks go on from it; "
            "put it right, or publish into another folder with --out."
        ) from error
    return Former(moment, members, names, _aliases(folder / FILE))


def _aliases(path: Path) -> pl.DataFrame:
    if (table := path.with_name(f"{ALIASES}.parquet")).exists():
        return pl.read_parquet(table)
    with database(path, read_only=True) as db:
        if ("table", "network_aliases") not in db.relations():  # of an older version
            return NO_FORMER.aliases
        return db.frame(f"select {', '.join(identity.ALIASES)} from network_aliases")
