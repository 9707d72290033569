"""Runs on a real cluster of two workers: the same as on one machine, whatever dies on the way.

ICP_CLINICS says how many clinics every shipped scorecard is compared on, clean and dirty ones, which takes hours:

    ICP_CLINICS=200000 sh scripts/test.sh -o faulthandler_timeout=0 tests/distributed/test_spark_run.py -k shipped

ICP_CARDS says how many cards are drawn, some of them in each run, ICP_SEED which:

    ICP_CARDS=100 sh scripts/test.sh -o faulthandler_timeout=0 tests/distributed/test_spark_run.py -k drawn
"""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cluster_runs import (
    DECIMAL_POINTS,
    QUICK_JAVA,
    clean_extract,
    differing,
    dirty_extract,
    drawn_cards,
    drawn_extract,
)

from icp_engine.distributed import run as cluster_run
from icp_engine.distributed.destination import fetch
from icp_engine.distributed.job import Job, job_of
from icp_engine.distributed.run import run_on_cluster
from icp_engine.distributed.session import Cluster
from icp_engine.errors import InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.scorecard.toml.source import shipped_names
from icp_engine.warehouse.folder import published
from icp_engine.warehouse.switch import CLUSTER

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "spark_cluster.sh"
CLINICS = int(os.environ.get("ICP_CLINICS", "0"))
SHIPPED = [(name, kind) for kind in ("clean", "dirty") for name in shipped_names()] if CLINICS else [("rula", "clean")]
OPTIONS = RunOptions(
    ("icp-continuous", "icf"), reading=DECIMAL_POINTS, format="parquet", duplicates="first", charts=False
)
CARDS, SEED = int(os.environ.get("ICP_CARDS", "3")), int(os.environ.get("ICP_SEED", "31"))
CARDS_A_RUN = 10
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.executor.memory": "800m",
    "spark.driver.extraJavaOptions": QUICK_JAVA,
    "spark.executor.extraJavaOptions": QUICK_JAVA,
    "spark.log.level": "OFF",  # executors are killed here
}
ONE_WORKER = {**SETTINGS, "spark.cores.max": "1"}  # where the other one would do nothing that a test looks at


@pytest.fixture(scope="session")
def folder(java: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:  # noqa: ARG001 (skips)
    """Where a master and two workers run, with the Python of the tests; the numbers of their processes are in it."""
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("ICP_PYTHON", sys.executable)
        done = subprocess.run(["sh", str(SCRIPT), "start", str(folder)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (folder / "address").write_text(done.stdout.strip())
        yield folder
        subprocess.run(["sh", str(SCRIPT), "stop", str(folder)], check=True)


@pytest.fixture(autouse=True)
def python_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session may name another Python for the workers of its own."""
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)


@pytest.fixture(scope="session")
def cluster(folder: Path) -> Cluster:
    return Cluster((folder / "address").read_text(), settings=SETTINGS, slice_rows=1_500, part_rows=2_500)


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return dirty_extract(tmp_path_factory.mktemp("extract"), 5_000)


@pytest.fixture(scope="module")
def one_machine(extract: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("one")
    run(extract, out, OPTIONS)
    return published(out)


def wait_for_a_slice(out: Path) -> None:
    """Wait until a task has scored its rows, and others have not."""
    for _ in range(6_000):
        if any(out.glob("runs/*/scored/*.parquet")):
            return
        time.sleep(0.02)
    raise AssertionError("nothing was scored")


def kill_an_executor(folder: Path, out: Path) -> None:
    """Kill a child of a worker, which is an executor, in the middle of scoring."""
    wait_for_a_slice(out)
    workers = (folder / "pids").read_text().split()[1:]
    processes = {path.parent.name: path.read_text() for path in Path("/proc").glob("[0-9]*/stat")}
    parents = {pid: told.rsplit(")", 1)[1].split()[1] for pid, told in processes.items()}
    os.kill(next(int(pid) for pid, parent in parents.items() if parent in workers), signal.SIGKILL)


def test_a_run_in_which_an_executor_is_killed_gives_what_one_machine_gives(
    cluster: Cluster, folder: Path, extract: list[str], one_machine: Path, tmp_path: Path
) -> None:
    killer = threading.Thread(target=kill_an_executor, args=(folder, tmp_path))
    killer.start()
    manifest = run_on_cluster(extract, tmp_path, OPTIONS, cluster)
    killer.join()
    assert manifest.networks is not None
    assert manifest.networks.found > 0
    assert manifest.rows.rejected > 0
    assert differing(one_machine, published(tmp_path, CLUSTER), networks=True) == []
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"lock", manifest.run_id}  # nothing is left


def test_a_run_under_an_address_gives_what_one_machine_gives(
    cluster: Cluster, extract: list[str], bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Extract and result are in a bucket: nothing that workers are told of is on a disk of the driver's."""
    bucket.upload_file(extract[1], "bucket", "in/b.parquet")
    texts = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    there = replace(cluster, settings={**SETTINGS, **{f"spark.executorEnv.{name}": texts[name] for name in texts}})
    (tmp_path / "driver").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "driver"))
    jobs = list[Job]()
    monkeypatch.setattr(cluster_run, "job_of", lambda *given: jobs.append(job_of(*given)) or jobs[-1])
    address = "s3://bucket/in/*.parquet"
    run([address], tmp_path / "one", OPTIONS)
    manifest = run_on_cluster([address], Path("s3a://bucket/warehouse"), OPTIONS, there)
    assert manifest.rows.rejected > 0
    assert manifest.networks is not None
    assert manifest.networks.found > 0
    found = published(fetch("s3://bucket/warehouse", tmp_path / "fetched"), CLUSTER)
    assert differing(published(tmp_path / "one"), found, networks=True) == []
    sent = pickle.dumps(jobs)
    assert b"s3://bucket/in" in sent
    assert str(tmp_path).encode() not in sent
    keys = [item["Key"] for item in bucket.list_objects_v2(Bucket="bucket", Prefix="warehouse/")["Contents"]]
    assert {key.removeprefix("warehouse/runs/").split("/")[0] for key in keys if not key.endswith("/")} == {
        "warehouse",  # CURRENT
        manifest.run_id,
    }
    assert not list((tmp_path / "driver").glob("icp-*"))


@pytest.mark.parametrize(("name", "kind"), SHIPPED)
def test_a_shipped_card_gives_what_one_machine_gives(cluster: Cluster, name: str, kind: str, tmp_path: Path) -> None:
    size = CLINICS or 3_000
    there = replace(
        cluster, slice_rows=max(cluster.slice_rows, size // 6), part_rows=max(cluster.part_rows, size // 30)
    )
    (tmp_path / "extract").mkdir()
    options = replace(OPTIONS, scorecard=name)
    if kind == "dirty":
        extract = dirty_extract(tmp_path / "extract", size)
    else:
        options = replace(options, network=replace(options.network, review=True))
        extract = clean_extract(tmp_path / "extract", size, files=9)
    run(extract, tmp_path / "one", options)
    manifest = run_on_cluster(extract, tmp_path / "many", options, there)
    assert manifest.networks is not None
    assert manifest.networks.found > 0
    assert differing(published(tmp_path / "one"), published(tmp_path / "many", CLUSTER), networks=True) == []


@pytest.mark.parametrize("seed", range(SEED, SEED + -(-CARDS // CARDS_A_RUN)))
def test_drawn_cards_give_what_one_machine_gives(cluster: Cluster, seed: int, tmp_path: Path) -> None:
    cards = drawn_cards(min(CARDS, CARDS_A_RUN), seed)
    extract, names = drawn_extract(tmp_path, cards, 90, seed)
    there = replace(cluster, slice_rows=23 * len(cards), part_rows=50)
    options = replace(OPTIONS, scorecard=tuple(names), stability=True, bibliography=True)
    run(extract, tmp_path / "one", options)
    manifest = run_on_cluster(extract, tmp_path / "many", options, there)
    assert manifest.networks is not None
    assert manifest.networks.found > 0
    assert differing(published(tmp_path / "one"), published(tmp_path / "many", CLUSTER), networks=True) == []


def test_a_driver_that_is_killed_leaves_the_published_run_whole(
    cluster: Cluster, extract: list[str], tmp_path: Path
) -> None:
    before = tmp_path / "runs" / "20260101T000000Z-abcdef"
    before.mkdir(parents=True)
    (tmp_path / "CURRENT").write_text(f"runs/{before.name}\n")
    (before / "run.json").write_text("{}")
    settings = [word for name, value in ONE_WORKER.items() for word in ("--spark-setting", f"{name}={value}")]
    asked = ["run", *extract, "--engine", "spark", "--master", str(cluster.master), "--out", str(tmp_path), *settings]
    code = "from icp_engine.cli import main; main()"
    driver = subprocess.Popen(
        [sys.executable, "-c", code, *asked, "--duplicates", "first", "--decimal-point"], stderr=subprocess.DEVNULL
    )
    wait_for_a_slice(tmp_path)
    driver.kill()
    driver.wait()
    assert published(tmp_path, CLUSTER) == before
    assert (before / "run.json").read_text() == "{}"
    assert len([path for path in (tmp_path / "runs").iterdir() if path.suffix == ".unfinished"]) > 0


def test_a_worker_with_another_polars_is_found_before_a_row_is_scored(
    cluster: Cluster, extract: list[str], tmp_path: Path
) -> None:
    other = tmp_path / "other" / "polars-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: polars\nVersion: 9.9.9\n")
    there = replace(cluster, settings={**ONE_WORKER, "spark.executorEnv.PYTHONPATH": str(other.parent)})
    with pytest.raises(InputError) as error:
        run_on_cluster(extract, tmp_path / "out", OPTIONS, there)
    assert "has polars 9.9.9 and the driver has" in str(error.value)
    assert not list((tmp_path / "out").glob("**/*.parquet"))


def test_workers_that_have_python_alone_are_sent_what_they_lack(
    cluster: Cluster, extract: list[str], tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = bare / "bin" / "python"
    assert subprocess.run([python, "-c", "import pyarrow"], stderr=subprocess.DEVNULL, check=False).returncode == 1
    there = replace(cluster, settings={**ONE_WORKER, "spark.pyspark.python": str(python)}, ship=True)
    manifest = run_on_cluster(extract, tmp_path / "out", replace(OPTIONS, scorecard="icf", networks=False), there)
    assert manifest.rows.scored > 0
