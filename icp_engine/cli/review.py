"""`icp-engine review`: decide on networks."""

from pathlib import Path

import click

from icp_engine.cli import options, show

_ACTIONS = ("merge", "split", "not_same", "anchor", "rename", "brand_prefix", "exclude_name")
_file = click.option(
    "--decisions", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="File of decisions; decisions.csv of the results' folder unless given.",
)  # fmt: skip


@click.group("review")
def command() -> None:
    """Decide which clinics belong together.

    \b
    Examples:
      icp-engine review decide merge net_ebac5a35e974 net_1f81fa57459b --reason "one owner since May"
      icp-engine review decide not_same C-114 C-109
    """


@command.command("decide")
@click.argument("action", type=click.Choice(_ACTIONS))
@click.argument("subject")
@click.argument("object_", metavar="[OBJECT]", default="")
@click.option("--reason", default="", metavar="TEXT", help="Why, for those who read the file.")
@click.option("--author", metavar="NAME", help="Who decides; the name of the account unless given.")
@_file
@options.warehouse
@options.as_json
def decide_command(
    action: str,
    subject: str,
    object_: str,
    reason: str,
    author: str | None,
    decisions: Path | None,
    warehouse: Path,
    as_json: bool,
) -> None:
    """Append a decision to the file; it holds from the next run on.

    \b
    ACTION and what it takes (an id of a network stands for the anchor of it):
      merge CLINIC CLINIC        both belong together
      not_same CLINIC CLINIC     they do not: the second leaves, with what hangs on it
      split CLINICS CLINIC       clinics (A;B) or a state leave the network of the second
      anchor CLINIC              call it first in its network
      rename CLINIC NAME         its network is called so
      brand_prefix NAME          all names that begin so are one brand
      exclude_name NAME          a name that never groups
    \b
    Examples:
      icp-engine review decide merge net_ebac5a35e974 net_1f81fa57459b --reason "one owner since May"
      icp-engine review decide split TX C-114
      icp-engine review decide rename net_1f81fa57459b "Harborlight"
    """
    from datetime import UTC, datetime
    from getpass import getuser

    from icp_engine.networks.decisions import COLUMNS, Decision
    from icp_engine.published.decide import decide, decisions_file
    from icp_engine.published.run import open_run

    run = open_run(warehouse)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    path = decisions_file(run, decisions)
    asked = Decision(0, moment, author or getuser(), action, subject.strip(), object_.strip(), reason)  # type: ignore[arg-type]
    written = decide(run, path, asked)
    if as_json:
        show.emit({"line": written.line, **{name: getattr(written, name) for name in COLUMNS}})
    else:
        show.say(f"{path}, {written.text}: it holds from the next run on.")
