"""Times `icp-engine run` against a plain Polars copy of the same extract, in turn, as whole processes.

    python scripts/bench.py [EXTRACT] [--rows N] [--runs N]
    python scripts/bench.py --api [EXTRACT] [--rows N]          the server instead, see bench_api.py
    python scripts/bench.py --partners [--rows N] [--runs N]    `partners run`, with ten contacts a practice

Prints seconds, rows a second, peak memory and the ratio to the copy of the same turn, and the goal of each; then the
share of a default run that its pages take. The machine's speed drifts, so the median of the ratios is what counts, not
the seconds. Exits with 3 when a goal is missed.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
from bench_api import bench_api

COPY = "import sys, polars as pl; [pl.scan_parquet(one).sink_parquet(sys.argv[1]) for one in sys.argv[2:]]"
SCRIPTS = Path(__file__).resolve().parent
MEGABYTE = 1_000_000
SERVED = ["--format", "parquet", "--no-charts"]
PLAIN = ["--format", "parquet", "--no-networks", "--no-charts"]


@dataclass(frozen=True)
class Case:
    """One way to run: its name, its options, the ratio and the peak memory (GB, and GB above `LARGE`) to stay under."""

    name: str
    options: list[str]
    ratio: float
    gigabytes: float
    gigabytes_large: float


CASES = [
    Case("scores", PLAIN, 4, 2, 4),
    Case("scores and bibliography", [*PLAIN, "--bibliography"], 14, 3, 4),
    Case("everything, Parquet", SERVED, 12, 2, 5),
    Case("everything, Parquet and CSV", ["--no-charts"], 20, 2, 5),
]
PAGES = 0.2  # the most of a default run's time that charts and report may take
PARTNERS = [
    Case("partners, Parquet", ["--format", "parquet"], 8, 3, 4),
    Case("partners, Parquet and CSV", [], 8, 3, 4),
]
CONTACTS = 10  # contacts of a practice, on average
LARGE = 4_000_000  # rows above which only memory has a goal


def measured(command: list[str]) -> tuple[float, float]:
    """Run a command; return its wall seconds and its peak memory in MB, by the operating system's own account."""
    start = time.perf_counter()
    process = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise click.ClickException(f"{' '.join(command)} failed.")
    return seconds, usage.ru_maxrss * 1024 / MEGABYTE


@click.command()
@click.argument("extract", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rows", type=int, help="Rows to make: 1,450,000 where no extract is given, 1,000,000 practices.")
@click.option("--runs", default=5, show_default=True, help="Turns of copy and run; the first, a warm-up, is left out.")
@click.option("--api", is_flag=True, help="Measure the server over a run of the extract instead.")
@click.option("--partners", is_flag=True, help="Measure `partners run` instead.")
def main(extract: Path | None, rows: int | None, runs: int, *, api: bool, partners: bool) -> None:
    """Measure and compare."""
    program = shutil.which("icp-engine", path=str(Path(sys.executable).parent))
    if program is None:
        raise click.ClickException("icp-engine is not installed beside this Python; run sh scripts/test.sh once.")
    with tempfile.TemporaryDirectory(prefix="icp-bench-") as folder:
        place = Path(folder)
        if partners:
            inputs, run = _partners(place, rows or 1_000_000, program)
            missed = [not _case(case, inputs, run, place, runs) for case in PARTNERS]
        elif api:
            _, run = _extract(extract, place, rows or 1_450_000, program)
            measured([*run, "--out", str(place / "out"), "--quiet", *SERVED])
            missed = [not bench_api(program, place / "out")]
        else:
            inputs, run = _extract(extract, place, rows or 1_450_000, program)
            missed = [not _case(case, inputs, run, place, runs) for case in CASES]
            missed.append(not _pages(run, place, runs))
    sys.exit(3 if any(missed) else 0)


def _extract(extract: Path | None, place: Path, rows: int, program: str) -> tuple[list[Path], list[str]]:
    """Return the extract, made where none is given, and the command that reads it."""
    if extract is None:
        extract = place / "clinics.parquet"
        measured([sys.executable, str(SCRIPTS / "make_extract.py"), "--rows", str(rows), "--out", str(extract)])
    return [extract], [program, "run", str(extract)]


def _partners(place: Path, rows: int, program: str) -> tuple[list[Path], list[str]]:
    """Make practices and contacts; return their files, and the command that reads them."""
    counts = ["--practices", str(rows), "--contacts", str(CONTACTS * rows)]
    measured([sys.executable, str(SCRIPTS / "make_partners.py"), *counts, "--out", str(place)])
    practices, contacts = place / "practices.parquet", place / "contacts.parquet"
    named = [str(practices), "--contacts", str(contacts), "--as-of", "2026-02-20"]
    return [practices, contacts], [program, "partners", "run", *named]


def _case(case: Case, inputs: list[Path], run: list[str], place: Path, runs: int) -> bool:
    """Measure one case and print its line; return whether it meets its goals."""
    import pyarrow.parquet as pq

    rows = pq.read_metadata(inputs[0]).num_rows
    copies, own, peaks = [], [], []
    for turn in range(runs + 1):
        copied, _ = measured([sys.executable, "-c", COPY, str(place / "copy.parquet"), *map(str, inputs)])
        seconds, peak = measured([*run, "--out", str(place / "out"), "--quiet", *case.options])
        if turn:
            copies.append(copied)
            own.append(seconds)
            peaks.append(peak)
    ratios = [mine / plain for mine, plain in zip(own, copies, strict=True)]
    ratio, peak, seconds = statistics.median(ratios), max(peaks), statistics.median(own)
    large = rows > LARGE
    limit = case.gigabytes_large if large else case.gigabytes
    good = peak <= limit * 1000 and (large or ratio <= case.ratio)
    click.echo(
        f"{case.name}: {seconds:.1f} s, {rows / seconds:,.0f} rows/s, copy {statistics.median(copies):.2f} s, "
        f"ratio {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}, goal {'none' if large else f'{case.ratio:g}'}), "
        f"peak {peak:,.0f} MB (goal {limit * 1000:,.0f}): {'met' if good else 'MISSED'}"
    )
    return good


def _pages(run: list[str], place: Path, runs: int) -> bool:
    """Measure the share of a default run that charts and report take, by the run's own account, and print it."""
    shares: list[float] = []
    for turn in range(runs + 1):
        measured([*run, "--out", str(place / "out"), "--quiet"])
        about = json.loads((place / "out" / "run.json").read_text(encoding="utf-8"))
        if turn:
            shares.append(about["seconds"]["charts"] / about["elapsed_seconds"])
    share = statistics.median(shares)
    good = share <= PAGES
    click.echo(
        f"charts and report: {share:.1%} of a default run ({min(shares):.1%} to {max(shares):.1%}, goal {PAGES:.0%}): "
        f"{'met' if good else 'MISSED'}"
    )
    return good


if __name__ == "__main__":
    main()
