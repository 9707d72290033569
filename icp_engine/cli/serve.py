"""`icp-engine serve`: the published run over HTTP."""

import os
from pathlib import Path

import click

from icp_engine.cli import options, show


@click.command("serve")
@options.warehouse
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", "-p", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 takes any.")
@click.option("--access-log", is_flag=True, help="Print a line for every request.")
@options.threads
@options.quiet
def command(warehouse: Path, host: str, port: int, access_log: bool, quiet: bool) -> None:
    """Serve the published run over HTTP, read-only.

    Clinics, networks and statistics as JSON or CSV; /docs lists what can be asked. A newer run is picked up while it is
    running. With ICP_API_TOKEN in the environment, requests must carry it as a bearer token; without it, only this
    machine is listened to. Ctrl-C or SIGTERM ends it, with exit code 0.

    \b
    Examples:
      icp-engine serve --warehouse warehouse --port 8000
      ICP_API_TOKEN=secret icp-engine serve --host 0.0.0.0
    """
    with options.extra("api"):
        from icp_engine.api.access import TOKEN
        from icp_engine.api.server import serve

    token = os.environ.get(TOKEN, "").strip() or None
    serve(warehouse, host, port, token, say=lambda text: None if quiet else show.say(text, err=True), log=access_log)
