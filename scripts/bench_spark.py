"""Costs of a run on a Spark cluster of two workers on this machine, beside one machine and a plain copy by Spark.

CPU seconds are those of the whole machine, which has to have nothing else to do.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pyarrow.parquet as pq

COPY = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.master(sys.argv[1]).config("spark.ui.enabled", "false").getOrCreate()
spark.read.parquet(sys.argv[2]).write.mode("overwrite").parquet(sys.argv[3])
spark.stop()
"""
SCRIPT = Path(__file__).with_name("spark_cluster.sh")
PLAIN = ["--no-networks", "--no-charts", "--format", "parquet", "--quiet"]
SETTLED = 5.0  # seconds, in which executors end


def bench_spark(program: str, extract: Path, place: Path) -> bool:
    """Print what a run costs on one machine and on a cluster, and the copy; return whether all of them ended well."""
    rows = pq.read_metadata(extract).num_rows
    run = [program, "run", str(extract), *PLAIN]
    with _cluster(place / "cluster") as master:
        on_cluster = [*run, "--engine", "spark", "--master", master, "--out", str(place / "many")]
        copy = [sys.executable, "-c", COPY, master, str(extract), str(place / "copied")]
        for name, command in (
            ("one machine, Parquet without networks", [*run, "--out", str(place / "one")]),
            ("a plain copy by Spark", copy),
            ("the same run on two workers", on_cluster),
        ):
            before, start = _cpu(), time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wall = time.perf_counter() - start
            time.sleep(SETTLED)
            cpu = _cpu() - before
            click.echo(f"{name}: {wall:.1f} s, about {cpu:.1f} CPU s, {cpu / rows * 1e6:.1f} CPU s a million rows")
    folder = place / "many" / (place / "many" / "CURRENT").read_text(encoding="ascii").strip()
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in manifest["seconds"].items())
    click.echo(f"of the run on two workers: {stages} s; load {os.getloadavg()[0]:.1f}")
    return bool(manifest["rows"]["scored"] == rows)


@contextmanager
def _cluster(folder: Path) -> Iterator[str]:
    """Give the address of a cluster on this machine."""
    os.environ |= {"ICP_PYTHON": sys.executable, "PYSPARK_PYTHON": sys.executable, "ICP_WORKER_MEMORY": "2g"}
    started = subprocess.run(["sh", str(SCRIPT), "start", str(folder)], capture_output=True, text=True, check=False)
    if started.returncode:
        raise click.ClickException(started.stderr.strip())
    try:
        yield started.stdout.strip()
    finally:
        subprocess.run(["sh", str(SCRIPT), "stop", str(folder)], check=True)


def _cpu() -> float:
    """Return the CPU seconds that the machine has worked: nobody is told of all programs of a cluster."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text(encoding="ascii").split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit("python scripts/bench.py --spark runs this.")
