"""The folder that runs publish into: one switch from the old run to the new one, and where the published run is.

warehouse/clinics_icp.parquet -> .current/clinics_icp.parquet     one link per table
warehouse/.current            -> .runs/20261122T083012Z-1a2b3c    renamed over the old link: the switch
warehouse/.runs/...                                               a folder per run, the last few are kept
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from icp_engine.errors import InputError
from icp_engine.tables.writer import settle

MANIFEST = "run.json"
_RUNS = ".runs"
_CURRENT = ".current"
UNFINISHED = ".unfinished"


@contextmanager
def new_run(out: Path) -> Iterator[Path]:
    """Give a folder for a run's results beside the published ones; it is gone afterwards unless it was published.

    One run at a time writes to a warehouse. What a killed run left behind is removed first.

    Raises:
        InputError: the folder cannot be written to, or another run is at work there.
    """
    made = [one for one in (out, *out.parents) if not one.exists()]
    try:
        runs = out / _RUNS
        runs.mkdir(parents=True, exist_ok=True)
        lock = (runs / "lock").open("w")
    except OSError as error:
        raise InputError(f"{out} cannot be written to ({error.strerror}); choose another folder with --out.") from error
    with lock:
        _take(lock, out)
        for left in runs.glob(f"*{UNFINISHED}"):
            shutil.rmtree(left)
        for orphan in _newer_than_published(out):
            shutil.rmtree(orphan)
        for link in out.glob(f"{_CURRENT}.*"):
            link.unlink()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        folder = runs / f"{stamp}-{uuid.uuid4().hex[:6]}{UNFINISHED}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if made and not (out / _CURRENT).exists():
                _unmake(out, made)


def _take(lock: TextIO, out: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError(f"Another run is writing to {out}; wait for it, or choose another --out.") from error


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
    try:
        lock = (out / _RUNS / "lock").open("w")
    except OSError as error:
        raise InputError(f"{out} cannot be written to ({error.strerror}); choose another place with --out.") from error
    with lock:
        _take(lock, out)
        if published(out) != folder:
            raise InputError(f"A newer run was published in {out} meanwhile; try again.")
        check_free(out, names)
        yield
        _link(out, names)


def _unmake(out: Path, made: list[Path]) -> None:
    """Remove the folders that a failed first run made, unless somebody has put something there since."""
    (out / _RUNS / "lock").unlink(missing_ok=True)
    with suppress(OSError):  # not empty: somebody else's files
        for one in (out / _RUNS, *made):
            one.rmdir()


def run_id(folder: Path) -> str:
    """Return the id of the run that a folder belongs to."""
    return folder.name.removesuffix(UNFINISHED)


def check_free(out: Path, names: list[str]) -> None:
    """Make sure that no file of the user's stands where a result is to be published.

    Raises:
        InputError: one does; it is never overwritten.
    """
    for name in names:
        target = out / name
        if os.path.lexists(target) and not _is_ours(target):
            raise InputError(
                f"{target} is in the way, and icp-engine did not make it; move it, or choose another --out."
            )


def publish(folder: Path, out: Path, keep: int) -> None:
    """Make a finished run the published one: all names lead to the old run before, and to the new one after.

    Args:
        folder: what `new_run` gave, complete.
        out: the warehouse.
        keep: how many runs stay, this one among them.
    """
    names = sorted(one.name for one in folder.iterdir())
    check_free(out, names)
    final = folder.with_name(run_id(folder))
    _flush(folder)
    folder.rename(final)
    _link(out, names)  # leads nowhere until the switch
    fresh = out / f"{_CURRENT}.{uuid.uuid4().hex[:6]}"
    fresh.symlink_to(Path(_RUNS) / final.name)
    fresh.rename(out / _CURRENT)
    for link in out.iterdir():
        if _is_ours(link) and not link.exists():
            link.unlink()  # a table that this run did not make
    _prune(out, final.name, keep)


def _link(out: Path, names: list[str]) -> None:
    for name in names:
        if not os.path.lexists(out / name):
            (out / name).symlink_to(Path(_CURRENT) / name)


def _is_ours(path: Path) -> bool:
    return path.is_symlink() and path.readlink().parts[:1] == (_CURRENT,)


def _flush(folder: Path) -> None:
    """Have the disk hold every file before anything leads to it."""
    for path in (*folder.rglob("*"), folder):
        settle(path)


def _newer_than_published(out: Path) -> list[Path]:
    """Return complete runs that never were published: they were killed just before the switch."""
    current = (out / _CURRENT).resolve().name if (out / _CURRENT).exists() else ""
    return [one for one in (out / _RUNS).iterdir() if one.is_dir() and one.name > current]


def _prune(out: Path, current: str, keep: int) -> None:
    """Remove the oldest runs."""
    old = [one for one in (out / _RUNS).iterdir() if one.is_dir() and one.name != current and one.suffix != UNFINISHED]
    for run in sorted(old)[: max(0, len(old) - max(0, keep - 1))]:
        shutil.rmtree(run)


def published(warehouse: Path) -> Path:
    """Return the folder of the published run, which stays as it is while newer runs are published.

    Raises:
        InputError: nothing has been published there.
    """
    current = warehouse / _CURRENT
    if not (current / MANIFEST).exists():
        raise InputError(f"{warehouse} holds no published run; make one with: icp-engine run EXTRACT --out {warehouse}")
    return current.resolve()
