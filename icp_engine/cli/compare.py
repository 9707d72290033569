"""`icp-engine compare`: what changed from one run to the next."""

from pathlib import Path

import click

from icp_engine.cli import documents, options, show


@click.command("compare")
@click.argument("old")
@click.argument("new")
@options.warehouse
@click.option(
    "--scorecard", "-s", "cards", multiple=True, type=options.Repeated(), metavar="FILE",
    help="Scorecard of a Parquet file that does not ship and lies in no run. Repeat for more.",
)  # fmt: skip
@options.html_page
@options.as_json
def command(old: str, new: str, warehouse: Path, cards: tuple[str, ...], html: Path | None, as_json: bool) -> None:
    """Show what became of clinics and networks from run OLD to run NEW, and why.

    Who is new, gone, or in another tier; whether data, rules or both did it, and which
    characteristic and field. Old ids of networks lead to the networks of their clinics now.
    OLD and NEW are names of runs that the warehouse keeps, warehouses, or Parquet files of results.

    \b
    Examples:
      icp-engine compare before/ warehouse/ --html changes.html
      icp-engine compare 20261122T083012Z-1a2b3c warehouse
      icp-engine compare march/clinics_icp.parquet april/clinics_icp.parquet --json
    """
    from icp_engine.workbench.compare import compare
    from icp_engine.workbench.sides import open_side

    with show.Progress(quiet=as_json) as progress, options.reading_errors((old, new)):
        progress("compare", 0, 0)
        document = compare(open_side(old, warehouse, cards), open_side(new, warehouse, cards))
    documents.print_document(document, as_json=as_json, html=html)
