"""Files into a folder that people mail from: all are made beside, then each is renamed into its place."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from icp_engine.errors import InputError
from icp_engine.tables.writer import settle

_BEGINS, _ENDS = ".partners-", ".unfinished"


@contextmanager
def files_beside(out: Path, own: Iterable[str]) -> Iterator[Path]:
    """Give a folder inside `out` for files, which take their places in `out` if all went well inside.

    What stands in `out` stays as it is until every file is complete; then each is renamed over its older self, and
    older files of the names in `own` that were not made this time are removed, since they would tell of another run.
    What a killed run left behind is removed too.

    Raises:
        InputError: the folder cannot be written to, or a folder stands where a file is due.
    """
    made = [one for one in (out, *out.parents) if not one.exists()]
    own = list(own)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for left in out.glob(f"{_BEGINS}*{_ENDS}"):
            _remove_unless_alive(left)
        folder = Path(tempfile.mkdtemp(prefix=_BEGINS, suffix=_ENDS, dir=out))
        alive = os.open(folder, os.O_RDONLY)
        fcntl.flock(alive, fcntl.LOCK_EX)
    except OSError as error:
        raise InputError(f"{out} cannot be written to ({error.strerror}); choose another folder with --out.") from error
    try:
        in_the_way = next((out / name for name in own if (out / name).is_dir()), None)
        if in_the_way:
            raise InputError(f"{in_the_way} is a folder, and a file is due there; move it, or choose another --out.")
        yield folder
        _place(folder, out, own)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(alive)
        for one in made:
            if one.is_dir() and not any(one.iterdir()):
                one.rmdir()


def _remove_unless_alive(folder: Path) -> None:
    """Remove an unfinished folder, unless the run that made it still holds it."""
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    finally:
        os.close(held)


def _place(folder: Path, out: Path, own: list[str]) -> None:
    files = sorted(folder.iterdir())
    for path in files:
        settle(path)
    for path in files:
        path.replace(out / path.name)
    for name in {*own} - {path.name for path in files}:
        (out / name).unlink(missing_ok=True)
