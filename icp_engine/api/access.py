"""Who may ask: a bearer token where one is set, and addresses of this machine alone where none is."""

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from icp_engine.errors import InputError

TOKEN = "ICP_API_TOKEN"  # the environment variable
_BEARER = HTTPBearer(auto_error=False, description=f"The token that the server was started with, in {TOKEN}.")


def check_token(token: str) -> Callable[..., Awaitable[None]]:
    """Return a check that a request carries the token; comparing takes the same time however wrong it is."""
    due = token.encode()

    async def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        # Headers come as Latin-1; the token may be any text.
        if given is None or not hmac.compare_digest(given.credentials.encode("latin-1", "replace"), due):
            said = "This token is not the right one" if given else "A token is needed"
            raise HTTPException(
                401, f"{said}: send the header 'Authorization: Bearer TOKEN'.", headers={"WWW-Authenticate": "Bearer"}
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
