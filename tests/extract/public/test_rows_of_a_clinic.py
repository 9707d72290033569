"""Rows of one name in one state that share nothing with the main one are counted, as a doubt."""

from pathlib import Path

import polars as pl
import pytest
from public_files import main_file, npi, organization

from icp_engine.extract.public.build import BuildOptions, build

APART = {
    "address_1": "9 OAK AVE",
    "city": "WACO",
    "postal_code": "76701",
    "phone": "2540000009",
    "enumerated": "01/31/2015",
}
ROWS = {
    "nothing in common": (APART, 1),
    "the same phone": (APART | {"phone": "5125550100"}, 0),
    "a phone that is the fax of the main row": (APART | {"phone": "5125550101"}, 0),
    "the phone of the official": (APART | {"official_phone": "5125550102"}, 0),
    "the street, another suite": (
        APART | {"address_1": "1 Elm St. Suite 4", "city": "AUSTIN", "postal_code": "787019999"},
        0,
    ),
    "the street, another ZIP": (APART | {"address_1": "1 ELM ST"}, 1),
    "the practice where the main row has its mail": (
        APART | {"address_1": "PO BOX 7", "city": "DALLAS", "postal_code": "75201"},
        0,
    ),
    "the same parent": (APART | {"subpart": "Y", "parent_name": "BIG HEALTH INC"}, 0),
    "a parent called as the main row": (
        APART | {"subpart": "Y", "parent_name": "A parent called as the main row, Inc."},
        0,
    ),
    "another parent": (APART | {"subpart": "Y", "parent_name": "SMALL HEALTH"}, 1),
    "numbers that are none": (APART | {"phone": "0000000000", "fax": "1"}, 1),
}
MAIN = {
    "address_1": "1 ELM ST",
    "phone": "5125550100",
    "fax": "5125550101",
    "official_phone": "5125550102",
    "mailing_1": "PO BOX 7",
    "mailing_city": "DALLAS",
    "mailing_postal_code": "75201",
    "parent_name": "Big Health",
    "enumerated": "01/31/2009",
}


@pytest.fixture(scope="module")
def unlinked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many rows of each case share nothing with the main one."""
    folder = tmp_path_factory.mktemp("rows")
    rows = []
    for place, (name, (other, _)) in enumerate(ROWS.items()):
        rows += [organization(10 + 2 * place, name, **MAIN), organization(11 + 2 * place, name, **other)]
    summary = build(BuildOptions((main_file(folder / "main.csv", rows),)), folder / "clinics.parquet")
    found = dict(pl.read_parquet(folder / "clinics.parquet").select("account_name", "unlinked_rows").iter_rows())
    assert summary.with_several_npis == len(ROWS) == len(found)
    assert summary.with_unlinked_rows == sum(count > 0 for count in found.values())
    return found


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_linked_by_number_address_or_parent(unlinked: dict[str, int], name: str) -> None:
    assert unlinked[name] == ROWS[name][1]


def test_rows_of_files_in_blocks_and_as_parquet_make_the_same_extract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [organization(number, f"CLINIC {number % 30}", entity=str(1 + number % 3)) for number in range(400)]
    rows += [
        organization(number, f"CLINIC {number % 30}", phone="5129999999", updated="01/31/2024") for number in (1, 4)
    ]
    path = main_file(tmp_path / "main.csv", rows)
    whole, parts, parquet = (tmp_path / f"{name}.parquet" for name in ("whole", "parts", "of_parquet"))
    build(BuildOptions((path,)), whole)
    pl.read_csv(path, infer_schema=False).write_parquet(tmp_path / "main.parquet")
    assert build(BuildOptions((str(tmp_path / "main.parquet"),)), parquet).files["nppes"].read == len(rows)
    monkeypatch.setattr("icp_engine.extract.public.staging._BLOCK", 8 << 10)
    monkeypatch.setattr("icp_engine.extract.public.staging._ROWS", 7)
    pieces = (main_file(tmp_path / "first.csv", rows[:250]), main_file(tmp_path / "second.csv", rows[250:]))
    assert build(BuildOptions(pieces), parts).files["nppes"].used == 133 + 2
    due = pl.read_parquet(whole)
    assert due["org_npi_count"].sum() == 133
    assert due.filter(pl.col("npis").list.contains(npi(1)))["npi"].item() == npi(1)
    assert due.filter(pl.col("npi") == npi(1))["phone"].item() == "5129999999"  # its newer row
    for made in (parts, parquet):
        assert pl.read_parquet(made).equals(due)
