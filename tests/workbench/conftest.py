"""Clinics that the tests of the workbench share, and what a plain reading of `icp` makes of them."""

import random
from pathlib import Path
from typing import Any

import card_oracle
import oracle
import polars as pl
import pytest

from icp_engine.scorecard.loader import load_scorecard

ROWS = 260


@pytest.fixture(scope="session")
def rows() -> list[dict[str, Any]]:
    rng = random.Random(15)
    found = [oracle.random_typed_clinic(rng) | {"clinic_id": f"c{number:04}"} for number in range(ROWS)]
    for row in found:
        row["state_code"] = oracle.as_state(row.get("state_code"))  # whatever is no state is missing
        pressure = row.get("denial_pressure")
        row["denial_pressure"] = pressure and round(pressure, 2)  # no half hundredths, which floats round either way
    return found


@pytest.fixture(scope="session")
def extract(rows, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("diff") / "clinics.parquet"
    names = sorted({name for row in rows for name in row})
    pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False).write_parquet(path)
    return path


@pytest.fixture(scope="session")
def old_readings(rows) -> list[card_oracle.Reading]:
    content = load_scorecard("icp").content
    return [card_oracle.read(content, row) for row in rows]
