"""An extract that is there already gets flags of public files: by NPI, else by name and state."""

from pathlib import Path

import polars as pl
import pytest
from public_files import ENROLLMENTS, HRSA, LEIE, npi, written

from icp_engine.errors import InputError
from icp_engine.extract.public.enrich import EnrichOptions, enrich
from icp_engine.extract.public.summary import FlagCount

CLINICS = [
    {"clinic_id": "a", "account_name": "Elm Clinic, Inc.", "state_code": "TX", "npi": npi(1), "oig_leie_flag": None},
    {"clinic_id": "b", "account_name": "Oak Clinic", "state_code": "Texas", "npi": None, "city": "Austin"},
    {"clinic_id": "c", "account_name": "Oak Clinic", "state_code": "OK", "npi": None, "oig_leie_flag": True},
    {"clinic_id": "d", "account_name": "Fir Clinic", "state_code": "TX", "npi": None, "city": "Dallas"},
    {"clinic_id": "e", "account_name": "Ash Clinic", "state_code": "TX", "npi": npi(5), "fqhc_flag": True},
    {"clinic_id": None, "account_name": None, "state_code": None, "npi": "12"},
]
LIST = [
    f",, ,ELM CLINIC INC,,,,{npi(1)},,,AUSTIN,TX,78701,1128b7,20160101,00000000",
    ",, ,OAK CLINIC,,,,0000000000,,,AUSTIN,TX,78701,1128a1,20160101,00000000",
    f",, ,FIR CLINIC,,,,{npi(9)},,,AUSTIN,TX,78701,1128a1,20160101,00000000",
    ",, ,ASH CLINIC,,,,0000000000,,,AUSTIN,OK,78701,1128a1,20160101,00000000",
]


@pytest.fixture
def extract(tmp_path: Path) -> str:
    schema = ["clinic_id", "account_name", "state_code", "npi", "city", "oig_leie_flag", "fqhc_flag"]
    path = tmp_path / "clinics.parquet"
    frame = pl.DataFrame([{name: row.get(name) for name in schema} for row in CLINICS], infer_schema_length=None)
    frame.write_parquet(path)
    return str(path)


def test_flags_and_why(extract: str, tmp_path: Path) -> None:
    leie = written(tmp_path / "leie.csv", LEIE, LIST)
    out = tmp_path / "out.parquet"
    summary = enrich([extract], EnrichOptions({"leie": [leie]}, frozenset({"leie"})), out)
    found = pl.read_parquet(out)
    assert found.columns == [*pl.read_parquet(extract).columns, "oig_exclusion_type"]
    assert found.select("clinic_id", "oig_leie_flag", "oig_exclusion_type").rows() == [
        ("a", True, "1128b7"),
        ("b", True, "1128a1"),
        ("c", False, None),  # the whole list does not have it any more
        ("d", None, None),  # in another city: possible
        ("e", False, None),
        (None, False, None),
    ]
    assert summary.flags == {"oig_leie_flag": FlagCount(2, 3)}
    assert summary.files["leie"].matched == 3
    matches = pl.read_parquet(tmp_path / "build_matches.parquet").select("clinic_id", "key", "match").rows()
    assert matches == [
        ("a", "npi", "exact"),
        ("b", "name, state, and city or ZIP", "name"),
        ("d", "name and state", "possible"),
    ]


def test_what_no_file_knows_stays_as_it_was(extract: str, tmp_path: Path) -> None:
    leie = written(tmp_path / "leie.csv", LEIE, LIST)
    out = tmp_path / "out.parquet"
    enrich([extract], EnrichOptions({"leie": [leie]}), out)
    assert pl.read_parquet(out)["oig_leie_flag"].to_list() == [True, True, True, None, None, None]


def test_a_health_center_by_its_own_word_is_not_refuted(extract: str, tmp_path: Path) -> None:
    hrsa = written(tmp_path / "hrsa.csv", HRSA, [["H80", "Oak Clinic", "TULSA", "OK", "Active", "", "Center"]])
    home = written(
        tmp_path / "home.csv",
        ENROLLMENTS,
        [["O1", "TX", "00-06", "PART A PROVIDER - HOME HEALTH AGENCY", npi(5), "0", "457001", "1", "X", ""]],
    )
    out = tmp_path / "clinics.parquet"  # in place of what it was made of
    options = EnrichOptions({"hrsa": [hrsa], "enrollments": [home]}, frozenset({"hrsa"}))
    enrich([extract], options, out)
    found = pl.read_parquet(out)
    assert found["fqhc_flag"].to_list() == [False, False, True, False, True, False]
    assert found["pecos_enrolled"].to_list() == [None, None, None, None, True, None]
    leie = written(tmp_path / "leie.csv", LEIE, LIST)
    enrich([extract], EnrichOptions({"leie": [leie]}), out)
    kept = pl.read_parquet(tmp_path / "build_matches.parquet")["file"].unique().sort().to_list()
    assert kept == ["enrollments", "hrsa", "leie"]  # those of the files before are still there


def test_no_file_is_a_mistake(extract: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No public file is given"):
        enrich([extract], EnrichOptions({}), tmp_path / "out.parquet")
