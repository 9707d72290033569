"""Options of `run` that have a cluster do the work."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from icp_engine.cli.options import Mapping

if TYPE_CHECKING:
    from icp_engine.cli.show import Progress
    from icp_engine.distributed.session import Cluster
    from icp_engine.pipeline.options import RunOptions
    from icp_engine.warehouse.manifest import Manifest

_Command = TypeVar("_Command", bound=Callable[..., Any])


def options(command: _Command) -> _Command:
    """Add the options to a command."""
    for option in reversed((
        click.option(
            "--engine", type=click.Choice(["local", "spark"]), default="local", show_default=True,
            help="Where the work is done: on this machine, or on a Spark cluster (Parquet by state, no icp.duckdb).",
        ),
        click.option("--master", metavar="URL", help="With --engine spark: spark://host:7077, or local[2]."),
        click.option("--remote", metavar="URL", help="With --engine spark: sc://host:15002 of Spark Connect."),
        click.option(
            "--spark-setting", "spark_settings", type=Mapping(), multiple=True, metavar="KEY=VALUE",
            help="With --engine spark: a setting of Spark's own; can be repeated.",
        ),
        click.option(
            "--ship", is_flag=True,
            help="With --master: send this program and its packages along, to workers that have Python alone.",
        ),
        click.option(
            "--driver-edges", type=click.IntRange(1), default=8_000_000, show_default=True,
            help="With --engine spark: clinics at most that the driver groups into networks, at 2 GB a million.",
        ),
    )):  # fmt: skip
        command = option(command)
    return command


def asked(
    engine: str,
    master: str | None,
    remote: str | None,
    settings: Iterable[tuple[str, str]],
    driver_edges: int,
    *,
    ship: bool,
    out: Path,
) -> "Cluster | None":
    """Return the cluster that is asked for; None where this machine does the work.

    Raises:
        click.UsageError: options of a cluster stand without one, or name two; or `out` is an address without one.
    """
    from icp_engine.distributed.address import parts_of

    if engine == "local":
        if master or remote or tuple(settings) or ship:
            raise click.UsageError("--master, --remote, --spark-setting and --ship go with --engine spark.")
        if address := parts_of(out):  # to this machine it would be a folder called so
            raise click.UsageError(f"--out {'://'.join(address)}: addresses go with --engine spark; choose a folder.")
        return None
    if bool(master) == bool(remote):
        raise click.UsageError("--engine spark takes one of --master and --remote.")
    if ship and (not master or master.startswith("local")):
        raise click.UsageError("--ship sends packages to the workers of a --master such as spark://host:7077.")
    from icp_engine.distributed.session import Cluster

    return Cluster(master, remote, dict(settings), driver_rows=driver_edges, ship=ship)


def run(
    extract: Iterable[str], out: Path, options: "RunOptions", cluster: "Cluster", progress: "Progress"
) -> "Manifest":
    """Run on a cluster; what it cannot make is said before it starts.

    Raises:
        click.UsageError: an option asks for what only one machine makes.
    """
    from icp_engine.distributed.run import run_on_cluster

    if options.partition_by:
        raise click.UsageError("--partition-by is for one machine; a cluster writes every table by state already.")
    return run_on_cluster(extract, out, options, cluster, progress)
