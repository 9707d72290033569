"""`icp-engine crm`: the hand-off to Salesforce and HubSpot."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from icp_engine.cli import options, show

if TYPE_CHECKING:
    from icp_engine.crm.mapping import CrmMapping, System
    from icp_engine.crm.setup import CustomField

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FILE = click.Path(dir_okay=False, path_type=Path)
_out = click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), default="handoff", show_default=True,
    metavar="DIR", help="Folder of the hand-offs to one CRM.",
)  # fmt: skip
_mapping = click.option(
    "--crm-mapping",
    "mapping",
    type=_FILE,
    metavar="FILE",
    help="Fields of your own, TOML: added to the shipped ones, or instead.",
)
_owners = click.option("--owners", type=_FILE, metavar="FILE", help="Who takes accounts, TOML; nobody unless given.")
_tier = click.option(
    "--tier", type=options.Several(), default="1,2", show_default=True, metavar="1,2",
    help="Tiers, separated by commas; an account that the CRM has is kept up to date whatever its tier.",
)  # fmt: skip
_suppress = click.option(
    "--suppress", type=_FILE, metavar="FILE",
    help="Accounts to leave alone, CSV or Parquet: clinic_id, npi, or account_name and state_code; perhaps a reason.",
)  # fmt: skip
_skip_bad = click.option(
    "--skip-bad", is_flag=True, help="Leave out what the importer would refuse, instead of writing nothing."
)

_HAND_OFF = (
    options.warehouse, _out, _mapping, _tier, options.segment, options.state, options.min_score, _owners, _suppress,
    _skip_bad, options.scorecard_of_run, options.threads, options.temp_dir, options.quiet, options.as_json,
)  # fmt: skip


def _with(command: _Command) -> _Command:
    for option in reversed(_HAND_OFF):
        command = option(command)
    return command


@click.group("crm")
def command() -> None:
    """Hand clinics and networks to a CRM: changed rows only, checked before, reversible after.

    Files and the vendors' own command lines; nothing is sent anywhere.

    \b
    Start with:
      icp-engine crm fields salesforce
      icp-engine crm salesforce --out handoff
      icp-engine crm confirm success.csv errors.csv --out handoff
    """


@command.command("salesforce")
@_with
def salesforce_command(**given: Any) -> None:
    """Write what changed since the last confirmed hand-off as files of Salesforce's Bulk API 2.0.

    \b
    Examples:
      icp-engine crm salesforce --out handoff
      icp-engine crm salesforce --tier 1,2 --state TX --owners team.toml --suppress customers.csv
    """
    _hand_off("salesforce", **given)


@command.command("hubspot")
@_with
def hubspot_command(**given: Any) -> None:
    """Write what changed since the last confirmed hand-off as files and requests of HubSpot's imports.

    \b
    Example:
      icp-engine crm hubspot --out handoff --owners team.toml
    """
    _hand_off("hubspot", **given)


def _hand_off(
    system: "System",
    warehouse: Path,
    out: Path,
    mapping: Path | None,
    tier: tuple[str, ...] | None,
    segment: tuple[str, ...] | None,
    state: str | None,
    min_score: float | None,
    owners: Path | None,
    suppress: Path | None,
    skip_bad: bool,
    scorecard: str | None,
    temp_dir: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    import msgspec

    from icp_engine.crm.handoff import HandOffOptions, hand_off
    from icp_engine.crm.mapping import read_crm_mapping
    from icp_engine.crm.team import read_team_file
    from icp_engine.crm.words import hand_off_text
    from icp_engine.published.filters import Filter
    from icp_engine.published.run import open_run

    run = open_run(warehouse).of(scorecard)
    wanted = Filter(options.chosen_tiers(tier, run.card), options.chosen_segments(segment, run.card), state, min_score)
    team = read_team_file(owners, addresses=True, segments=run.card.segments) if owners else ()
    asked = HandOffOptions(wanted, team, suppress, skip_bad, str(temp_dir) if temp_dir else None)
    found = hand_off(run, read_crm_mapping(system, mapping), out, asked)
    if as_json:
        show.emit(msgspec.to_builtins(found))
    elif not quiet:
        show.say(hand_off_text(found, out))


@command.command("confirm")
@click.argument("results", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@_out
@click.option("--rollback", is_flag=True, help="They are the results of the files in rollback/.")
@click.option("--no-errors", is_flag=True, help="Everything succeeded: HubSpot leaves no file then.")
@options.quiet
@options.as_json
def confirm_command(
    results: tuple[Path, ...], out: Path, rollback: bool, no_errors: bool, quiet: bool, as_json: bool
) -> None:
    """Say what became of the last hand-off, so that the next one knows what the CRM holds.

    RESULTS are the files of success, of errors and of unprocessed rows that `sf data bulk results` writes, or
    HubSpot's file of errors. What failed is written once more into retry/, and comes again with the next hand-off.

    \b
    Examples:
      icp-engine crm confirm 750xx-success-records.csv 750xx-failed-records.csv --out handoff
      icp-engine crm confirm --rollback 750yy-success-records.csv --out handoff
      icp-engine crm confirm import-errors.csv --out hubspot
    """
    import msgspec

    from icp_engine.crm.confirm import confirm
    from icp_engine.crm.words import confirmed_text

    found = confirm(out, results, rollback=rollback, no_errors=no_errors)
    if as_json:
        show.emit(msgspec.to_builtins(found.found))
    elif not quiet:
        show.say(confirmed_text(found, out, rollback=rollback))


@command.command("fields")
@click.argument("system", type=click.Choice(["salesforce", "hubspot"]), metavar="SYSTEM")
@options.warehouse
@_mapping
@options.scorecard_of_run
@click.option("--practices", is_flag=True, help="Those of referral partners, which need no run, instead.")
@click.option("--xml", is_flag=True, help="Print the metadata of Salesforce instead of a table.")
@click.option(
    "--out",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a new folder that `sf project deploy start --metadata-dir` takes.",
)
@options.as_json
def fields_command(
    system: "System",
    warehouse: Path,
    mapping: Path | None,
    scorecard: str | None,
    practices: bool,
    xml: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """List the fields to create in the CRM before the first import, with the values of picklists.

    SYSTEM is salesforce or hubspot. --json prints them as the request by which HubSpot creates properties.

    \b
    Examples:
      icp-engine crm fields salesforce
      icp-engine crm fields salesforce --out icp-fields
      icp-engine crm fields hubspot --json
      icp-engine crm fields salesforce --practices
    """
    from icp_engine.crm import setup
    from icp_engine.crm.mapping import read_crm_mapping
    from icp_engine.display import table
    from icp_engine.published.run import open_run

    if system == "hubspot" and (xml or out):
        raise click.UsageError("--xml and --out are for salesforce; HubSpot takes what --json prints.")
    found = read_crm_mapping(system, mapping)
    fields = _of_practices(found) if practices else setup.custom_fields(open_run(warehouse).of(scorecard), found)
    if out is not None:
        setup.write_metadata(out, fields, found.object)
        show.say(f"{len(fields)} fields in {out}; create them with: sf project deploy start --metadata-dir {out}")
    elif xml:
        show.say(setup.metadata_xml(fields).rstrip())
    elif as_json:
        show.emit(setup.properties_content(fields))
    else:
        show.say(table([setup.HEADING, *setup.field_rows(fields)], "<<><<<<", header=True))


def _of_practices(mapping: "CrmMapping") -> "tuple[CustomField, ...]":
    """Return the fields to create for referral partners, as the shipped scorecard and rules have them."""
    from icp_engine.crm.setup import to_create
    from icp_engine.partnerships.columns import practice_fields
    from icp_engine.partnerships.handoff import practice_crm_fields
    from icp_engine.partnerships.rules import read_rules
    from icp_engine.partnerships.run import PartnerOptions
    from icp_engine.scorecard.loader import load_scorecard

    card = load_scorecard(PartnerOptions().scorecard)
    schema = {name: field.dtype for name, field in practice_fields(card).items()}
    return to_create(practice_crm_fields(mapping, schema, card, read_rules(card), owners=True), mapping)


@command.command("plan")
@options.warehouse
@click.option(
    "--owners", type=_FILE, metavar="FILE", required=True, help="The team, TOML, with touches_a_week of each."
)
@click.option("--sla", type=_FILE, metavar="FILE", help="Your own limits of the tiers, TOML.")
@options.scorecard_of_run
@options.as_json
def plan_command(warehouse: Path, owners: Path, sla: Path | None, scorecard: str | None, as_json: bool) -> None:
    """Say what the tiers cost against the people there are.

    A clinic whose tier has a limit of 2 days is due again every 2 days: 3.5 touches a week.

    \b
    Examples:
      icp-engine crm plan --owners team.toml
      icp-engine crm plan --owners team.toml --sla ours.toml --json
    """
    from dataclasses import asdict

    from icp_engine.crm.plan import make_plan
    from icp_engine.crm.team import read_team_file
    from icp_engine.crm.words import plan_text
    from icp_engine.partnerships.rules import read_sla_rules
    from icp_engine.published.run import open_run

    run = open_run(warehouse).of(scorecard)
    limits = read_sla_rules(run.card, sla).days_between_touches
    plan = make_plan(run, read_team_file(owners, addresses=False, segments=run.card.segments), limits)
    if as_json:
        show.emit(asdict(plan))
    else:
        show.say(plan_text(plan))
