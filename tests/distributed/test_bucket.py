"""A run under an address of S3: whole or not there, pruned, and brought down as from a folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.distributed.address import address_of
from icp_engine.distributed.bucket import get, names_under, put, put_text
from icp_engine.distributed.destination import Destination, bucket_of, published_under
from icp_engine.distributed.run import check_shared
from icp_engine.errors import InputError
from icp_engine.extract.extract import open_extract
from icp_engine.networks.grouping import NETWORKS
from icp_engine.pipeline.run import RunOptions
from icp_engine.warehouse.former import read_former
from icp_engine.warehouse.switch import CLUSTER

OPTIONS = RunOptions(keep=2)


@pytest.mark.parametrize(
    ("path", "due"),
    [
        (Path("s3://bucket/warehouse"), "s3://bucket/warehouse"),
        (Path("s3a://bucket/a/b/"), "s3://bucket/a/b"),
        ("s3a://bucket/a/", "s3://bucket/a"),
        (Path("s3n://bucket"), "s3://bucket"),
        (Path("S3://Bucket/A"), "s3://Bucket/A"),
        (Path("/mnt/s3/warehouse"), None),
        (Path("warehouse"), None),
        (Path("C:/warehouse"), None),
    ],
)
def test_an_address_is_told_from_a_folder(path: Path | str, due: str | None) -> None:
    assert address_of(path) == due


@pytest.mark.parametrize("path", ["gs://bucket/a", "abfss://a@b/c", "hdfs:///warehouse", "s3://", "s3a:///"])
def test_other_addresses_are_refused(path: str) -> None:
    with pytest.raises(InputError, match=r"expected s3://BUCKET/FOLDER"):
        address_of(Path(path))


@pytest.fixture
def address(bucket: Any, request: pytest.FixtureRequest) -> str:
    assert bucket
    return f"s3://bucket/{abs(hash(request.node.nodeid))}"


def done_by(to: Destination, *, networks: bool = True, member: str = "n1") -> None:
    """What workers and the driver of a run leave."""
    to.temp.joinpath("part").write_bytes(b"x")
    put({"slice": to.temp / "part"}, to.work)
    rows = pl.DataFrame({"clinic_id": ["a", "b"], "network_id": [member, None]})
    rows.write_parquet(to.temp / "rows")
    put({"clinics_icp_with_networks/state_code=TX/part-00000.parquet": to.temp / "rows"}, to.results)
    if networks:
        names = pl.DataFrame({"network_id": [member], "network_name": ["N"]})
        names.write_parquet(to.folder / f"{NETWORKS}.parquet")
        read_former(to.out, "now", CLUSTER).aliases.write_parquet(to.folder / "network_aliases.parquet")
    (to.folder / "run.json").write_text("{}")


def published_runs(address: str) -> list[str]:
    return sorted({name.split("/")[0] for name in names_under(f"{address}/runs")})


def test_a_run_is_published_by_one_object_and_leaves_nothing_else(address: str) -> None:
    with bucket_of(address, OPTIONS) as to:
        done_by(to)
        assert published_under(address) is None
        assert len(names_under(f"{address}/work")) == 2
        to.publish()
    (run,) = published_runs(address)
    assert published_under(address) == run
    assert names_under(address) == [
        "CURRENT",
        *(
            f"runs/{run}/{name}"
            for name in (
                "clinics_icp_with_networks/state_code=TX/part-00000.parquet",
                "network_aliases.parquet",
                f"{NETWORKS}.parquet",
                "run.json",
            )
        ),
    ]


def test_a_run_that_fails_leaves_the_published_one_and_nothing_of_its_own(address: str) -> None:
    with bucket_of(address, OPTIONS) as to:
        done_by(to)
        to.publish()
    before = names_under(address)
    with pytest.raises(ZeroDivisionError), bucket_of(address, OPTIONS) as to:  # noqa: PT012 (the run is in it)
        done_by(to)
        raise ZeroDivisionError
    assert names_under(address) == before


def test_of_two_runs_at_once_the_second_to_end_is_not_published(address: str) -> None:
    with pytest.raises(InputError, match="Another run was published"), bucket_of(address, OPTIONS) as late:  # noqa: PT012
        done_by(late)
        with bucket_of(address, OPTIONS) as early:
            done_by(early)
            early.publish()
        late.publish()
    assert published_runs(address) == [published_under(address)]


def test_networks_and_decisions_of_before_are_there_for_the_next_run(address: str, tmp_path: Path) -> None:
    (tmp_path / "decisions.csv").write_text("é\n", encoding="utf-8")
    put({"decisions.csv": tmp_path / "decisions.csv"}, address)
    for member, networks in (("n1", True), ("n2", False)):
        with bucket_of(address, OPTIONS) as to:
            done_by(to, networks=networks, member=member)
            to.publish()
    with bucket_of(address, OPTIONS) as to:
        former = read_former(to.out, "now", CLUSTER)
        assert former.members.rows() == [("a", "n1")]
        assert former.names.rows() == [("n1", "N")]
        assert (to.out / "decisions.csv").read_text(encoding="utf-8") == "é\n"


def test_runs_are_kept_as_asked_and_the_last_one_with_networks_too(address: str) -> None:
    kept, runs = replace(OPTIONS, keep=1), []
    for networks in (True, True, False):
        with bucket_of(address, kept) as to:
            done_by(to, networks=networks)
            to.publish()
        runs.append(published_under(address))
    assert published_runs(address) == runs[1:]


def test_what_stands_in_the_way_is_said(address: str) -> None:
    put_text("mine\n", f"{address}/CURRENT")
    with pytest.raises(InputError, match="icp-engine did not make it"), bucket_of(address, OPTIONS):
        pass
    assert names_under(address) == ["CURRENT"]


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(InputError, match=r"^s3://none/a cannot be used \(.*\)\.$"):
        put({"a": tmp_path / "a"}, "s3://none/a")
    with pytest.raises(InputError, match=r"^s3://none/a cannot be used \(.*\)\.$"):
        get(["a"], "s3://none/a", tmp_path)
    said = pytest.raises(InputError, match=r"^s3://none/a/work/.* cannot be used \(.*bucket.*\)\.$")
    with said, bucket_of("s3://none/a", OPTIONS):
        pytest.fail("a run began")
    asked = ["published", "pull", "s3://bucket/nothing", "--out", str(tmp_path / "out")]
    with pytest.raises(InputError, match="s3://bucket/nothing holds no published run"):
        CliRunner().invoke(cli, asked, catch_exceptions=False)
    assert not (tmp_path / "out").exists()


def test_what_becomes_parquet_on_the_driver_is_refused_unless_on_a_shared_disk(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("clinic_id\n1\n")
    extract = open_extract([str(tmp_path / "a.csv")], temp=tmp_path)
    check_shared(extract, RunOptions(temp_dir=str(tmp_path)))
    with pytest.raises(InputError, match=r"a\.csv becomes Parquet on the driver"):
        check_shared(extract, RunOptions())
    pl.DataFrame({"clinic_id": ["1"]}).write_parquet(tmp_path / "a.parquet")
    check_shared(open_extract([str(tmp_path / "a.parquet")], temp=tmp_path), RunOptions())
