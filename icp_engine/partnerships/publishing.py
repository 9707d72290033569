"""Files into a folder that people mail from: all are made beside, and published by one switch."""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from icp_engine.locks import is_folder
from icp_engine.warehouse.folder import check_free, new_run, publish
from icp_engine.warehouse.switch import PARTNERS, current_run


@contextmanager
def files_beside(out: Path, own: Collection[str]) -> Iterator[Path]:
    """Give a folder for files, which are published in `out` by one switch if all went well inside.

    Files of the run before that bear none of the names in `own` belong to other parts of the work, and are published
    again; those that do, and were not made this time, are gone: they would tell of another run.

    Raises:
        InputError: the folder cannot be written to, or something of the user's stands where a file is due.
    """
    with new_run(out, PARTNERS) as folder:
        check_free(out, own, PARTNERS)
        yield folder
        before = current_run(out, PARTNERS)
        if before is not None and is_folder(folder.parent / before):
            _take_over(folder.parent / before, folder, own)
        publish(folder, out, 1, PARTNERS)


def _take_over(before: Path, folder: Path, own: Collection[str]) -> None:
    for path in before.iterdir():
        if path.name not in own and not path.name.startswith("."):
            try:
                os.link(path, folder / path.name)
            except (OSError, NotImplementedError, AttributeError):  # this disk has no second names for a file
                shutil.copy2(path, folder / path.name)
