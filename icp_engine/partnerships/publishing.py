"""Files into a folder that people mail from: all are made beside, then each is renamed into its place."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from icp_engine.errors import InputError

_UNFINISHED = ".unfinished"


@contextmanager
def files_beside(out: Path, own: Iterable[str]) -> Iterator[Path]:
    """Give a folder inside `out` for files, which take their places in `out` if all went well inside.

    What stands in `out` stays as it is until every file is complete; then each is renamed over its older self, and
    older files of the names in `own` that were not made this time are removed, since they would tell of another run.

    Raises:
        InputError: the folder cannot be written to, or a folder stands where a file is due.
    """
    made = [one for one in (out, *out.parents) if not one.exists()]
    own = list(own)
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".partners-", suffix=_UNFINISHED, dir=out))
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
        for one in made:
            if one.is_dir() and not any(one.iterdir()):
                one.rmdir()


def _place(folder: Path, out: Path, own: list[str]) -> None:
    files = sorted(folder.iterdir())
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    for path in files:
        path.replace(out / path.name)
    for name in {*own} - {path.name for path in files}:
        (out / name).unlink(missing_ok=True)
