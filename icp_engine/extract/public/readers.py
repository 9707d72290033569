"""Which module reads which kind of file."""

from collections.abc import Callable, Sequence
from pathlib import Path

from icp_engine.extract.public.source import Source

_READERS: dict[str, Callable[[Sequence[str], Path], Source]] = {}


def read(name: str, paths: Sequence[str], temp: Path) -> Source:
    """Return the rows of files of a kind.

    Raises:
        InputError: a file cannot be read or is of another kind.
    """
    return _READERS[name](paths, temp)
