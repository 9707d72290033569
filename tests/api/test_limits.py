"""What one client may take of the server, and under which names it answers."""

import asyncio
import json
import logging
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from serving import Server, served

from icp_engine.api import open_files
from icp_engine.api.open_files import Once, Room, room_for
from icp_engine.pipeline.run import RunOptions, run


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("limits")
    (folder / "c.csv").write_text("clinic_id,account_name\na,A\nb,B\n")
    run([str(folder / "c.csv")], folder / "w", RunOptions(charts=False))
    return folder / "w"


@pytest.fixture(scope="module")
def server(warehouse: Path) -> Iterator[Server]:
    with served(warehouse, "--max-connections", "20", "--cors-origin", "https://board.example") as found:
        yield found


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:99", "[::1]", "[::1]:8000"])
def test_hosts_of_this_machine_are_answered(server: Server, host: str) -> None:
    assert server.get("/icp/stats", {"Host": host}).status == 200


HOSTS = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "10.0.0.1", "evil.example:8000", "::1"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/icp/stats", "/health", "/docs"])
def test_other_hosts_are_refused_without_a_token(server: Server, host: str, path: str) -> None:
    answer = server.get(path, {"Host": host})
    assert answer.status == 421
    assert "--allowed-host" in answer.detail


def test_hosts_that_are_allowed(warehouse: Path) -> None:
    with served(warehouse, "--allowed-host", "icp.example") as server:
        assert server.get("/health", {"Host": "icp.example:443"}).status == 200
        assert server.get("/health", {"Host": "evil.example"}).status == 421
    with served(warehouse, ICP_API_TOKEN="t") as server:
        assert server.get("/health", {"Host": "any.example"}).status == 200
    with served(warehouse, "--allowed-host", "icp.example", ICP_API_TOKEN="t") as server:
        assert server.get("/health", {"Host": "any.example"}).status == 421


def test_pages_of_the_origins_that_are_named_may_ask(server: Server, warehouse: Path) -> None:
    headers = server.get("/health", {"Origin": "https://board.example"}).headers
    assert headers["access-control-allow-origin"] == "https://board.example"
    assert "access-control-allow-origin" not in server.get("/health", {"Origin": "https://evil.example"}).headers
    with served(warehouse) as other:
        assert "access-control-allow-origin" not in other.get("/health", {"Origin": "https://board.example"}).headers


def talk(server: Server, *parts: bytes) -> bytes:
    """Send parts, and return everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        try:
            for part in parts:
                client.sendall(part)
        except OSError:
            pass
        found = b""
        try:
            while part := client.recv(65536):
                found += part
        except OSError:
            pass
        return found


GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /health HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((GET, b"X-Long: " + b"x" * 70_000 + b"\r\nConnection: close\r\n\r\n"), 431),
        ((GET, *[b"X-Many: " + b"x" * 1_000 + b"\r\n"] * 80), 431),
        ((b"GET /" + b"x" * 70_000, b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), 431),
        ((GET, b"X-Long: " + b"x" * 60_000 + b"\r\nConnection: close\r\n\r\n"), 200),
        ((POST, b"Content-Length: 99999999999\r\n\r\n"), 413),
        ((POST, b"Content-Length: 70000\r\n\r\n", b"x" * 70_000), 413),
    ],
)
def test_heads_and_bodies_have_a_size(server: Server, parts: tuple[bytes, ...], status: int) -> None:
    found = talk(server, *parts)
    assert found.startswith(b"HTTP/1.1 %d " % status) or (found == b"" and len(b"".join(parts)) > 65536)
    assert server.get("/health").status == 200


def test_a_request_that_is_not_whole_ends(server: Server) -> None:
    starts = [b"", b"GET /heal", GET, POST + b"Content-Length: 10\r\n\r\nabc"]
    with ThreadPoolExecutor(len(starts)) as pool:  # beside each other: each waits for the server to close
        answers = list(pool.map(lambda start: talk(server, start), starts))
    for found in answers:
        assert found == b"" or found.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 405 "))


def test_more_connections_than_are_answered_get_503(server: Server) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    try:
        answer = server.get("/health")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert json.loads(answer.body) == {"detail": "The server is busy; try again."}
    finally:
        for client in idle:
            client.close()
    assert talk(server, GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


UNLIMITED = -1


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no limit of files to ask for")
@pytest.mark.parametrize(
    ("soft", "hard", "room", "raised"),
    [
        (1024, 4096, Room(200), None),
        (418, 418, Room(200), None),
        (417, 417, Room(200, 50, 94), None),
        (256, 4096, Room(200), 418),
        (256, UNLIMITED, Room(200), 418),
        (256, 300, Room(145, 50, 65), 300),
        (64, 64, Room(12, 6, 6), None),
        (10, 10, Room(2, 1, 1), None),
        (UNLIMITED, UNLIMITED, Room(200), None),
    ],
)
def test_as_many_connections_as_there_are_files_for(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, room: Room, raised: int | None
) -> None:
    limits: list[int] = []
    monkeypatch.setattr(open_files.resource, "RLIM_INFINITY", UNLIMITED)
    monkeypatch.setattr(open_files.resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(open_files.resource, "setrlimit", lambda _, both: limits.append(both[0]))
    assert room_for(200) == room
    assert limits == ([] if raised is None else [raised])


def test_what_asyncio_says_of_files_passes_once_in_a_sentence() -> None:
    once = Once()

    def record(text: str) -> logging.LogRecord:
        return logging.LogRecord("asyncio", logging.ERROR, "", 0, text, (), (OSError, OSError(24), None))

    said = "socket.accept() out of system resource\nsocket: <asyncio.TransportSocket fd=6>"
    first, other = record(said), record("Task was destroyed but it is pending!")
    assert [once.filter(each) for each in (first, other, record(said), record(said))] == [True, True, False, False]
    assert first.getMessage().startswith("The system lets this process open no more files")
    assert first.exc_info is None
    assert other.exc_info is not None


def test_a_server_that_ended_does_not_say_that_it_cannot_listen_again() -> None:
    """As asyncio does a second after it could open no more files."""
    told = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append((once.filter(record), record.getMessage()))

    async def listen_again() -> None:
        loop = asyncio.get_running_loop()
        closed = socket.socket()
        closed.close()
        loop.call_soon(loop._start_serving, asyncio.Protocol, closed)  # type: ignore[attr-defined]
        loop.call_soon(int, "another mistake")
        await asyncio.sleep(0)

    once, handler = Once(), Kept()
    logging.getLogger("asyncio").addHandler(handler)
    try:
        with ThreadPoolExecutor(1) as other:  # the browser of other tests has this thread's event loop
            other.submit(lambda: asyncio.run(listen_again())).result()
    finally:
        logging.getLogger("asyncio").removeHandler(handler)
    assert [passes for passes, _ in told] == [False, True]
    assert "_start_serving" in told[0][1]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell how many files are open")
def test_a_server_that_can_open_no_more_files_says_so_once_and_goes_on(warehouse: Path) -> None:
    with served(warehouse) as server:
        number = server.process.pid
        limit = len(list(Path(f"/proc/{number}/fd").iterdir())) + 8
        open_files.resource.prlimit(number, open_files.resource.RLIMIT_NOFILE, (limit, limit))
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
        time.sleep(1.5)  # asyncio tries again after a second
        for client in clients:
            client.close()
        time.sleep(1.5)  # what it could not look at, meanwhile, is looked at again
        assert server.get("/health").status == 200
        code, said = server.end()
    assert code == 0
    assert said.count("open no more files") == 1
    assert "Traceback" not in said
