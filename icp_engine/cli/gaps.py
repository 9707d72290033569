"""`icp-engine gaps`: what is not known, and what hangs on it."""

from pathlib import Path

import click

from icp_engine.cli import options, show
from icp_engine.cli.documents import print_document


@click.command("gaps")
@click.option("--field", metavar="FIELD", help="With --out: the field that the listed clinics lack.")
@click.option(
    "--out", "-o", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write the clinics that lack the field, those first whose tier hangs on it: .csv, .parquet, .json or .xlsx.",
)  # fmt: skip
@options.warehouse
@options.html_page
@options.as_json
def command(field: str | None, out: Path | None, warehouse: Path, html: Path | None, as_json: bool) -> None:
    """Show which missing field hides the most: is a low score a poor prospect or a missing file?

    Per field how many clinics lack it, the points at stake, and how many could change tier and which way, by state and
    segment. The field on top would lift the most clinics into a better tier: what to buy or look up first.

    \b
    Examples:
      icp-engine gaps
      icp-engine gaps --html gaps.html
      icp-engine gaps --field bene_count --out list.csv
    """
    if (field is None) != (out is None):
        raise click.UsageError(
            "--field and --out go together: the field that clinics lack, and the file to list them in."
        )
    from icp_engine.published.run import open_run

    run = open_run(warehouse)
    if field is not None and out is not None:
        from icp_engine.published.lists import write_list
        from icp_engine.workbench.gaps import clinics_lacking

        found = clinics_lacking(run, field)
        write_list(found, out)
        show.say(f"{len(found):,} clinics without {field} in {out}", err=True)
        return
    from icp_engine.workbench.gaps import gaps_document

    print_document(gaps_document(run), as_json=as_json, html=html)
