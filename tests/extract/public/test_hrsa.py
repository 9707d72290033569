"""Sites of health centres: the daily file with its odd header, and the export of the Data Explorer."""

from collections.abc import Callable
from pathlib import Path

from icp_engine.extract.public import hrsa

NPI = "1932612355"
HEADER = (
    "Health Center Number,Site Name,Site City,Site State Abbreviation,Site Status Description,FQHC Site NPI Number,"
    "Health Center Name,State Name,Data Warehouse Record Create Date,\n"
)


def site(name: str, npi: str, status: str) -> str:
    return f'"H80CS00055","{name}","Eugene","OR","{status}","{npi}","WHITE BIRD CLINIC","Oregon","09/30/2026"\n'


def test_active_sites_of_the_daily_file(write: Callable[[str, str], str], tmp_path: Path) -> None:
    sites = [("A", NPI, "Active"), ("B", "", "Active"), ("C", NPI, "Inactive"), ("D", "12", "Active"), ("E", "", "")]
    source = hrsa.read([write("sites.csv", HEADER + "".join(site(*each) for each in sites))], tmp_path)
    assert source.rows.collect().rows(named=True)[0] == {
        "npi": NPI,
        "site_name": "A",
        "center_name": "WHITE BIRD CLINIC",
        "state": "OR",
        "city": "Eugene",
        "grant_number": "H80CS00055",
    }
    assert source.rows.select("site_name", "npi").collect().rows() == [("A", NPI), ("B", None), ("D", None)]
    assert [(file.read, file.used) for file in source.files] == [(5, 3)]
    assert (source.invalid_npis, source.notes) == (1, ())


def test_the_export_of_the_data_explorer_has_neither_npi_nor_status(
    write: Callable[[str, str], str], tmp_path: Path
) -> None:
    export = (
        ",,,,,,,\n,,,,,,,\n"
        "Site Name,Services Delivered at Site,Health Center Type,Health Center Location Type,"
        "Health Center Location Setting,County,State,Grant #\n"
        "Albany Medical Center,Yes,Service Delivery Site,Permanent,All Other Clinic Types,Clinton County,KY,H80CS1\n"
    )
    explorer, daily = write("a.csv", export), write("b.csv", HEADER + site("A", NPI, "Active"))
    source = hrsa.read([explorer, daily], tmp_path)
    assert source.rows.select("npi", "site_name", "center_name", "state", "grant_number").collect().rows() == [
        (None, "Albany Medical Center", None, "KY", "H80CS1"),
        (NPI, "A", "WHITE BIRD CLINIC", "OR", "H80CS00055"),
    ]
    assert source.notes == (f"{explorer} has no status of sites: all count as active.",)
