"""`/review`: questions on networks, with what speaks for and against, and what an answer would change."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from icp_engine.api.snapshot import Snapshot, members_of, network_values
from icp_engine.columns import KEY, NAME
from icp_engine.database import Database
from icp_engine.display import listed as in_words
from icp_engine.errors import InputError
from icp_engine.networks.decisions import Decision
from icp_engine.published.by_id import few_clinics
from icp_engine.published.review import QUEUE, lines_of
from icp_engine.web import compared, spelling
from icp_engine.web.curation import Curation, in_force, moment, pending, settled
from icp_engine.web.kept import Kept
from icp_engine.web.missing import NotFoundError
from icp_engine.web.preview import Outcome, outcome_of, previews, put_together
from icp_engine.web.rows import clinic_url, given_schema, network_url
from icp_engine.web.units import clinics_of

_LISTED = 100
_AND_MORE = re.compile(r" and \d+ more$")  # after the last of the names that a question names
_SIDES = 12
_STATES = 6  # that are named
KINDS = {
    "name_states": "they bear one name in several states",
    "sibling": "their names are alike but for a word or two",
    "spelling_alone": "their names differ in spelling alone",
    "spelling_states": "their names differ in spelling alone, in different states",
    "contact": "they share a phone or an address under different names",
    "stem_phone": "their names begin alike and they share a phone",
    "brand_prefix": "their names begin with the same word",
    "owners": "clinics of different known owners stand in one network",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the queue: what is asked, examples of what it is about, and what led to it."""

    question_id: str
    kind: str
    text: str
    such_as: str
    why: str
    name: str
    states: str
    sides: tuple[str, ...]
    side_clinics: tuple[int, ...]
    would_change: int
    shared: str | None
    against: str | None

    @property
    def url(self) -> str:
        """The page of the question."""
        return f"/review/{self.question_id}"


@dataclass(frozen=True, slots=True)
class Side:
    """A clinic that stands for a side: where its page is, and what network it is in."""

    clinic_id: str
    name: str
    state: str | None
    network_id: str | None
    clinics: int
    score: float

    @property
    def url(self) -> str:
        """The page of the side: of its network, or of the clinic where it is in none."""
        return network_url(self.network_id) if self.network_id else clinic_url(self.clinic_id)


@dataclass(frozen=True, slots=True)
class Queue:
    """The questions of a run, those that no decision settles yet, and what waits for the next run.

    Attributes:
        questions: all of them.
        open: those to answer, of `kind` where there is one.
        decisions: all that are in force.
        pending: decisions that the run does not know yet.
        kinds: how many are open, by kind, most first.
        kind: the kind that is looked at; blank for all.
        why_none: why there is no question at all.
    """

    questions: tuple[Question, ...]
    open: tuple[Question, ...]
    decisions: tuple[Decision, ...]
    pending: tuple[Decision, ...]
    kinds: Mapping[str, int]
    kind: str = ""
    why_none: str = ""


def queue(run: Snapshot, curation: Curation | None, kind: str = "") -> Queue:
    """Return the questions of a run.

    Raises:
        InputError: the file of decisions cannot be read.
    """
    every = _QUESTIONS.of(run)
    decisions = in_force(curation.path) if curation else ()
    left = _left(every, decisions) if decisions else every
    kinds = dict(Counter(question.kind for question in left).most_common())
    shown = tuple(question for question in left if kind not in KINDS or question.kind == kind)
    why = "" if every else "The run was made without --review: run it again with that, and questions stand here."
    return Queue(every, shown, decisions, pending(run, decisions), kinds, kind if kind in KINDS else "", why)


def _left(questions: Sequence[Question], decisions: Sequence[Decision]) -> list[Question]:
    done = settled(decisions)
    return [question for question in questions if not done.answers(question.sides, question.kind, question.name)]


def _read(run: Snapshot) -> tuple[Question, ...]:
    with run.db.cursor() as db:
        if ("table", QUEUE) not in db.relations():
            return ()
        frame = db.frame(f"from {QUEUE}")
    return tuple(_question(row) for row in frame.iter_rows(named=True))


_QUESTIONS = Kept(_read)


def _question(row: Mapping[str, Any]) -> Question:
    states = _states(row["states"])
    text, such_as = _asked(row, states)
    return Question(
        question_id=row["question_id"],
        kind=row["kind"],
        text=text,
        such_as=such_as,
        why=KINDS.get(row["kind"], row["kind"]),
        name=row["name_a"],
        states=states,
        sides=tuple(row["sides"]),
        side_clinics=tuple(row.get("side_clinics") or ()),  # which older runs lack
        would_change=row["would_change"],
        shared=row["shared"],
        against=row["against"],
    )


def _asked(row: Mapping[str, Any], states: str) -> tuple[str, str]:
    """Return a question in words, and examples of what it is about where it does not name all."""
    first = spelling.matched_name(row["name_a"])
    others = [name for name in (row["name_b"] or "").split("; ") if name]
    match row["kind"]:
        case "name_states":
            return f"Are the clinics called {first} in {states} one organisation?", ""
        case "brand_prefix":
            examples = "; ".join(spelling.matched_name(_AND_MORE.sub("", name)) for name in others)
            return (
                f"Is “{first}” the brand of one organisation?",
                f"The names of {len(row['sides']):,} begin so, such as {examples}.",
            )
        case "owners":
            return f"Is the network of {first} one organisation?", ""
        case _ if others:
            return f"Are {first} and {spelling.matched_name(others[0])} one organisation?", ""
    return f"Are all called {first} one organisation?", ""


def _states(text: str | None) -> str:
    """Return states as a list that can be read: the first ones, and how many there are beside them."""
    codes = text.split(",") if text else []
    if len(codes) > _STATES:
        return f"{', '.join(codes[:_STATES])} and {len(codes) - _STATES} more states"
    return in_words(codes) if codes else "unknown states"


def listed(run: Snapshot, curation: Curation | None, kind: str = "") -> tuple[str, Mapping[str, Any]]:
    """Return the page with the open questions, and what decisions that wait would make."""
    found = queue(run, curation, kind)
    return "review_list", {
        "queue": found,
        "shown": found.open[:_LISTED],
        "kinds": KINDS,
        "previews": previews(run, found.pending),
        "curating": curation is not None,
    }


def asked(
    run: Snapshot, curation: Curation | None, question_id: str | None, after: str | None, kind: str = ""
) -> tuple[str, Mapping[str, Any]]:
    """Return the page of a question: the one that is named, or the first open one after another.

    Raises:
        NotFoundError: there is no such question.
    """
    found = queue(run, curation, kind)
    if question_id is None:
        question = _next(found, after)
        if question is None:
            return listed(run, curation, kind)
    else:
        question = _named(found, question_id)
    with run.db.cursor() as db:
        clinics, sides = _sides(run, db, question)
        now, then = _outcomes(run, db, question, sides)
    axes = compared.compare(clinics[0], clinics[1]) if len(clinics) > 1 else ()
    order = [each.question_id for each in found.open]
    place = order.index(question.question_id) + 1 if question.question_id in order else None
    return "review", {
        "queue": found,
        "question": question,
        "sides": sides,
        "axes": axes,
        "tally": compared.tally(axes) if axes else "",
        "place": place,
        "now": now,
        "then": then,
        "curating": curation is not None,
    }


def _named(found: Queue, question_id: str) -> Question:
    question = next((each for each in found.questions if each.question_id == question_id), None)
    if question is None:
        raise NotFoundError("question", question_id, (("/review", "the questions that there are"),))
    return question


def _next(found: Queue, after: str | None) -> Question | None:
    """Return the first open question, or the first one after another in the order of all."""
    order = [question.question_id for question in found.questions]
    start = order.index(after) + 1 if after in order else 0
    following = set(order[start:])
    later = next((question for question in found.open if question.question_id in following), None)
    return later or next(iter(found.open), None)


def _sides(run: Snapshot, db: Database, question: Question) -> tuple[list[dict[str, Any]], tuple[Side, ...]]:
    total = run.rows.total
    schema = given_schema(run, dict.fromkeys((KEY, "network_id", total, *compared.COLUMNS)))
    rows = {row[KEY]: row for row in few_clinics(db, question.sides[:_SIDES], schema).iter_rows(named=True)}
    for key, count in zip(question.sides[:_SIDES], question.side_clinics, strict=False):  # not in older runs
        if key in rows:
            rows[key]["num_clinics"] = count
    clinics = [rows[key] for key in question.sides[:_SIDES] if key in rows]
    sides = tuple(
        Side(
            row[KEY],
            spelling.name(row["account_name"]),
            row["state_code"],
            row["network_id"],
            row["num_clinics"] or 1,
            row[total],
        )
        for row in clinics
    )
    return clinics, sides


def _outcomes(
    run: Snapshot, db: Database, question: Question, sides: Sequence[Side]
) -> tuple[Outcome | None, Outcome | None]:
    """Return the network of the first side now, and the one that there would be if all sides were one."""
    now = _now(run, sides[0].network_id) if sides and sides[0].network_id else None
    if question.kind == "owners" or len(question.sides) > len(sides):
        return now, None
    units = clinics_of(run, db, [side.clinic_id for side in sides]).values()
    if any(unit is None for unit in units):
        return now, None
    ids = list(dict.fromkeys(clinic for unit in units for clinic in unit or ()))
    return now, put_together(run, db, [ids])[0]


def _now(run: Snapshot, network_id: str) -> Outcome:
    anchor = members_of(run, network_id).row(0, named=True)  # which stands first
    return outcome_of(run, network_values(run, network_id), anchor[NAME])


def question_of(run: Snapshot, curation: Curation | None, question_id: str) -> Question:
    """Return a question of the run.

    Raises:
        NotFoundError: there is none of that id.
    """
    return _named(queue(run, curation), question_id)


def decisions_of(question: Question, answer: str, author: str, reason: str) -> list[Decision]:
    """Return the lines that an answer makes: `same` and `not_same` of a question.

    Raises:
        InputError: there is no such answer.
    """
    if answer not in ("same", "not_same"):
        raise InputError(f"The answer '{answer}' is none of same, not_same and later.")
    line = Decision(0, moment(), author, "merge", "", "", reason)
    return lines_of(question.kind, question.name, question.sides, line, yes=answer == "same")
