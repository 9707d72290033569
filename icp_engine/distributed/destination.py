"""Where a run on a cluster is published: a folder that all machines share, or an address of S3.

s3://bucket/warehouse/CURRENT        names the folder of the published run, and is written last
s3://bucket/warehouse/runs/ID/...    one run; its run.json is written once all else is there
s3://bucket/warehouse/work/ID/...    what machines put there for each other, while the run lasts

Under an address nothing is renamed and nobody holds a lock: runs have ids of their own, and a run that finds another
one published than at its start is not published.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import gettempdir

import polars as pl

from icp_engine.columns import KEY, STATE
from icp_engine.distributed.bucket import get, get_text, is_there, names_under, put, put_text, remove
from icp_engine.errors import InputError
from icp_engine.networks.decisions import FILE as DECISIONS
from icp_engine.networks.grouping import NETWORKS
from icp_engine.pipeline.options import RunOptions
from icp_engine.pipeline.workspace import temporary
from icp_engine.warehouse.folder import MANIFEST, new_run, publish, run_id
from icp_engine.warehouse.former import ALIASES, MEMBERS
from icp_engine.warehouse.switch import CLUSTER, RUN_ID

_WORK, _STARTED = "work", "started"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where everything of a run goes.

    Attributes:
        out: a folder that holds decisions and the networks of the run before, where `read_former` finds them.
        folder: of the driver, for the tables that it writes.
        temp: of the driver, for what is thrown away.
        results: the folder or the address of the run, where workers put their part.
        work: a folder or an address for what machines put there for each other.
        publish: makes the run the published one, once its manifest is in the folder.
    """

    out: Path
    folder: Path
    temp: Path
    results: str
    work: str
    publish: Callable[[], None]


@contextmanager
def folder_of(out: Path, options: RunOptions) -> Iterator[Destination]:
    """Give a new run of a folder that all machines share.

    Raises:
        InputError: what `new_run` says.
    """
    with new_run(out, CLUSTER) as folder, temporary(options.temp_dir, folder.parent) as temp:
        into = partial(publish, folder, out, options.keep, CLUSTER)
        yield Destination(out, folder, temp, str(folder), str(temp.absolute()), into)


@contextmanager
def bucket_of(address: str, options: RunOptions) -> Iterator[Destination]:
    """Give a new run under an address; nothing of it stays there unless it was published.

    Raises:
        InputError: the address cannot be used.
    """
    with temporary(options.temp_dir, Path(gettempdir())) as scratch:
        out = scratch / "out"
        out.mkdir()
        before = _bring_former(address, out)
        with new_run(out, CLUSTER) as folder, temporary(None, folder.parent) as temp:
            run = run_id(folder)
            results, work = f"{address}/{CLUSTER.runs}/{run}", f"{address}/{_WORK}/{run}"
            put_text(run, f"{work}/{_STARTED}")  # what cannot be written to is known before a row is scored
            try:
                yield Destination(out, folder, temp, results, work, partial(_publish, folder, address, before, options))
            finally:
                with suppress(InputError):  # what went wrong is known by then
                    remove(work)
                    if published_under(address) != run:
                        remove(results)


def published_under(address: str) -> str | None:
    """Return the id of the run that is published under an address; None where there is none.

    Raises:
        InputError: the address cannot be read, or what stands there was not made by a run.
    """
    told = get_text(f"{address}/{CLUSTER.current}")
    if told is None:
        return None
    runs, _, run = told.removesuffix("\n").partition("/")
    if runs != CLUSTER.runs or not RUN_ID.fullmatch(run):
        raise InputError(
            f"{address}/{CLUSTER.current} is in the way, and icp-engine did not make it; move it, or choose another "
            "address."
        )
    return run


def _bring_former(address: str, out: Path) -> str | None:
    """Bring down what the next run reads of the one before: networks, who belongs to them, decisions; return its id."""
    current = published_under(address)
    if is_there(f"{address}/{DECISIONS}"):
        get([DECISIONS], address, out)
    runs = _complete(address) if current else {}
    having = [run for run, names in runs.items() if run <= str(current) and f"{NETWORKS}.parquet" in names]
    if having:
        former, folder = f"{address}/{CLUSTER.runs}/{max(having)}", out / CLUSTER.runs / max(having)
        get([f"{NETWORKS}.parquet", f"{ALIASES}.parquet"], former, folder)
        members = pl.scan_parquet(f"{former}/{MEMBERS}/*/*.parquet", hive_partitioning=False)
        members.select(KEY, "network_id").drop_nulls().collect().write_parquet(folder / f"{MEMBERS}.parquet")
        (out / CLUSTER.current).write_text(f"{CLUSTER.runs}/{max(having)}\n", encoding="ascii")
    return current


def _complete(address: str) -> dict[str, list[str]]:
    """Return the names of the files of all runs that are whole, by id."""
    runs: dict[str, list[str]] = {}
    for name in names_under(f"{address}/{CLUSTER.runs}"):
        run, _, file = name.partition("/")
        runs.setdefault(run, []).append(file)
    return {run: names for run, names in runs.items() if RUN_ID.fullmatch(run) and MANIFEST in names}


def _publish(folder: Path, address: str, before: str | None, options: RunOptions) -> None:
    """Put what the driver has written beside what workers have, and let the address lead to it."""
    run = run_id(folder)
    results = f"{address}/{CLUSTER.runs}/{run}"
    put({path.name: path for path in folder.iterdir() if path.name != MANIFEST}, results)
    put({MANIFEST: folder / MANIFEST}, results)
    if published_under(address) != before:
        raise InputError(f"Another run was published under {address} meanwhile; run again.")
    put_text(f"{CLUSTER.runs}/{run}\n", f"{address}/{CLUSTER.current}")
    with suppress(InputError):  # the run is published, whatever cannot be removed
        _prune(address, run, options.keep)


def _prune(address: str, current: str, keep: int) -> None:
    """Remove the runs that were published first, but for the last one that has networks: their ids go on from it."""
    runs = _complete(address)
    older = sorted(run for run in runs if run != current)
    with_networks = [run for run in (*older, current) if f"{NETWORKS}.parquet" in runs[run]]
    for run in older[: max(0, len(older) - max(0, keep - 1))]:
        if run not in with_networks[-1:]:
            remove(f"{address}/{CLUSTER.runs}/{run}")


def fetch(address: str, folder: Path, *, state: str | None = None, manifest_alone: bool = False) -> Path:
    """Bring the published run down as a folder that a cluster would publish into; return it.

    Args:
        address: what a cluster has published under.
        folder: where to put it.
        state: the one of which clinics are wanted; else all.
        manifest_alone: nothing but what the run says of itself.

    Raises:
        InputError: nothing is published there, or it cannot be read.
    """
    run = published_under(address)
    if run is None:
        raise InputError(f"{address} holds no published run; make one with: icp-engine run EXTRACT --engine spark.")
    source = f"{address}/{CLUSTER.runs}/{run}"
    names = [MANIFEST] if manifest_alone else names_under(source)
    wanted = [name for name in names if state is None or f"/{STATE}=" not in name or f"/{STATE}={state}/" in name]
    if state is not None and not any(f"/{STATE}=" in name for name in wanted):
        raise InputError(f"{address} holds no clinic of {state}; ask for more.")
    get(wanted, source, folder / CLUSTER.runs / run)
    (folder / CLUSTER.current).write_text(f"{CLUSTER.runs}/{run}\n", encoding="ascii")
    return folder
