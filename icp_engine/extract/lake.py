"""Tables whose files hold deleted and older rows too: Delta Lake is read through its log, others are refused."""

import errno
import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from icp_engine.distribution import install_extra
from icp_engine.errors import InputError, first_line
from icp_engine.extract.streams import LOG as STREAM_LOG

_LOG = "_delta_log"
_TABLES = {
    "Delta Lake": _LOG,
    "Apache Iceberg": "metadata/*.metadata.json*",
    "Apache Hudi": ".hoodie",
    "Apache Paimon": "snapshot/snapshot-*",
}
_REMOTE = {**_TABLES, "Delta Lake": f"{_LOG}/*.json", "Apache Hudi": ".hoodie/*", "Spark": f"{STREAM_LOG}/*"}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_PREFIXES = 3  # above a file of a bucket that are looked at: the table, and folders of its partitions
_LISTED = ("s3://", "s3a://", "gs://", "az://", "abfs://", "abfss://", "adl://")  # whose folders can be listed


def is_delta(path: str) -> bool:
    """Return whether a folder is a table of Delta Lake, and not merely within one."""
    return Path(path, _LOG).is_dir() if "://" not in path else _has_log(path.rstrip("/"))


def _has_log(address: str, sign: str = f"{_LOG}/*.json") -> bool:
    """Return whether a folder of a bucket has a file of text of some name."""
    if not address.startswith(_LISTED):
        return False
    try:
        pl.scan_csv(f"{address}/{sign}", has_header=False, separator="\1", quote_char=None).collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        return False
    return True


def refuse_tables(paths: Iterable[str]) -> None:
    """Make sure that no file is one of a table whose rows are what a log beside the files says.

    Raises:
        InputError: one is.
    """
    local = [Path(path) for path in paths if "://" not in path]
    within = {parent.resolve() for parent in {path.parent for path in local}}  # a path may begin within a table
    parents = {parent for path in local for parent in path.parents if parent.name and ".." not in parent.parts}
    named = {parent.resolve(): parent for parent in parents}
    for folder in within | {above for start in within for above in start.parents}:
        kind = next((kind for kind, sign in _TABLES.items() if next(folder.glob(sign), None)), None)
        if kind:
            raise InputError(_refusal(str(named.get(folder, folder)), kind))


def refuse_remote_table(address: str) -> None:
    """Make sure that no file of a bucket is one of a table, or of a stream of Spark.

    Raises:
        InputError: one is.
    """
    scheme, _, rest = address.partition("://")
    parts = rest.split("/")
    for length in range(len(parts) - 1, max(0, len(parts) - 1 - _PREFIXES), -1):
        folder = f"{scheme}://{'/'.join(parts[:length])}"
        kinds = _REMOTE.items() if "*" not in folder else ()
        kind = next((kind for kind, sign in kinds if _has_log(folder, sign)), None)
        if kind:
            raise InputError(_refusal(folder, kind))


def _refusal(folder: str, kind: str) -> str:
    instead = f"name {folder} itself, or " if kind == "Delta Lake" else ""
    what = f"a table of {kind}, whose files hold deleted and older rows too"
    if kind == "Spark":
        what = "the output of a stream of Spark, whose log says which files count"
    return f"{folder} is {what}; {instead}export the table as Parquet or CSV, and name the export."


def stage_delta(path: str, staged: Path) -> None:
    """Write the rows of a table of Delta Lake, as they are now, into one Parquet file.

    Every later pass reads that file: the table may change meanwhile, and its files are in no order.

    Raises:
        InputError: what reads such tables is not installed, or cannot read this one, or there is no room for the rows.
    """
    if find_spec("deltalake") is None:
        raise InputError(
            f"{path} is a table of Delta Lake, whose files hold deleted and older rows too; to read it, "
            f"{install_extra('delta')}. Else export the table as Parquet or CSV, and name the export."
        )
    from deltalake.exceptions import DeltaError

    try:
        pl.scan_delta(path).sink_parquet(staged, compression="lz4")
    except (DeltaError, pl.exceptions.PolarsError, OSError, NotImplementedError, ValueError, KeyError) as error:
        what = first_line(error)
        full = next((text for text in map(os.strerror, _FULL) if text in what), None)  # Polars tells no number
        if full:
            raise InputError(f"Writing to {staged.parent} failed ({full}); choose another --temp-dir.") from error
        raise InputError(f"{path} cannot be read as a table of Delta Lake ({what}); export it as Parquet.") from error
