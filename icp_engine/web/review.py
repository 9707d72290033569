"""`/review`: questions on networks, with what speaks for and against, and what an answer would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from icp_engine.api.snapshot import Snapshot
from icp_engine.columns import KEY
from icp_engine.database import Database, database, quoted
from icp_engine.errors import InputError
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.networks.columns import network_tiers, network_total
from icp_engine.networks.decisions import Decision
from icp_engine.networks.evidence import NORMALIZED_NAME
from icp_engine.networks.grouping import ByHand, NetworkOptions, find_networks, network_inputs
from icp_engine.published.by_id import clinics_by_id
from icp_engine.published.review import QUEUE, lines_of, wording
from icp_engine.web import compared, spelling
from icp_engine.web.curation import Curation, in_force, is_answered, moment, pending
from icp_engine.web.kept import Kept
from icp_engine.web.missing import NotFoundError
from icp_engine.web.rows import clinic_url, network_url, short_tier

_LISTED = 100
_SIDES = 12
_MOST = 500  # members that are put together to see what a yes would make of them
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
    """A question of the queue."""

    question_id: str
    kind: str
    text: str
    why: str
    names: tuple[str, ...]
    states: str
    sides: tuple[str, ...]
    clinics: tuple[int, int]
    would_change: int
    shared: str | None
    against: str | None
    row: Mapping[str, Any]

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
class Outcome:
    """A network as it is, or as an answer would make it."""

    clinics: int
    score: float | None
    tier: int | None
    tier_name: str | None
    anchor: str | None
    anchor_url: str | None


@dataclass(frozen=True, slots=True)
class Queue:
    """The questions of a run that no decision settles yet, and how many are settled."""

    questions: tuple[Question, ...]
    open: tuple[Question, ...]
    pending: tuple[Decision, ...]
    why_none: str = ""


def queue(run: Snapshot, curation: Curation | None) -> Queue:
    """Return the questions of a run.

    Raises:
        InputError: the file of decisions cannot be read.
    """
    every = _QUESTIONS.of(run)
    decisions = in_force(curation.path) if curation else ()
    left = tuple(
        question
        for question in every
        if not is_answered(question.sides, question.kind, question.row["name_a"], decisions)
    )
    why = "" if every else "The run was made without --review: run it again with that, and questions stand here."
    return Queue(every, left, pending(run, decisions), why)


def _read(run: Snapshot) -> tuple[Question, ...]:
    with run.db.cursor() as db:
        if ("table", QUEUE) not in db.relations():
            return ()
        frame = db.frame(f"from {QUEUE}").with_columns(wording())
    return tuple(_question(row) for row in frame.iter_rows(named=True))


_QUESTIONS = Kept(_read)


def _question(row: Mapping[str, Any]) -> Question:
    return Question(
        question_id=row["question_id"],
        kind=row["kind"],
        text=row["question"],
        why=KINDS.get(row["kind"], row["kind"]),
        names=tuple(name for name in (row["name_a"], row["name_b"]) if name),
        states=row["states"] or "",
        sides=tuple(row["sides"]),
        clinics=(row["clinics_a"], row["clinics_b"]),
        would_change=row["would_change"],
        shared=row["shared"],
        against=row["against"],
        row=row,
    )


def listed(run: Snapshot, curation: Curation | None) -> tuple[str, Mapping[str, Any]]:
    """Return the page with all open questions."""
    found = queue(run, curation)
    return "review_list", {"queue": found, "shown": found.open[:_LISTED], "curating": curation is not None}


def asked(
    run: Snapshot, curation: Curation | None, question_id: str | None, after: str | None
) -> tuple[str, Mapping[str, Any]]:
    """Return the page of a question: the one that is named, or the first open one after another.

    Raises:
        NotFoundError: there is no such question.
    """
    found = queue(run, curation)
    if question_id is None:
        question = _next(found, after)
        if question is None:
            return "review_list", {"queue": found, "shown": (), "curating": curation is not None}
    else:
        question = _named(found, question_id)
    with run.db.cursor() as db:
        clinics, sides = _sides(db, question, run.rows.total)
        now, then = _outcomes(run, db, question, sides)
    axes = compared.compare(clinics[0], clinics[1]) if len(clinics) > 1 else ()
    place = found.open.index(question) + 1 if question in found.open else None
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
    later = [question for question in found.questions[start:] if question in found.open]
    return later[0] if later else found.open[0] if found.open else None


def _sides(db: Database, question: Question, total: str) -> tuple[list[dict[str, Any]], tuple[Side, ...]]:
    frame = clinics_by_id(db, question.sides[:_SIDES])
    rows = {row[KEY]: row for row in frame.iter_rows(named=True)}
    clinics = [rows[key] for key in question.sides if key in rows]
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
    networks = [side.network_id for side in sides if side.network_id]
    ids = [side.clinic_id for side in sides if not side.network_id]
    for network_id in dict.fromkeys(networks):
        ids += run.members.slice(*run.places[network_id])[KEY].to_list()
    first = sides[0].network_id if sides else None
    now = _now(run, first) if first else None
    if len(ids) > _MOST or question.kind == "owners" or len(question.sides) > len(sides):
        return now, None
    inputs = ", ".join(map(quoted, network_inputs(run.rows.card)))
    return now, _together(run, clinics_by_id(db, ids, inputs))


def _now(run: Snapshot, network_id: str) -> Outcome | None:
    card = run.rows.card
    found = run.networks.rows.filter(pl.col("network_id").cast(pl.String) == network_id)
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    return _outcome(run, row, network_total(card), f"network_{card.column('tier')}")


def _outcome(run: Snapshot, row: Mapping[str, Any], total: str, tier_column: str) -> Outcome:
    card = run.rows.card
    tier = next(tier for tier in network_tiers(card) if tier.number == row[tier_column])
    anchor = row["anchor_clinic_id"]
    return Outcome(row["num_clinics"], row[total], tier.number, short_tier(tier), anchor, clinic_url(anchor))


def _together(run: Snapshot, members: pl.DataFrame) -> Outcome:
    """Return the network of some clinics, made by the code that makes those of a run."""
    card = run.rows.card
    together = pl.DataFrame({KEY: members[KEY], "network_name": "together", "is_anchor": False})
    said = ByHand(pl.DataFrame(schema={NORMALIZED_NAME: pl.String}), together, ())
    options = NetworkOptions(grouping="exact", min_clinics=1, min_states=1, min_single_state=1)
    clinics = members.with_columns(normalized_name(pl.col("account_name")).alias(NORMALIZED_NAME))
    with database(threads=1) as db:
        found = find_networks(db, clinics, card, options, said=said).networks
    return _outcome(run, found.row(0, named=True), network_total(card), f"network_{card.column('tier')}")


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
    return lines_of(question.kind, question.row["name_a"], question.sides, line, yes=answer == "same")


def undoing(curation: Curation, author: str) -> list[Decision]:
    """Return the lines that take back what somebody answered last: all lines of one moment.

    Raises:
        InputError: there is nothing to take back.
    """
    mine = [line for line in in_force(curation.path) if line.author == author]
    if not mine:
        raise InputError("There is no decision of yours to take back.")
    last = mine[-1].decided_at
    return [
        Decision(0, moment(), author, "undo", str(line.line), "", "taken back on the page")
        for line in mine
        if line.decided_at == last
    ]
