"""Participants of ACOs, and columns of the user's own."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from icp_engine.errors import InputError
from icp_engine.extract.public import aco, features

NPI = "1457434003"
ACO = "aco_id,par_lbn,aco_name,aco_service_area,initial_start_date\n"


def test_participants_with_the_states_that_their_aco_serves(write: Callable[[str, str], str], tmp_path: Path) -> None:
    lines = (
        'A1,"ELM CLINIC, LLC",ABC,"AZ, NV",1/1/2025\n'
        "A1,OAK PC,ABC,PUERTO RICO,1/1/2025\n"
        "A2,Elm Clinic,XYZ,,1/1/2024\n"
        "A2,,XYZ,TX,1/1/2024\n"
    )
    source = aco.read([write("aco.csv", ACO + lines + lines)], tmp_path)  # a dump that repeats its pages
    assert source.rows.collect().to_dicts() == [
        {"aco_id": "A1", "name": "ELM CLINIC, LLC", "name_key": "elm clinic", "areas": ["AZ", "NV"]},
        {"aco_id": "A1", "name": "OAK PC", "name_key": "oak", "areas": ["PR"]},
        {"aco_id": "A2", "name": "Elm Clinic", "name_key": "elm clinic", "areas": None},
    ]
    assert [(file.read, file.used) for file in source.files] == [(8, 3)]


def test_features_by_clinic_or_by_npi(write: Callable[[str, str], str], tmp_path: Path) -> None:
    by_clinic = write("a.csv", "Clinic ID,denial_pressure\nelm--TX, 40\n,50\n")
    pl.DataFrame({"NPI": [1457434003, 1457434004], "roi_readiness": [0.5, 0.6]}).write_parquet(tmp_path / "b.parquet")
    source = features.read([by_clinic, str(tmp_path / "b.parquet")], tmp_path)
    assert source.rows.collect().to_dicts() == [
        {"clinic_id": "elm--TX", "denial_pressure": " 40", "npi": None, "roi_readiness": None},
        {"clinic_id": None, "denial_pressure": None, "npi": NPI, "roi_readiness": 0.5},
    ]
    assert ([(file.read, file.used) for file in source.files], source.invalid_npis) == ([(2, 1), (2, 1)], 1)


def test_features_without_a_key_are_refused(write: Callable[[str, str], str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a column clinic_id nor npi"):
        features.read([write("a.csv", "account_name,denial_pressure\nElm,40\n")], tmp_path)
