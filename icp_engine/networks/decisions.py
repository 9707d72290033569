"""Decisions that people took on networks: the file, what each line says, and which lines contradict each other.

A line of a file is a row; rows are few and are gone through one by one.
"""

import csv
import io
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from icp_engine.errors import InputError, did_you_mean, first_line
from icp_engine.locks import take
from icp_engine.named_files import check_no_pipe

Action = Literal["merge", "split", "not_same", "anchor", "rename", "brand_prefix", "exclude_name", "undo"]
ACTIONS: tuple[Action, ...] = get_args(Action)
COLUMNS = ("decided_at", "author", "action", "subject", "object", "reason")
NETWORK_ID = "net_"
FILE = "decisions.csv"
_OF_PAIRS = ("merge", "split", "not_same")
_OF_NO_CLINIC = ("brand_prefix", "exclude_name", "undo")
_WITH_OBJECT = (*_OF_PAIRS, "rename")
PLACED = "placed by --network-overrides"
OVERTAKEN = "overtaken by a later line"
UNDONE = "taken back by a later line"
_SEPARATOR = ";"
_PATIENCE, _PAUSE = 10, 0.02  # seconds


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the file.

    Attributes:
        line: its number in the file, the header is 1.
        decided_at: when, as it was written.
        author: who.
        action: what is to be done.
        subject: whom it is about: a clinic, several of them or a state for `split`, a name for the last two actions.
        object: the other clinic, or the new name; blank where the action needs none.
        reason: why.
        state: what became of it in a run.
    """

    line: int
    decided_at: str
    author: str
    action: Action
    subject: str
    object: str
    reason: str
    state: str = "holds"

    @property
    def subjects(self) -> list[str]:
        """The clinics that it is about, one or several; for `split` also two letters of a state."""
        if self.action != "split":
            return [self.subject]
        return [part.strip() for part in self.subject.split(_SEPARATOR) if part.strip()]

    @property
    def clinics(self) -> list[str]:
        """All clinics that it names, and the states of `split`."""
        if self.action in _OF_NO_CLINIC:
            return []
        return [*self.subjects, *([self.object] if self.action in _OF_PAIRS else [])]

    @property
    def text(self) -> str:
        """The line in words, for messages."""
        return f"line {self.line} ({' '.join(filter(None, (self.action, self.subject, self.object)))})"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clinics that belong together, or that do not: then the second leaves."""

    line: int
    together: bool
    clinic: str
    other: str


def read_decisions(path: Path, *, needed: bool = True) -> tuple[Decision, ...]:
    """Return the decisions of a CSV file, in its order; a file that is not there has none unless it is needed.

    Raises:
        InputError: the file cannot be read, or a line does not say what it has to.
    """
    if not needed and not path.exists():
        return ()
    check_no_pipe(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path} has no column '{missing[0]}'; decisions need {', '.join(COLUMNS)}.")
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV in UTF-8 ({first_line(error)}).") from error
    return tuple(
        _decision(path, line, row) for line, row in rows if any(isinstance(v, str) and v.strip() for v in row.values())
    )


def _decision(path: Path, line: int, row: dict[str, str]) -> Decision:
    values = {name: (row[name] or "").strip() for name in COLUMNS}
    action = values["action"]
    if action not in ACTIONS:
        raise InputError(
            f"{path}, line {line}: there is no action '{action}'{did_you_mean(action, ACTIONS)}; "
            f"write one of {', '.join(ACTIONS)}."
        )
    decision = Decision(line, **values)  # type: ignore[arg-type]
    if any(value.strip() for value in row.get(None, [])):  # type: ignore[call-overload]
        raise InputError(
            f"{path}, {decision.text}: there are more values than columns; put a text with commas into quotes."
        )
    check_decision(path, decision)
    return decision


def check_decision(path: Path, decision: Decision) -> None:
    """Make sure that a line says all that it has to.

    Raises:
        InputError: it does not, names one clinic twice, or a network instead of a clinic.
    """
    needs_object = decision.action in _WITH_OBJECT
    if not decision.subjects or not decision.subject or (needs_object and not decision.object):
        raise InputError(f"{path}, {decision.text}: {decision.action} needs {_needs(decision.action)}.")
    if decision.action in _OF_PAIRS and decision.object in decision.subjects:
        raise InputError(f"{path}, {decision.text}: both are the same clinic; name two.")
    said = decision.object if needs_object else decision.subject
    if not any(letter.isalnum() for letter in said):
        raise InputError(f"{path}, {decision.text}: '{said}' has no letter or digit; write another.")
    for name in decision.clinics:
        if name.startswith(NETWORK_ID):
            raise InputError(
                f"{path}, {decision.text}: {name} is a network, whose clinics come and go; name a clinic of it, "
                "or have icp-engine review decide write the line."
            )


def _needs(action: Action) -> str:
    return {
        "merge": "two clinics, as subject and object",
        "not_same": "two clinics, as subject and object",
        "split": "clinics or a state as subject, and a clinic of the network that they leave as object",
        "rename": "a clinic of the network as subject, and the name as object",
        "anchor": "a clinic as subject",
        "brand_prefix": "a name as subject",
        "exclude_name": "a name as subject",
        "undo": "the number of the line that is taken back as subject",
    }[action]


def pairs_of(decisions: Iterable[Decision], known: set[str]) -> list[Pair]:
    """Return the pairs of clinics that decisions are about, of clinics that are known; the last line on a pair holds.

    The states of `split` are not among them: who stands there shows once clinics are tied.
    """
    pairs: dict[frozenset[str], Pair] = {}
    for decision in decisions:
        if decision.action not in _OF_PAIRS or decision.object not in known:
            continue
        for subject in decision.subjects:
            if subject in known:
                stays, other = decision.object, subject
                if decision.action == "not_same":
                    stays, other = subject, decision.object
                pair = Pair(decision.line, decision.action == "merge", stays, other)
                pairs[frozenset((stays, other))] = pair
    return list(pairs.values())


def check_consistent(pairs: Iterable[Pair], decisions: Iterable[Decision]) -> None:
    """Make sure that no two clinics are both joined, over however many lines, and kept apart.

    Raises:
        InputError: they are; both lines are shown.
    """
    texts = {decision.line: decision.text for decision in decisions}
    groups: dict[str, set[str]] = {}
    apart = [pair for pair in pairs if not pair.together]
    for joined in sorted((pair for pair in pairs if pair.together), key=lambda pair: pair.line):
        group = groups.get(joined.clinic, {joined.clinic}) | groups.get(joined.other, {joined.other})
        groups |= dict.fromkeys(group, group)
        for pair in apart:
            if {pair.clinic, pair.other} <= group:
                raise InputError(
                    f"Decisions contradict each other: {texts[joined.line]} puts {pair.clinic} and {pair.other} "
                    f"together, {texts[pair.line]} keeps them apart; add a line on one of the pairs, or take one away."
                )


def with_states(
    decisions: Iterable[Decision], known: set[str], placed: set[str], pairs: Iterable[Pair]
) -> Iterator[Decision]:
    """Yield decisions with what becomes of them: they hold, are overtaken by a later line, or their clinics are gone.

    Args:
        decisions: of the file.
        known: clinics of the extract, of those that decisions name, and states where some stand.
        placed: clinics that `--network-overrides` places.
        pairs: what `pairs_of` made of the decisions.
    """
    decisions, holding = tuple(decisions), {pair.line for pair in pairs}
    last = {(decision.action, decision.subject.lower()): decision.line for decision in decisions}
    for decision in decisions:
        clinics = decision.clinics
        overtaken = decision.action in ("merge", "not_same") and decision.line not in holding
        if decision.action in ("anchor", "rename"):
            overtaken = last[decision.action, decision.subject.lower()] > decision.line
        state = "holds"
        if clinics and (clinics[-1] not in known or not known & set(decision.subjects)):
            state = "its clinics are gone"
        elif placed & set(clinics):
            state = PLACED
        elif overtaken:
            state = OVERTAKEN
        yield replace(decision, state=state)


def taken_back(decisions: Iterable[Decision]) -> set[int]:
    """Return the numbers of the lines that later lines take back.

    Raises:
        InputError: a line takes back what is no earlier line, or one that takes back itself.
    """
    lines: dict[int, Decision] = {}
    gone: set[int] = set()
    for decision in decisions:
        if decision.action == "undo":
            number = int(decision.subject) if decision.subject.isascii() and decision.subject.isdigit() else 0
            if number not in lines or lines[number].action == "undo":
                raise InputError(
                    f"Decisions, {decision.text}: no decision stands on line {decision.subject} before it."
                )
            gone.add(number)
        lines[decision.line] = decision
    return gone


@contextmanager
def one_writer(path: Path) -> Iterator[None]:
    """Hold the file of decisions for writing: whoever else writes to it waits.

    Raises:
        InputError: somebody else has held it for too long, or its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        end = time.monotonic() + _PATIENCE
        while (lock := take(path.with_name(f".{path.name}.lock"))) is None:
            if time.monotonic() > end:
                raise InputError(f"Somebody else has been writing to {path} for {_PATIENCE} seconds; try again.")
            time.sleep(_PAUSE)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error
    try:
        yield
    finally:
        lock.release()


def numbered(path: Path, decisions: Iterable[Decision]) -> Iterator[Decision]:
    """Yield decisions with the lines of the file that they will end on, as lines are counted when it is read."""
    text = _text_of(path)
    line = _num_lines(text) if text else 1
    for decision in decisions:
        line += _num_lines(",".join(getattr(decision, name) for name in COLUMNS) + "\n")
        yield replace(decision, line=line)


def _num_lines(text: str) -> int:
    return len(io.StringIO(text, newline="").readlines())


def _text_of(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return file.read()


def append_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Add lines to the file, which is made if need be, in the order of its columns, and have the disk hold them.

    Raises:
        InputError: the file cannot be written.
    """
    check_no_pipe(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _text_of(path)
        columns = next(csv.reader(io.StringIO(text, newline="")), COLUMNS)
        with path.open("a", encoding="utf-8", newline="") as file:
            if text and not text.endswith("\n"):
                file.write("\n")
            writer = csv.writer(file, lineterminator="\n")
            if not text:
                writer.writerow(COLUMNS)
            for decision in decisions:
                writer.writerow(getattr(decision, name) if name in COLUMNS else "" for name in columns)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error
