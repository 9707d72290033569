"""`icp-engine export`: the list that somebody asked for by e-mail."""

from pathlib import Path
from typing import Literal

import click

from icp_engine.cli import options, show

_FORMATS = ("csv", "parquet", "xlsx", "json")
_FOR_PEOPLE = """This list is for reading in Excel, not for a CRM: an id such as 00123 stands there as ="00123",
and a text that would run as a formula has ' in front. Leave --for out to get values as they are."""


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
    type=click.Choice(_FORMATS),
    help="Kind of file; what --out ends in, or CSV, unless given.",
)
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="CSV goes to stdout unless given.",
)
@click.option(
    "--for", "reader", type=click.Choice(["excel"]),
    help="CSV that Excel opens unharmed: no formula runs, ids and ZIP codes stay text. Not for a CRM.",
)  # fmt: skip
@options.scorecard_of_run
def command(
    what: Literal["clinics", "networks"],
    warehouse: Path,
    tier: tuple[str, ...] | None,
    segment: tuple[str, ...] | None,
    state: str | None,
    min_score: float | None,
    columns: str | None,
    format_: str | None,
    out: Path | None,
    reader: str | None,
    scorecard: str | None,
) -> None:
    """Write a list of clinics or networks, best first.

    \b
    Examples:
      icp-engine export --tier 1,2 --segment A --state TX --out texas.csv
      icp-engine export --what networks --tier 1 --out networks.xlsx
      icp-engine export --scorecard icf --tier 1 --out prime.csv
      icp-engine export --tier 1 --for excel --out call.csv
      icp-engine export --tier 1 --columns clinic_id,account_name,icp_total_score
    """
    from icp_engine.published.filters import Filter
    from icp_engine.published.lists import export, write_list
    from icp_engine.published.run import open_run
    from icp_engine.tables.excel import excel_csv
    from icp_engine.tables.writer import flat

    path = _named(out, format_)
    if reader and path and path.suffix.lower() != ".csv":
        raise click.UsageError(f"--for {reader} is a kind of CSV; leave it out for {path.name}, which opens as it is.")
    chosen = [name.strip() for name in columns.split(",") if name.strip()] if columns else []
    if what == "networks" and scorecard is not None:
        raise click.UsageError("Networks have scores of the main scorecard alone; leave --scorecard out.")
    run = open_run(warehouse).of(scorecard)
    wanted = Filter(options.chosen_tiers(tier, run.card), options.chosen_segments(segment, run.card), state, min_score)
    found = export(run, what, wanted, chosen)
    if path is None:
        show.csv(excel_csv(found) if reader else flat(found).write_csv().encode())
    else:
        write_list(found, path, for_excel=bool(reader))
        show.say(f"{len(found):,} {what} in {path}", err=True)
    if reader:
        show.say(_FOR_PEOPLE, err=True)


def _named(out: Path | None, kind: str | None) -> Path | None:
    """Return the file to write, named by its format; None for stdout."""
    if out is None:
        if kind not in (None, "csv"):
            raise click.UsageError(f"--format {kind} needs --out FILE.")
        return None
    ending = out.suffix.lower().removeprefix(".")
    if kind is None or ending == kind:
        return out if ending in _FORMATS else out.with_name(f"{out.name}.{kind or 'csv'}")
    if ending in _FORMATS:
        raise click.UsageError(f"--format {kind} and --out {out} name two formats; drop --format, or name it .{kind}.")
    return out.with_name(f"{out.name}.{kind}")
