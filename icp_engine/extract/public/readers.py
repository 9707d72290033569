"""Which module reads which kind of file."""

from collections.abc import Callable, Sequence
from pathlib import Path

from icp_engine.extract.public import (
    aco,
    deactivated,
    enrollments,
    features,
    group_sizes,
    hrsa,
    institutional,
    leie,
    locations,
    other_names,
    owners,
    reassignments,
    utilization,
)
from icp_engine.extract.public.source import Source

_READERS: dict[str, Callable[[Sequence[str], Path], Source]] = {
    "aco": aco.read,
    "deactivated": deactivated.read,
    "enrollments": enrollments.read,
    "features": features.read,
    "group_sizes": group_sizes.read,
    "hrsa": hrsa.read,
    "institutional": institutional.read,
    "leie": leie.read,
    "locations": locations.read,
    "other_names": other_names.read,
    "owners": owners.read,
    "reassignments": reassignments.read,
    "utilization": utilization.read,
}


def read(name: str, paths: Sequence[str], temp: Path) -> Source:
    """Return the rows of files of a kind.

    Raises:
        InputError: a file cannot be read or is of another kind.
    """
    return _READERS[name](paths, temp)
