"""The review queue of a published run: list it, look at one question, hand it out as a sheet and take answers in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from icp_engine.distribution import install_extra
from icp_engine.errors import InputError, did_you_mean, first_line
from icp_engine.named_files import check_no_pipe
from icp_engine.networks.decisions import Action, Decision
from icp_engine.networks.review import KINDS
from icp_engine.published.decide import decide_all
from icp_engine.published.lists import write_list
from icp_engine.published.run import Run

QUEUE = "review_queue"
ANSWERS = ("answer", "reason")  # columns of a sheet that people fill in
_SHEET = (
    "question_id", "question", *ANSWERS, "states", "clinics_a", "clinics_b", "would_change", "shared", "against",
    "similarity", "kind", "precision", "sides",
)  # fmt: skip
_WIDTHS = {"question": 640, "answer": 60, "reason": 200, "shared": 240, "against": 240}  # pixels
_YES, _NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its row of `review_queue`, and a clinic of each side with its network, the largest side first."""

    question: pl.DataFrame
    sides: pl.DataFrame


def questions(run: Run, kind: str | None = None, limit: int | None = None) -> pl.DataFrame:
    """Return the questions of a run, those first whose answer changes the most.

    Raises:
        InputError: the run was made without --review, or there is no such kind.
    """
    with run.database() as db:
        if ("table", QUEUE) not in db.relations():
            raise InputError(f"{run.warehouse} has no review queue; run again with --review, by evidence.")
        found = db.frame(f"from {QUEUE}")
    if kind is not None and kind not in KINDS:
        raise InputError(f"There is no kind '{kind}'{did_you_mean(kind, KINDS)}; kinds are {', '.join(KINDS)}.")
    found = found if kind is None else found.filter(kind=kind)
    return found if limit is None else found.head(limit)


def question(run: Run, question_id: str) -> Question:
    """Return one question with its sides.

    Raises:
        InputError: there is no such question.
    """
    found = questions(run).filter(question_id=question_id)
    if found.is_empty():
        raise InputError(f"{run.warehouse} has no question '{question_id}'; see icp-engine review list.")
    with run.database() as db:
        sides = db.frame(
            "select clinic_id, account_name, state_code, network_id, coalesce(num_clinics, 1) as num_clinics "
            "from clinics where list_contains($sides, clinic_id) order by list_position($sides, clinic_id)",
            {"sides": found["sides"].item().to_list()},
        )
    if "side_clinics" in found.columns:  # which older runs lack: clinics of no network may be several too
        counted = found.select(clinic_id="sides", num_clinics="side_clinics").explode("clinic_id", "num_clinics")
        sides = sides.drop("num_clinics").join(counted, on="clinic_id", maintain_order="left")
    return Question(found.with_columns(wording()), sides)


def wording() -> pl.Expr:
    """Return the column `question`: what is asked, in a sentence."""
    kind, name, others = pl.col("kind"), pl.col("name_a"), pl.col("name_b")
    apart = pl.format("Are {} and {} one organisation?", name, others.fill_null("others of that name"))
    return (
        pl.when(kind == "name_states")
        .then(pl.format("Are the clinics called {} in {} one organisation?", name, pl.col("states")))
        .when(kind == "brand_prefix")
        .then(pl.format("Do all names that begin with {} belong to one organisation, such as {}?", name, others))
        .when(kind == "owners")
        .then(pl.format("Is the network of {} ({}) one organisation?", pl.concat_str(
            name, others, separator="; ", ignore_nulls=True), pl.col("against")))
        .otherwise(apart)
        .alias("question")
    )  # fmt: skip


def export_questions(run: Run, path: Path, kind: str | None = None) -> int:
    """Write the questions as a sheet with columns for answers, by the ending of its name; return how many.

    Raises:
        InputError: the run has no queue, or the file cannot be written.
    """
    found = questions(run, kind).with_columns(wording(), *(pl.lit(None, pl.String).alias(name) for name in ANSWERS))
    write_list(found.select(_SHEET), path, widths=_WIDTHS)
    return len(found)


def import_answers(run: Run, path: Path, decisions: Path, moment: str, author: str) -> list[Decision]:
    """Append what a sheet answers: `yes` joins the sides of a question, `no` keeps the others from the first.

    Of a first word `yes` makes it a brand, and `no` keeps the two largest sides apart, which settles it: others that
    begin so may still be one.

    Args:
        run: the run whose questions the sheet answers.
        path: the sheet, .csv or .xlsx; rows without an answer are passed over.
        decisions: the file of decisions.
        moment: when, for `decided_at`.
        author: who answers.

    Raises:
        InputError: the sheet cannot be read, an answer is neither yes nor no, a question is not known or has two
            answers, or an answer contradicts a decision; then nothing is written.
    """
    answers = _read(path)
    known = {row["question_id"]: row for row in questions(run).iter_rows(named=True)}
    written: list[Decision] = []
    given: dict[str, tuple[int, bool]] = {}  # row and answer, by question
    for place, row in enumerate(answers.iter_rows(named=True), 2):
        answer = (row["answer"] or "").strip().lower()
        if not answer:
            continue
        if answer not in (*_YES, *_NO):
            raise InputError(
                f"{path}, row {place}: the answer is {row['answer']!r}; write yes or no, or leave it blank."
            )
        if row["question_id"] not in known:
            raise InputError(
                f"{path}, row {place}: the run has no question {row['question_id']!r}; export the sheet anew."
            )
        key, yes = row["question_id"], answer in _YES
        before, said = given.setdefault(key, (place, yes))
        if said != yes:
            both = "yes and with no" if said else "no and with yes"
            raise InputError(f"{path}, rows {before} and {place}: {key} is answered with {both}; leave one.")
        if before == place:
            asked = Decision(0, moment, author, "merge", "", "", row["reason"] or "")
            written += _lines_of(known[key], asked, yes=yes)
    return decide_all(run, decisions, written) if written else []


def answered(run: Run, question_id: str, line: Decision, *, yes: bool) -> list[Decision]:
    """Return the lines that an answer to a question makes, as sheets have them.

    Args:
        run: the run that asks.
        question_id: the question.
        line: moment, author and reason; the rest does not count.
        yes: the answer.

    Raises:
        InputError: there is no such question.
    """
    return _lines_of(question(run, question_id).question.row(0, named=True), line, yes=yes)


def _lines_of(row: dict[str, Any], line: Decision, *, yes: bool) -> list[Decision]:
    return lines_of(row["kind"], row["name_a"], row["sides"], line, yes=yes)


def lines_of(kind: str, name: str, sides: Iterable[str], line: Decision, *, yes: bool) -> list[Decision]:
    """Return the lines that an answer makes.

    Args:
        kind: of the question.
        name: its first name: of a brand the words that names begin with.
        sides: a clinic of each side, the largest first.
        line: moment, author and reason; the rest does not count.
        yes: the answer.
    """
    first, *others = sides
    is_brand = kind == "brand_prefix"
    if is_brand and yes:
        return [replace(line, action="brand_prefix", subject=name)]
    action: Action = "merge" if yes else "not_same"
    return [replace(line, action=action, subject=first, object=other) for other in (others[:1] if is_brand else others)]


def _read(path: Path) -> pl.DataFrame:
    kind = path.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise InputError(f"{path} ends in neither .csv nor .xlsx; name it by its format.")
    check_no_pipe(path)
    try:
        frame = (
            pl.read_csv(path, infer_schema=False)
            if kind == ".csv"
            else pl.read_excel(path, infer_schema_length=0, drop_empty_rows=False)
        )
    except ModuleNotFoundError as error:
        raise InputError(f"Workbooks need one more package: {install_extra('xlsx')}.") from error
    except Exception as error:  # of the reader of workbooks, which has errors of its own
        raise InputError(f"{path} cannot be read ({first_line(error)}).") from error
    for name in ("question_id", "answer"):
        if name not in frame.columns:
            raise InputError(
                f"{path} has no column '{name}'{did_you_mean(name, frame.columns)}; export the sheet anew."
            )
    reason = pl.col("reason") if "reason" in frame.columns else pl.lit(None)
    return frame.select("question_id", "answer", reason.alias("reason")).cast(pl.String)
