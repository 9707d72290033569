"""What one connection may take: a head and a body of some size, some seconds for a request, and a place among others.

Uvicorn has no limits of its own for heads, bodies and the time of a request.
"""

import asyncio
import json

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_LARGEST = 64 << 10  # bytes of a head, and of a body: there is nothing to send
_PATIENCE = 10  # seconds until a request has to be whole


def limited(max_connections: int, spare: int) -> type[HttpToolsProtocol]:
    """Return the protocol of connections of which so many are answered at once.

    Some above these are told so; more are closed without a word.
    """
    return type("Limited", (_Limited,), {"max_connections": max_connections, "spare": spare})


class _Limited(HttpToolsProtocol):
    max_connections = 0
    spare = 0
    _head = True  # whether the head of a request is awaited
    _bytes = 0  # of the head or of the body so far
    _refused: bool = False
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections + self.spare:
            transport.abort()
        else:
            self._late = self.loop.call_later(_PATIENCE, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless there are too many connections, or the head is too large."""
        if self._refused:
            return
        if len(self.connections) > self.max_connections:
            self._refuse(503, "The server is busy; try again.", b"retry-after: 5\r\n")
            return
        if self._late is None:
            self._late = self.loop.call_later(_PATIENCE, self._too_late)
        if self._head:
            self._bytes += len(data)
        super().data_received(data)
        if self._head and self._bytes > _LARGEST:
            self._refuse(431, f"The request's head is larger than {_LARGEST >> 10} KB.")

    def on_message_begin(self) -> None:
        """Begin with the head of a request."""
        self._head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the answer, unless head or body are too large."""
        self._head, self._bytes = False, 0
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        length = next((value for name, value in self.headers if name == b"content-length"), b"0")
        if size > _LARGEST:
            self._refuse(431, f"The request's head is larger than {_LARGEST >> 10} KB.")
        elif int(length) > _LARGEST:
            self._refuse(413, "Requests have no body here.")
        elif not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take some of a body."""
        self._bytes += len(body)
        if self._bytes > _LARGEST:
            self._refuse(413, "Requests have no body here.")
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._arrived()
        self._head, self._bytes = True, 0
        if not self._refused:
            super().on_message_complete()

    def _arrived(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if self._bytes:
            self._refuse(408, f"The request was not whole after {_PATIENCE} seconds.")
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: int, detail: str, headers: bytes = b"") -> None:
        """Answer with one sentence and close; without an answer where another one is under way."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if getattr(self.cycle, "response_complete", True):
            body = json.dumps({"detail": detail}).encode()
            head = b"content-type: application/json\r\nconnection: close\r\n" + headers
            length = f"content-length: {len(body)}\r\n\r\n".encode()
            self.transport.write(STATUS_LINE[status] + head + length + body)
        self.transport.close()
