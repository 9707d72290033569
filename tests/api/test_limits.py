"""What one client may take of the server, and under which names it answers."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from serving import Server, served

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
