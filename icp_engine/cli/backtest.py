"""`icp-engine backtest`: scores against what became of accounts."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import documents, options, show

if TYPE_CHECKING:
    from icp_engine.extract.reading import Reading


@click.command("backtest")
@click.option(
    "--outcomes", multiple=True, required=True, metavar="PATH",
    help="File of won and lost accounts. Repeat for more.",
)  # fmt: skip
@options.warehouse
@options.mapping
@options.mapping_file
@options.reading
@click.option("--top", type=click.IntRange(1), metavar="N", help="One more number of best clinics to look at.")
@options.html_page
@options.as_json
def command(
    outcomes: tuple[str, ...],
    warehouse: Path,
    mapping: tuple[tuple[str, str], ...],
    mapping_file: Path | None,
    reading: "Reading",
    top: int | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Hold the scores of a published run against accounts that were won and lost.

    By tier, segment, score and band: how many were won, how sure that is, and how much better than the
    average; which bands contradict their points. The file has an outcome (won, lost, or a stage such as
    Closed Won), and clinic_id or account_name with state_code; a date where it is known.
    It proposes nothing.

    \b
    Examples:
      icp-engine backtest --outcomes deals.csv
      icp-engine backtest --outcomes deals.csv --map outcome=Result --top 250 --html backtest.html
    """
    from icp_engine.published.run import open_run
    from icp_engine.workbench.backtest import backtest
    from icp_engine.workbench.outcomes import read_outcomes

    run, fields = open_run(warehouse), options.fields_by_column(mapping, file=mapping_file)
    with show.Progress(quiet=as_json) as progress, options.reading_errors(outcomes):
        progress("match", 0, 0)
        document = backtest(run, read_outcomes(outcomes, run, fields, reading), top)
    documents.print_document(document, as_json=as_json, html=html)
