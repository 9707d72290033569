"""`icp-engine serve`: the published run over HTTP."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from icp_engine.cli import options, show

TOKEN = "ICP_API_TOKEN"


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
@click.option("--curate", is_flag=True, help="Let people decide on networks at /review.")
@click.option("--author", metavar="NAME", help="Who decides where nobody signs in.")
@click.option(
    "--decisions", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="File that decisions go to; decisions.csv of the results' folder unless given.",
)  # fmt: skip
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
    curate: bool,
    author: str | None,
    decisions: Path | None,
    quiet: bool,
) -> None:
    """Serve the published run over HTTP: pages for people, and an API for programs, read-only.

    Pages begin at /; /docs lists what the API can be asked. A newer run is picked up while it is running. With
    ICP_API_TOKEN in the environment, people sign in with it and programs send it as a bearer token; without it, only
    this machine is listened to. Ctrl-C or SIGTERM ends it, with exit code 0.

    \b
    Examples:
      icp-engine serve --warehouse warehouse --port 8000
      icp-engine serve --curate --author Ann
      ICP_API_TOKEN=secret icp-engine serve --host 0.0.0.0
    """
    if curate and not author and not os.environ.get(TOKEN, "").strip():
        raise click.UsageError(f"--curate wants to know who decides: add --author NAME, or set a token in {TOKEN}.")
    limits = (allowed_host, cors_origin, max_connections)
    curating = (decisions or warehouse / "decisions.csv", author or "") if curate else None
    start(warehouse, host, port, limits, curating, lambda text: say(text, quiet=quiet), log=access_log)


def start(
    warehouse: Path,
    host: str,
    port: int,
    limits: tuple[tuple[str, ...], tuple[str, ...], int],
    curating: tuple[Path, str] | None,
    told: Callable[[str], None],
    *,
    log: bool,
) -> None:
    """Answer requests until interrupted; with a token where one is set."""
    with options.extra("api"):
        from icp_engine.api.server import Limits, serve
        from icp_engine.web.curation import Curation
        from icp_engine.web.site import Site

    curation = Curation(*curating) if curating else None
    token = os.environ.get(TOKEN, "").strip() or None
    serve(warehouse, host, port, token, limits=Limits(*limits, partial(Site, curation=curation)), say=told, log=log)


def say(text: str, *, quiet: bool) -> None:
    """Print a line on stderr, unless nothing is wanted there."""
    with suppress(OSError):  # nobody reads stderr any more; requests are answered all the same
        if not quiet:
            show.say(text, err=True)
