"""Who takes accounts: the people of an owners file, with how much they can take and where."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from icp_engine.crm.formats import TEAM
from icp_engine.errors import InputError, MistakesError
from icp_engine.extract.states import code_of_state
from icp_engine.scorecard.toml.files import read_toml
from icp_engine.scorecard.toml.table import Notes, Table

_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")


@dataclass(frozen=True, slots=True)
class Owner:
    """One person who takes accounts.

    Attributes:
        email: the address by which a CRM knows the person; empty where the file has none.
        capacity: the most accounts of the person; None for no end.
        touches_a_week: contacts that the person can make in a week; None where the file does not say.
        states: upper case; with `segments` the territory. Without both the person takes what is in nobody's.
    """

    name: str
    email: str = ""
    capacity: int | None = None
    touches_a_week: float | None = None
    states: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()

    @property
    def has_territory(self) -> bool:
        """Whether the person takes accounts of some states or segments alone."""
        return bool(self.states or self.segments)

    def covers(self, state: str | None, segment: str | None) -> bool:
        """Tell whether an account is in the territory of the person, who has one."""
        return (not self.states or state in self.states) and (not self.segments or segment in self.segments)


def read_team(top: Table) -> tuple[Owner, ...]:
    """Read the people of an owners file; mistakes are noted."""
    found: list[Owner] = []
    for item in top.items("owner"):
        owner = _owner(item)
        if owner.name in [other.name for other in found]:
            item.problem(f"'{owner.name}' stands here a second time", "name")
        if owner.email and owner.email.lower() in [other.email.lower() for other in found]:
            item.problem(f"'{owner.email}' stands here a second time", "email")
        found.append(owner)
        item.close()
    if not found:
        top.problem("'owner' is missing: list everybody as [[owner]] with a name")
    return tuple(found)


def _owner(item: Table) -> Owner:
    email = item.text("email", "").strip()
    if email and not _ADDRESS.fullmatch(email):
        item.problem(f"expected an address such as ana@example.com, found {email!r}", "email")
    capacity = item.number("capacity") if "capacity" in item else None
    if capacity is not None and (capacity < 0 or capacity != int(capacity)):
        item.problem(f"expected a whole number, 0 or more, found {capacity:g}", "capacity")
    touches = item.number("touches_a_week") if "touches_a_week" in item else None
    if touches is not None and touches <= 0:
        item.problem(f"expected more than 0, found {touches:g}", "touches_a_week")
    return Owner(
        " ".join(item.text("name").split()),
        email,
        None if capacity is None else int(capacity),
        touches,
        frozenset(_states(item)),
        frozenset(segment.strip() for segment in item.texts("segments")),
    )


def _states(item: Table) -> Iterator[str]:
    for place, text in enumerate(item.texts("states")):
        code = code_of_state(text)
        if code is None:
            item.problem(f"expected states such as TX, found {text!r}", "states", place)
        else:
            yield code


def read_team_file(path: Path, *, addresses: bool, segments: Collection[str] | None = None) -> tuple[Owner, ...]:
    """Return the people of an owners file.

    Args:
        path: the file.
        addresses: whether each needs an address.
        segments: those that there are, where territories count.

    Raises:
        InputError: the file is not there, somebody has no address, or a segment that there is none of.
        MistakesError: the file has mistakes; `problems` holds all of them.
    """
    notes = Notes(read_toml(path, str(path), "--owners file"))
    top = Table(notes.source.content, (), notes, TEAM, "owners")
    team = read_team(top)
    top.close()
    if notes.problems:
        raise MistakesError(notes.problems)
    without = next((owner.name for owner in team if not owner.email), None)
    if addresses and without is not None:
        raise InputError(f'{path}: {without} has no email, by which a CRM knows its users; add email = "...".')
    return team if segments is None else tuple(_with_segments(owner, segments, path) for owner in team)


def _with_segments(owner: Owner, segments: Collection[str], path: Path) -> Owner:
    """Return somebody with the segments as the scorecard spells them: nothing is in a territory of another name."""
    spelled = {name.lower(): name for name in segments}
    unknown = sorted(name for name in owner.segments if name.lower() not in spelled)
    if unknown:
        among = f"is none of {', '.join(segments)}" if segments else "is no segment: the scorecard has none"
        raise InputError(f"{path}: the territory of {owner.name} has the segment '{unknown[0]}', which {among}.")
    return replace(owner, segments=frozenset(spelled[name.lower()] for name in owner.segments))
