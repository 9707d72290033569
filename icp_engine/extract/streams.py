"""Folders that a stream of Spark writes: which of their files count is what the log beside them says."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from icp_engine.errors import InputError

LOG = "_spark_metadata"
_BATCH = re.compile(r"(\d+)(\.compact)?")
_PARTITION = re.compile(r"[^=/]+=[^/]*")


def live_files(files: Iterable[str], folder: Path | None = None) -> list[str]:
    """Return the files without those of a stream that its log does not list: what failed or came to nothing.

    Args:
        files: on this machine.
        folder: where they are all that there is.

    Raises:
        InputError: a log cannot be read, or a file that it lists is not in the folder.
    """
    by_parent = defaultdict[Path, list[str]](list)
    for file in files:
        by_parent[Path(file).parent].append(file)
    of_streams = defaultdict[Path, list[str]](list)
    for parent, names in by_parent.items():
        resolved = parent.resolve()
        stream = next((above for above in (resolved, *resolved.parents) if (above / LOG).is_dir()), None)
        if stream:
            of_streams[stream] += names
    if not of_streams:
        return list(files)
    dropped = set[str]()
    for stream, names in of_streams.items():
        listed = _listed(stream / LOG)
        by_tail = {tail: place for place in listed for tail in _tails(place)}
        places = {name: by_tail.get(Path(name).resolve().relative_to(stream).as_posix()) for name in names}
        gone = sorted(listed - set(places.values()))
        if folder is not None and gone and folder.resolve() in (stream, *stream.parents):
            raise InputError(_broken(stream / LOG, f"lists {gone[0]}, which is not there"))
        dropped |= {name for name, place in places.items() if place is None}
    return [file for file in files if file not in dropped]


def refuse_dead_files(files: Iterable[str]) -> None:
    """Make sure that no file is one of a stream whose log does not list it.

    Raises:
        InputError: one is.
    """
    files = list(files)
    live = set(live_files(files))
    dead = next((file for file in files if file not in live), None)
    if dead is not None:
        raise InputError(
            f"{dead} is not among the files that the log of its stream lists ({LOG}), so its rows may stand twice or "
            "never have been finished; name the folder of the stream, whose log is then read."
        )


def _place(path: str) -> str:
    """Return the name of a file and the folders of its partitions, which stay when a folder is moved or copied."""
    *folders, name = path.split("/")
    kept = [name]
    while folders and _PARTITION.fullmatch(folders[-1]):
        kept.insert(0, folders.pop())
    return "/".join(kept)


def _tails(place: str) -> Iterator[str]:
    """Yield a place, and what it is called within folders of its own: the stream may stand in a partition itself."""
    parts = place.split("/")
    yield from ("/".join(parts[start:]) for start in range(len(parts)))


def _listed(log: Path) -> set[str]:
    """Return the places of the files that a log lists: those of its last compacted batch, and of all that follow."""
    batches = {int(match[1]): path for path in sorted(log.iterdir()) if (match := _BATCH.fullmatch(path.name))}
    packed = [number for number, path in batches.items() if path.suffix]
    first = max(packed, default=0)
    missing = next((number for number in range(first, max(batches, default=0) + 1) if number not in batches), None)
    if missing is not None:
        raise InputError(_broken(log, f"has no batch {missing}"))
    listed = set[str]()
    for number in range(first, max(batches) + 1):
        for path, action in _entries(batches[number], log):
            (listed.add if action == "add" else listed.discard)(_place(unquote(path)))
    return listed


def _entries(batch: Path, log: Path) -> list[tuple[str, str]]:
    """Return the files of a batch with what was done to them."""
    try:
        version, *lines = batch.read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in lines if line]
        entries = [(entry["path"], entry.get("action", "add")) for entry in found]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(_broken(log, f"has a batch {batch.name} that cannot be read")) from error
    if version.strip() != "v1" or not all(isinstance(path, str) for path, _ in entries):
        raise InputError(_broken(log, f"has a batch {batch.name} of a version that is not known"))
    return entries


def _broken(log: Path, what: str) -> str:
    return f"The log of a stream, {log}, {what}; write the rows anew as Parquet or CSV, and name that."
