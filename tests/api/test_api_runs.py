"""Which run a server answers from, who may ask, how it starts and ends."""

import json
import logging
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from frozen import shipped_version
from serving import PATIENCE, PROGRAM, Answer, Server, ask, served

from icp_engine.api.server import PrintableAccessFormatter, PrintableFormatter
from icp_engine.distribution import install_extra
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.warehouse.folder import new_run
from icp_engine.warehouse.folder import publish as publish_run

PLAIN = RunOptions(format="parquet", charts=False, keep=1)


def publish(out: Path, rows: int, **options: Any) -> str:
    """Publish a run of so many clinics, all of them worth so many providers; return its id."""
    extract = out.with_name(f"{out.name}-{rows}.parquet")
    table = {
        "clinic_id": [f"c{number:05}" for number in range(rows)],
        "account_name": [f"Group {number % (rows // 3)}" for number in range(rows)],
        "state_code": [("TX", "CA")[number % 2] for number in range(rows)],
        "npi_count": [rows] * rows,
    }
    pl.DataFrame(table).write_parquet(extract)
    given = {name: getattr(PLAIN, name) for name in PLAIN.__slots__} | options
    run([str(extract)], out, RunOptions(**given))
    return str(json.loads((out / "run.json").read_text())["run_id"])


def publish_again(made: Path, out: Path) -> str:
    """Publish what a run made elsewhere, as a run does it; return the id."""
    with new_run(out) as folder:
        shutil.copytree((made / ".current").resolve(), folder, dirs_exist_ok=True)
        publish_run(folder, out, keep=1)
    return (out / ".current").resolve().name


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def rows_of(answer: Answer) -> set[int]:
    """How many clinics the run has that an answer is of, as far as the answer itself tells, each time it does."""
    found = answer.json
    if "total_clinics" in found:
        top = {match["npi_count"] for match in found["top_10_clinics"]}
        return {found["total_clinics"], sum(found["tier_distribution"].values()), *top}
    if "operational_data" in found:
        values = [match["value"] for match in found["bibliography"] if match["code"].startswith("scale.provider_count")]
        return {found["operational_data"]["npi_count"], *values}
    if "filters_applied" in found:
        return {match["total_npi_count"] // match["num_clinics"] for match in found["networks"]} | {found["total"] * 3}
    if "anchor_clinic_id" in found:
        assert len(found["clinics"]) == found["num_clinics"]
        return {found["total_npi_count"] // found["num_clinics"]}
    if "run_id" in found:
        return {found["rows"]}
    return {found["total"], *(match["npi_count"] for match in found["clinics"])}


def test_ten_runs_are_published_while_eight_clients_ask_without_pause(tmp_path: Path) -> None:
    out, made = tmp_path / "out", {rows: tmp_path / str(rows) for rows in (300, 450)}
    for rows, folder in made.items():
        publish(folder, rows)
    sizes = {publish_again(made[450], out): 450}
    with served(out) as server:
        network = server.get("/icp/networks?limit=1").json["networks"][0]["network_id"]
        paths = [
            "/icp/clinics?limit=500", "/icp/clinics?offset=150&limit=10", "/icp/clinics?sort_by=clinic_id&limit=3",
            "/icp/clinic/c00007", "/icp/stats", "/icp/networks?limit=500", f"/icp/networks/{network}", "/health",
        ]  # fmt: skip
        answers: list[Answer] = []
        done = threading.Event()

        def client(number: int) -> None:
            connection = server.connect()
            turn = number
            while not done.is_set():
                answers.append(ask(connection, paths[turn % len(paths)]))
                turn += 1
            connection.close()

        threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        try:
            for rows in (300, 450) * 5:
                fresh = publish_again(made[rows], out)
                sizes[fresh] = rows
                wait_for(lambda fresh=fresh: server.get("/health").json["run_id"] == fresh)  # type: ignore[misc]
        finally:
            done.set()
            for thread in threads:
                thread.join()
        log = server.end()
    assert {answer.status for answer in answers} == {200}
    assert len(answers) > 500
    assert len({answer.headers["x-icp-run"] for answer in answers}) > 5
    for answer in answers:
        assert rows_of(answer) == {sizes[answer.headers["x-icp-run"]]}, answer.body[:300]
    assert log[0] == 0
    assert "Traceback" not in log[1]


def test_a_tag_holds_for_one_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(out, 30)
    with served(out) as server:
        tag = server.get("/icp/stats").headers["etag"]
        fresh = publish(out, 33)
        wait_for(lambda: server.get("/health").json["run_id"] == fresh)
        answer = server.get("/icp/stats", {"If-None-Match": tag})
        assert (answer.status, answer.json["total_clinics"]) == (200, 33)
        assert answer.headers["etag"] != tag


def test_before_there_is_a_run_requests_get_503_and_after_it_answers(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with served(out) as server:
        assert "holds no published run" in server.said
        assert "Requests get 503 until there is a run to answer from." in server.said
        for path in ("/health", "/icp/clinics", "/icp/stats", "/icp/clinic/a", "/icp/networks", "/icp/networks/a"):
            answer = server.get(path)
            assert answer.status == 503
            assert answer.detail == f"{out} holds no published run; make one with: icp-engine run EXTRACT --out {out}"
            assert answer.headers["retry-after"] == "5"
        assert server.get("/openapi.json").status == 200
        publish(out, 30)
        wait_for(lambda: server.get("/health").status == 200)
        assert server.get("/icp/clinics").json["total"] == 30
        code, said = server.end()
        assert code == 0
        assert "Answering from run" in said


def test_a_run_that_cannot_be_served(tmp_path: Path) -> None:
    options, said = {"networks": False}, "was published with --no-networks and has no icp.duckdb; run again without it."
    out = tmp_path / "out"
    publish(out, 30, **options)
    with served(out) as server:
        assert said in server.said
        assert server.get("/icp/stats").status == 503
        assert server.get("/health").detail == f"{out} {said}"
        good = publish(out, 36)
        wait_for(lambda: server.get("/health").status == 200)
        publish(out, 30, **options)  # the good one is removed from the disk, and goes on answering
        wait_for(lambda: server.get("/health").json["status"] == "outdated")
        assert server.get("/health").json["detail"] == f"{out} {said}"
        assert server.get("/health").json["run_id"] == good
        assert server.get("/icp/clinic/c00003").json["operational_data"]["npi_count"] == 36
        better = publish(out, 39)
        wait_for(lambda: server.get("/health").json["run_id"] == better)
        assert server.get("/health").json["status"] == "ok"


def test_a_warehouse_that_goes_away_leaves_its_last_run_at_work(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(out, 30)
    with served(out) as server:
        shutil.rmtree(out)
        wait_for(lambda: server.get("/health").json["status"] == "outdated")
        assert server.get("/icp/clinic/c00003").status == 200
        assert server.get("/icp/clinics?q=group+3&sort_by=npi_count").status == 200


def test_a_damaged_run_is_said_and_the_one_before_it_answers(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(out, 30)
    with served(out) as server:
        publish(out, 33, keep=3)
        wait_for(lambda: server.get("/health").json["rows"] == 33)
        damaged = tmp_path / "damaged"
        publish(damaged, 36)
        folder = (damaged / ".current").resolve()
        (folder / "icp.duckdb").write_bytes(b"not a database" * 1_000)
        shutil.move(folder, out / ".runs" / "29990101T000000000000Z-dada0e")
        link = out / ".current.new"
        link.symlink_to(Path(".runs") / "29990101T000000000000Z-dada0e")
        link.rename(out / ".current")
        wait_for(lambda: server.get("/health").json["status"] == "outdated")
        assert "cannot be opened" in server.get("/health").json["detail"]
        assert server.get("/icp/stats").json["total_clinics"] == 33


def test_a_variant_of_the_scorecard_and_an_extract_of_ids_alone(tmp_path: Path) -> None:
    extract, out = tmp_path / "ids.csv", tmp_path / "out"
    extract.write_text("clinic_id\na\nb\n")
    run([str(extract)], out, RunOptions(scorecard="icp-2025-11", format="parquet", charts=False))
    with served(out) as server:
        assert server.get("/health").json["scorecard_id"] == "icp-2025-11"
        row = server.get("/icp/clinics").json["clinics"][0]
        assert [row[name] for name in ("account_name", "state_code", "npi_count", "allowed_amt")] == [None] * 4
        one = server.get("/icp/clinic/b").json
        assert set(one["operational_data"].values()) == {None}
        assert one["network"] is None
        assert sum(entry["points"] for entry in one["bibliography"]) == one["icp_score"]["total"]
        found = server.get("/icp/networks").json
        assert (found["total"], found["returned"], found["networks"]) == (0, 0, [])
        assert server.get("/icp/clinics?q=a&sort_by=network_tier&state=TX").json["clinics"] == []
        assert server.get("/icp/networks/net_1").status == 404
        assert server.get("/icp/stats").json["total_clinics"] == 2


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("small") / "out"
    publish(out, 30)
    return out


@pytest.fixture(scope="module")
def guarded(small: Path) -> Any:
    with served(small, ICP_API_TOKEN="s3cret-ü") as server:
        yield server


ICP_PATHS = ("/icp/clinics", "/icp/clinic/c00001", "/icp/stats", "/icp/networks", "/icp/networks/net_1")


@pytest.mark.parametrize("path", [*ICP_PATHS, "/icp/clinics?tier=9", "/icp/clinics?nothing=1"])
@pytest.mark.parametrize(
    "sent",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cret", "Bearer s3cret-ü2", "Basic s3cret-ü", "s3cret-ü",
     "Bearer " + "x" * 10_000],
    ids=lambda one: str(one)[:20],
)  # fmt: skip
def test_without_the_token_nothing_is_told(guarded: Server, path: str, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent.encode().decode("latin-1")}
    answer = guarded.get(path, headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer TOKEN" in answer.detail
    assert "x-icp-run" not in answer.headers


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_with_the_token_everything_answers(guarded: Server, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} s3cret-ü".encode().decode("latin-1")}
    assert [guarded.get(path, headers).status for path in ICP_PATHS] == [200, 200, 200, 200, 404]


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/static-offline-docs/swagger-ui.css"])
def test_health_and_documents_need_no_token(guarded: Server, path: str) -> None:
    assert guarded.get(path).status == 200


def said_by(*options: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [PROGRAM, "serve", *options], capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={"PATH": "/usr/bin:/bin", **variables},
    )  # fmt: skip
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
@pytest.mark.parametrize("token", [{}, {"ICP_API_TOKEN": ""}, {"ICP_API_TOKEN": "  "}], ids=str)
def test_others_may_not_ask_without_a_token(small: Path, host: str, token: dict[str, str]) -> None:
    code, said = said_by("-w", str(small), "--host", host, "--port", "0", **token)
    assert code == 1
    assert said == (
        f"Error: Everybody who reaches {host} could read the results: set a token in ICP_API_TOKEN, "
        "or listen on 127.0.0.1.\n"
    )


def test_with_a_token_others_may_ask(small: Path) -> None:
    with served(small, "--host", "0.0.0.0", ICP_API_TOKEN="secret") as server:
        assert server.get("/icp/stats").status == 401
        assert server.get("/icp/stats", {"Authorization": "Bearer secret"}).status == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_other_names_of_this_machine_need_no_token(small: Path, host: str) -> None:
    with served(small, "--host", host) as server:
        assert host in server.said


def test_an_unknown_host_and_a_port_in_use_get_one_sentence(small: Path) -> None:
    code, said = said_by("-w", str(small), "--host", "no.such.host.invalid")
    assert (code, said) == (1, "Error: There is no host 'no.such.host.invalid' here to listen on; try 127.0.0.1.\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = said_by("-w", str(small), "--port", str(port))
    assert code == 1
    assert (
        said == f"Error: Cannot listen on port {port} of 127.0.0.1 (Address already in use); choose another --port.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(small: Path, number: int) -> None:
    with served(small) as server:
        assert server.get("/health").status == 200
        assert server.end(number) == (0, "Stopped.\n")


def test_it_says_where_it_listens_and_what_it_answers_from(small: Path) -> None:
    with served(small) as server:
        run_id = server.get("/health").json["run_id"]
        assert server.said == (
            f"Answering from run {run_id}: 30 clinics, scorecard icp {shipped_version()}\n"
            f"Listening on http://127.0.0.1:{server.port}; open it in a browser. Ctrl-C ends it.\n"
        )


def test_requests_are_logged_where_wanted(small: Path) -> None:
    with served(small, "--access-log") as server:
        server.get("/icp/clinics?q=home")
        assert '"GET /icp/clinics?q=home HTTP/1.1" 200' in server.end()[1]


def test_without_the_extra_it_says_what_to_install() -> None:
    start = "import sys; sys.modules['fastapi'] = None; from icp_engine.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", start, "serve"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Error: This needs more packages: {install_extra('api')}.\n"


def test_other_commands_do_without_the_server(small: Path) -> None:
    start = "import sys; sys.argv[0] = 'icp-engine'; from icp_engine.cli import cli; cli.main(standalone_mode=False)"
    heavy = "print([one for one in ('fastapi', 'starlette', 'uvicorn', 'pydantic') if one in sys.modules])"
    words = [sys.executable, "-c", f"{start}; {heavy}", "networks", "list", "--warehouse", str(small)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_log_does_nothing_to_a_terminal() -> None:
    formatter = PrintableFormatter("%(message)s")
    try:
        raise ValueError("\x9b2J\x1b]0;title\x07")
    except ValueError:
        record = logging.LogRecord("uvicorn.error", 40, "", 0, "Odd path /\x1b[31m%s", ("\x00",), sys.exc_info())
    first, *trace = formatter.format(record).splitlines()
    assert first == r"Odd path /\x1b[31m\x00"
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[-1] == r"ValueError: \x9b2J\x1b]0;title\x07"
    request = ("1.2.3.4:5", "GET", "/icp\x1b[2J", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", 20, "", 0, '%s - "%s %s HTTP/%s" %d', request, None)
    access = PrintableAccessFormatter('%(client_addr)s "%(request_line)s"', use_colors=False)
    assert access.format(record) == r'1.2.3.4:5 "GET /icp\x1b[2J HTTP/1.1"'
