"""Tables of Delta Lake are read through their log, on this machine and in a bucket; their files alone are refused."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import deltalake
import polars as pl
import pytest

from icp_engine.errors import InputError
from icp_engine.extract import lake
from icp_engine.extract.files import open_files
from icp_engine.extract.lake import stage_delta
from icp_engine.pipeline.run import RunOptions, run

ROWS = pl.DataFrame(
    {"clinic_id": ["D1", "D2", "D3", "D4"], "npi_count": [1, 2, 3, 4], "state_code": ["TX", "TX", "OK", "OK"]}
)


def named(letter: str) -> pl.DataFrame:
    """The rows with a letter before their ids."""
    return ROWS.with_columns((letter + pl.col("clinic_id")).alias("clinic_id"))


def ids(paths: list[str], folder: Path) -> list[str]:
    """The ids that a run over the paths publishes."""
    run(paths, folder / "out", RunOptions(format="parquet", charts=False, networks=False))
    return pl.read_parquet(folder / "out" / "icp_scores.parquet")["clinic_id"].sort().to_list()


def refused(paths: list[str], folder: Path) -> str:
    with pytest.raises(InputError) as error:
        open_files(paths, folder)
    return str(error.value)


def table(folder: Path, **how: Any) -> str:
    deltalake.write_deltalake(folder, ROWS, **how)
    return str(folder)


def test_deleted_rows_stay_deleted(tmp_path: Path) -> None:
    path = table(tmp_path / "t")
    deltalake.DeltaTable(path).delete("clinic_id in ('D3', 'D4')")
    assert sum(pl.scan_parquet(file).collect().height for file in Path(path).glob("*.parquet")) > 2
    assert ids([path], tmp_path) == ["D1", "D2"]


def test_rewritten_rows_are_the_newer_ones_once(tmp_path: Path) -> None:
    path = table(tmp_path / "t")
    newer = ROWS.head(2).with_columns(npi_count=pl.col("npi_count") * 100)
    deltalake.DeltaTable(path).merge(
        newer, predicate="t.clinic_id = s.clinic_id", source_alias="s", target_alias="t"
    ).when_matched_update_all().execute()
    (file,) = open_files([path], tmp_path)
    found = file.frame.collect().sort("clinic_id")
    assert found["clinic_id"].to_list() == ["D1", "D2", "D3", "D4"]
    assert found["npi_count"].to_list() == [100, 200, 3, 4]
    assert (file.path, file.rows) == (path, 4)
    assert file.bytes > 0


@pytest.mark.parametrize("how", [{"partition_by": ["state_code"]}, {}])
def test_overwritten_and_partitioned_tables(how: dict[str, Any], tmp_path: Path) -> None:
    path = table(tmp_path / "t", **how)
    deltalake.write_deltalake(path, named("N"), mode="overwrite", **how)
    deltalake.write_deltalake(path, ROWS.head(1), mode="append", **how)
    (file,) = open_files([path], tmp_path)
    found = file.frame.collect().sort("clinic_id")
    assert found["clinic_id"].to_list() == ["D1", "ND1", "ND2", "ND3", "ND4"]
    assert found["state_code"].to_list() == ["TX", "TX", "TX", "OK", "OK"]


def test_a_table_stands_beside_other_files_of_an_extract(tmp_path: Path) -> None:
    named("X").write_csv(tmp_path / "more.csv")
    path = table(tmp_path / "t")
    assert len(ids([path, str(tmp_path / "more.csv")], tmp_path)) == 8


def test_the_files_alone_are_refused_and_so_is_a_folder_around_the_table(tmp_path: Path) -> None:
    path = table(tmp_path / "around" / "t")
    for pattern in (f"{path}/*.parquet", str(next(Path(path).glob("*.parquet"))), str(tmp_path / "around")):
        assert f"{path} is a table of Delta Lake, whose files hold deleted and older rows too" in refused(
            [pattern], tmp_path
        )
        assert f"name {path} itself" in refused([pattern], tmp_path)


@pytest.mark.parametrize("pattern", ["p.parquet", "*.parquet", ".", "../data/p.parquet", "other/../p.parquet"])
def test_a_file_is_one_of_a_table_wherever_its_path_begins(
    pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("metadata", "data/other"):
        (tmp_path / "t" / folder).mkdir(parents=True)
    (tmp_path / "t" / "metadata" / "v1.metadata.json").write_text("{}")
    ROWS.write_parquet(tmp_path / "t" / "data" / "p.parquet")
    monkeypatch.chdir(tmp_path / "t" / "data")
    assert f"{tmp_path / 't'} is a table of Apache Iceberg" in refused([pattern], tmp_path)


def test_a_table_around_the_working_folder_is_none_of_files_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t" / ".hoodie").mkdir(parents=True)
    ROWS.write_parquet(tmp_path / "p.parquet")
    monkeypatch.chdir(tmp_path / "t")
    assert len(open_files(["../p.parquet"], tmp_path)) == 1


@pytest.mark.parametrize(
    ("sign", "kind"),
    [
        ("metadata/v2.metadata.json.gz", "Apache Iceberg"),
        ("metadata/v2.gz.metadata.json", "Apache Iceberg"),
        (".hoodie/hoodie.properties", "Apache Hudi"),
        ("snapshot/snapshot-1", "Apache Paimon"),
    ],
)
def test_tables_that_nothing_reads_are_known_by_their_logs(sign: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "t" / sign).parent.mkdir(parents=True)
    (tmp_path / "t" / sign).write_text("{}")
    ROWS.write_parquet(tmp_path / "t" / "p.parquet")
    said = refused([str(tmp_path / "t")], tmp_path)
    assert f"{tmp_path / 't'} is a table of {kind}" in said
    assert said.endswith("export the table as Parquet or CSV, and name the export.")


def test_what_to_do_is_said_where_nothing_reads_such_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "t")
    monkeypatch.setattr(lake, "find_spec", lambda _: None)
    said = refused([path], tmp_path)
    assert "to read it, run pip install '.[delta]'" in said
    assert said.endswith("Else export the table as Parquet or CSV, and name the export.")


def test_a_table_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = table(tmp_path / "t")
    shutil.copytree(path, tmp_path / "gone")
    next((tmp_path / "gone").glob("*.parquet")).unlink()
    (tmp_path / "torn" / "_delta_log").mkdir(parents=True)
    (tmp_path / "torn" / "_delta_log" / "00000000000000000000.json").write_text("{")
    first = json.dumps({"metaData": {"format": {"provider": "parquet"}, "schemaString": "{}"}})
    (tmp_path / "odd" / "_delta_log").mkdir(parents=True)
    (tmp_path / "odd" / "_delta_log" / "00000000000000000000.json").write_text(first)
    for name in ("gone", "torn", "odd"):
        said = refused([str(tmp_path / name)], tmp_path)
        assert said.startswith(f"{tmp_path / name} cannot be read as a table of Delta Lake (")
        assert "\n" not in said


def put(client: Any, key: str, frame: pl.DataFrame) -> None:
    content = io.BytesIO()
    frame.write_parquet(content)
    client.put_object(Bucket="bucket", Key=key, Body=content.getvalue())


def test_an_extract_in_a_bucket_is_read(bucket: Any, tmp_path: Path) -> None:
    put(bucket, "in/1.parquet", ROWS.head(2))
    put(bucket, "in/2.parquet", ROWS.tail(2))
    due = ROWS["clinic_id"].to_list()
    assert ids(["s3://bucket/in/*.parquet"], tmp_path) == due
    assert ids(["s3://bucket/in/1.parquet", "s3://bucket/in/2.parquet"], tmp_path) == due
    assert ids(["s3://bucket/in/"], tmp_path) == due
    (file,) = open_files(["s3://bucket/in/1.parquet"], tmp_path)
    assert (file.path, file.rows) == ("s3://bucket/in/1.parquet", 2)


@pytest.mark.parametrize(
    "address", ["s3://bucket/none.parquet", "s3://bucket/none/*.parquet", "s3://none/1.parquet", "s3://bucket/a.csv"]
)
def test_what_is_not_in_a_bucket_is_said_in_one_sentence(address: str, bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(Bucket="bucket", Key="a.csv", Body=b"clinic_id\n1\n")
    said = refused([address], tmp_path)
    assert said.startswith(f"{address} cannot be read as Parquet (")
    assert "\n" not in said


@pytest.mark.usefixtures("bucket")
def test_a_table_in_a_bucket_is_read_through_its_log_and_its_files_are_refused(tmp_path: Path) -> None:
    for address, how in (("s3://bucket/plain", {}), ("s3://bucket/parts", {"partition_by": ["state_code"]})):
        deltalake.write_deltalake(address, ROWS, **how)  # type: ignore[call-overload]
        deltalake.DeltaTable(address).delete("clinic_id = 'D2'")
        assert ids([address], tmp_path) == ids([f"{address}/"], tmp_path) == ["D1", "D3", "D4"]
    for pattern in ("s3://bucket/plain/*.parquet", "s3://bucket/parts/state_code=TX/*.parquet"):
        assert "is a table of Delta Lake, whose files hold deleted and older rows too" in refused([pattern], tmp_path)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("metadata/v1.metadata.json", "a table of Apache Iceberg, whose files hold deleted and older rows too"),
        (".hoodie/hoodie.properties", "a table of Apache Hudi, whose files hold deleted and older rows too"),
        ("snapshot/snapshot-1", "a table of Apache Paimon, whose files hold deleted and older rows too"),
        ("_spark_metadata/0", "the output of a stream of Spark, whose log says which files count"),
    ],
)
def test_other_tables_in_a_bucket_are_known_by_their_logs(log: str, said: str, bucket: Any, tmp_path: Path) -> None:
    folder = f"lake/{log[:4]}"
    bucket.put_object(Bucket="bucket", Key=f"{folder}/{log}", Body=b'{"a": 1}\n')
    put(bucket, f"{folder}/data/1.parquet", ROWS)
    for address in ("data/1.parquet", "data/*.parquet", "data/", ""):
        assert refused([f"s3://bucket/{folder}/{address}"], tmp_path) == (
            f"s3://bucket/{folder} is {said}; export the table as Parquet or CSV, and name the export."
        )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_no_damaged_table(tmp_path: Path) -> None:
    deltalake.write_deltalake(tmp_path / "table", ROWS)
    with pytest.raises(InputError, match=r"^Writing to /dev failed \(No space left on device\); choose another"):
        stage_delta(str(tmp_path / "table"), Path("/dev/full"))


def test_a_mistake_of_ours_is_no_damaged_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(_: str) -> pl.LazyFrame:
        raise AttributeError("ours")

    deltalake.write_deltalake(tmp_path / "table", ROWS)
    monkeypatch.setattr(pl, "scan_delta", mistaken)
    with pytest.raises(AttributeError, match="ours"):
        stage_delta(str(tmp_path / "table"), tmp_path / "rows.parquet")
