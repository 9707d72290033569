"""`icp-engine networks`: list and show."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import options, show
from icp_engine.cli.network_why import network_why_text

if TYPE_CHECKING:
    import polars as pl

    from icp_engine.published.lists import FormerId, NetworkProfile
    from icp_engine.scorecard.model import Scorecard


@click.group("networks")
def command() -> None:
    """List networks, and show one.

    \b
    Examples:
      icp-engine networks list --tier 1,2 --min-clinics 5
      icp-engine networks show net_ebac5a35e974
    """


@command.command("list")
@options.warehouse
@options.tier
@options.segment
@options.state
@options.min_score
@click.option("--min-clinics", type=click.IntRange(1), help="Networks of at least so many clinics.")
@click.option("--min-states", type=click.IntRange(0), help="Networks in at least so many states.")
@click.option("--sort", help="Column of networks_icp to sort by; the score unless given.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many to show.")
@options.as_json
def list_command(
    warehouse: Path,
    tier: tuple[str, ...] | None,
    segment: tuple[str, ...] | None,
    state: str | None,
    min_score: float | None,
    min_clinics: int | None,
    min_states: int | None,
    sort: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List networks, best first.

    \b
    Examples:
      icp-engine networks list --tier 1,2 --segment A --state TX
      icp-engine networks list --sort num_clinics --limit 10
    """
    from icp_engine.published.filters import Filter
    from icp_engine.published.lists import networks
    from icp_engine.published.run import open_run

    run = open_run(warehouse)
    tiers, segments = options.chosen_tiers(tier, run.card), options.chosen_segments(segment, run.card)
    found = networks(run, Filter(tiers, segments, state, min_score, min_clinics, min_states), sort, limit)
    if as_json:
        show.emit(found.to_dicts())
    elif found.is_empty():
        show.say("No networks match.")
    else:
        show.say(_table(found, run.card))


def _table(found: "pl.DataFrame", card: "Scorecard") -> str:
    from icp_engine.networks.neutral import network_names

    names = network_names(card)
    rows = [
        (
            row["network_id"],
            f"{row[names['total_score']]:.2f}",
            row[names["tier_label"]],
            row.get(names["segment"], ""),
            f"{row['num_clinics']:,}",
            f"{row['num_states']:,}",
            show.cut(row["display_name"] or row["network_name"], 48),
        )
        for row in found.iter_rows(named=True)
    ]
    header = ("network", "score", "tier", "segment", "clinics", "states", "name")
    return show.table([header, *rows], "<><<>><", header=True)


@command.command("show")
@click.argument("network_id")
@click.option("--why", is_flag=True, help="Say what ties its clinics, what it hangs on, and what was left out.")
@options.warehouse
@options.as_json
def show_command(network_id: str, why: bool, warehouse: Path, as_json: bool) -> None:
    """Show a network: profile, category scores, members, anchor first.

    \b
    Examples:
      icp-engine networks show net_ebac5a35e974
      icp-engine networks show net_ebac5a35e974 --why
    """
    from icp_engine.published.lists import network
    from icp_engine.published.run import open_run
    from icp_engine.published.why import network_why

    run = open_run(warehouse)
    found = network(run, network_id)
    row = found.network.row(0, named=True)
    reasons = network_why(run, row["network_id"]) if why else None
    if as_json:
        told = {"former": asdict(found.former)} if found.former else {}
        told |= {"why": asdict(reasons)} if reasons else {}
        show.emit({**row, **told, "clinics": found.members.to_dicts()})
        return
    profile, members = _profile(found, run.card)
    led = [_led_from(found.former, row["network_id"])] if found.former else []
    show.say("\n\n".join([*led, profile, *([network_why_text(reasons)] if reasons else []), members]))


def _led_from(former: "FormerId", network_id: str) -> str:
    return f"{former.former_id} is {network_id} since {former.since}: {former.why}."


def _profile(found: "NetworkProfile", card: "Scorecard") -> tuple[str, str]:
    """Return what is said of a network, and the table of its members."""
    from icp_engine.networks.columns import OF_NETWORK
    from icp_engine.networks.neutral import network_names

    names, row = network_names(card), found.network.row(0, named=True)
    segment = f", segment {row[names['segment']]}" if card.segment_source else ""
    scores = (f"{category.name} {row[OF_NETWORK + category.column]:.2f}" for category in card.categories)
    known = [
        ("Score", f"{row[names['total_score']]:.2f}"),
        ("Class", f"{row[names['tier_label']]}{segment}"),
        ("Clinics", f"{row['num_clinics']:,}, states: {row['states_covered'] or 'none known'}"),
        ("Providers", "not known" if row["total_npi_count"] is None else f"{row['total_npi_count']:,}"),
        ("Sites", "not known" if row["total_site_count"] is None else f"{row['total_site_count']:,}"),
        ("Categories", ", ".join(scores)),
        ("Evidence", row["evidence"] or "one shared name"),
        *([("Ambiguous", "names alone tie its clinics across states")] if row["is_ambiguous"] else []),
    ]
    members = [
        (
            "anchor" if member["is_network_anchor"] else "",
            f"{member[card.column('total_score')]:.2f}",
            member[card.column("tier_label")],
            member["state_code"] or "",
            show.cut(member["account_name"] or "", 48),
            member["clinic_id"],
        )
        for member in found.members.iter_rows(named=True)
    ]
    head = f"{row['display_name'] or row['network_name']}  ({row['network_id']})"
    table = show.table([("", "score", "tier", "state", "clinic", "id"), *members], "<><<<<", header=True)
    return f"{head}\n{show.table(known, '<<', indent='  ')}", table
