"""`icp-engine charts`: the pictures of a published run, as pages and as PNG."""

from pathlib import Path

import click

from icp_engine.cli import options, show


@click.command("charts")
@options.warehouse
@click.option("--png", is_flag=True, help="Also as PNG; needs an installed Chrome or Chromium.")
@click.option("--clinic", metavar="CLINIC_ID", help="Draw the score of this clinic alone, as a waterfall.")
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Folder to write into; charts/ of the warehouse unless given.",
)  # fmt: skip
@options.scorecard_of_run
@options.quiet
@options.as_json
def command(
    warehouse: Path, png: bool, clinic: str | None, out: Path | None, scorecard: str | None, quiet: bool, as_json: bool
) -> None:
    """Draw the charts of a published run.

    A page per chart, which needs no network; with --png a picture too.

    \b
    Examples:
      icp-engine charts --warehouse warehouse
      icp-engine charts --png --out slides
      icp-engine charts --clinic unity-home-nursing--CO --out slides --png
      icp-engine charts --scorecard icf --out slides
    """
    with options.extra("charts"):
        from icp_engine.report.publishing import publish_charts

    with show.Progress(quiet=quiet or as_json) as progress:
        paths = publish_charts(warehouse, out, clinic=clinic, scorecard=scorecard, png=png, report=progress)
    if as_json:
        show.emit([str(path) for path in paths])
    elif not quiet:
        show.say("\n".join(map(str, paths)))
