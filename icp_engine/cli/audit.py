"""`icp-engine audit`: the checks that published results always pass."""

from pathlib import Path

import click

from icp_engine.cli import options, show


@click.command("audit")
@options.warehouse
@options.as_json
def command(warehouse: Path, as_json: bool) -> None:
    """Audit the published results; exits with 3 when a check fails.

    Every run is audited before it is published. This does it once more, on the files as they are now.

    \b
    Example:
      icp-engine audit --warehouse warehouse
    """
    from icp_engine.errors import GateError
    from icp_engine.published.lists import audits
    from icp_engine.published.run import open_run

    found = audits(open_run(warehouse))
    if as_json:
        show.emit({name: rows.head(100).to_dicts() for name, rows in found.items()})
    else:
        rows = [
            (name.removeprefix("audits/"), "ok" if not len(rows) else f"{len(rows):,} rows")
            for name, rows in found.items()
        ]
        show.say(show.table(rows, "<<"))
    failed = [name for name, rows in found.items() if len(rows)]
    if failed:
        raise GateError(
            f"{len(failed)} of {len(found)} audits failed: {', '.join(failed)}; run again from the extract."
        )
