"""`icp-engine stability`: does the ranking mean anything."""

from pathlib import Path

import click

from icp_engine.cli import options, show
from icp_engine.cli.documents import print_document


@click.command("stability")
@click.option(
    "--out", "-o", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write the robust clinics of the best tier: .csv, .parquet, .json or .xlsx.",
)  # fmt: skip
@options.warehouse
@options.html_page
@options.as_json
def command(out: Path | None, warehouse: Path, html: Path | None, as_json: bool) -> None:
    """Show which clinics of a published run keep their tier when the weights of the categories are varied.

    Every weight is changed by up to 20% at random and all are brought back to the same sum, 200 times, the same way
    each time. Who is in the best tier whatever the weights is worth calling first. With `run --stability` the share
    of every clinic is a column.

    \b
    Examples:
      icp-engine stability
      icp-engine stability --out robust.csv --html stability.html
    """
    from icp_engine.published.lists import write_list
    from icp_engine.published.run import open_run
    from icp_engine.workbench.stability import robust_clinics, stability

    run = open_run(warehouse)
    if out is not None:
        robust = robust_clinics(run)
        write_list(robust, out)
        show.say(f"{len(robust):,} clinics in {out}", err=True)
    print_document(stability(run), as_json=as_json, html=html)
