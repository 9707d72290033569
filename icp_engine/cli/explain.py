"""`icp-engine explain`: one clinic's score as a waterfall."""

from pathlib import Path

import click

from icp_engine.cli import options, show


@click.command("explain")
@click.argument("clinic_id")
@options.warehouse
@options.as_json
def command(clinic_id: str, warehouse: Path, as_json: bool) -> None:
    """Say why a clinic scored what it scored.

    Every category, every characteristic: the value, its points, the reason, and what is missing.

    \b
    Examples:
      icp-engine explain caprock-home-health-services-inc--TX
      icp-engine explain 1234567893 --warehouse warehouse --json
    """
    from icp_engine.published.explain import explain_clinic
    from icp_engine.published.run import open_run
    from icp_engine.scoring.explanation import bibliography_content

    found = explain_clinic(open_run(warehouse), clinic_id)
    if as_json:
        show.emit(bibliography_content(found.bibliography))
    else:
        show.say(str(found))
