"""Public files of a few lines in their real layouts, for tests: written as the agencies write them."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from icp_engine.extract.public.nppes import LAYOUT

HEADERS = {column.name: column.headers[0] for column in LAYOUT.columns}
LEIE = (
    "LASTNAME,FIRSTNAME,MIDNAME,BUSNAME,GENERAL,SPECIALTY,UPIN,NPI,DOB,ADDRESS,CITY,STATE,ZIP,EXCLTYPE,EXCLDATE,REINDATE,"
    "WAIVERDATE,WVRSTATE"
)
HRSA = "Health Center Number,Site Name,Site City,Site State Abbreviation,Site Status Description,FQHC Site NPI Number,"
HRSA += "Health Center Name"
ENROLLMENTS = (
    "ENROLLMENT ID,ENROLLMENT STATE,PROVIDER TYPE CODE,PROVIDER TYPE TEXT,NPI,MULTIPLE NPI FLAG,CCN,ASSOCIATE ID,"
)
ENROLLMENTS += "ORGANIZATION NAME,DOING BUSINESS AS NAME"
FEE_FOR_SERVICE = "NPI,MULTIPLE_NPI_FLAG,PECOS_ASCT_CNTL_ID,ENRLMT_ID,PROVIDER_TYPE_CD,PROVIDER_TYPE_DESC,STATE_CD,"
FEE_FOR_SERVICE += "FIRST_NAME,MDL_NAME,LAST_NAME,ORG_NAME"
OWNERS = (
    "ENROLLMENT ID,ASSOCIATE ID,ORGANIZATION NAME,ASSOCIATE ID - OWNER,TYPE - OWNER,ROLE CODE - OWNER,"
    "ROLE TEXT - OWNER,ORGANIZATION NAME - OWNER,PERCENTAGE OWNERSHIP,INVESTMENT FIRM - OWNER,"
    "PRIVATE EQUITY COMPANY - OWNER,CHAIN HOME OFFICE - OWNER"
)
LOCATION = "Provider Secondary Practice Location Address"
LOCATIONS = (
    f"NPI,{LOCATION}- Address Line 1,{LOCATION}-  Address Line 2,{LOCATION} - City Name,{LOCATION} - State Name,"
    f"{LOCATION} - Postal Code"
)


def npi(number: int) -> str:
    """An NPI that passes its check digit."""
    digits = f"1{number:08}"
    doubled = [int(digit) * 2 if place % 2 == 0 else int(digit) for place, digit in enumerate(digits)]
    total = 24 + sum(digit - 9 if digit > 9 else digit for digit in doubled)
    return f"{digits}{-total % 10}"


def written(path: Path, header: Iterable[str] | str, rows: Iterable[Iterable[object] | str]) -> str:
    """Write a file with every field quoted, rows as lists or as lines of the same; return its path."""
    names = header.split(",") if isinstance(header, str) else list(header)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, quoting=csv.QUOTE_ALL)
        lines.writerow(names)
        for row in rows:
            values = row.split(",") if isinstance(row, str) else list(row)
            lines.writerow([*values, *[""] * (len(names) - len(values))])
    return str(path)


def organization(number: int, name: str, **more: str) -> dict[str, str]:
    """A row of the main file: an active organisation in Texas, a family practice, unless said otherwise."""
    row = {
        "npi": npi(number),
        "entity": "2",
        "name": name,
        "address_1": f"{number} MAIN ST",
        "city": "AUSTIN",
        "state": "TX",
        "postal_code": "787010000",
        "country": "US",
        "phone": f"512{number:07}",
        "enumerated": "01/31/2010",
        "updated": "01/31/2020",
        "taxonomy_1": "207Q00000X",
        "switch_1": "Y",
    }
    return row | more


def main_file(path: Path, rows: Iterable[Mapping[str, str]]) -> str:
    """Write a main file of NPPES with the columns that are read; return its path."""
    return written(path, HEADERS.values(), ([row.get(name, "") for name in HEADERS] for row in rows))
