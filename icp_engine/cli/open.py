"""`icp-engine open`: the published run in a browser of this machine."""

import re
from pathlib import Path

import click

from icp_engine.cli import options, serve

_LISTENING = re.compile(r"Listening on (http://\S+);")
_CONNECTIONS = 200


@click.command("open")
@options.warehouse
@click.option(
    "--port", "-p", type=click.IntRange(0, 65535), default=0, show_default="a free one", help="Port to listen on."
)
@options.threads
@options.quiet
def command(warehouse: Path, port: int, quiet: bool) -> None:
    """Open the published run in a browser of this machine, until Ctrl-C.

    \b
    Example:
      icp-engine open --warehouse warehouse
    """

    def told(text: str) -> None:
        serve.say(text, quiet=quiet)
        if found := _LISTENING.match(text):
            _browse(found[1])

    serve.start(warehouse, "127.0.0.1", port, ((), (), _CONNECTIONS), None, told, log=False)


def _browse(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        serve.say(f"There is no browser here that can be opened; open {address} in one.", quiet=False)
