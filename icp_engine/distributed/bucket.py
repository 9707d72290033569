"""Objects of S3 under an address: put there, brought down, listed, removed.

Credentials, region and `AWS_ENDPOINT_URL` come from the environment, as for extracts that are read from there.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from pyarrow import fs

from icp_engine.distributed.address import SCHEME
from icp_engine.errors import InputError, first_line

_AT_ONCE = 8  # objects


def put(files: Mapping[str, Path], address: str) -> None:
    """Put files under an address, by their names there; each is there whole or not at all.

    Raises:
        InputError: they cannot be put there.
    """

    def put_one(name: str) -> None:
        to = f"{_key(address)}/{name}"
        fs.copy_files(str(files[name]), to, source_filesystem=fs.LocalFileSystem(), destination_filesystem=store)

    with _errors_said(address):
        store = _store()
        _each(put_one, files)


def put_text(text: str, address: str) -> None:
    """Put an object of a few letters under its address.

    Raises:
        InputError: it cannot be put there.
    """
    with _errors_said(address), _store().open_output_stream(_key(address)) as stream:
        stream.write(text.encode("ascii"))


def get(names: Iterable[str], address: str, folder: Path) -> None:
    """Bring objects under an address down into a folder, by their names there.

    Raises:
        InputError: they cannot be read, or one is not there.
    """

    def get_one(name: str) -> None:
        to = folder / name
        to.parent.mkdir(parents=True, exist_ok=True)
        source = f"{_key(address)}/{name}"
        fs.copy_files(source, str(to), source_filesystem=store, destination_filesystem=fs.LocalFileSystem())

    with _errors_said(address):
        store = _store()
        _each(get_one, names)


def get_text(address: str) -> str | None:
    """Return what an object of a few letters says; None where there is none.

    Raises:
        InputError: it cannot be read.
    """
    with _errors_said(address), suppress(FileNotFoundError), _store().open_input_stream(_key(address)) as stream:
        return str(stream.read().decode("ascii", "replace"))
    return None


def is_there(address: str) -> bool:
    """Tell whether there is an object of this address.

    Raises:
        InputError: it cannot be told.
    """
    with _errors_said(address):
        return bool(_store().get_file_info(_key(address)).type == fs.FileType.File)


def names_under(address: str) -> list[str]:
    """Return the names of all objects under an address, beginning after it.

    Raises:
        InputError: it cannot be read.
    """
    with _errors_said(address):
        found = _store().get_file_info(fs.FileSelector(_key(address), recursive=True, allow_not_found=True))
    return sorted(info.path.removeprefix(f"{_key(address)}/") for info in found if info.type == fs.FileType.File)


def remove(address: str) -> None:
    """Remove all objects under an address, if there are any.

    Raises:
        InputError: they cannot be removed.
    """
    with _errors_said(address), suppress(FileNotFoundError):
        _store().delete_dir(_key(address))


def _store() -> fs.S3FileSystem:
    """Return the object store; PyArrow does not look for its address in the environment itself."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return fs.S3FileSystem(endpoint_override=endpoint, region=os.environ.get("AWS_REGION"))


def _key(address: str) -> str:
    return address.removeprefix(SCHEME)


def _each(task: Callable[[str], None], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(task, names):
            pass


@contextmanager
def _errors_said(address: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{address} cannot be used ({first_line(error)}).") from error
