"""Synthetic public files: the build reads every one of them, and each file knows some of the clinics."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
from click.testing import CliRunner

from icp_engine.cli import cli

FILES = {
    "enrollments": "home_health_enrollments.csv", "group_sizes": "group_sizes.csv", "utilization": "utilization.csv",
    "hrsa": "hrsa_sites.csv", "leie": "leie.csv", "aco": "aco_participants.csv",
}  # fmt: skip


SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_public.py"


def make(folder: Path, *words: str) -> None:
    done = subprocess.run([sys.executable, SCRIPT, *words, "--out", folder], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_the_build_reads_every_file_and_finds_clinics_in_each(tmp_path: Path) -> None:
    make(tmp_path, "--rows", "20000")
    words = [word for kind, file in FILES.items() for word in (f"--{kind.replace('_', '-')}", str(tmp_path / file))]
    out = tmp_path / "clinics.parquet"
    done = CliRunner().invoke(
        cli, ["build", "--nppes", str(tmp_path / "npidata_pfile.csv"), *words, "--out", str(out), "-q"]
    )
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    found = set(pl.read_parquet(tmp_path / "build_matches.parquet")["file"])
    assert found == {"nppes", *FILES}, json.loads((tmp_path / "build.json").read_text())


def test_the_same_number_and_seed_make_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        make(tmp_path / name, "--rows", "500", "--seed", seed)
    for file in FILES.values():
        first, again, other = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert first == again
        assert first != other or file in ("hrsa_sites.csv", "leie.csv")  # of 500 rows hardly any is in these
