"""`icp-engine report`: the page of a published run."""

from pathlib import Path

import click

from icp_engine.cli import options, show


@click.command("report")
@options.warehouse
@click.option(
    "--out", "-o", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Where to write it; report.html of the warehouse unless given.",
)  # fmt: skip
@options.quiet
@options.as_json
def command(warehouse: Path, out: Path | None, quiet: bool, as_json: bool) -> None:
    """Write the report of a published run: one page that needs no network.

    Headline figures, charts, whom to call, data quality, how the score works. It can be mailed as it is.

    \b
    Examples:
      icp-engine report --warehouse warehouse
      icp-engine report --out icp-november.html
    """
    with options.extra("charts"):
        from icp_engine.report.publishing import publish_report

    with show.Progress(quiet=quiet or as_json) as progress:
        path = publish_report(warehouse, out, report=progress)
    if as_json:
        show.emit({"report": str(path)})
    elif not quiet:
        show.say(str(path))
