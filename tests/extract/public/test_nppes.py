"""The main file of NPPES as it comes: both encodings, what other tools did to it, and how names are read."""

import csv
from pathlib import Path

import polars as pl
import pytest
from public_files import HEADERS, main_file, npi, organization

from icp_engine.errors import InputError
from icp_engine.extract.public import nppes
from icp_engine.extract.public.clinic_names import same_name, slug, street
from icp_engine.extract.public.taxonomy import code_segments, prefixes, segments


def staged(path: str, temp: Path) -> pl.DataFrame:
    return pl.read_parquet(nppes.read([path], temp).staged)


@pytest.mark.parametrize(
    ("name", "written", "same"),
    [
        ("CAPROCK HOME HEALTH SERVICES, INC.", "caprock-home-health-services-inc-", "caprock-home-health-services-inc"),
        ("Caprock Home Health Services Inc", "caprock-home-health-services-inc", "caprock-home-health-services-inc"),
        ("ELM, L.L.C.", "elm-l-l-c-", "elm-llc"),
        ("ELM P A", "elm-p-a", "elm-pa"),
        ("SMITH, M.D., P.A.", "smith-m-d-p-a-", "smith-md-pa"),
        ("SMITH MD PA", "smith-md-pa", "smith-md-pa"),
        ("A & B CLINIC", "a-b-clinic", "ab-clinic"),
        ("ST MARY'S", "st-mary-s", "st-mary-s"),
        ("CLÍNICA", "cl-nica", "cl-nica"),
        ("24/7 CARE", "24-7-care", "24-7-care"),
        ("...", "-", None),
        (None, None, None),
    ],
)
def test_spellings_of_a_name(name: str | None, written: str | None, same: str | None) -> None:
    frame = pl.DataFrame({"name": [name]}, schema={"name": pl.String}).with_columns(slug=slug(pl.col("name")))
    assert frame.select("slug", same_name(pl.col("slug")).alias("same")).row(0) == (written, same)


@pytest.mark.parametrize(
    ("line", "compared"),
    [
        ("20 Main St., Suite 9", "20 MAIN ST"),
        ("20 MAIN ST STE 4", "20 MAIN ST"),
        ("20 MAIN ST # 4", "20 MAIN ST"),
        ("20 MAIN ST #4", "20 MAIN ST"),
        ("20 MAIN ST 2ND FLOOR", "20 MAIN ST"),
        ("20 MAIN ST FL 2", "20 MAIN ST"),
        ("20  MAIN ST UNIT B", "20 MAIN ST"),
        ("20 FLORAL ST", "20 FLORAL ST"),
        ("20 STEVENS RD", "20 STEVENS RD"),
        ("20 UNITED WAY", "20 UNITED WAY"),
        (None, None),
    ],
)
def test_a_street_without_suite_floor_or_unit(line: str | None, compared: str | None) -> None:
    assert pl.DataFrame({"line": [line]}, schema={"line": pl.String}).select(street(pl.col("line"))).item() == compared


@pytest.mark.parametrize(
    ("code", "segment"),
    [
        ("261QF0400X", "fqhc"),
        ("261QM1000X", "fqhc"),
        ("261QC1500X", "specialty"),  # a health center only where the flag says so
        ("261QR1300X", "rural"),
        ("261QM0801X", "behavioral"),
        ("2084P0800X", "behavioral"),
        ("2084N0400X", "specialty"),
        ("363LP0808X", "behavioral"),
        ("363LF0000X", "primary_care"),
        ("363LA2100X", "specialty"),
        ("363LX0001X", "specialty"),
        ("363AM0700X", "primary_care"),
        ("363AS0400X", "specialty"),
        ("207Q00000X", "primary_care"),
        ("207QA0401X", "behavioral"),
        ("207QH0002X", "home_health"),
        ("207QS0010X", "specialty"),
        ("207RH0002X", "home_health"),
        ("207RH0003X", "specialty"),  # haematology and oncology begin as hospice and palliative medicine does
        ("207R00000X", "primary_care"),
        ("207RC0000X", "specialty"),
        ("251E00000X", "home_health"),
        ("251J00000X", "skilled_nursing"),
        ("3104A0625X", "skilled_nursing"),
        ("320900000X", "disability"),
        ("320800000X", "behavioral"),
        ("282N00000X", "hospital"),
        ("282E00000X", "skilled_nursing"),
        ("283Q00000X", "behavioral"),
        ("261QE0002X", "hospital"),
        ("261QU0200X", "urgent_care"),
        ("261QM1300X", "multi_specialty"),
        ("3336C0003X", "none"),
        ("341600000X", "none"),
        ("291U00000X", "none"),
        ("305R00000X", "none"),
        ("122300000X", "specialty"),
    ],
)
def test_the_longest_prefix_decides(code: str, segment: str) -> None:
    assert code_segments(pl.Series([code]))["segment"].to_list() == [segment]


def test_the_table_of_prefixes_is_sound() -> None:
    known = {*segments()["segment"], "none"}
    assert {name for pair in prefixes().values() for name in pair} <= known
    assert list(prefixes())[-1] == ""
    assert code_segments(pl.Series(["273R00000X"])).row(0) == ("273R00000X", "behavioral", "hospital")
    assert code_segments(pl.Series([None, "", "none", "207q00000x"], dtype=pl.String)).is_empty()


def test_iso_8859_1_and_utf_8_read_the_same(tmp_path: Path) -> None:
    path = Path(main_file(tmp_path / "utf8.csv", [organization(1, "Clínica Muñoz", city="Añasco")]))
    latin = tmp_path / "latin.csv"
    latin.write_bytes(path.read_text("utf-8").encode("iso8859-1"))
    both = [staged(str(file), tmp_path).drop("id").rows() for file in (path, latin)]
    assert both[0] == both[1]
    assert "Clínica Muñoz" in both[0][0]


def test_what_other_tools_append_is_cut(tmp_path: Path) -> None:
    row = organization(1, "ELM", postal_code="787010000.0", phone="5125550100.0") | {
        "npi": f"{npi(1)}.0",
        "entity": "2.0",
    }
    found = staged(main_file(tmp_path / "main.csv", [row]), tmp_path).row(0, named=True)
    assert (found["npi"], found["zip5"], found["phone"]) == (npi(1), "78701", "5125550100")


@pytest.mark.parametrize(
    ("phone", "read"),
    [
        ("5125550100", "5125550100"),
        ("(512) 555-0100", "5125550100"),
        ("1-512-555-0100", "5125550100"),
        ("512-555-0100 x12", "5125550100"),
        ("555-0100", None),
        ("<UNAVAIL>", None),
    ],
)
def test_a_telephone_number(tmp_path: Path, phone: str, read: str | None) -> None:
    assert (
        staged(main_file(tmp_path / "main.csv", [organization(1, "ELM", phone=phone)]), tmp_path)["phone"].item()
        == read
    )


def test_codes_of_all_slots_in_their_order(tmp_path: Path) -> None:
    slots = {"taxonomy_1": "207Q00000X", "switch_1": "", "taxonomy_7": "251E00000X", "switch_7": "Y"}
    rows = [organization(1, "ELM", **slots), organization(2, "OAK", taxonomy_1="", switch_1="")]
    found = staged(main_file(tmp_path / "main.csv", rows), tmp_path)
    assert found.select("taxonomy_codes", "primary_code").rows() == [
        (["207Q00000X", "251E00000X"], "251E00000X"),
        (None, None),
    ]


@pytest.mark.parametrize("sex", ["Provider Sex Code", "Provider Gender Code"])
def test_columns_that_are_not_read_may_have_any_name(tmp_path: Path, sex: str) -> None:
    header = [*list(HEADERS.values())[:20], sex, *list(HEADERS.values())[20:]]
    row = organization(1, "ELM", mailing_city="WACO")
    values = [row.get(name, "") for name in HEADERS]
    path = tmp_path / "main.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file, quoting=csv.QUOTE_ALL)
        lines.writerows([header, [*values[:20], "F", *values[20:]]])
    found = staged(str(path), tmp_path)
    assert found.equals(staged(main_file(tmp_path / "without.csv", [row]), tmp_path))
    assert found["mailing_city"].to_list() == ["WACO"]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "main.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerow(header for name, header in HEADERS.items() if name != "taxonomy_1")
    with pytest.raises(
        InputError, match=r"it has no column 'Healthcare Provider Taxonomy Code_1'; the nearest header is"
    ):
        nppes.read([str(path)], tmp_path)
