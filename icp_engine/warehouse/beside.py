"""Files into a folder that people work with: all are made beside, and published by one switch."""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from icp_engine.locks import is_folder
from icp_engine.warehouse.folder import check_free, new_run, publish
from icp_engine.warehouse.switch import Switch, current_run


@contextmanager
def files_beside(out: Path, own: Collection[str], switch: Switch, keep: int = 1) -> Iterator[Path]:
    """Give a folder for files, which are published in `out` by one switch if all went well inside.

    Files of the run before that bear none of the names in `own` belong to other parts of the work, and are published
    again; those that do, and were not made this time, are gone: they would tell of another run. `keep` runs stay.

    Raises:
        InputError: the folder cannot be written to, or something of the user's stands where a file is due.
    """
    with new_run(out, switch) as folder:
        check_free(out, own, switch)
        yield folder
        before = current_run(out, switch)
        if before is not None and is_folder(folder.parent / before):
            _take_over(folder.parent / before, folder, own)
        publish(folder, out, keep, switch)


def _take_over(before: Path, folder: Path, own: Collection[str]) -> None:
    for path in before.iterdir():
        if path.name in own or path.name.startswith("."):
            continue
        if is_folder(path):
            shutil.copytree(path, folder / path.name, copy_function=second_name)
        else:
            second_name(path, folder / path.name)


def second_name(path: str | Path, target: str | Path) -> None:
    """Give a file, which is never changed, a second name; a copy where the disk has no second names."""
    try:
        os.link(path, target)
    except (OSError, NotImplementedError, AttributeError):
        shutil.copy2(path, target)
