"""What `bench.py` measures the engine against scores every clinic alike, or the comparison means nothing."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from icp_engine.pipeline.run import RunOptions, run

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
ROWS = 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extract of invented clinics, and what a run makes of it."""
    folder = tmp_path_factory.mktemp("rivals")
    extract = folder / "clinics.parquet"
    make = [sys.executable, SCRIPTS / "make_extract.py", "--rows", str(ROWS), "--seed", "7", "--out", extract]
    subprocess.run(make, check=True, capture_output=True)
    run([str(extract)], folder / "out", RunOptions(networks=False, charts=False, format="parquet"))
    return folder


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_score_by_hand_is_the_same(folder: Path, engine: str) -> None:
    by_hand = folder / f"{engine}.parquet"
    script = SCRIPTS / "rivals" / f"icp_{engine}.py"
    subprocess.run([sys.executable, script, folder / "clinics.parquet", by_hand], check=True, capture_output=True)
    theirs, own = pl.read_parquet(by_hand), pl.read_parquet(folder / "out" / "clinics_icp.parquet")
    assert len(theirs) == ROWS
    assert theirs["icp_tier"].n_unique() > 1
    assert theirs.equals(own.select(theirs.columns))
