"""The synthetic practices and contacts: the same for the same numbers, and fit to measure with."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from icp_engine.partnerships.run import PartnerOptions, run_partners

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_partners.py"


def made(folder: Path, *more: str, practices: int = 3_000) -> tuple[pl.DataFrame, pl.DataFrame]:
    numbers = ["--practices", str(practices), "--contacts", str(10 * practices), "--out", str(folder)]
    done = subprocess.run([sys.executable, SCRIPT, *numbers, *more], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    suffix = "csv" if "csv" in more else "parquet"
    read = pl.read_csv if suffix == "csv" else pl.read_parquet
    return read(folder / f"practices.{suffix}"), read(folder / f"contacts.{suffix}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    made(folder)
    return folder


def test_the_same_numbers_give_the_same_rows(folder: Path, tmp_path: Path) -> None:
    before = tuple(pl.read_parquet(folder / f"{name}.parquet") for name in ("practices", "contacts"))
    again, other = made(tmp_path / "again"), made(tmp_path / "other", "--seed", "1")
    assert all(one.equals(two) for one, two in zip(before, again, strict=True))
    assert not any(one.equals(two) for one, two in zip(before, other, strict=True))


def test_csv_holds_what_parquet_holds(folder: Path, tmp_path: Path) -> None:
    practices, contacts = made(tmp_path, "--format", "csv")
    whole = pl.read_parquet(folder / "practices.parquet")
    assert (
        practices["insurance_networks"].fill_null("").to_list() == whole["insurance_networks"].list.join(";").to_list()
    )
    assert len(contacts) == 30_000


def test_they_show_every_tier_status_and_signal(folder: Path, tmp_path: Path) -> None:
    log = (str(folder / "contacts.parquet"),)
    options = PartnerOptions(contacts=log, as_of=date(2026, 2, 20), today=date(2026, 4, 1), format="parquet")
    manifest = run_partners([str(folder / "practices.parquet")], tmp_path, options, ["hooks", "sla"]).manifest
    assert min(tier.practices for tier in manifest.tiers) > 300
    assert min(status.practices for status in manifest.statuses) >= 3
    assert min(manifest.signals.values()) > 3
    assert [problem.says for problem in manifest.problems] == [
        "insurance_networks has an item that is in no list of rula; it scores 0",  # plans of one region
        "contact with a practice that is not there; left out",
    ]
