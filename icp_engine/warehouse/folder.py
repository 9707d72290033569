"""The folder that runs publish into: one switch from the old run to the new one, and where the published run is.

warehouse/clinics_icp.parquet -> .current/clinics_icp.parquet     one link per table
warehouse/.current            -> .runs/20261122T083012Z-1a2b3c    renamed over the old link: the switch
warehouse/.runs/...                                               a folder per run, the last few are kept

Without symbolic links `.current` is a file that names the folder of the run, and there are no links per table. Whatever
is removed or moved here bears a name that only a run gives, and is no link.
"""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from icp_engine.display import shell_line
from icp_engine.errors import InputError
from icp_engine.locks import LOCK, UNFINISHED, Lock, holds, is_folder, remove_folder, remove_leftovers, take
from icp_engine.networks.grouping import NETWORKS
from icp_engine.tables.writer import settle
from icp_engine.warehouse.switch import (
    CLINICS,
    RUN_ID,
    Switch,
    check_switch,
    current_run,
    is_ours,
    is_turning,
    link_names,
    turn,
)

MANIFEST = "run.json"
_ORDER = ".order"  # in the folder of a run: how many were published before it, since clocks are set back


@contextmanager
def new_run(out: Path, switch: Switch = CLINICS) -> Iterator[Path]:
    """Give a folder for a run's results beside the published ones; it is gone afterwards unless it was published.

    One run at a time writes to a warehouse.

    Raises:
        InputError: the folder cannot be written to, holds something of the user's where results are due, or another
            run is at work there.
    """
    runs = out / switch.runs
    made = [folder for folder in (runs, out, *out.parents) if not folder.exists()]
    check_switch(out, switch)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        lock = _take(runs, out)
    except OSError as error:
        raise InputError(f"{out} cannot be written to ({error.strerror}); choose another folder with --out.") from error
    with lock:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        folder = runs / f"{stamp}-{uuid.uuid4().hex[:6]}{UNFINISHED}"
        try:  # a signal can come right after the folder was made
            folder.mkdir()
            yield folder
        finally:
            remove_folder(folder)
            if made and current_run(out, switch) is None:
                _unmake(runs, made)


def _take(runs: Path, out: Path) -> Lock:
    lock = take(runs / LOCK)
    if lock is None:
        raise InputError(f"Another run is writing to {out}; wait for it, or choose another --out.")
    return lock


def _unmake(runs: Path, made: list[Path]) -> None:
    """Remove the folders that a failed first run made, unless somebody has put something there since."""
    with suppress(OSError):  # not empty: somebody else's files
        if runs in made:
            (runs / LOCK).unlink(missing_ok=True)
        for folder in made:
            folder.rmdir()


def clean(folder: Path, out: Path, inputs: Iterable[str], switch: Switch = CLINICS) -> None:
    """Remove what killed runs left behind, once the input has been found good.

    Args:
        folder: what `new_run` gave.
        out: the warehouse.
        inputs: files that are read; what holds one of them stays.
        switch: that of the warehouse.
    """
    runs, inputs = folder.parent, list(inputs)
    remove_leftovers(runs, inputs)
    current = current_run(out, switch)
    unpublished = [] if current is None else [run for run in _runs(runs) if _order(run) > _order(runs / current)]
    unfinished = [left for left in runs.glob(f"*{UNFINISHED}") if RUN_ID.fullmatch(run_id(left)) and is_folder(left)]
    for left in {*unpublished, *unfinished} - {folder}:
        if not holds(left, inputs):
            shutil.rmtree(left)
    for path in out.iterdir():
        if is_turning(path, switch):
            path.unlink()


@contextmanager
def add_to_published(out: Path, folder: Path, names: list[str]) -> Iterator[None]:
    """Link more files of the published run, which are put into its folder inside.

    Args:
        out: the warehouse.
        folder: of the run that the files are made from.
        names: the files.

    Raises:
        InputError: a run is writing, or has published since; or a file of the user's stands where one is to be linked.
    """
    check_switch(out, CLINICS)
    try:
        lock = _take(out / CLINICS.runs, out)
    except OSError as error:
        raise InputError(f"{out} cannot be written to ({error.strerror}); choose another place with --out.") from error
    with lock:
        if published(out) != folder:
            raise InputError(f"A newer run was published in {out} meanwhile; try again.")
        check_free(out, names)
        yield
        link_names(out, names, CLINICS)


def run_id(folder: Path) -> str:
    """Return the id of the run that a folder belongs to."""
    return folder.name.removesuffix(UNFINISHED)


def check_free(out: Path, names: Iterable[str], switch: Switch = CLINICS) -> None:
    """Make sure that no file of the user's stands where a result is to be published.

    Raises:
        InputError: one does; it is never overwritten.
    """
    for name in names:
        target = out / name
        if os.path.lexists(target) and not is_ours(target, switch):
            raise InputError(
                f"{target} is in the way, and icp-engine did not make it; move it, or choose another --out."
            )


def publish(folder: Path, out: Path, keep: int, switch: Switch = CLINICS) -> None:
    """Make a finished run the published one: all names lead to the old run before, and to the new one after.

    Args:
        folder: what `new_run` gave, complete.
        out: the warehouse.
        keep: how many runs stay, this one among them.
        switch: that of the warehouse.
    """
    names = sorted(path.name for path in folder.iterdir())
    check_free(out, names, switch)
    final = folder.with_name(run_id(folder))
    number = 1 + max((_order(run)[0] for run in _runs(folder.parent)), default=0)
    (folder / _ORDER).write_text(str(number), encoding="ascii")
    _flush(folder)
    folder.rename(final)
    link_names(out, names, switch)  # leads nowhere until the switch
    turn(out, final.name, switch)
    with suppress(OSError):  # the run is published, whatever cannot be removed
        for link in out.iterdir():
            if is_ours(link, switch) and not link.exists():
                link.unlink()  # a table that this run did not make
        _prune(final, keep)


def _flush(folder: Path) -> None:
    """Have the disk hold every file before anything leads to it."""
    for path in (*folder.rglob("*"), folder):
        settle(path)


def _runs(runs: Path) -> list[Path]:
    """Return the folders of complete runs: nothing else has such a name."""
    return [path for path in runs.iterdir() if RUN_ID.fullmatch(path.name) and is_folder(path)]


def _order(run: Path) -> tuple[int, str]:
    """Return where a run stands in the order of publishing; those of older versions come first, by name."""
    try:
        return int((run / _ORDER).read_text(encoding="ascii")), run.name
    except (OSError, ValueError):
        return 0, run.name


def runs_by_age(out: Path, switch: Switch = CLINICS) -> list[Path]:
    """Return the folders of the published run and of those that are kept from before, the newest first."""
    current, runs = current_run(out, switch), out / switch.runs
    if current is None:
        return []
    return sorted((run for run in _runs(runs) if _order(run) <= _order(runs / current)), key=_order, reverse=True)


def _prune(current: Path, keep: int) -> None:
    """Remove the runs that were published first. One that cannot be moved is still read, and stays for now.

    The last run that has networks stays too: ids of networks go on from it.
    """
    older = sorted((run for run in _runs(current.parent) if run != current), key=_order)
    with_networks = [run for run in (*older, current) if (run / f"{NETWORKS}.parquet").exists()]
    for run in older[: max(0, len(older) - max(0, keep - 1))]:
        if run in with_networks[-1:]:
            continue
        with suppress(OSError):
            shutil.rmtree(run.rename(run.with_name(run.name + UNFINISHED)))


def published(warehouse: Path, switch: Switch = CLINICS, manifest: str = MANIFEST) -> Path:
    """Return the folder of the published run, which stays as it is while newer runs are published.

    Raises:
        InputError: nothing has been published there.
    """
    run = current_run(warehouse, switch)
    folder = warehouse / switch.runs / run if run else warehouse / switch.current  # a copy has a folder for the link
    if not (folder / manifest).exists():
        make = shell_line("icp-engine", "run", "EXTRACT", "--out", str(warehouse))
        raise InputError(f"{warehouse} holds no published run; make one with: {make}")
    return folder.resolve()


def place_of(warehouse: Path, name: str, switch: Switch = CLINICS) -> Path:
    """Return where a file of the published run is found: by its published name, or, without links, in its folder."""
    path, run = warehouse / name, current_run(warehouse, switch)
    return path if run is None or is_ours(path, switch) else warehouse / switch.runs / run / name
