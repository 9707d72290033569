"""What is said before a cluster is asked for anything, and of machines that differ."""

from contextlib import nullcontext
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.distributed import session
from icp_engine.distributed.job import Piece, Slice, slices_of
from icp_engine.distributed.run import check_driver, run_on_cluster
from icp_engine.distributed.session import Cluster, check_same, own_versions
from icp_engine.distributed.ship import files
from icp_engine.errors import InputError
from icp_engine.extract.extract import open_extract
from icp_engine.pipeline.run import RunOptions


@pytest.mark.parametrize("name", ["Python", "polars", "clinic-icp"])
def test_a_worker_that_differs_is_named(name: str) -> None:
    own = own_versions()
    check_same(own, dict(own), "host-7")
    with pytest.raises(InputError) as error:
        check_same(own, {**own, name: "0.1"}, "host-7")
    assert f"The worker on host-7 has {name} 0.1 and the driver has {own[name]};" in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--engine", "spark"], "takes one of --master and --remote"),
        (["--engine", "spark", "--master", "local", "--remote", "sc://x"], "takes one of --master and --remote"),
        (["--master", "local"], "go with --engine spark"),
        (["--spark-setting", "a=b"], "go with --engine spark"),
        (["--ship"], "go with --engine spark"),
        (["--out", "s3://bucket/warehouse"], "--out s3://bucket/warehouse: addresses go with --engine spark"),
        (["--out", "S3://bucket/warehouse"], "--out s3://bucket/warehouse: addresses go with --engine spark"),
        (["--out", "s3://"], "--out s3://: addresses go with --engine spark"),
        (["--engine", "spark", "--remote", "sc://x", "--ship"], "--ship sends packages to the workers of a --master"),
        (["--engine", "spark", "--master", "local[2]", "--ship"], "--ship sends packages to the workers of a --master"),
        (["--engine", "spark", "--master", "local", "--partition-by", "sector"], "writes every table by state"),
    ],
)
def test_options_that_do_not_go_together_are_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "clinics.csv").write_text("clinic_id\n1\n")
    done = CliRunner().invoke(cli, ["run", str(tmp_path / "clinics.csv"), "--out", str(tmp_path / "out"), *arguments])
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize("out", ["gs://bucket/warehouse", "abfss://a@b/c"])
def test_an_address_of_another_store_is_no_place_to_publish_under(out: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is an address that no run is published under"):
        run_on_cluster([str(tmp_path)], Path(out), RunOptions(), Cluster(master="local"))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("Traceback:\n  File x\nicp_engine.errors.InputError: a.csv is bad.\n\n\tat java", "a.csv is bad."),
        (
            "x\nKeyError: 1\n\nDuring it:\nModuleNotFoundError: No module named 'pyarrow'\n SQLSTATE: 3",
            "ModuleNotFoundError: No module named 'pyarrow'",
        ),
        ("Job aborted.\n\tat java", "Job aborted"),
    ],
)
def test_of_a_failure_its_reason_is_said(told: str, said: str) -> None:
    assert session._last_line(Exception(told)) == said


@pytest.mark.parametrize(
    ("rows", "slices"),
    [
        ([1], [[(0, 0, 1)]]),
        ([3], [[(0, 0, 3)]]),
        ([6], [[(0, 0, 3)], [(0, 3, 3)]]),
        ([4, 2], [[(0, 0, 3)], [(0, 3, 1), (1, 0, 2)]]),
        ([4, 3], [[(0, 0, 3)], [(0, 3, 1)], [(1, 0, 3)]]),
        ([1, 1, 1, 1, 1], [[(0, 0, 1), (1, 0, 1), (2, 0, 1)], [(3, 0, 1), (4, 0, 1)]]),
        ([2, 0, 2], [[(0, 0, 2)], [(2, 0, 2)]]),
    ],
)
def test_slices_hold_every_row_once(rows: list[int], slices: list[list[tuple[int, int, int]]], tmp_path: Path) -> None:
    for number, count in enumerate(rows):
        pl.DataFrame({"clinic_id": list(map(str, range(count)))}, {"clinic_id": pl.String}).write_parquet(
            tmp_path / f"{number}.parquet"
        )
    extract = open_extract([str(tmp_path / "*.parquet")], temp=tmp_path)
    due = [Slice(number, tuple(Piece(*piece) for piece in pieces)) for number, pieces in enumerate(slices)]
    assert list(slices_of(extract, 3)) == due


@pytest.mark.parametrize(("limit", "networks", "is_said"), [(2, True, True), (3, True, False), (2, False, False)])
def test_more_clinics_than_the_driver_groups_are_said(
    limit: int, networks: bool, is_said: bool, tmp_path: Path
) -> None:
    (tmp_path / "clinics.csv").write_text("clinic_id\n1\n2\n3\n")
    extract = open_extract([str(tmp_path / "clinics.csv")], temp=tmp_path)
    expected = (
        pytest.raises(InputError, match=r"3 clinics .* takes 2; raise --driver-edges") if is_said else nullcontext()
    )
    with expected:
        check_driver(extract, RunOptions(networks=networks), Cluster(driver_rows=limit))


def test_what_workers_lack_is_this_program_and_what_it_asks_for() -> None:
    names = [name for name, _ in files()]
    assert len(names) == len(set(names))
    assert {"icp_engine/scorecards/icp.toml", "polars/__init__.py", "pyarrow/__init__.py", "pandas/__init__.py"} <= {
        *names
    }
    told = f"clinic_icp-{own_versions()['clinic-icp']}.dist-info/METADATA"
    assert told in names
    assert not [name for name in names if name.startswith(("pyspark/", "..")) or name.endswith(".pth")]


def test_an_interruption_is_none_of_the_errors_that_follow_it() -> None:
    error = OSError("gone")
    assert not session._was_interrupted(error)
    error.__context__ = ValueError("on the way")
    error.__context__.__context__ = KeyboardInterrupt()
    assert session._was_interrupted(error)
