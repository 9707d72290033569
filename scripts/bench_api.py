"""Asks a real server with several clients at once: how long answers take, and how much memory it holds.

Part of bench.py: python scripts/bench.py --api [EXTRACT] [--rows N], or --web for the pages instead of the API.
"""

import gzip
import http.client
import json
import multiprocessing
import os
import random
import re
import statistics
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

CLIENTS = 8
ALONE = 200  # requests of each client for one kind by itself: the first of each sort order are dear, and among them
MIXED_EARLY, MIXED_LATE = 2_000, 20_000  # requests after which memory is looked at
GROWTH = 1.05  # memory after the last request, as a share of that after the early ones: at most so much
SWITCH = 1.3  # memory while a newer run is opened, as a share of that before: at most so much
FIRST_PAGE = 2  # seconds
_SHARE = {"clinic": 30, "network": 15, "stats": 5, "filtered page": 20, "words": 5, "deep page": 10, "networks": 10}
_SHARE["unchanged"] = 5
_GOALS = {"clinic": 100, "network": 100, "stats": 100, "filtered page": 250, "deep page": 250, "words": 500}
_PAGE_SHARE = {
    "home page": 15, "clinics page": 25, "clinic page": 30, "networks page": 10, "network page": 10, "review page": 5,
    "scorecard page": 3, "runs page": 2,
}  # fmt: skip
_GOALS |= dict.fromkeys(_PAGE_SHARE, 300)
_SORTS = ("npi_count", "account_name", "icp_fit_score", "network_icp_score", "allowed_amt")


@dataclass(frozen=True)
class Known:
    """What clients ask about: ids and words of the run."""

    clinics: list[str]
    networks: list[str]
    states: list[str]
    words: list[str]


@contextmanager
def server(program: str, warehouse: Path) -> Iterator[tuple[int, int]]:
    """Start a server; give its port and its process id."""
    command = [program, "serve", "--warehouse", str(warehouse), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            found = re.search(r"Listening on http://\S+:(\d+)", line)
            if found:
                yield int(found[1]), process.pid
                return
        raise click.ClickException(f"The server did not start: {said}")
    finally:
        process.terminate()
        process.wait()


def megabytes(pid: int) -> float:
    """Return the memory that a process holds now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def switched(port: int, pid: int, publish: Callable[[], object]) -> bool:
    """Publish a newer run, and print what memory comes to until that answers; return whether it stays within its goal.

    It is resident memory, of which the pages of mapped files (the lists of both runs) are a part.
    """
    held, done = [megabytes(pid)], threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            held.append(megabytes(pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    before = _tag(port)
    publish()
    while _tag(port) == before:
        time.sleep(0.2)
    time.sleep(1)
    done.set()
    watcher.join()
    ratio = max(held) / held[0]
    click.echo(
        f"A newer run: {held[0]:,.0f} MB before, {max(held):,.0f} MB at most while it was opened, {held[-1]:,.0f} MB "
        f"after ({ratio:.2f} times, goal {SWITCH:g}: {'met' if ratio <= SWITCH else 'MISSED'})"
    )
    return ratio <= SWITCH


def first_page(port: int, seconds: float) -> bool:
    """Ask a server that has just started for its home page; return whether the first page comes within its goal."""
    began = time.perf_counter()
    status, _, _ = ask(http.client.HTTPConnection("127.0.0.1", port), "/")
    took = time.perf_counter() - began
    met = status == 200 and took <= FIRST_PAGE
    click.echo(
        f"First page: {took:.2f} s, {seconds:.1f} s after the command to start (goal {FIRST_PAGE:g} s: "
        f"{'met' if met else 'MISSED'})"
    )
    return met


def _tag(port: int) -> str:
    """Return what tells the run that answers now, on a connection of its own: one that waits is closed."""
    return ask(http.client.HTTPConnection("127.0.0.1", port), "/icp/stats")[2]["etag"]


def cpu(pid: int) -> float:
    """Return the milliseconds of processor that a process has used: what is left of a time where others work too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def ask(connection: http.client.HTTPConnection, path: str, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """Return status, body and headers of an answer."""
    connection.request("GET", path, headers={"Accept-Encoding": "gzip", **headers})
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, body, {name.lower(): value for name, value in answer.getheaders()}


def known(port: int) -> Known:
    """Return ids and words from all over the run."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def rows(path: str, name: str) -> list[dict[str, Any]]:
        body, headers = ask(connection, path)[1:]
        body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        found: list[dict[str, Any]] = json.loads(body)[name]
        return found

    total = int(ask(connection, "/icp/clinics?limit=0")[2]["x-total-count"])
    clinics = [
        row for part in range(10) for row in rows(f"/icp/clinics?limit=500&offset={total * part // 10}", "clinics")
    ]
    names = " ".join(clinic["account_name"] or "" for clinic in clinics).lower()
    return Known(
        clinics=[clinic["clinic_id"] for clinic in clinics],
        networks=[row["network_id"] for row in rows("/icp/networks?limit=5000", "networks")],
        states=sorted({clinic["state_code"] for clinic in clinics if clinic["state_code"]}),
        words=sorted(set(re.findall(r"[a-z]{4,}", names))),
    )


def path_of(kind: str, known_ids: Known, rng: random.Random) -> str:
    """Return what to ask for: hardly ever the same twice where there is a choice."""
    plain = {
        "clinic": f"/icp/clinic/{quote(rng.choice(known_ids.clinics), safe='')}",
        "network": f"/icp/networks/{rng.choice(known_ids.networks)}",
        "stats": "/icp/stats",
        "unchanged": "/icp/stats",
        "home page": "/",
        "clinic page": f"/clinics/{quote(rng.choice(known_ids.clinics), safe='')}",
        "network page": f"/networks/{rng.choice(known_ids.networks)}",
        "review page": "/review",
        "scorecard page": "/scorecard",
        "runs page": "/runs",
    }
    if kind in plain:
        return plain[kind]
    if kind in ("clinics page", "networks page"):
        return _list_page(kind, known_ids, rng)
    asked: dict[str, Any] = {"min_score": rng.randint(2_000, 6_000) / 100}
    if kind == "words":
        asked["q"] = " ".join(rng.sample(known_ids.words, 2))
    elif kind == "deep page":
        asked = {"offset": rng.randint(0, 1_000_000), "sort_by": rng.choice(_SORTS)}
    else:
        asked |= {"tier": rng.choice(("1", "2", "3", "1,2", "2,3"))} if rng.random() < 0.6 else {}
        asked |= {"segment": rng.choice("ABC")} if rng.random() < 0.4 else {}
        asked |= {"state": rng.choice(known_ids.states)} if rng.random() < 0.5 else {}
    if kind == "filtered page":
        asked |= {"sort_by": rng.choice(_SORTS)} if rng.random() < 0.3 else {}
        asked["offset"] = rng.choice((0, 0, 100, 1_000))
    if kind == "networks":
        return "/icp/networks?" + urlencode(asked | {"min_clinics": rng.randint(2, 8)})
    return "/icp/clinics?" + urlencode(asked)


def _list_page(kind: str, known_ids: Known, rng: random.Random) -> str:
    """Return a list as people ask for it: a filter or two, some words, the first pages."""
    asked: dict[str, Any] = {"tier": rng.choice("123")} if rng.random() < 0.6 else {}
    asked |= {"state": rng.choice(known_ids.states)} if rng.random() < 0.5 else {}
    asked |= {"q": rng.choice(known_ids.words)} if rng.random() < 0.2 else {}
    asked |= {"page": rng.choice((1, 1, 1, 2, 5))}
    return f"/{kind.removesuffix(' page')}?{urlencode(asked)}"


def client(port: int, kinds: list[str], known_ids: Known, seed: int) -> list[tuple[str, float]]:
    """Ask one after the other on one connection; return the kind and the milliseconds of each."""
    rng, connection, took = random.Random(seed), http.client.HTTPConnection("127.0.0.1", port), []
    tag = ask(connection, "/icp/stats")[2]["etag"]
    for kind in kinds:
        path = path_of(kind, known_ids, rng)
        start = time.perf_counter()
        status, body, _ = ask(connection, path, **({"If-None-Match": tag} if kind == "unchanged" else {}))
        took.append((kind, (time.perf_counter() - start) * 1000))
        if status != (304 if kind == "unchanged" else 200):
            raise RuntimeError(f"{path}: {status} {body[:200]!r}")
    return took


def all_clients(
    port: int, pid: int, kinds: list[list[str]], known_ids: Known, seed: int
) -> tuple[list[tuple[str, float]], float, float]:
    """Have every client ask its list at once; return what each request took, the seconds of all, the server's CPU."""
    with multiprocessing.get_context("fork").Pool(len(kinds)) as pool:
        start, used = time.perf_counter(), cpu(pid)
        took = pool.starmap(client, [(port, kind, known_ids, seed + number) for number, kind in enumerate(kinds)])
        return [latency for part in took for latency in part], time.perf_counter() - start, cpu(pid) - used


def report(title: str, took: list[tuple[str, float]], seconds: float, used: float) -> bool:
    """Print what each kind of request took; return whether all goals are met."""
    by_kind = defaultdict(list)
    for kind, milliseconds in took:
        by_kind[kind].append(milliseconds)
    good = True
    each = f"{used / len(took):.1f} ms of the server's CPU each"
    click.echo(f"{title}: {len(took):,} requests, {len(took) / seconds:,.0f} a second, {each}")
    for kind, times in by_kind.items():
        cuts = statistics.quantiles(times, n=100)
        goal = _GOALS.get(kind)
        met = goal is None or cuts[94] <= goal
        good = good and met
        said = f"goal {goal}: {'met' if met else 'MISSED'}" if goal else ""
        line = f"p50 {cuts[49]:6.1f}  p95 {cuts[94]:6.1f}  p99 {cuts[98]:6.1f} ms  {said}"
        click.echo(f"  {kind:<14} {len(times):>6,}  {line}")
    return good


def bench_api(program: str, warehouse: Path, publish: Callable[[], object], *, pages: bool = False) -> bool:
    """Measure the server of a warehouse, its API or its pages, last while another run is published there.

    Returns:
        whether all goals are met.
    """
    asked = _PAGE_SHARE if pages else _SHARE
    kinds, shares = list(asked), list(asked.values())
    asked_to_start, results = time.perf_counter(), []
    with server(program, warehouse) as (port, pid):
        if pages:
            results.append(first_page(port, time.perf_counter() - asked_to_start))
        start, known_ids = megabytes(pid), known(port)
        for seed, kind in enumerate(kinds):
            took = all_clients(port, pid, [[kind] * ALONE] * CLIENTS, known_ids, 1_000 * seed)
            results.append(report(f"{CLIENTS} clients, {kind} alone", *took))
        before = ALONE * len(kinds) * CLIENTS
        rng, memory = random.Random(7), {before: megabytes(pid)}
        for seed, upto in enumerate((MIXED_EARLY, MIXED_LATE), 100):
            each = (upto - (MIXED_EARLY if upto == MIXED_LATE else 0)) // CLIENTS
            took = all_clients(
                port, pid, [rng.choices(kinds, shares, k=each) for _ in range(CLIENTS)], known_ids, 1_000 * seed
            )
            results.append(report(f"{CLIENTS} clients, mixed", *took))
            memory[before + upto] = megabytes(pid)
        results.append(switched(port, pid, publish))
    said = ", ".join(f"{value:,.0f} MB after {count:,} requests" for count, value in memory.items())
    flat = memory[before + MIXED_LATE] <= memory[before + MIXED_EARLY] * GROWTH
    click.echo(
        f"Memory: {start:,.0f} MB at the start, {said} (at most {GROWTH - 1:.0%} more between the last two: "
        f"{'met' if flat else 'MISSED'})"
    )
    return all(results) and flat
