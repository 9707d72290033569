"""Utilisation by provider, by provider and service, and of facilities by CCN."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from icp_engine.errors import InputError
from icp_engine.extract.public import institutional, utilization

NPI, OTHER, WRONG = "1003000126", "1457434003", "1003000127"
PROVIDER = "Rndrng_NPI,Rndrng_Prvdr_Ent_Cd,Tot_HCPCS_Cds,Tot_Benes,Tot_Srvcs,Tot_Sbmtd_Chrg,Tot_Mdcr_Alowd_Amt\n"
SERVICE = "Rndrng_NPI,Rndrng_Prvdr_Ent_Cd,HCPCS_Cd,Place_Of_Srvc,Tot_Benes,Tot_Srvcs,Avg_Mdcr_Alowd_Amt\n"
FACILITY = "YEAR,SMRY_CTGRY,SRVC_CTGRY,PRVDR_ID,PRVDR_NAME,STATE,BENE_DSTNCT_CNT,TOT_ALOWD_AMT\n"
Rows = list[tuple[str | int | float | bool | None, ...]]


def found(rows: pl.LazyFrame) -> Rows:
    return rows.select("npi", "services_count", "bene_count", "allowed_amt", "by_service").sort("npi").collect().rows()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param(
            f"{PROVIDER}{NPI},I,15,665,1648,538414.57,131204.99\n{OTHER},O,3,,40,1,1000\n{WRONG},O,1,1,1,1,1\n",
            [(NPI, 15, 665, 131204.99, False), (OTHER, 3, None, 1000.0, False)],
            id="by provider",
        ),
        pytest.param(
            "npi,number_of_hcpcs,total_services,total_unique_benes,total_medicare_allowed_amt\n"
            f'{NPI},15,1648,665,"131,204.99"\n',
            [(NPI, 15, 665, 131204.99, False)],
            id="by provider, older names",
        ),
        pytest.param(
            "npi,total_services,total_unique_benes,total_medicare_allowed_amt\n" + f"{NPI},1648,665,131204.99\n",
            [(NPI, None, 665, 131204.99, False)],
            id="by provider, without the number of codes",
        ),
        pytest.param(
            f"{PROVIDER}{NPI},I,15,665,1648,1,2\n{NPI},I,15,665,1648,1,2\n",
            [(NPI, 15, 665, 2.0, False)],
            id="a page that is repeated",
        ),
        pytest.param(
            f"{SERVICE}{NPI},I,99221,F,12,12,89.0625\n{NPI},I,99222,F,22,10,100\n{OTHER},O,1,F,11,11,\n",
            [(NPI, None, None, 2068.75, True), (OTHER, None, None, None, True)],
            id="by service: services times their average",
        ),
        pytest.param(
            f"{SERVICE}{NPI},I,99221,F,12,12,100\n{NPI},I,99221,O,12,12,100\n{NPI},I,99221,F,12,12,100\n",
            [(NPI, None, None, 2400.0, True)],
            id="by service: a row that is repeated, the same in another place",
        ),
        pytest.param(
            f"Rndrng_NPI,Tot_Srvcs,Avg_Mdcr_Alowd_Amt\n{NPI},12,100\n{NPI},12,100\n",
            [(NPI, None, None, 2400.0, True)],
            id="by service, without the codes",
        ),
        pytest.param(
            f"npi,line_srvc_cnt,bene_unique_cnt,average_Medicare_allowed_amt\n{NPI},12,12,89.0625\n",
            [(NPI, None, None, 1068.75, True)],
            id="by service, older names",
        ),
    ],
)
def test_files_of_one_year(write: Callable[[str, str], str], tmp_path: Path, text: str, rows: Rows) -> None:
    assert found(utilization.read([write("file.csv", text)], tmp_path).rows) == rows


def test_counts_and_wrong_npis(write: Callable[[str, str], str], tmp_path: Path) -> None:
    source = utilization.read([write("file.csv", f"{PROVIDER}{NPI},I,1,2,3,4,5\n{WRONG},O,1,1,1,1,1\n")], tmp_path)
    assert ([(file.read, file.used) for file in source.files], source.invalid_npis) == ([(2, 1)], 1)


def test_a_provider_of_both_kinds_is_read_from_the_file_by_provider(
    write: Callable[[str, str], str], tmp_path: Path
) -> None:
    provider = write("a.csv", f"{PROVIDER}{NPI},I,15,665,1648,1,500\n")
    service = write("b.csv", f"{SERVICE}{NPI},I,99221,F,12,12,100\n{OTHER},O,99221,F,12,12,100\n")
    source = utilization.read([provider, service], tmp_path)
    assert found(source.rows) == [(NPI, 15, 665, 500.0, False), (OTHER, None, None, 1200.0, True)]
    assert source.notes == ("Providers of both kinds of files are read from the file by provider.",)


def test_a_file_by_service_in_two_parts(write: Callable[[str, str], str], tmp_path: Path) -> None:
    parts = [write("a.csv", f"{SERVICE}{NPI},I,1,F,12,12,100\n"), write("b.csv", f"{SERVICE}{NPI},I,2,F,12,10,100\n")]
    assert found(utilization.read(parts, tmp_path).rows) == [(NPI, None, None, 2200.0, True)]


@pytest.mark.parametrize(
    ("header", "row"), [(PROVIDER, "{},I,15,665,1648,1,50{}\n"), (SERVICE, "{},I,1,F,12,12,10{}\n")]
)
def test_files_of_two_years_are_refused(
    write: Callable[[str, str], str], tmp_path: Path, header: str, row: str
) -> None:
    years = [write(f"{year}.csv", header + row.format(NPI, year) + row.format(OTHER, year)) for year in (1, 2)]
    with pytest.raises(InputError, match=f"2 providers several times with other numbers, first NPI {NPI}; give"):
        utilization.read(years, tmp_path)


def test_facilities_by_ccn(write: Callable[[str, str], str], tmp_path: Path) -> None:
    lines = (
        "2021,PROVIDER,HH,077229,ELM,CT,50,900\n"  # an older year
        '2022,PROVIDER,HH,77229,ELM,CT,60,"1,000.50"\n'
        "2022,PROVIDER,HH,077229,ELM,CT,60,1000.50\n"  # a page that is repeated
        "2022,PROVIDER,HOS,051501,OAK,CA,11,200\n"
        "2022,PROVIDER,HOS,051502,ASH,CA,*,*\n"
        "2022,STATE,HH,,,CT,5000,1000000\n"
        "2022,NATIONAL,HH,,,,50000,10000000\n"
    )
    source = institutional.read([write("pac.csv", FACILITY + lines)], tmp_path)
    assert source.rows.sort("ccn").collect().rows(named=True) == [
        {"ccn": "051501", "bene_count": 11, "allowed_amt": 200.0},
        {"ccn": "051502", "bene_count": None, "allowed_amt": None},
        {"ccn": "077229", "bene_count": 60, "allowed_amt": 1000.5},
    ]
    assert [(file.read, file.used) for file in source.files] == [(7, 3)]
    assert source.notes == ("Of the years in --institutional, 2022 is used.",)


def test_services_of_a_facility_are_added(write: Callable[[str, str], str], tmp_path: Path) -> None:
    lines = "PROVIDER,SNF,440058,30,100\nPROVIDER,IRF,440058,20,50\n"
    path = write("pac.csv", "SMRY_CTGRY,SRVC_CTGRY,PRVDR_ID,BENE_DSTNCT_CNT,TOT_ALOWD_AMT\n" + lines)
    assert institutional.read([path], tmp_path).rows.collect().rows() == [("440058", 30, 150.0)]


def test_facilities_of_two_years_without_the_year_are_refused(write: Callable[[str, str], str], tmp_path: Path) -> None:
    text = "PRVDR_ID,BENE_DSTNCT_CNT,TOT_ALOWD_AMT\n077229,{},100\n"
    with pytest.raises(InputError, match="several rows for the facility 077229, with other numbers"):
        institutional.read([write("a.csv", text.format(50)), write("b.csv", text.format(60))], tmp_path)
