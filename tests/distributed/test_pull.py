"""A run of a cluster brought down: a warehouse as one machine makes it, or clinics as they stand among all."""

import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from cluster_runs import DECIMAL_POINTS, dirty_extract

from icp_engine.cli import cli
from icp_engine.cli.run import _summary_of_counts
from icp_engine.database import database
from icp_engine.distributed.bucket import put
from icp_engine.distributed.pull import pull
from icp_engine.distributed.tasks import NO_STATE
from icp_engine.errors import InputError
from icp_engine.networks.grouping import NETWORKS
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.filters import Filter
from icp_engine.warehouse.folder import published
from icp_engine.warehouse.former import read_former
from icp_engine.warehouse.manifest import read_manifest
from icp_engine.warehouse.switch import CLUSTER

OPTIONS = RunOptions(
    ("icp", "icf"),
    reading=DECIMAL_POINTS,
    format="parquet",
    duplicates="first",
    charts=False,
    stability=True,
    bibliography=True,
)
BY_STATE = ("clinics_icp", "icp_scores", "icp_bands", "clinics_icp_with_networks")
LEFT_OUT = {"run_facts", "history"}  # tell when and where


@pytest.fixture(scope="module")
def one_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("one")
    run(dirty_extract(out, 600), out / "warehouse", OPTIONS)
    return published(out / "warehouse")


@pytest.fixture(scope="module")
def cluster(one_machine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a cluster would have published: the tables of one machine by state, and those of networks by themselves."""
    out = tmp_path_factory.mktemp("cluster")
    folder = out / "runs" / one_machine.name
    folder.mkdir(parents=True)
    (out / "CURRENT").write_text(f"runs/{folder.name}\n")
    for table in BY_STATE:
        state = pl.read_parquet(one_machine / "clinics_icp.parquet")["state_code"]
        for (name,), rows in pl.read_parquet(one_machine / f"{table}.parquet").group_by(state.alias("of")):
            path = folder / table / f"state_code={name or NO_STATE}" / "part-00000.parquet"
            path.parent.mkdir(parents=True)
            rows.drop("of", strict=False).write_parquet(path)
    for name in (f"{NETWORKS}.parquet", "rejects.parquet", "run.json"):
        (folder / name).write_bytes((one_machine / name).read_bytes())
    with database(one_machine / "icp.duckdb", read_only=True) as db:
        for table in ("network_edges", "network_candidates", "network_aliases", "network_changes", "excluded_names",
                      "network_overrides", "decisions", "decision_pairs"):  # fmt: skip
            db.frame(f"from {table}").write_parquet(folder / f"{table}.parquet")
    return out


def test_a_whole_run_is_the_warehouse_that_one_machine_makes(cluster: Path, one_machine: Path, tmp_path: Path) -> None:
    manifest = pull(cluster, tmp_path, Filter(), RunOptions(format="parquet", charts=False))
    here = published(tmp_path)
    assert manifest.rows == read_manifest(one_machine).rows
    for name in (*BY_STATE, NETWORKS, "rejects"):
        file = f"{name}.parquet"
        assert pl.read_parquet(here / file).equals(pl.read_parquet(one_machine / file)), name
    found, due = tables_of(here), tables_of(one_machine)
    assert found.keys() == due.keys()
    assert [name for name in due if not found[name].equals(due[name])] == []


def tables_of(folder: Path) -> dict[str, pl.DataFrame]:
    """All tables and views of a warehouse file that say nothing of time and place, without order."""
    with database(folder / "icp.duckdb", read_only=True) as db:
        names = sorted(name for _, name in db.relations() if name not in LEFT_OUT)
        frames = {name: db.frame(f'from "{name}" order by all') for name in names}
    return {name: frame.select(sorted(frame.columns)).sort(pl.all()) if name == "clinics" else frame
            for name, frame in frames.items()}  # fmt: skip


def test_a_filter_brings_clinics_as_they_stand_among_all(cluster: Path, one_machine: Path, tmp_path: Path) -> None:
    arguments = ["published", "pull", str(cluster), "--out", str(tmp_path), "--state", "TX", "--no-charts", "--quiet"]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    due = pl.read_parquet(one_machine / "clinics_icp_with_networks.parquet").filter(pl.col("state_code") == "TX")
    assert pl.read_parquet(tmp_path / "clinics_icp_with_networks.parquet").equals(due)
    shown = CliRunner().invoke(cli, ["explain", due["clinic_id"][0], "-w", str(tmp_path)])
    assert shown.exit_code == 0


@pytest.mark.usefixtures("bucket")
def test_a_run_under_an_address_comes_down_as_from_a_folder(cluster: Path, tmp_path: Path) -> None:
    files = [path for path in cluster.rglob("*") if path.is_file()]
    put({path.relative_to(cluster).as_posix(): path for path in files}, "s3://bucket/pulled")
    options, parts = RunOptions(format="parquet", charts=False), (Filter(), Filter(state="tx"))
    for number, wanted in enumerate(parts):
        for source in (cluster, Path("s3a://bucket/pulled")):
            pull(source, tmp_path / f"{number}-{source.name}", wanted, options)
        due, found = (published(tmp_path / f"{number}-{name}") for name in (cluster.name, "pulled"))
        assert {path.name for path in due.iterdir()} == {path.name for path in found.iterdir()}
        for name in (*BY_STATE, NETWORKS):
            assert pl.read_parquet(due / f"{name}.parquet").equals(pl.read_parquet(found / f"{name}.parquet")), name
        assert read_manifest(found).notes[-1].startswith("s3://bucket/pulled: ")
    with pytest.raises(InputError, match="s3://bucket/pulled holds no clinic of WY"):
        pull(Path("s3://bucket/pulled"), tmp_path / "none", Filter(state="WY"), options)


def test_ids_of_networks_go_on_from_a_run_on_a_cluster(cluster: Path, one_machine: Path) -> None:
    found, due = read_former(cluster, "now", CLUSTER), read_former(one_machine.parents[1], "now")
    assert len(found.members) > 0
    assert found.members.sort(pl.all()).equals(due.members.sort(pl.all()))
    assert found.names.sort(pl.all()).equals(due.names.sort(pl.all()))
    assert found.aliases.equals(due.aliases)


def test_a_run_on_a_cluster_is_summed_up_by_its_manifest(cluster: Path) -> None:
    manifest = read_manifest(published(cluster, CLUSTER))
    assert manifest.networks is not None
    told = _summary_of_counts(manifest, cluster).splitlines()
    counts = (manifest.tiers, manifest.other_scorecards[0].tiers)
    due = [f"{count:,}" for tiers in counts for _, count in sorted(tiers.items())]
    found = [re.search(r" ([\d,]+) +[\d.]+%", line) for line in told if line.startswith("Tier ")]
    assert [match and match[1] for match in found] == due
    start = next(place for place, line in enumerate(told) if line.startswith(f"{manifest.rows.scored} clinics"))
    assert told[start].startswith(f"{manifest.rows.scored} clinics scored with icp {manifest.scorecard.version} on a")
    assert f"With icf {manifest.other_scorecards[0].scorecard.version}" in told
    assert sum(line.startswith(f"{manifest.networks.found} network") for line in told) == 1
    assert told[-2].startswith(f"Results         {cluster}/runs/{manifest.run_id}: ")
    assert told[-1] == f"Next            icp-engine published pull {cluster}: icp.duckdb, report, pages, API here"


def test_no_clinic_of_that_kind_and_no_run_are_said(cluster: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no clinic of that kind"):
        pull(cluster, tmp_path / "out", Filter(state="WY"), RunOptions())
    with pytest.raises(InputError, match="holds no published run"):
        pull(tmp_path, tmp_path / "out", Filter(), RunOptions())
