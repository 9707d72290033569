"""Locks as files, and folders that belong to a process for as long as it lives."""

import re
import shutil
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from icp_engine.errors import InputError

with warnings.catch_warnings():  # where the system has no locks, a file that names its owner does: nothing to warn of
    warnings.simplefilter("ignore")
    from filelock import BaseFileLock, FileLock, Timeout

Lock = BaseFileLock
LOCK = "lock"
UNFINISHED = ".unfinished"
_TEMPORARY = re.compile(rf"\.?icp-[a-z0-9_]{{8}}{re.escape(UNFINISHED)}")  # of older versions too
_PATIENCE = 5.0  # seconds


def take(path: Path) -> Lock | None:
    """Take a lock, and return it; None where another process holds it. The file is never truncated.

    Raises:
        InputError: a link or something else that is no file stands there, and icp-engine did not make it.
        OSError: it cannot be written.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise InputError(f"{path} is a link or no file, and icp-engine did not make it; move it.")
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


@contextmanager
def temporary_folder(place: Path, *, hidden: bool = False) -> Iterator[Path]:
    """Give a folder that is gone afterwards; if the process is killed, the next one finds its lock free.

    Beside files that a pattern may name it is to be hidden: none of what it holds is then taken for them.
    """
    folder = place / f"{'.' if hidden else ''}icp-{uuid.uuid4().hex[:8]}{UNFINISHED}"
    lock = None
    try:  # a signal can come right after the folder was made
        folder.mkdir(mode=0o700)
        lock = take(folder / LOCK)
        yield folder
    finally:
        if lock is not None:
            lock.release()
        remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder if it is there, also where threads that were told to end put their last files into it."""
    until = time.monotonic() + _PATIENCE
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(place: Path, inputs: Iterable[str] = ()) -> None:
    """Remove temporary folders of processes that were killed, unless an input lies in one."""
    for folder in place.iterdir():
        if not _TEMPORARY.fullmatch(folder.name) or not is_folder(folder) or not (folder / LOCK).is_file():
            continue
        with suppress(OSError, InputError):  # of another user, or gone meanwhile
            lock = take(folder / LOCK)
            if lock is not None:
                lock.release()
                if not holds(folder, inputs):
                    shutil.rmtree(folder, ignore_errors=True)


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder itself, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def holds(folder: Path, inputs: Iterable[str]) -> bool:
    """Tell whether one of the files that are read lies in a folder."""
    return any(Path(path).resolve().is_relative_to(folder.resolve()) for path in inputs if "://" not in path)
