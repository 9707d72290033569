"""`icp-engine partners`: practices as referral partners, from score to follow-up."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from icp_engine.cli import options, show

if TYPE_CHECKING:
    from icp_engine.crm.mapping import System
    from icp_engine.partnerships.run import Part

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DEMO_DAY = date(2026, 3, 16)
_TEXT_FILE = click.Path(dir_okay=False, path_type=Path)


class Day(click.ParamType[date]):
    """A calendar day."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read a day."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(str(value).strip(), "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"{value!r} is not a date; write it like 2026-03-16.", param, ctx)


_practices = click.argument("practices", nargs=-1, required=True)
_out = click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), default="partners", show_default=True,
    metavar="DIR", help="Folder to write into.",
)  # fmt: skip
_contacts = click.option(
    "--contacts",
    type=options.Repeated(),
    multiple=True,
    metavar="FILE",
    help="Contact log: CSV or Parquet. Repeat for more.",
)
_map_contacts = click.option(
    "--map-contacts", "contact_mapping", type=options.Mapping(), multiple=True, metavar="FIELD=COLUMN",
    help="Read a field of the contact log from a column of another name.",
)  # fmt: skip
_contacts_header_line = click.option(
    "--contacts-header-line", type=click.IntRange(1), metavar="N",
    help="Line of a CSV file of the contact log on which its header begins; found unless given.",
)  # fmt: skip
_as_of = click.option(
    "--as-of", type=Day(), metavar="DATE", help="The day that it is to be true of; today unless given."
)
_sla = click.option("--sla", type=_TEXT_FILE, metavar="FILE", help="Your own limits, TOML.")
_owners = click.option("--owners", type=_TEXT_FILE, metavar="FILE", help="Who takes practices without an owner, TOML.")
_hooks = click.option("--hooks", type=_TEXT_FILE, metavar="FILE", help="Your own actions, signals and hooks, TOML.")
_scorecard = click.option(
    "--scorecard", "-s", default="rula", show_default=True, metavar="NAME|FILE",
    help="rula, or a .toml file of your own that extends it.",
)  # fmt: skip
_format = click.option(
    "--format", "format", type=click.Choice(["both", "parquet"]), default="both", show_default=True,
    help="Write tables as Parquet and CSV, or as Parquet alone.",
)  # fmt: skip
_duplicates = click.option(
    "--duplicates", type=click.Choice(["error", "first"]), default="error", show_default=True,
    help="What to do when a practice stands twice: stop, or keep the first (by file, then row).",
)  # fmt: skip
_strict = click.option("--strict", is_flag=True, help="Stop at any mistake in the input instead of reporting it.")

_for = click.option(
    "--for", "system", type=click.Choice(["salesforce", "hubspot"]),
    help="Hand what changed to a CRM too, as `icp-engine crm` does; confirm it with `icp-engine crm confirm`.",
)  # fmt: skip
_handoff = click.option(
    "--handoff", type=click.Path(file_okay=False, path_type=Path), default="partners-handoff", show_default=True,
    metavar="DIR", help="Folder of the hand-offs.",
)  # fmt: skip
_crm_mapping = click.option(
    "--crm-mapping", type=_TEXT_FILE, metavar="FILE", help="Fields of your own in the CRM, TOML."
)
_skip_bad = click.option(
    "--skip-bad", is_flag=True, help="Leave out what the importer would refuse, instead of writing nothing."
)

_SCORING = (
    _practices, _out, _scorecard, options.mapping, options.mapping_file, options.reading, _format, _duplicates, _strict,
)  # fmt: skip
_WAITING = (_contacts, _map_contacts, _contacts_header_line, _as_of, _sla, _owners)


def _with(*given: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Add options in the order in which they are given, and those of every long command."""

    def added(command: _Command) -> _Command:
        command = options.long_command(command)
        for option in reversed(given):
            command = option(command)
        return command

    return added


@click.group("partners")
def command() -> None:
    """Score practices as referral partners, keep their records, watch the SLA, write the hooks.

    \b
    Start with:
      icp-engine partners demo
      icp-engine partners run practices.csv --contacts contacts.csv --out partners
    """


@command.command("run")
@_with(*_SCORING, *_WAITING, _hooks)
def run_command(**given: Any) -> None:
    """Do all of it: scores, chart, CRM records, SLA tracker, hooks.

    PRACTICES is one or more Parquet or CSV files, folders or globs. What stands in the folder stays until all
    that is new is complete.

    \b
    Examples:
      icp-engine partners run practices.csv --contacts contacts.csv --out partners
      icp-engine partners run practices.parquet --contacts log.parquet --as-of 2026-03-16 --format parquet
      icp-engine partners run practices.csv --contacts log.csv --owners team.toml --sla ours.toml
    """
    _run(("scores", "crm", "sla", "hooks", "chart"), **given)


@command.command("score")
@_with(*_SCORING, _hooks)
def score_command(**given: Any) -> None:
    """Score practices: the ranked list, and the tiers.

    \b
    Example:
      icp-engine partners score practices.csv --out partners
    """
    _run(("scores",), **given)


@command.command("crm")
@_with(*_SCORING, *_WAITING, _hooks, _for, _handoff, _crm_mapping, _skip_bad)
def crm_command(system: "System | None", handoff: Path, crm_mapping: Path | None, skip_bad: bool, **given: Any) -> None:
    """Keep a CRM record per practice, with its owner; show the owners' workload.

    Practices without an owner get one of --owners, and keep it: who owned a practice in
    rula_crm_records.parquet of --out owns it still. Capacities and territories of the
    file count for clinics alone, see icp-engine crm.

    \b
    Example:
      icp-engine partners crm practices.csv --contacts contacts.csv --owners team.toml
      icp-engine partners crm practices.csv --owners team.toml --for salesforce --handoff partners-handoff
    """
    if system is None:
        _run(("crm",), **given)
        return
    from icp_engine.crm.delivery import Delivery
    from icp_engine.crm.mapping import read_crm_mapping
    from icp_engine.crm.records import Origin

    temp_dir = str(given["temp_dir"]) if given.get("temp_dir") else None
    mapping, inputs = read_crm_mapping(system, crm_mapping), tuple(given["practices"])
    given["hand_off"] = Delivery(mapping, handoff, Origin("", "", ""), inputs, skip_bad, temp_dir)
    _run(("crm",), **given)


@command.command("sla")
@_with(*_SCORING, *_WAITING, _hooks)
def sla_command(**given: Any) -> None:
    """See who has waited too long for contact, and who must act.

    \b
    Examples:
      icp-engine partners sla practices.csv --contacts contacts.csv
      icp-engine partners sla practices.csv --contacts contacts.csv --as-of 2026-03-16 --sla ours.toml
    """
    _run(("sla",), **given)


@command.command("outreach")
@_with(*_SCORING, _hooks)
def outreach_command(**given: Any) -> None:
    """Write a hook for every practice of tier 1: the line to open with.

    \b
    Example:
      icp-engine partners outreach practices.csv --hooks ours.toml
    """
    _run(("hooks",), **given)


@command.command("report")
@_with(*_SCORING, *_WAITING, _hooks)
def report_command(**given: Any) -> None:
    """Draw the chart of scores, as a page and a picture, and show the summary.

    \b
    Example:
      icp-engine partners report practices.csv --contacts contacts.csv --out partners
    """
    _run(("chart",), **given)


@command.command("demo")
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), default="partners-demo", show_default=True,
    metavar="DIR", help="Folder to write into.",
)  # fmt: skip
@click.option("--as-of", type=Day(), default=_DEMO_DAY.isoformat(), show_default=True, metavar="DATE", help="The day.")
@options.quiet
@options.as_json
def demo_command(out: Path, as_of: date, quiet: bool, as_json: bool) -> None:
    """Run everything on ten invented practices and their contact log, on a day in March.

    \b
    Examples:
      icp-engine partners demo
      icp-engine partners demo --as-of 2026-03-18
    """
    from icp_engine.partnerships.demo import CONTACTS, PRACTICES

    _run(
        ("scores", "crm", "sla", "hooks", "chart"),
        practices=(str(PRACTICES),),
        contacts=(str(CONTACTS),),
        out=out,
        as_of=as_of,
        quiet=quiet,
        as_json=as_json,
    )
    if not quiet and not as_json:
        show.say(
            f"\nThe input is {PRACTICES}\nand {CONTACTS.name} beside it. With your own:\n"
            "  icp-engine partners run practices.csv --contacts contacts.csv --out partners"
        )


def _run(parts: Iterable["Part"], **given: Any) -> None:
    """Run the parts, print what a person wants to read of them, and say on stderr what is wrong with the input."""
    from icp_engine.cli.partners import text
    from icp_engine.partnerships.manifest import partner_content
    from icp_engine.partnerships.run import PartnerOptions, run_partners

    practices, out = given.pop("practices"), given.pop("out")
    quiet, as_json = given.pop("quiet"), given.pop("as_json")
    files = {"mapping": given.pop("mapping_file", None)}
    for name in ("mapping", "contact_mapping"):
        given[name] = options.fields_by_column(given.get(name, ()), text.OPTION[name], files.get(name))
    asked = PartnerOptions(**{**given, "temp_dir": given.get("temp_dir") and str(given["temp_dir"])})
    parts = tuple(parts)
    with show.Progress(quiet=quiet or as_json) as progress:
        found = run_partners(practices, out, asked, parts, progress)
    if as_json:
        show.emit(partner_content(found.manifest))
    elif not quiet:
        show.say("\n\n".join(text.sections(found, parts, out)))
        if found.handed_off is not None and asked.hand_off is not None:
            from icp_engine.crm.words import hand_off_text

            show.say(f"\n{hand_off_text(found.handed_off, asked.hand_off.out)}")
    if not quiet:
        for line in text.warnings(found, parts, out):
            show.say(line, err=True)
