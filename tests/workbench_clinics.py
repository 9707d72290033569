"""Clinics that tests of the workbench share, and what a plain reading of `icp` makes of them."""

import random
from functools import cache
from pathlib import Path
from typing import Any

import card_oracle
import oracle
import polars as pl

from icp_engine.scorecard.loader import load_scorecard

ROWS = 260


@cache
def typed_rows() -> list[dict[str, Any]]:
    """Clinics whose points no float rounds another way than the oracle."""
    rng = random.Random(15)
    found = [oracle.random_typed_clinic(rng) | {"clinic_id": f"c{number:04}"} for number in range(ROWS)]
    for row in found:
        row["state_code"] = oracle.as_state(row.get("state_code"))  # whatever is no state is missing
        pressure = row.get("denial_pressure")
        row["denial_pressure"] = pressure and round(pressure, 2)  # no half hundredths, which floats round either way
    return found


@cache
def plain_readings() -> list[card_oracle.Reading]:
    """What `icp` gives each of them, read one clinic at a time."""
    content = load_scorecard("icp").content
    return [card_oracle.read(content, row) for row in typed_rows()]


def write_rows(rows: list[dict[str, Any]], path: Path) -> Path:
    """Write clinics as an extract."""
    names = sorted({name for row in rows for name in row})
    pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False).write_parquet(path)
    return path
