"""The synthetic main file of NPPES: the columns of the real one, the same rows for the same numbers, a build of it."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl

from icp_engine.extract.public.build import BuildOptions, build
from icp_engine.extract.public.nppes import LAYOUT

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_nppes.py"


def made(path: Path, rows: int = 1_000) -> bytes:
    words = [sys.executable, SCRIPT, "--rows", str(rows), "--out", path]
    done = subprocess.run(words, capture_output=True, check=True)
    assert done.stdout == b""
    return path.read_bytes()


def test_every_field_is_quoted_and_the_rows_are_the_same_each_time(tmp_path: Path) -> None:
    content = made(tmp_path / "npidata.csv")
    assert content == made(tmp_path / "again.csv")
    header, first = content.decode().splitlines()[:2]
    for line in (header, first):
        assert len(line.removeprefix('"').removesuffix('"').split('","')) == 330
    assert {column.headers[0] for column in LAYOUT.columns} <= set(header.strip('"').split('","'))


def test_the_columns_are_those_of_the_real_file(tmp_path: Path, shared_data: Path) -> None:
    profile = json.loads((shared_data / "nppes" / "npidata_pfile_20050523-20250608.metadata.json").read_text())
    made(tmp_path / "npidata.csv", rows=1)
    assert pl.read_csv(tmp_path / "npidata.csv", infer_schema=False).columns == profile["original_column_names"]


def test_a_build_of_it(tmp_path: Path) -> None:
    made(tmp_path / "npidata.csv")
    found = build(BuildOptions((str(tmp_path / "npidata.csv"),)), tmp_path / "clinics.parquet")
    assert found.files["nppes"].read == 1_000
    assert found.files["nppes"].used == 800
    assert found.files["nppes"].invalid_npis == 0
    assert found.left_out["deactivated"] == 30
    assert found.written > 700
