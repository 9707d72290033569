"""`icp-engine networks`: list and show."""

from pathlib import Path
from typing import Any

import click

from icp_engine.cli import options, show


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
@click.option("--sort", default="network_icp_total_score", show_default=True, help="Column of networks_icp to sort by.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many to show.")
@options.as_json
def list_command(
    warehouse: Path,
    tier: tuple[int, ...] | None,
    segment: tuple[str, ...] | None,
    state: str | None,
    min_score: float | None,
    min_clinics: int | None,
    min_states: int | None,
    sort: str,
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

    wanted = Filter(tier, segment, state, min_score, min_clinics, min_states)
    found = networks(open_run(warehouse), wanted, sort, limit)
    if as_json:
        show.emit(found.to_dicts())
    elif found.is_empty():
        click.echo("No network is so.")
    else:
        rows = [
            (
                one["network_id"],
                f"{one['network_icp_total_score']:.2f}",
                one["network_icp_tier_label"],
                one["network_icp_segment"],
                f"{one['num_clinics']:,}",
                f"{one['num_states']:,}",
                show.cut(one["display_name"] or one["network_name"], 48),
            )
            for one in found.iter_rows(named=True)
        ]
        click.echo(
            show.table(
                [("network", "score", "tier", "segment", "clinics", "states", "name"), *rows], "<><<>><", header=True
            )
        )


@command.command("show")
@click.argument("network_id")
@options.warehouse
@options.as_json
def show_command(network_id: str, warehouse: Path, as_json: bool) -> None:
    """Show a network: profile, category scores, members, anchor first.

    \b
    Example:
      icp-engine networks show net_ebac5a35e974
    """
    from icp_engine.published.lists import network
    from icp_engine.published.run import open_run

    found = network(open_run(warehouse), network_id)
    profile, members = found.network.row(0, named=True), found.members.to_dicts()
    if as_json:
        show.emit({**profile, "clinics": members})
    else:
        click.echo(_profile(profile, members))


def _profile(one: dict[str, Any], members: list[dict[str, Any]]) -> str:
    parts = ("fit", "pain", "compliance", "propensity", "scale", "segment")
    known = [
        ("Score", f"{one['network_icp_total_score']:.2f}"),
        ("Class", f"{one['network_icp_tier_label']}, segment {one['network_icp_segment']}"),
        ("Clinics", f"{one['num_clinics']:,}, states: {one['states_covered'] or 'none known'}"),
        ("Providers", "not known" if one["total_npi_count"] is None else f"{one['total_npi_count']:,}"),
        ("Sites", "not known" if one["total_site_count"] is None else f"{one['total_site_count']:,}"),
        ("Categories", ", ".join(f"{part} {one[f'network_icp_{part}_score']:.2f}" for part in parts)),
        ("Evidence", "one shared name in two states" if one["is_ambiguous"] else "one shared name"),
    ]
    rows = [
        (
            "anchor" if member["is_network_anchor"] else "",
            f"{member['icp_total_score']:.2f}",
            member["icp_tier_label"],
            member["state_code"] or "",
            show.cut(member["account_name"] or "", 48),
            member["clinic_id"],
        )
        for member in members
    ]
    head = f"{one['display_name'] or one['network_name']}  ({one['network_id']})"
    table = show.table([("", "score", "tier", "state", "clinic", "id"), *rows], "<><<<<", header=True)
    return f"{head}\n{show.table(known, '<<', indent='  ')}\n\n{table}"
