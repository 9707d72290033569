"""Exclusions of organisations: those in force, of whole lists and of monthly supplements."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from icp_engine.extract.public import leie
from icp_engine.extract.public.source import FileCount

HEADER = (
    '"LASTNAME","FIRSTNAME","MIDNAME","BUSNAME","GENERAL","SPECIALTY","UPIN","NPI","DOB","ADDRESS","CITY","STATE","ZIP",'
    '"EXCLTYPE","EXCLDATE","REINDATE","WAIVERDATE","WVRSTATE"\n'
)
NPI, OTHER_NPI = "1700016045", "1972777951"


def line(name: str, npi: str, excluded: str, reinstated: str = "00000000", surname: str = "") -> str:
    return (
        f'"{surname}",," ","{name}","DME COMPANY","DME",,"{npi}",,"53 FRONTAGE ROAD","HAMPTON","NJ","08827",'
        f'"1128b7  ","{excluded}","{reinstated}","00000000",\n'
    )


def test_a_row_as_published(write: Callable[[str, str], str], tmp_path: Path) -> None:
    people = line("", "1891930491", "20160907", surname="DOE") + line("DOE PRACTICE", "", "20160907", surname="DOE")
    path = write("1611EXCL.csv", HEADER + line("OXFORD DIABETIC SUPPLY, INC", NPI, "20160907") + people)
    source = leie.read([path], tmp_path)
    assert source.rows.collect().to_dicts() == [
        {
            "npi": NPI,
            "name": "OXFORD DIABETIC SUPPLY, INC",
            "name_key": "oxford diabetic supply",
            "city": "HAMPTON",
            "state": "NJ",
            "zip5": "08827",
            "exclusion_type": "1128b7",
            "excluded_on": date(2016, 9, 7),
        }
    ]
    assert (source.files, source.invalid_npis, source.notes) == ((FileCount(path, 3, 1),), 0, ())


@pytest.mark.parametrize(
    ("excluded", "reinstated", "in_force"),
    [
        pytest.param(("ELM", NPI, "20100101"), ("ELM", NPI, "20100101", "20150101"), False, id="the same row"),
        pytest.param(("ELM", NPI, "20100101"), ("ELM LLC", NPI, "20090101", "20150101"), False, id="the same NPI"),
        pytest.param(("ELM", NPI, "20150101"), ("ELM", NPI, "20100101", "20150101"), False, id="excluded on that day"),
        pytest.param(("ELM", NPI, "20150102"), ("ELM", NPI, "20100101", "20150101"), True, id="excluded again"),
        pytest.param(
            ("ELM", "0000000000", "20100101"),
            ("ELM", "0000000000", "20100101", "20150101"),
            False,
            id="no NPI, the same name and date",
        ),
        pytest.param(
            ("ELM", "0000000000", "20100102"),
            ("ELM", "0000000000", "20100101", "20150101"),
            True,
            id="no NPI, the same name, another date",
        ),
        pytest.param(
            ("OAK", "0000000000", "20100101"),
            ("ELM", "0000000000", "20100101", "20150101"),
            True,
            id="no NPI, another name, the same date",
        ),
        pytest.param(("ELM", NPI, "20100101"), ("ELM", "", "20100101", "20150101"), False, id="an NPI on one side"),
        pytest.param(
            ("ELM", NPI, "20100101"), ("ELM", OTHER_NPI, "20100101", "20150101"), True, id="NPIs of two organisations"
        ),
    ],
)
def test_a_reinstatement_ends_an_exclusion(
    write: Callable[[str, str], str],
    tmp_path: Path,
    excluded: tuple[str, str, str],
    reinstated: tuple[str, str, str, str],
    in_force: bool,
) -> None:
    paths = [write("UPDATED.csv", HEADER + line(*excluded)), write("1501REIN.csv", HEADER + line(*reinstated))]
    source = leie.read(paths, tmp_path)
    assert source.rows.select("name").collect().to_series().to_list() == [excluded[0]] * in_force
    assert {Path(file.path).name: (file.read, file.used) for file in source.files} == {
        "1501REIN.csv": (1, 0),
        "UPDATED.csv": (1, int(in_force)),
    }
    assert source.notes == (() if in_force else ("1 exclusion has ended by reinstatement.",))


def test_no_npi_a_wrong_one_and_the_same_exclusion_in_two_files(
    write: Callable[[str, str], str], tmp_path: Path
) -> None:
    lines = line("ELM", "0000000000", "20100101") + line("OAK", "1700016046", "20100101")
    source = leie.read([write("a.csv", HEADER + lines), write("b.csv", HEADER + lines)], tmp_path)
    assert source.rows.select("npi", "name").collect().rows() == [(None, "ELM"), (None, "OAK")]
    assert ([file.used for file in source.files], source.invalid_npis) == ([2, 0], 2)


def test_names_are_compared_by_their_first_30_characters() -> None:
    names = ["SOUTHERN ILLINOIS PHARMACY, IN", "Southern Illinois Pharmacy, Inc.", "S & R MEDICAL GROUP, LLC", None]
    keys = pl.DataFrame({"name": names}).select(leie.name_key(pl.col("name"))).to_series().to_list()
    assert keys == ["southern illinois pharmacy in"] * 2 + ["s r medical group", None]
