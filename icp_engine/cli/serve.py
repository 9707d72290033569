"""`icp-engine serve`: the published run over HTTP."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

from icp_engine.cli import options, show


@click.command("serve")
@options.warehouse
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", "-p", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 takes any.")
@click.option("--access-log", is_flag=True, help="Print a line for every request.")
@click.option(
    "--allowed-host",
    type=options.Repeated(),
    multiple=True,
    metavar="NAME",
    help="Host to go by besides localhost. Repeat for more.",
)
@click.option(
    "--cors-origin",
    type=options.Repeated(),
    multiple=True,
    metavar="URL",
    help="Origin whose pages may ask. Repeat for more.",
)
@click.option(
    "--max-connections",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="So many at once; others get 503.",
)
@options.threads
@options.quiet
def command(
    warehouse: Path,
    host: str,
    port: int,
    access_log: bool,
    allowed_host: tuple[str, ...],
    cors_origin: tuple[str, ...],
    max_connections: int,
    quiet: bool,
) -> None:
    """Serve the published run over HTTP: pages for people, and an API for programs, read-only.

    Pages begin at /; /docs lists what the API can be asked. A newer run is picked up while it is running. With
    ICP_API_TOKEN in the environment, people sign in with it and programs send it as a bearer token; without it, only
    this machine is listened to. Ctrl-C or SIGTERM ends it, with exit code 0.

    \b
    Examples:
      icp-engine serve --warehouse warehouse --port 8000
      ICP_API_TOKEN=secret icp-engine serve --host 0.0.0.0
    """
    limits = (allowed_host, cors_origin, max_connections)
    start(warehouse, host, port, limits, lambda text: say(text, quiet=quiet), log=access_log)


def start(
    warehouse: Path,
    host: str,
    port: int,
    limits: tuple[tuple[str, ...], tuple[str, ...], int],
    told: Callable[[str], None],
    *,
    log: bool,
) -> None:
    """Answer requests until interrupted; with a token where one is set."""
    with options.extra("api"):
        from icp_engine.api.access import TOKEN
        from icp_engine.api.server import Limits, serve
        from icp_engine.web.site import Site

    token = os.environ.get(TOKEN, "").strip() or None
    serve(warehouse, host, port, token, limits=Limits(*limits, Site), say=told, log=log)


def say(text: str, *, quiet: bool) -> None:
    """Print a line on stderr, unless nothing is wanted there."""
    with suppress(OSError):  # nobody reads stderr any more; requests are answered all the same
        if not quiet:
            show.say(text, err=True)
