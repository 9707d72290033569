"""The switch from one run to the next: a link that is renamed over the old one, or a file where there are no links.

A warehouse of clinics, a folder of partnerships and one of hand-offs have a switch each, so that all may lie in one.
"""

import errno
import os
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from icp_engine.errors import InputError
from icp_engine.tables.writer import settle

RUN_ID = re.compile(r"\d{8}T\d{6,12}Z-[0-9a-f]{6}")
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}  # says nothing about links
_LONGEST = 200  # bytes of the file that stands for the link; anything longer is not ours


@dataclass(frozen=True, slots=True)
class Switch:
    """What the switch and the folder of runs are called, and whether links may be used."""

    current: str
    runs: str
    links: bool = True


CLINICS = Switch(".current", ".runs")
PARTNERS = Switch(".partners", ".partner-runs")
HANDOFFS = Switch(".handoff", ".handoffs")
CLUSTER = Switch("CURRENT", "runs", links=False)  # object stores have no links, and many machines read it


def current_run(out: Path, switch: Switch) -> str | None:
    """Return the id of the run that is published; None where the switch is not there, or not of our making."""
    path = out / switch.current
    try:
        if path.is_symlink():
            target = path.readlink().as_posix()
        elif path.is_file():
            with path.open(encoding="ascii") as file:
                target = file.read(_LONGEST).removesuffix("\n")
        else:
            return None
    except (OSError, UnicodeDecodeError):
        return None
    runs, _, name = target.partition("/")
    return name if runs == switch.runs and RUN_ID.fullmatch(name) else None


def turn(out: Path, run: str, switch: Switch) -> None:
    """Have all names lead to another run from now on."""
    fresh = out / f"{switch.current}.{uuid.uuid4().hex[:6]}"
    if not switch.links or not _make_link(fresh, Path(switch.runs) / run):
        fresh.write_text(f"{switch.runs}/{run}\n", encoding="ascii")
        settle(fresh)
    fresh.replace(out / switch.current)


def link_names(out: Path, names: Iterable[str], switch: Switch) -> None:
    """Have a name in `out` lead to each file of the run; where there are no links, the switch alone says where."""
    for name in names if switch.links else ():
        if not os.path.lexists(out / name) and not _make_link(out / name, Path(switch.current) / name):
            return


def _make_link(path: Path, target: Path) -> bool:
    """Make a link if this system and this disk have them. Windows cannot rename one folder's link over another."""
    if os.name == "nt":
        return False
    try:
        path.symlink_to(target)
    except (OSError, NotImplementedError, AttributeError) as error:
        if getattr(error, "errno", None) in _DISK:
            raise
        return False
    return True


def is_ours(path: Path, switch: Switch) -> bool:
    """Tell whether a published name is a link that `link_names` made."""
    return path.is_symlink() and path.readlink() == Path(switch.current) / path.name


def is_turning(path: Path, switch: Switch) -> bool:
    """Tell whether a killed run left this behind just before it would have become the switch."""
    name = re.fullmatch(rf"{re.escape(switch.current)}\.[0-9a-f]{{6}}", path.name)
    return bool(name) and current_run(path.parent, Switch(path.name, switch.runs)) is not None


def check_switch(out: Path, switch: Switch) -> None:
    """Make sure that what a run moves and removes was made by one.

    Raises:
        InputError: something of the user's stands in its place.
    """
    runs, current = out / switch.runs, out / switch.current
    linked = sorted(path for path in runs.glob("*") if path.is_symlink()) if runs.is_dir() else []
    odd = [runs] if runs.is_symlink() or (runs.exists() and not runs.is_dir()) else linked
    if os.path.lexists(current) and current_run(out, switch) is None:
        odd.append(current)
    if odd:
        raise InputError(f"{odd[0]} is in the way, and icp-engine did not make it; move it, or choose another --out.")


def check_outside(path: Path) -> None:
    """Make sure that a file of the user's choice is written beside published runs, and not into one.

    Raises:
        InputError: the path leads into a published run.
    """
    real = path.parent.resolve() / path.name
    for switch in (CLINICS, PARTNERS, HANDOFFS):
        inside = {switch.runs, switch.current} & {*real.parts, *path.resolve().parts}
        if inside or is_ours(path, switch):
            raise InputError(f"{path} leads into a published run, which stays as it is; choose another name or folder.")
