"""Folders that belong to a process are gone whenever it is told to end."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from icp_engine.locks import UNFINISHED, temporary_folder
from icp_engine.warehouse.folder import new_run


@pytest.mark.parametrize("folder_of", [temporary_folder, new_run])
def test_a_signal_right_after_a_folder_was_made_leaves_none(
    folder_of: Callable[[Path], AbstractContextManager[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def mkdir(path: Path, **options: int) -> None:
        plain(path, **options)
        if path.name.endswith(UNFINISHED):
            made.append(path)
            raise KeyboardInterrupt

    plain = Path.mkdir
    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(KeyboardInterrupt), folder_of(tmp_path):
        pass
    assert len(made) == 1
    assert not made[0].exists()


def test_a_folder_is_removed_into_which_a_thread_puts_a_last_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the removal of all files and that of the folder, which is left then."""
    calls = []

    def rmtree(folder: Path, *, ignore_errors: bool) -> None:
        calls.append(folder)
        plain(folder, ignore_errors=ignore_errors)
        if len(calls) == 1:
            folder.mkdir()
            (folder / "late").touch()

    plain = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with temporary_folder(tmp_path) as folder:
        pass
    assert calls == [folder, folder]
    assert not folder.exists()
