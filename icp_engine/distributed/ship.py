"""What workers need beside their Python and Spark, in one archive that Spark takes to them.

It holds this program and the packages that it and Spark's rows ask for, as they are installed here: for machines of the
same system and the same Python.
"""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from icp_engine.distribution import NAME
from icp_engine.errors import InputError

FOLDER = "shipped"  # where an executor unpacks it, beside which its Pythons start
_PANDAS = "pandas"  # Spark asks for it where rows travel as Arrow
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"\bextra\b")
_FAST = 1  # of zlib: libraries shrink to a third, and a better level takes ten times as long


def pack(path: Path) -> None:
    """Write the archive.

    Raises:
        InputError: a package here is not installed as files.
    """
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=_FAST) as archive:
        for name, file in files():
            archive.write(file, name)


def files() -> Iterator[tuple[str, Path]]:
    """Yield what goes into the archive: the name there, and the file here.

    Raises:
        InputError: a package here is not installed as files.
    """
    package = Path(__file__).resolve().parents[1]
    for file in _under(package):
        yield f"{package.name}/{file.relative_to(package).as_posix()}", file
    own = distribution(NAME)
    for name, file in _installed(own):
        if ".dist-info/" in name:  # the rest is above, also where the clone itself is what is installed
            yield name, file
    for other in _needed(own):
        yield from _installed(other)


def _under(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".pyc")


def _needed(own: Distribution) -> Iterator[Distribution]:
    """Yield every package that the engine without extras and pandas need, once."""
    seen: set[str] = set()
    waiting = [*_asked(own), _PANDAS]
    while waiting:
        name = waiting.pop().lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # of another system or another Python
        yield found
        waiting += _asked(found)


def _asked(package: Distribution) -> list[str]:
    """Return what a package asks for without extras."""
    lines = (line for line in package.requires or () if not _EXTRA.search(line.partition(";")[2]))
    return [match[0] for match in map(_NAME.match, lines) if match]


def _installed(package: Distribution) -> Iterator[tuple[str, Path]]:
    """Yield the files of a package that can be imported, not its programs and pages."""
    if package.files is None:
        raise InputError(f"{package.name} does not say which files it has; install it by pip to use --ship.")
    for file in package.files:
        name = file.as_posix()
        if not name.startswith("..") and not name.endswith((".pyc", ".pth")):
            path = Path(str(package.locate_file(file)))
            if path.is_file():
                yield name, path
