"""Where a run is published: an address of S3 told from a folder."""

import re
from pathlib import Path

from icp_engine.errors import InputError

SCHEME = "s3://"
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9]+):(?:/+(.*))?")  # a path has made one of two slashes
_KINDS = {"s3", "s3a", "s3n"}


def parts_of(path: Path | str) -> tuple[str, str] | None:
    """Return the kind and the place of the address that a path stands for; None where it is one of this machine."""
    found = _ADDRESS.fullmatch(path if isinstance(path, str) else path.as_posix())
    return found and (found[1].lower(), (found[2] or "").strip("/"))


def address_of(path: Path | str) -> str | None:
    """Return the address that a path stands for; None where it is one of this machine.

    Raises:
        InputError: no run can be published there.
    """
    parts = parts_of(path)
    if parts is None:
        return None
    kind, place = parts
    if kind not in _KINDS:
        raise InputError(
            f"{kind}://{place} is an address that no run is published under; expected s3://BUCKET/FOLDER, or a folder "
            "that all machines share."
        )
    if not place:
        raise InputError(f"{kind}:// names no bucket; expected s3://BUCKET/FOLDER.")
    return f"{SCHEME}{place}"


def is_address(place: str) -> bool:
    """Tell whether what lies in a place are objects."""
    return place.startswith(SCHEME)
