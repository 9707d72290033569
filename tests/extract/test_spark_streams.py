"""A folder that a stream of Spark writes is read by its log: files that it does not list are no rows."""

import json
import shutil
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest

from icp_engine.errors import InputError
from icp_engine.extract.files import open_files

Batches = dict[str, list[tuple[str, str]]]
ALL = ["S1", "S2", "S3"]


def stream(folder: Path, batches: Batches, base: str = "file:///data/out", version: str = "v1") -> Path:
    """A folder with the files S1 to S3, and a log of what was added or deleted, by batch."""
    for name in ALL:
        file = folder / f"state_code=TX x/{name}.snappy.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"clinic_id": [name]}).write_parquet(file)
    (folder / "_spark_metadata").mkdir()
    for batch, entries in batches.items():
        lines = [
            json.dumps(
                {"path": f"{base}/{quote('state_code=TX x')}/{name}.snappy.parquet", "size": 1, "action": action}
            )
            for name, action in entries
        ]
        (folder / "_spark_metadata" / batch).write_text("\n".join([version, *lines]))
        (folder / "_spark_metadata" / f".{batch}.crc").write_text("x")
    return folder


def ids(*patterns: Path | str, temp: Path) -> list[str]:
    files = open_files(map(str, patterns), temp)
    return sorted(file.frame.collect()["clinic_id"].item() for file in files)


def added(*names: str) -> list[tuple[str, str]]:
    return [(name, "add") for name in names]


LOGS: list[tuple[Batches, list[str]]] = [
    ({"0": added("S1"), "1": added("S2", "S3")}, ALL),
    ({"0": added("S1"), "1": []}, ["S1"]),
    ({"0": added("S1", "S2"), "1": [("S1", "delete")]}, ["S2"]),
    ({"0": added("S3"), "9.compact": added("S1"), "10": added("S2")}, ["S1", "S2"]),
    ({"8": added("S3"), "9.compact": added("S1", "S2")}, ["S1", "S2"]),
    ({"9.compact": added("S3"), "19.compact": added("S3", "S1")}, ["S1", "S3"]),
]


@pytest.mark.parametrize(("batches", "due"), LOGS)
def test_files_that_the_log_lists_are_read_wherever_the_folder_is_now(
    batches: Batches, due: list[str], tmp_path: Path
) -> None:
    folder = stream(tmp_path / "around" / "out", batches)
    assert ids(folder, temp=tmp_path) == due
    assert ids(folder.parent, temp=tmp_path) == due
    assert ids(folder / "state_code=TX x", temp=tmp_path) == due
    shutil.move(folder, tmp_path / "dt=2026-03-16")
    assert ids(tmp_path / "dt=2026-03-16", temp=tmp_path) == due


def test_a_log_of_a_bucket_and_a_folder_that_is_called_like_a_partition(tmp_path: Path) -> None:
    folder = stream(tmp_path / "dt=1", {"0": added("S1")}, base="s3a://bucket/out/dt=1")
    assert ids(folder, temp=tmp_path) == ["S1"]


def test_a_file_that_the_log_does_not_list_is_refused_by_name_and_by_pattern(tmp_path: Path) -> None:
    folder = stream(tmp_path / "out", {"0": added("S1", "S2")}) / "state_code=TX x"
    assert ids(folder / "S1.snappy.parquet", folder / "S2*.parquet", temp=tmp_path) == ["S1", "S2"]
    for pattern in ("S3.snappy.parquet", "*.parquet"):
        with pytest.raises(InputError) as error:
            open_files([str(folder / pattern)], tmp_path)
        assert str(error.value) == (
            f"{folder / 'S3.snappy.parquet'} is not among the files that the log of its stream lists "
            "(_spark_metadata), so its rows may stand twice or never have been finished; name the folder of the "
            "stream, whose log is then read."
        )


@pytest.mark.parametrize(
    ("batches", "version", "what"),
    [
        ({"0": added("S1"), "2": added("S2")}, "v1", "has no batch 1"),
        ({"0": added("S1", "S9")}, "v1", "lists state_code=TX x/S9.snappy.parquet, which is not there"),
        ({"0": added("S1")}, "v2", "has a batch 0 of a version that is not known"),
        ({"0": added("S1")}, "v1\n{", "has a batch 0 that cannot be read"),
        ({"0": added("S1")}, 'v1\n"x"', "has a batch 0 that cannot be read"),
        ({"0": added("S1")}, '{"path": 1}', "has a batch 0 of a version that is not known"),
        ({}, "v1", "has no batch 0"),
    ],
)
def test_a_log_that_is_not_whole_is_refused(batches: Batches, version: str, what: str, tmp_path: Path) -> None:
    folder = stream(tmp_path / "out", batches, version=version)
    with pytest.raises(InputError) as error:
        open_files([str(folder)], tmp_path)
    assert str(error.value) == (
        f"The log of a stream, {folder / '_spark_metadata'}, {what}; write the rows anew as Parquet or CSV, and name "
        "that."
    )
