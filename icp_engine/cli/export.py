"""`icp-engine export`: the list that somebody asked for by e-mail."""

from pathlib import Path
from typing import Literal

import click

from icp_engine.cli import options


@click.command("export")
@click.option("--what", type=click.Choice(["clinics", "networks"]), default="clinics", show_default=True, help="Rows.")
@options.warehouse
@options.tier
@options.segment
@options.state
@options.min_score
@click.option("--columns", help="Columns, separated by commas; a standard set unless given.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "parquet", "xlsx"]),
    default="csv",
    show_default=True,
    help="Kind of file.",
)
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="CSV goes to stdout unless given.",
)
def command(
    what: Literal["clinics", "networks"],
    warehouse: Path,
    tier: tuple[str, ...] | None,
    segment: tuple[str, ...] | None,
    state: str | None,
    min_score: float | None,
    columns: str | None,
    format_: str,
    out: Path | None,
) -> None:
    """Write a list of clinics or networks, best first.

    \b
    Examples:
      icp-engine export --tier 1,2 --segment A --state TX --out texas.csv
      icp-engine export --what networks --tier 1 --format xlsx --out networks.xlsx
      icp-engine export --tier 1 --columns clinic_id,account_name,icp_total_score
    """
    from icp_engine.published.filters import Filter
    from icp_engine.published.lists import export, write_list
    from icp_engine.published.run import open_run
    from icp_engine.tables.writer import flat

    if out is None and format_ != "csv":
        raise click.UsageError(f"--format {format_} needs --out FILE.")
    chosen = [name.strip() for name in columns.split(",") if name.strip()] if columns else []
    run = open_run(warehouse)
    wanted = Filter(options.chosen_tiers(tier, run.card), options.chosen_segments(segment, run.card), state, min_score)
    found = export(run, what, wanted, chosen)
    if out is None:
        click.echo(flat(found).write_csv(), nl=False)
    else:
        path = out if out.suffix.lower() == f".{format_}" else out.with_name(f"{out.name}.{format_}")
        write_list(found, path)
        click.echo(f"{len(found):,} {what} in {path}", err=True)
