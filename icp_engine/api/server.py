"""The server process: a port, a run to answer from, and an orderly end."""

import logging
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from uvicorn.logging import AccessFormatter

from icp_engine.api.access import LOCAL, HostCheck, check_host
from icp_engine.api.answers import NETWORK, RUN, TOTAL
from icp_engine.api.app import Application
from icp_engine.api.current import Current
from icp_engine.api.open_files import room_for
from icp_engine.api.protocol import limited
from icp_engine.errors import InputError, printable

_PATIENCE = 5  # seconds that requests have to finish once the server is to end
_LOGGING: dict[str, Any] = {  # all of it on stderr, as everything that is not data
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "error": {"()": "icp_engine.api.server.PrintableFormatter"},
        "access": {
            "()": "icp_engine.api.server.PrintableAccessFormatter",
            "use_colors": False,  # which are control characters too
            "fmt": '%(client_addr)s "%(request_line)s" %(status_code)s',
        },
    },
    "filters": {"once": {"()": "icp_engine.api.open_files.Once"}},
    "handlers": {
        name: {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": name}
        for name in ("error", "access")
    },
    "loggers": {
        "asyncio": {"handlers": ["error"], "level": "WARNING", "filters": ["once"], "propagate": False},
        "uvicorn.error": {"handlers": ["error"], "level": "WARNING"},
        "uvicorn.access": {"handlers": ["access"], "level": "INFO"},
    },
}


class PrintableFormatter(logging.Formatter):
    """Writes a message and its traceback; control characters of a request that they repeat do nothing to a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines to write."""
        return printable(super().format(record))


class PrintableAccessFormatter(PrintableFormatter, AccessFormatter):
    """The same for the line of a request."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Hosts that the server goes by besides those of this machine, origins of pages that may ask, and connections.

    `pages` puts pages before the API, given it, the run that answers and the token.
    """

    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    max_connections: int = 200
    pages: Callable[[ASGIApp, Current, str | None], ASGIApp] = lambda app, *_: app


def _guarded(app: ASGIApp, host: str, token: str | None, limits: Limits) -> ASGIApp:
    """Return the application behind its checks. With a token any host will do, unless some are named."""
    if limits.cors_origins:
        shown = [RUN, "ETag", "Link", TOTAL, NETWORK]
        app = CORSMiddleware(
            app, limits.cors_origins, allow_methods=["GET"], allow_headers=["Authorization"], expose_headers=shown
        )
    if token is None or limits.allowed_hosts:
        app = HostCheck(app, [*LOCAL, f"[{host}]" if ":" in host else host, *limits.allowed_hosts])
    return app


def serve(
    warehouse: Path,
    host: str,
    port: int,
    token: str | None = None,
    *,
    limits: Limits = Limits(),
    say: Callable[[str], None] = lambda _: None,
    log: bool = False,
) -> None:
    """Answer requests until interrupted, which is how a server ends.

    Args:
        warehouse: the folder that runs publish into; there may be no run yet.
        host: the address to listen on.
        port: where; 0 takes a free one.
        token: what requests must carry.
        limits: who may ask from where, how many at once, and what they get beside the API.
        say: called with a line about where it listens and which run answers.
        log: have a line printed for every request.

    Raises:
        InputError: the port is taken, or others could read the results without a token.
    """
    check_host(host, token)
    room = room_for(limits.max_connections)
    if room.answered < limits.max_connections:
        say(
            f"At most {room.answered} connections are answered at once: the system lets this process open too few "
            "files; ulimit -n raises that."
        )
    with closing(_listening(host, port)) as listener:
        at = listener.getsockname()[1]
        with Current(warehouse, say) as current:
            if current.trouble:
                say("Requests get 503 until there is a run to answer from.")
            address = f"http://{f'[{host}]' if ':' in host else host}:{at}"
            say(f"Listening on {address}; open it in a browser. Ctrl-C ends it.")
            config = uvicorn.Config(
                _guarded(limits.pages(Application(current, token), current, token), host, token, limits),
                http=limited(room.answered, room.spare),
                backlog=room.waiting,
                log_config=_LOGGING,
                access_log=log,
                server_header=False,
                timeout_graceful_shutdown=_PATIENCE,
                lifespan="off",
            )
            with suppress(KeyboardInterrupt):  # raised once all is closed
                uvicorn.Server(config).run(sockets=[listener])
    say("Stopped.")


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named by its protocol, for asyncio to switch off Nagle's algorithm: else each answer waits 40 ms for a receipt.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise InputError(
            f"Cannot listen on port {port} of {host} ({error.strerror}); choose another --port."
        ) from error
    return listener
