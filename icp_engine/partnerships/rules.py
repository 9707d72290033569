"""Reads the rules of partnerships, SLA, owners and outreach: shipped ones or a user's own, every mistake at once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from icp_engine.errors import MistakesError, Problem
from icp_engine.partnerships.formats import RULES
from icp_engine.partnerships.outreach import Outreach, read_outreach
from icp_engine.partnerships.owners import read_owners
from icp_engine.partnerships.sla import Sla, read_sla
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.toml.files import read_toml
from icp_engine.scorecard.toml.table import Notes, Table

SHIPPED = Path(__file__).resolve().parent
_Rules = TypeVar("_Rules")


@dataclass(frozen=True, slots=True)
class Rules:
    """What partnerships go by beside the scorecard."""

    sla: Sla
    owners: tuple[str, ...]
    outreach: Outreach


def read_rules(
    card: Scorecard, sla: Path | None = None, owners: Path | None = None, hooks: Path | None = None
) -> Rules:
    """Return the rules; the shipped ones where no file is given.

    Raises:
        InputError: a file is not there, or not text.
        MistakesError: the files have mistakes; `problems` holds those of all of them, with their lines.
    """
    problems: list[Problem] = []
    found = (
        _read(sla, "sla", lambda top: read_sla(top, card), problems),
        _read(owners, "owners", read_owners, problems),
        _read(hooks, "hooks", lambda top: read_outreach(top, card), problems),
    )
    if problems:
        raise MistakesError(problems)
    first, second, third = found
    assert first is not None
    assert second is not None
    assert third is not None
    return Rules(first, second, third)


def read_sla_rules(card: Scorecard, sla: Path | None = None) -> Sla:
    """Return the SLA rules alone; the shipped ones where no file is given.

    Raises:
        InputError: the file is not there, or not text.
        MistakesError: the file has mistakes, or says nothing of a tier of the scorecard.
    """
    problems: list[Problem] = []
    found = _read(sla, "sla", lambda top: read_sla(top, card), problems)
    if problems or found is None:
        raise MistakesError(problems)
    return found


def _read(path: Path | None, name: str, read: Callable[[Table], _Rules], problems: list[Problem]) -> _Rules | None:
    """Read one file; None where its mistakes, which are added to the problems, leave nothing to read."""
    shipped = SHIPPED / f"{name}.toml"
    label = str(path) if path else f"icp_engine/partnerships/{shipped.name}"
    try:
        source = read_toml(path or shipped, label, f"--{name} file")
    except MistakesError as error:
        problems += error.problems
        return None
    notes = Notes(source)
    top = Table(source.content, (), notes, RULES[name][0], name)
    rules = read(top)
    top.close()
    problems += notes.problems
    return rules
