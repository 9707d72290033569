"""`icp-engine review`: decide on networks."""

from pathlib import Path
from typing import Any

import click

from icp_engine.cli import options, show
from icp_engine.cli.effect import show_effect

_ANSWERS = ("yes", "no")
_ACTIONS = (*_ANSWERS, "merge", "split", "not_same", "anchor", "rename", "brand_prefix", "exclude_name", "undo")
_file = click.option(
    "--decisions", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="File of decisions; decisions.csv of the results' folder unless given.",
)  # fmt: skip
_author = click.option("--author", metavar="NAME", help="Who decides; the name of the account unless given.")
_kind = click.option("--kind", metavar="KIND", help="Questions of one kind, such as name_states or brand_prefix.")
_SIDES = 30  # of a question that are shown


@click.group("review")
def command() -> None:
    """Decide which clinics belong together: questions of a run made with --review, and decisions.

    \b
    Examples:
      icp-engine review list
      icp-engine review export --out questions.xlsx
      icp-engine review decide merge net_ebac5a35e974 net_1f81fa57459b --reason "one owner since May"
      icp-engine review decide not_same C-114 C-109
    """


@command.command("list")
@_kind
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many to show.")
@options.warehouse
@options.as_json
def list_command(kind: str | None, limit: int, warehouse: Path, as_json: bool) -> None:
    """List questions, those first whose answer is likely yes and changes the most.

    \b
    Example:
      icp-engine review list --kind name_states --limit 50
    """
    from icp_engine.published.review import questions
    from icp_engine.published.run import open_run

    found = questions(open_run(warehouse), kind, limit)
    if as_json:
        show.emit(found.to_dicts())
    elif found.is_empty():
        show.say("There is nothing to ask.")
    else:
        rows = [
            (
                row["question_id"],
                row["kind"],
                show.cut(_names(row), 64),
                show.cut(row["states"], 20),
                f"{row['clinics_a']:,}+{row['clinics_b']:,}",
                f"{row['would_change']:,}",
                row["against"] or "",
            )
            for row in found.iter_rows(named=True)
        ]
        header = ("question", "kind", "name", "states", "clinics", "change", "against")
        show.say(show.table([header, *rows], "<<<<>><", header=True))


@command.command("show")
@click.argument("question_id")
@options.warehouse
@options.as_json
def show_command(question_id: str, warehouse: Path, as_json: bool) -> None:
    """Show a question: a clinic of each side, the largest side first.

    \b
    Example:
      icp-engine review show q_25aad1608636
    """
    from icp_engine.published.review import question
    from icp_engine.published.run import open_run

    found = question(open_run(warehouse), question_id)
    row = found.question.row(0, named=True)
    if as_json:
        show.emit({**row, "sides": found.sides.to_dicts()})
        return
    clinics = "1 clinic" if row["would_change"] == 1 else f"{row['would_change']:,} clinics"
    known = [
        ("Shared", row["shared"]),
        ("Against", row["against"] or "nothing that is known"),
        (
            ("No", f"{clinics} would leave the network")
            if row["kind"] == "owners"
            else ("Yes", f"{clinics} would get another network, or one with another tier or anchor")
        ),
    ]
    sides = [
        (side["clinic_id"], side["state_code"] or "", side["network_id"] or "",
         "" if row["kind"] == "owners" else f"{side['num_clinics']:,}", show.cut(side["account_name"] or "", 48))
        for side in found.sides.head(_SIDES).iter_rows(named=True)
    ]  # fmt: skip
    table = show.table([("clinic", "state", "network", "clinics", "name"), *sides], "<<<><", header=True)
    more = f"\n... and {len(found.sides) - _SIDES:,} more sides" if len(found.sides) > _SIDES else ""
    show.say(f"{row['question']}\n{show.table(known, '<<', indent='  ')}\n\n{table}{more}")


def _names(row: dict[str, Any]) -> str:
    """Return what a question is about, in short."""
    if row["kind"] == "brand_prefix":
        return f"{row['name_a']} ...: {row['name_b'] or ''}"
    return " = ".join(filter(None, (row["name_a"], row["name_b"])))


@command.command("export")
@_kind
@click.option(
    "--out", "-o", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE",
    help="Sheet to write, .csv or .xlsx.",
)  # fmt: skip
@options.warehouse
def export_command(kind: str | None, out: Path, warehouse: Path) -> None:
    """Write all questions as a sheet with columns for answer and reason.

    \b
    Example:
      icp-engine review export --out questions.xlsx
    """
    from icp_engine.published.review import export_questions
    from icp_engine.published.run import open_run

    count = export_questions(open_run(warehouse), out, kind)
    show.say(f"{count:,} questions in {out}: write yes or no into the column answer, then icp-engine review import.")


@command.command("import")
@click.argument("sheet", type=click.Path(dir_okay=False, path_type=Path))
@_author
@_file
@options.warehouse
def import_command(sheet: Path, author: str | None, decisions: Path | None, warehouse: Path) -> None:
    """Append the answers of a sheet to the decisions: yes joins the sides, no keeps the others from the first.

    \b
    Example:
      icp-engine review import questions.xlsx --author Ann
    """
    from icp_engine.published.decide import decisions_file
    from icp_engine.published.review import import_answers
    from icp_engine.published.run import open_run

    run = open_run(warehouse)
    path = decisions_file(run, decisions)
    written = import_answers(run, sheet, path, _moment(), _signed(author))
    lines = "1 line" if len(written) == 1 else f"{len(written):,} lines"
    holding = "it holds" if len(written) == 1 else "they hold"
    show.say(f"{lines} in {path}: {holding} from the next run on." if written else "There is no answer.")


def _moment() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")


def _signed(author: str | None) -> str:
    from getpass import getuser

    return author or getuser()


@command.command("decide")
@click.argument("action", type=click.Choice(_ACTIONS))
@click.argument("subject")
@click.argument("object_", metavar="[OBJECT]", default="")
@click.option("--reason", default="", metavar="TEXT", help="Why, for those who read the file.")
@_author
@_file
@click.option("--dry-run", is_flag=True, help="Show what would become of networks, and write nothing.")
@options.warehouse
@options.as_json
def decide_command(
    *,
    action: str,
    subject: str,
    object_: str,
    reason: str,
    author: str | None,
    decisions: Path | None,
    dry_run: bool,
    warehouse: Path,
    as_json: bool,
) -> None:
    """Append a decision to the file; it holds from the next run on.

    \b
    ACTION and what it takes (an id of a network stands for the anchor of it):
      yes QUESTION, no QUESTION  the answer to a question of review list
      merge CLINIC CLINIC        both belong together
      not_same CLINIC CLINIC     they do not: the second leaves, with what hangs on it
      split CLINICS CLINIC       clinics (A;B) or a state leave the network of the second
      anchor CLINIC              call it first in its network
      rename CLINIC NAME         its network is called so
      brand_prefix NAME          all names that begin so are one brand
      exclude_name NAME          a name that never groups
      undo LINE                  the decision on that line of the file is taken back
    \b
    Examples:
      icp-engine review decide yes q_25aad1608636 --reason "the same web site"
      icp-engine review decide merge net_ebac5a35e974 net_1f81fa57459b --reason "one owner since May"
      icp-engine review decide split TX C-114 --dry-run
      icp-engine review decide rename net_1f81fa57459b "Harborlight"
    """
    from icp_engine.networks.decisions import COLUMNS, Decision
    from icp_engine.published.decide import decide, decide_all, decisions_file, try_decisions
    from icp_engine.published.review import answered
    from icp_engine.published.run import open_run

    run = open_run(warehouse)
    path = decisions_file(run, decisions)
    words = (action, subject.strip(), object_.strip(), reason)
    asked = [Decision(0, _moment(), _signed(author), *words)]  # type: ignore[arg-type]
    if action in _ANSWERS:
        asked = answered(run, subject.strip(), asked[0], yes=action == "yes")
    if dry_run:
        show_effect(try_decisions(run, path, asked), as_json=as_json)
        return
    written = decide_all(run, path, asked) if action in _ANSWERS else [decide(run, path, asked[0])]
    if as_json:
        lines = [{"line": line.line, **{name: getattr(line, name) for name in COLUMNS}} for line in written]
        show.emit(lines if action in _ANSWERS else lines[0])
    elif len(written) == 1:
        show.say(f"{path}, {written[0].text}: it holds from the next run on.")
    else:
        show.say(f"{path}, lines {written[0].line} to {written[-1].line}: they hold from the next run on.")
