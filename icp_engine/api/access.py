"""Who may ask: a bearer token where one is set, and addresses of this machine alone where none is."""

import hmac
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from icp_engine.errors import InputError

LOCAL = ("localhost", "127.0.0.1", "[::1]")  # what this machine calls itself
_PORT = re.compile(r":\d*$")
TOKEN = "ICP_API_TOKEN"  # the environment variable
_BEARER = HTTPBearer(auto_error=False, description=f"The token that the server was started with, in {TOKEN}.")


class HostCheck:
    """Answers requests for the hosts that the server goes by, whatever name a page of somebody else's gives it.

    Without this a page in a browser of this machine reads the results through a name of its own (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = {name.lower() for name in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        named = [value for name, value in scope.get("headers", ()) if name == b"host"]
        host = named[0].decode("latin-1").lower() if len(named) == 1 else ""
        if scope["type"] != "http" or _PORT.sub("", host) in self._allowed:
            await self._app(scope, receive, send)
            return
        message = {"detail": "This server does not go by that host; see --allowed-host of icp-engine serve."}
        await JSONResponse(message, 421)(scope, receive, send)


def check_token(token: str) -> Callable[..., Awaitable[None]]:
    """Return a check that a request carries the token; comparing takes the same time however wrong it is."""
    due = token.encode()

    async def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        # Headers come as Latin-1; the token may be any text.
        if given is None or not hmac.compare_digest(given.credentials.encode("latin-1", "replace"), due):
            message = "This token is not the right one" if given else "A token is needed"
            raise HTTPException(
                401,
                f"{message}: send the header 'Authorization: Bearer TOKEN'.",
                headers={"WWW-Authenticate": "Bearer"},
            )

    return check


def check_host(host: str, token: str | None) -> None:
    """Make sure that only this machine can ask where no token is set.

    Raises:
        InputError: there is no such host, or others could ask.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError(f"There is no host '{host}' here to listen on; try 127.0.0.1.") from error
    if token is None and not all(
        ipaddress.ip_address(str(address[4][0]).split("%")[0]).is_loopback for address in found
    ):
        raise InputError(
            f"Everybody who reaches {host} could read the results: set a token in {TOKEN}, or listen on 127.0.0.1."
        )
