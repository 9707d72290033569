"""Costs of `icp-engine run`, beside the scorecard `icp` written by hand in Polars and in DuckDB on the same extract.

    python scripts/bench.py [EXTRACT] [--rows N] [--runs N]
    python scripts/bench.py --api [EXTRACT] [--rows N]          the server instead, see bench_api.py
    python scripts/bench.py --web [EXTRACT] [--rows N]          its pages, by 8 visitors at once
    python scripts/bench.py --partners [--rows N] [--runs N]    `partners run`, beside a plain copy of its input
    python scripts/bench.py --crm [EXTRACT] [--rows N]          `crm salesforce`, 5% changed, beside a plain copy
    python scripts/bench.py --spark [EXTRACT] [--rows N]        a run on a cluster of this machine, see bench_spark.py
    python scripts/bench.py --workbench [EXTRACT] [--rows N]    what the workbench adds to a run, and its questions
    python scripts/bench.py --nppes [FILE] [--rows N]           `build`, beside a plain scan of the columns it reads

Every turn runs the rival and the engine as whole processes, one after the other, and what both scored is compared.
Prints CPU seconds, wall seconds, CPU a million rows, peak memory and the ratio of CPU seconds to the rival's of the
same turn, with its goal, and that of wall seconds; then the share of a default run that its pages take. The machine's
speed drifts, so the median of the ratios is what counts, not the seconds. Exits with 3 when a goal is missed.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import pyarrow.parquet as pq
from bench_api import bench_api
from bench_spark import bench_spark
from bench_workbench import bench_workbench

COPY = "import sys, polars as pl; [pl.scan_parquet(path).sink_parquet(sys.argv[1]) for path in sys.argv[2:]]"
SCAN = (
    "import sys, polars as pl; from icp_engine.extract.public.nppes import LAYOUT; "
    "wanted = [column.headers[0] for column in LAYOUT.columns]; "
    "pl.scan_csv(sys.argv[1], infer_schema=False).select(wanted).sink_parquet(sys.argv[2])"
)
SCORE = (
    "import sys, polars as pl, icp_engine as engine; card = engine.load_scorecard('icp'); "
    "scored = engine.score(pl.scan_parquet(sys.argv[1]), card); "
    "scored.sort('state_code', 'icp_total_score', 'clinic_id', descending=[False, True, False], nulls_last=True)"
    ".sink_parquet(sys.argv[2])"
)
STAGE = """
import sys, tempfile, time
from pathlib import Path
from icp_engine.extract.extract import open_extract
from icp_engine.pipeline.clinics import score_clinics
from icp_engine.pipeline.options import RunOptions
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.several import apart, fields_of_all
cards = apart(map(load_scorecard, sys.argv[2:]))
with tempfile.TemporaryDirectory() as temp:
    extract = open_extract([sys.argv[1]], fields_of_all(cards), temp=Path(temp))
    start = time.process_time()
    score_clinics(extract, cards, RunOptions(), Path(temp))
    print(time.process_time() - start)
"""
RESULTS = """
import sys, polars as pl
ids = pl.col("external_id").alias("ICP_External_Id__c")
ids = pl.scan_parquet(sys.argv[1]).select(ids, pl.lit("001").alias("sf__Id"))
ids.sink_csv(sys.argv[2])
"""
CHANGED = """
import sys, polars as pl
from pathlib import Path
path = Path(sys.argv[1]).resolve()
score, few = pl.col("field:ICP_Score__c"), pl.col("external_id").hash(7) % 20 == 0
changed = pl.when(few).then(pl.lit("1.0")).otherwise(score)
state = pl.scan_parquet(path).with_columns(changed.alias("field:ICP_Score__c"))
state.sink_parquet(path.with_suffix(".changed"))
path.with_suffix(".changed").replace(path)
"""
SCRIPTS = Path(__file__).resolve().parent
MEGABYTE = 1_000_000
PLAIN = ["--format", "parquet", "--no-networks", "--no-charts"]
SERVED = ["--format", "parquet", "--no-charts"]
TABLE = "clinics_icp.parquet"


@dataclass(frozen=True)
class Case:
    """One way to run: its name, its options, the CPU ratio and the peak memory to stay under.

    Memory is in GB, for extracts above `LARGE` too. Without options it is the Python API, which writes one table as the
    rivals do.
    """

    name: str
    options: list[str] | None
    ratio: float
    gigabytes: float
    gigabytes_large: float


CASES = [
    Case("one table, by the Python API", None, 1.1, 2, 3),
    Case("scores", PLAIN, 1.75, 2, 3),
    Case("scores and bibliography", [*PLAIN, "--bibliography"], 7, 3, 4),
    Case("Parquet with networks", SERVED, 3.2, 2, 3),
    Case("everything but pages", ["--no-charts"], 4.6, 2, 3),
]
PAGES = 0.2  # the most of a default run's time that charts and report may take
SECOND_CARD = 1.4  # the most CPU that the scoring stage may take with a second scorecard, times that with one
PARTNERS = [
    Case("partners, Parquet", ["--format", "parquet"], 8, 3, 4),
    Case("partners, Parquet and CSV", [], 8, 3, 4),
]
BUILD = Case("build from NPPES", [], 3, 4, 4)
CRM = Case("crm salesforce, 5% changed", [], 6, 2, 3)
CONTACTS = 10  # contacts of a practice, on average
LARGE = 4_000_000  # rows above which memory has another goal


@dataclass(frozen=True)
class Cost:
    """What a process took: CPU and wall seconds, and its peak memory in MB, by the operating system's own account."""

    cpu: float
    wall: float
    peak: float


def measured(command: list[str]) -> Cost:
    """Run a command and return what it took."""
    start = time.perf_counter()
    process = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise click.ClickException(f"{' '.join(command)} failed.")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024 / MEGABYTE)


@click.command()
@click.argument("extract", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rows",
    type=int,
    help="Rows to make: 1,450,000 where no extract is given, 1,000,000 practices, 2,000,000 of NPPES.",
)
@click.option("--runs", default=5, show_default=True, help="Turns of copy and run; the first, a warm-up, is left out.")
@click.option("--api", "what", flag_value="api", help="Measure the server over a run of the extract instead.")
@click.option("--web", "what", flag_value="web", help="Measure the pages over a run of the extract instead.")
@click.option(
    "--workbench",
    "what",
    flag_value="workbench",
    help="Measure the columns and the questions of the workbench instead.",
)
@click.option("--partners", "what", flag_value="partners", help="Measure `partners run` instead.")
@click.option("--crm", "what", flag_value="crm", help="Measure `crm salesforce` over a run of the extract instead.")
@click.option("--spark", "what", flag_value="spark", help="Measure a run on a Spark cluster of this machine instead.")
@click.option("--nppes", "what", flag_value="nppes", help="Measure `build` instead; EXTRACT is a main file of NPPES.")
def main(extract: Path | None, rows: int | None, runs: int, what: str | None) -> None:
    """Measure and compare."""
    program = shutil.which("icp-engine", path=str(Path(sys.executable).parent))
    if program is None:
        raise click.ClickException("icp-engine is not installed beside this Python; run sh scripts/test.sh once.")
    with tempfile.TemporaryDirectory(prefix="icp-bench-") as folder:
        place = Path(folder)
        if what == "partners":
            inputs, run = _partners(place, rows or 1_000_000, program)
            copy = [sys.executable, "-c", COPY, str(place / "copy.parquet"), *map(str, inputs)]
            missed = [not _case(case, rows or 1_000_000, copy, _run(case, run, place), runs) for case in PARTNERS]
        elif what == "nppes":
            missed = [not _build(extract or _main_file(place, rows or 2_000_000), program, place, runs)]
        elif what == "crm":
            missed = [not _hand_off(extract or _made(place, rows or 1_450_000), program, place, runs)]
        elif what == "workbench":
            missed = [not _workbench(extract or _made(place, rows or 1_450_000), program, place, runs)]
        elif what == "spark":
            missed = [not bench_spark(program, extract or _made(place, rows or 1_450_000), place)]
        elif what in ("api", "web"):
            extract = extract or _made(place, rows or 1_450_000)
            asked = ["--review"] if what == "web" else []
            run = [program, "run", str(extract), "--out", str(place / "out"), "--quiet", *SERVED, *asked]
            measured(run)
            missed = [not bench_api(program, place / "out", lambda: measured(run), pages=what == "web")]
        else:
            extract = extract or _made(place, rows or 1_450_000)
            run, by_hand = [program, "run", str(extract)], _rival("polars", extract, place)
            missed = [not _same_scores(extract, run, place)]
            count = pq.read_metadata(extract).num_rows
            scored = [sys.executable, "-c", SCORE, str(extract), str(place / "own.parquet")]
            for case in CASES:
                own = scored if case.options is None else _run(case, run, place)
                missed.append(not _case(case, count, by_hand, own, runs))
            missed.append(not _second_card(extract, runs))
            missed.append(not _pages(run, place, runs))
    sys.exit(3 if any(missed) else 0)


def _made(place: Path, rows: int) -> Path:
    """Return an extract of invented clinics."""
    extract = place / "clinics.parquet"
    measured([sys.executable, str(SCRIPTS / "make_extract.py"), "--rows", str(rows), "--out", str(extract)])
    return extract


def _rival(engine: str, extract: Path, place: Path) -> list[str]:
    """Return the command that scores by hand and writes one table."""
    return [sys.executable, str(SCRIPTS / "rivals" / f"icp_{engine}.py"), str(extract), str(place / "by_hand.parquet")]


def _same_scores(extract: Path, run: list[str], place: Path) -> bool:
    """Print what both rivals cost, and whether engine and rivals scored every clinic alike, in the same order."""
    import polars as pl

    measured([*run, "--out", str(place / "out"), "--quiet", *PLAIN])
    own, good = pl.scan_parquet(place / "out" / TABLE), True
    for engine in ("polars", "duckdb"):
        cost = measured(_rival(engine, extract, place))
        theirs = pl.read_parquet(place / "by_hand.parquet")
        same = theirs.equals(own.select(theirs.columns).collect())
        verdict = f"{len(theirs):,} clinics scored alike" if same else "OTHER SCORES"
        click.echo(f"by hand in {engine}: {cost.cpu:.1f} CPU s, {cost.wall:.1f} s, peak {cost.peak:,.0f} MB: {verdict}")
        good = good and same
    return good


def _partners(place: Path, rows: int, program: str) -> tuple[list[Path], list[str]]:
    """Make practices and contacts; return their files, and the command that reads them."""
    counts = ["--practices", str(rows), "--contacts", str(CONTACTS * rows)]
    measured([sys.executable, str(SCRIPTS / "make_partners.py"), *counts, "--out", str(place)])
    practices, contacts = place / "practices.parquet", place / "contacts.parquet"
    named = [str(practices), "--contacts", str(contacts), "--as-of", "2026-02-20"]
    return [practices, contacts], [program, "partners", "run", *named]


def _hand_off(extract: Path, program: str, place: Path, runs: int) -> bool:
    """Measure a hand-off to a CRM that holds all clinics of a run, 5% of them with another score; and the first one."""
    out, handoff, results = place / "out", place / "handoff", place / "results.csv"
    measured([program, "run", str(extract), "--out", str(out), "--quiet", *SERVED])
    ask = [program, "crm", "salesforce", "-w", str(out), "--out", str(handoff), "--tier", "1,2,3", "--skip-bad"]
    first = measured([*ask, "--quiet"])
    measured([sys.executable, "-c", RESULTS, str(handoff / "pending.parquet"), str(results)])
    confirmed = measured([program, "crm", "confirm", str(results), "--out", str(handoff), "--quiet"])
    for name, cost in (("the first load", first), ("crm confirm of it", confirmed)):
        click.echo(f"{name}: {cost.cpu:.1f} CPU s, {cost.wall:.1f} s, peak {cost.peak:,.0f} MB")
    measured([sys.executable, "-c", CHANGED, str(handoff / "state.parquet")])
    copy = [sys.executable, "-c", COPY, str(place / "copy.parquet"), str(out / TABLE)]
    return _case(CRM, pq.read_metadata(extract).num_rows, copy, [*ask, "--quiet"], runs)


def _main_file(place: Path, rows: int) -> Path:
    """Return a main file of NPPES of invented organisations."""
    path = place / "npidata_pfile.csv"
    measured([sys.executable, str(SCRIPTS / "make_nppes.py"), "--rows", str(rows), "--out", str(path)])
    return path


def _build(main_file: Path, program: str, place: Path, runs: int) -> bool:
    """Measure a build of a main file, and print what it found."""
    scan = [sys.executable, "-c", SCAN, str(main_file), str(place / "scanned.parquet")]
    built = [program, "build", "--nppes", str(main_file), "--out", str(place / "clinics.parquet"), "--quiet"]
    measured(scan)
    rows = pq.read_metadata(place / "scanned.parquet").num_rows
    good = _case(BUILD, rows, scan, built, runs)
    clinics = pq.read_metadata(place / "clinics.parquet").num_rows
    click.echo(f"{clinics:,} clinics of {rows:,} rows, {main_file.stat().st_size / 1e9:.1f} GB")
    return good


def _run(case: Case, run: list[str], place: Path) -> list[str]:
    """Return the command of a case."""
    return [*run, "--out", str(place / "out"), "--quiet", *(case.options or [])]


def _case(case: Case, rows: int, rival: list[str], command: list[str], runs: int) -> bool:
    """Measure one case and print its line; return whether it meets its goals."""
    turns = [(measured(rival), measured(command)) for _ in range(runs + 1)][1:]  # the first warms the machine up
    ratios = [own.cpu / plain.cpu for plain, own in turns]
    walls = statistics.median(own.wall / plain.wall for plain, own in turns)
    ratio, peak = statistics.median(ratios), max(own.peak for _, own in turns)
    cpu, wall = (statistics.median(values) for values in zip(*((own.cpu, own.wall) for _, own in turns), strict=True))
    limit = case.gigabytes_large if rows > LARGE else case.gigabytes
    good = peak <= limit * 1000 and ratio <= case.ratio
    click.echo(
        f"{case.name}: {cpu:.1f} CPU s, {wall:.1f} s, {cpu / rows * 1e6:.2f} CPU s a million rows, "
        f"ratio {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}, goal {case.ratio:g}; wall {walls:.2f}), "
        f"peak {peak:,.0f} MB (goal {limit * 1000:,.0f}): {'met' if good else 'MISSED'}"
    )
    return good


def _workbench(extract: Path, program: str, place: Path, runs: int) -> bool:
    """Measure what the workbench adds to a run, and its questions."""
    out = place / "out"
    run = measured([program, "run", str(extract), "--out", str(out), "--quiet", "--format", "parquet", "--no-charts"])

    def scoring() -> float:
        return float(subprocess.check_output([sys.executable, "-c", STAGE, str(extract), "icp"]))

    def cost_of(words: list[str]) -> tuple[float, float]:
        cost = measured([program, *words])
        return cost.cpu, cost.wall

    return bench_workbench(extract, out, runs, run.cpu, scoring, cost_of)


def _second_card(extract: Path, runs: int) -> bool:
    """Measure the scoring stage with one scorecard and with two, in CPU seconds, and print the ratio."""
    command = [sys.executable, "-c", STAGE, str(extract), "icp"]
    turns = [
        (float(subprocess.check_output(command)), float(subprocess.check_output([*command, "icf"])))
        for _ in range(runs + 1)
    ][1:]
    ratios = [both / alone for alone, both in turns]
    ratio, alone, both = statistics.median(ratios), *(statistics.median(cpu) for cpu in zip(*turns, strict=True))
    good = ratio <= SECOND_CARD
    click.echo(
        f"a second scorecard: {alone:.1f} and {both:.1f} CPU s of scoring, ratio {ratio:.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}, goal {SECOND_CARD:g}): {'met' if good else 'MISSED'}"
    )
    return good


def _pages(run: list[str], place: Path, runs: int) -> bool:
    """Measure the share of a default run that charts and report take, by the run's own account, and print it."""
    shares: list[float] = []
    for turn in range(runs + 1):
        measured([*run, "--out", str(place / "out"), "--quiet"])
        manifest = json.loads((place / "out" / "run.json").read_text(encoding="utf-8"))
        if turn:
            shares.append(manifest["seconds"]["charts"] / manifest["elapsed_seconds"])
    share = statistics.median(shares)
    good = share <= PAGES
    click.echo(
        f"charts and report: {share:.1%} of a default run ({min(shares):.1%} to {max(shares):.1%}, goal {PAGES:.0%}): "
        f"{'met' if good else 'MISSED'}"
    )
    return good


if __name__ == "__main__":
    main()
