"""Files beside the main file of NPPES: deactivated NPIs, secondary locations, other names."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from icp_engine.errors import InputError
from icp_engine.extract.public import deactivated, locations, other_names

NPI, WRONG = "1457434003", "1457434004"


def test_deactivated_npis_of_a_workbook_with_a_title(tmp_path: Path) -> None:
    path = tmp_path / "NPPES Deactivated NPI Report.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "NPPES Deactivated NPI Report as of Jan 8 2024")
        sheet.write_row(1, 0, ["NPI", "NPPES Deactivation Date"])
        sheet.write_row(2, 0, [NPI, "01/03/2024"])
        sheet.write(3, 0, 1003039231)
        sheet.write_datetime(3, 1, date(2024, 1, 10), book.add_format({"num_format": "mm/dd/yyyy"}))  # type: ignore[arg-type]
    source = deactivated.read([str(path)], tmp_path)
    assert source.rows.collect().rows() == [(NPI, date(2024, 1, 3)), ("1003039231", date(2024, 1, 10))]


def test_deactivated_npis_of_csv(write: Callable[[str, str], str], tmp_path: Path) -> None:
    lines = f"Report as of Jan 8 2024,\nNPI,NPI Deactivation Date\n{NPI},1/3/2024\n{WRONG},1/3/2024\n{NPI},\n"
    source = deactivated.read([write("deactivated.csv", lines)], tmp_path)
    assert source.rows.collect().rows() == [(NPI, date(2024, 1, 3))]
    assert ([(file.read, file.used) for file in source.files], source.invalid_npis) == ([(3, 1)], 1)


def test_the_main_file_is_no_list_of_deactivated_npis(write: Callable[[str, str], str], tmp_path: Path) -> None:
    path = write("npidata.csv", f"NPI,Entity Type Code,NPI Deactivation Date,NPI Reactivation Date\n{NPI},2,,\n")
    with pytest.raises(InputError, match="no such file has a column 'Entity Type Code'"):
        deactivated.read([path], tmp_path)


def test_locations(write: Callable[[str, str], str], tmp_path: Path) -> None:
    prefix = "Provider Secondary Practice Location Address"
    header = (
        f'"NPI","{prefix}- Address Line 1","{prefix}-  Address Line 2","{prefix} - City Name","{prefix} - State Name",'
        f'"{prefix} - Postal Code","{prefix} - Country Code (If outside U.S.)"\n'
    )
    lines = (
        f'"{NPI}","745 Old Mayfield Rd","","Danville","VA","245416056","US"\n'
        f'"{NPI}.0","1 Calle Sol","","Ponce","PUERTO RICO","00730.0","US"\n'
        f'"{NPI}","2 Rue","","Vancouver","BC","V6B1A1","CA"\n'
        f'"{WRONG}","1 Main St","","Austin","TX","78701","US"\n'
    )
    source = locations.read([write("pl_pfile.csv", header + lines)], tmp_path)
    assert source.rows.collect().to_dicts() == [
        {"npi": NPI, "address_1": "745 Old Mayfield Rd", "city": "Danville", "state": "VA", "zip5": "24541"},
        {"npi": NPI, "address_1": "1 Calle Sol", "city": "Ponce", "state": "PR", "zip5": "00730"},
    ]
    assert ([(file.read, file.used) for file in source.files], source.invalid_npis) == ([(4, 2)], 1)


def test_other_names(write: Callable[[str, str], str], tmp_path: Path) -> None:
    header = '"NPI","Provider Other Organization Name","Provider Other Organization Name Type Code"\n'
    kinds = [("3", "doing business as"), ("4", "former"), ("5", "other"), ("3.0", "doing business as"), ("1", None)]
    lines = "".join(f'"{NPI}","Elm Care","{code}"\n' for code, _ in kinds)
    path = write("othername.csv", header + lines + f'"{NPI}","","3"\n"{WRONG}","Oak","3"\n')
    source = other_names.read([path], tmp_path)
    assert source.rows.collect().rows() == [(NPI, "Elm Care", kind) for _, kind in kinds]
    assert ([(file.read, file.used) for file in source.files], source.invalid_npis) == ([(7, 5)], 1)
