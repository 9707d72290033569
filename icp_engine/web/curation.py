"""Decisions that people take on pages: where they are written, by whom, and which questions they answer already."""

import hmac
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from icp_engine.api.snapshot import Snapshot
from icp_engine.errors import InputError
from icp_engine.networks.decisions import Decision, read_decisions, taken_back
from icp_engine.published.decide import write_decisions
from icp_engine.web.access import Session
from icp_engine.web.kept import Kept

LONGEST_REASON = 500  # characters
_BRAND = "brand_prefix"


@dataclass(frozen=True, slots=True)
class Curation:
    """Whether and where decisions are taken.

    Attributes:
        path: the file of decisions.
        author: who decides where nobody signs in.
        secret: what forms must carry is made of it, so that pages of other sites cannot send any.
    """

    path: Path
    author: str = ""
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def form_key(self, session: Session | None) -> str:
        """Return what forms must carry."""
        whom = session.csrf if session else self.author
        return hmac.new(self.secret.encode(), whom.encode(), sha256).hexdigest()

    def is_ours(self, given: str, session: Session | None) -> bool:
        """Return whether a form carries what a page of this server put into it."""
        return hmac.compare_digest(given.encode(), self.form_key(session).encode())

    def signer(self, session: Session | None) -> str:
        """Return who decides."""
        return (session.author if session else "") or self.author or "unnamed"


def in_force(path: Path) -> tuple[Decision, ...]:
    """Return the decisions of the file that no later line takes back.

    Raises:
        InputError: the file cannot be read.
    """
    every = read_decisions(path, needed=False)
    gone = taken_back(every)
    return tuple(line for line in every if line.action != "undo" and line.line not in gone)


def pending(run: Snapshot, decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return the decisions that the run does not know yet: they take effect with the next one."""
    applied = _APPLIED.of(run)
    return tuple(
        line
        for line in decisions
        if (line.line, line.decided_at, line.action, line.subject, line.object) not in applied
    )


def _applied(run: Snapshot) -> frozenset[tuple[Any, ...]]:
    with run.db.cursor() as db:
        return frozenset(db.rows("select line, decided_at, action, subject, object from decisions"))


_APPLIED = Kept(_applied)


@dataclass(frozen=True, slots=True)
class Settled:
    """What decisions settle: pairs of clinics that are joined or kept apart, and first words that are a brand."""

    pairs: frozenset[frozenset[str]]
    brands: frozenset[str]

    def answers(self, sides: Sequence[str], kind: str, name: str) -> bool:
        """Return whether a question is settled: every other side is joined with the first, or kept from it."""
        first, *others = sides[:2] if kind == _BRAND else sides
        return (kind == _BRAND and name in self.brands) or all(
            frozenset((first, other)) in self.pairs for other in others
        )


def settled(decisions: Sequence[Decision]) -> Settled:
    """Return what decisions settle."""
    return Settled(
        frozenset(frozenset((line.subject, line.object)) for line in decisions if line.action in ("merge", "not_same")),
        frozenset(line.subject for line in decisions if line.action == _BRAND),
    )


def last_of(decisions: Sequence[Decision], author: str) -> str:
    """Return when somebody decided last, of decisions in force; blank where there is nothing to take back."""
    return next((line.decided_at for line in reversed(decisions) if line.author == author), "")


def once(path: Path, lines: Sequence[Decision]) -> Iterator[Decision]:
    """Yield the lines of a form unless its author decided just that before: then a button was pressed twice."""
    decisions, author = in_force(path), lines[0].author
    before = _of(decisions, author, last_of(decisions, author))
    if list(map(_what, lines)) != list(map(_what, before)):
        yield from lines


def undoing(path: Path, author: str, decided_at: str) -> Iterator[Decision]:
    """Yield the lines that take back what somebody decided at a moment. A button pressed twice takes back one decision.

    Raises:
        InputError: there is nothing to take back.
    """
    if not decided_at:
        raise InputError("There is no decision of yours to take back.")
    mine = _of(in_force(path), author, decided_at)
    if not mine:
        raise InputError("That decision is taken back already.")
    now = moment()
    for line in mine:
        yield Decision(0, now, author, "undo", str(line.line), "", "taken back on the page")


def _of(decisions: Iterable[Decision], author: str, decided_at: str) -> list[Decision]:
    return [line for line in decisions if (line.author, line.decided_at) == (author, decided_at)]


def _what(line: Decision) -> tuple[str, ...]:
    return line.action, line.subject, line.object, line.reason


def write(run: Snapshot, path: Path, decisions: Iterable[Decision]) -> list[Decision]:
    """Append decisions to the file, all or none; return them with their lines.

    What `decisions` yields is asked for when nobody else can write.

    Raises:
        InputError: one cannot hold, or the file cannot be written.
    """
    with run.db.cursor() as db:
        return write_decisions(db, path, decisions)


def moment() -> str:
    """Return the time as decisions have it. No two answers of a person share one: by it all lines of one are found."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
