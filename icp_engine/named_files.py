"""Files that a user names: small ones, such as settings and lists of names, are read as text; none is a pipe."""

from pathlib import Path

from icp_engine.errors import InputError


def check_no_pipe(path: str | Path) -> None:
    """Make sure that a path leads to a file or a folder, or to nothing yet.

    Raises:
        InputError: it is a pipe, which may never end, or a device.
    """
    if _is_pipe(Path(path)):
        raise InputError(f"{path} is a pipe or a device, which is read only once; write it into a file first.")


def check_no_pipe_to_replace(path: Path) -> None:
    """Make sure that what is written does not take the place of a pipe or a device: files are put in place whole.

    Raises:
        InputError: it would.
    """
    if _is_pipe(path):
        raise InputError(f"{path} is a pipe or a device; name a file to write.")


def _is_pipe(path: Path) -> bool:
    return path.exists() and not (path.is_file() or path.is_dir())


def read_text(path: Path, what: str) -> str:
    """Return the text of a file; `what` it is, or the option that names it, goes before its name in errors.

    Raises:
        InputError: it is not there, no file, or not text in UTF-8.
    """
    check_no_pipe(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{what} {path} does not exist; check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{what} {path} cannot be read as UTF-8 text ({error}).") from error
