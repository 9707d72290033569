"""The connection to a Spark cluster, and what its machines have installed."""

import os
import platform
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pyarrow as pa

from icp_engine.distributed.ship import FOLDER, pack
from icp_engine.distribution import NAME, install_extra
from icp_engine.errors import InputError, first_line

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Versions = dict[str, str]
Settings = dict[str, str]
Batches = Iterator[pa.RecordBatch]

_PYTHON, _ARCHIVES, _PATH = "spark.pyspark.python", "spark.archives", "spark.executorEnv.PYTHONPATH"
_PROBES = 16  # small tasks that ask machines for their versions; every task that scores asks once more
_SETTINGS = {
    "spark.sql.adaptive.coalescePartitions.enabled": "false",  # few bytes of keys stand for much work
}
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception): .*", re.MULTILINE)
_LIBRARIES = ("pyspark", "py4j", "grpc")
_AT_START = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",  # warnings of a Java program, between the lines of this one
    "spark.executorEnv.POLARS_MAX_THREADS": "1",  # a task has one core
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster does the work, and in what portions.

    Attributes:
        master: its address for a driver on this machine, as `spark://host:7077` or `local[2]`.
        remote: its address for Spark Connect, as `sc://host:15002`; one of both.
        settings: more of Spark's own settings.
        slice_rows: rows of the extract that are one task.
        part_rows: clinics that are one file of the result, about.
        driver_rows: clinics at most that are grouped into networks, which the driver does.
        ship: whether this program and its packages go to the workers, which need their Python alone then.
    """

    master: str | None = None
    remote: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    slice_rows: int = 122_880
    part_rows: int = 245_760
    driver_rows: int = 8_000_000
    ship: bool = False


@contextmanager
def session(cluster: Cluster) -> Iterator["SparkSession"]:
    """Give a session of a cluster, which is ended afterwards.

    Raises:
        InputError: pyspark is not installed, or there is no such cluster.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise InputError(f"--engine spark needs more packages: {install_extra('spark')}") from error
    builder = SparkSession.builder.appName(NAME)
    with _quiet(), _shipped(cluster) as shipped:
        try:
            if cluster.remote:
                spark = builder.remote(cluster.remote).getOrCreate()
            else:
                for name, value in (_at_start(cluster) | shipped).items():
                    builder = builder.config(name, value)
                spark = builder.master(cluster.master or "local[*]").getOrCreate()
        except Exception as error:  # of Java, of gRPC, of Spark
            where = cluster.remote or cluster.master
            raise InputError(f"There is no Spark cluster at {where} that can be used ({first_line(error)}).") from error
        try:
            for name, value in _SETTINGS.items():
                spark.conf.set(name, value)
            yield spark
        except Exception as error:
            if _was_interrupted(error):
                raise KeyboardInterrupt from error
            if not type(error).__module__.startswith(_LIBRARIES):
                raise
            raise InputError(f"A task on the cluster failed: {_last_line(error)}") from error
        finally:
            with suppress(Exception):  # Java may be gone, and what went wrong is known by then
                spark.stop()


def _at_start(cluster: Cluster) -> dict[str, str]:
    """Return the settings of a driver on this machine, and say to Spark's own Python which one workers run."""
    settings = _AT_START | dict(cluster.settings)
    if _PYTHON in settings:
        os.environ["PYSPARK_PYTHON"] = settings[_PYTHON]  # Spark reads the setting where it starts the driver itself
    elif (cluster.master or "").startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else whatever is called python3
    return settings


@contextmanager
def _shipped(cluster: Cluster) -> Iterator[Settings]:
    """Give the settings by which workers get what they lack; executors may ask for the archive until the end."""
    if not cluster.ship:
        yield {}
        return
    with TemporaryDirectory(prefix="icp-ship-") as folder:
        archive = Path(folder) / "icp.zip"
        pack(archive)
        archives = [f"{archive}#{FOLDER}", *filter(None, [cluster.settings.get(_ARCHIVES)])]
        paths = [f"./{FOLDER}", *filter(None, [cluster.settings.get(_PATH)])]
        yield {_ARCHIVES: ",".join(archives), _PATH: os.pathsep.join(paths)}


@contextmanager
def _quiet() -> Iterator[None]:
    """Say nothing of pandas 3, which Spark does not support fully: rows travel as Arrow, and pandas is never called."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        yield


def _was_interrupted(error: BaseException | None) -> bool:
    """Tell whether an interruption is behind an error: Spark answers one with others of its own."""
    return error is not None and (isinstance(error, KeyboardInterrupt) or _was_interrupted(error.__context__))


def _last_line(error: Exception) -> str:
    """Return what a task said of its failure: the last line of Python's traceback, within Java's."""
    told = _RAISED.findall(str(error))
    return str(told[-1]).removeprefix(f"{InputError.__module__}.{InputError.__name__}: ") if told else first_line(error)


def own_versions() -> Versions:
    """Return the versions that every machine of a run must have in common, of this one."""
    packages = {name: version(name) for name in ("polars", NAME)}
    return {"Python": ".".join(platform.python_version_tuple()[:2]), **packages}


def check_versions(spark: "SparkSession") -> None:
    """Make sure that the machines of a cluster have what this one has, before a row is scored.

    Raises:
        InputError: one of them differs, by its name.
    """
    own = own_versions()

    def told(batches: Batches) -> Batches:  # goes to the workers as it stands, which may have no engine at all
        import platform
        from importlib import metadata

        import pyarrow as pa

        def found(name: str) -> str:
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                return "none"

        for _ in batches:
            python = ".".join(platform.python_version_tuple()[:2])
            versions = [python if name == "Python" else found(name) for name in own]
            values = [[platform.node()], *([version] for version in versions)]
            yield pa.RecordBatch.from_arrays([pa.array(value) for value in values], names=["host", *own])

    schema = ", ".join(f"`{name}` string" for name in ("host", *own))
    rows = spark.range(0, _PROBES, 1, _PROBES).mapInArrow(told, schema).toArrow().to_pylist()
    for row in rows:  # not made distinct by Spark, which would take two hundred tasks of a shuffle
        check_same(own, {name: row[name] for name in own}, row["host"])


def check_same(driver: Versions, worker: Versions, host: str) -> None:
    """Make sure that a worker has the versions of the driver.

    Raises:
        InputError: it has others.
    """
    for name, due in driver.items():
        if worker[name] != due:
            raise InputError(
                f"The worker on {host} has {name} {worker[name]} and the driver has {due}; results could differ, so "
                "install the same everywhere."
            )


def grouped(rows: "DataFrame", by: list[str], task: Callable[[pa.Table], pa.Table], schema: str) -> "DataFrame":
    """Return what a task makes of all rows of a group, group by group."""

    def of_group(table: pa.Table) -> pa.Table:  # Spark tells by these types what it is given
        return task(table)

    return rows.groupBy(*by).applyInArrow(of_group, schema)
