"""A real server process, and a client that reads what it answers."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

PROGRAM = Path(sys.executable).with_name("icp-engine")
PATIENCE = 60.0  # seconds for any one thing to happen


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        def refuse(word: str) -> None:
            raise AssertionError(f"{word} is not JSON")

        return json.loads(self.body, parse_constant=refuse)

    @property
    def detail(self) -> str:
        assert set(self.json) == {"detail"}
        return str(self.json["detail"])


@dataclass
class Server:
    """A running server: its process, where it listens, what it said before it did, and where it goes on saying."""

    process: subprocess.Popen[bytes]
    port: int
    said: str
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def get(self, path: str, headers: dict[str, str] | None = None, method: str = "GET", **asked: Any) -> Answer:
        """Ask on a connection of its own; `asked` is put into the query as it is."""
        connection = self.connect()
        try:
            return ask(connection, path + (f"?{urlencode(asked)}" if asked else ""), headers, method)
        finally:
            connection.close()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return the exit code and the rest of what it said."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        return code, self.log.read_text().removeprefix(self.said)


def ask(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> Answer:
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def escaped(identifier: str) -> str:
    """An id as it goes into a path."""
    return quote(identifier, safe="")


@contextmanager
def served(warehouse: Path, *options: str, **variables: str) -> Iterator[Server]:
    """A server over a warehouse, on a free port, gone afterwards."""
    environment = {name: value for name, value in os.environ.items() if name != "ICP_API_TOKEN"} | variables
    command = [str(PROGRAM), "serve", "--warehouse", str(warehouse), "--port", "0", *options]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(command, stderr=file, env=environment)
        try:
            end = time.monotonic() + PATIENCE
            while not (found := re.search(r"Listening on http://\S+:(\d+);.*\n", log.read_text())):
                assert process.poll() is None, f"the server ended: {log.read_text()}"
                assert time.monotonic() < end, f"the server does not start: {log.read_text()}"
                time.sleep(0.05)
            yield Server(process, int(found[1]), log.read_text(), log)
        finally:
            process.kill()
            process.wait()
