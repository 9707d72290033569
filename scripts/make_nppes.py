"""Make a synthetic main file of NPPES, of any size: the 330 columns of the real one, every field quoted as there.

Names and states are those of `make_extract`, so nothing in it is real. Of a hundred rows some twenty are people,
three are deactivated, one is abroad, and one repeats an NPI with an older date.

    python scripts/make_nppes.py --rows 2000000 --out npidata_pfile_synthetic.csv
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import click
import duckdb
from make_extract import ExtractError, make_extract

_ABROAD = "Country Code (If outside U.S.)"
_BUSINESS = "Provider Business {} Address"
_ADDRESS = (
    "City Name",
    "State Name",
    "Postal Code",
    _ABROAD,
    "Telephone Number",
    "Fax Number",
)
_CODE = (
    "Healthcare Provider Taxonomy Code_{}", "Provider License Number_{}", "Provider License Number State Code_{}",
    "Healthcare Provider Primary Taxonomy Switch_{}",
)  # fmt: skip
_IDENTIFIER = (
    "Other Provider Identifier_{}", "Other Provider Identifier Type Code_{}", "Other Provider Identifier State_{}",
    "Other Provider Identifier Issuer_{}",
)  # fmt: skip
COLUMNS = (
    "NPI", "Entity Type Code", "Replacement NPI", "Employer Identification Number (EIN)",
    "Provider Organization Name (Legal Business Name)", "Provider Last Name (Legal Name)", "Provider First Name",
    "Provider Middle Name", "Provider Name Prefix Text", "Provider Name Suffix Text", "Provider Credential Text",
    "Provider Other Organization Name", "Provider Other Organization Name Type Code", "Provider Other Last Name",
    "Provider Other First Name", "Provider Other Middle Name", "Provider Other Name Prefix Text",
    "Provider Other Name Suffix Text", "Provider Other Credential Text", "Provider Other Last Name Type Code",
    "Provider First Line Business Mailing Address", "Provider Second Line Business Mailing Address",
    *(f"{_BUSINESS.format('Mailing')} {part}" for part in _ADDRESS),
    "Provider First Line Business Practice Location Address", "Provider Second Line Business Practice Location Address",
    *(f"{_BUSINESS.format('Practice Location')} {part}" for part in _ADDRESS),
    "Provider Enumeration Date", "Last Update Date", "NPI Deactivation Reason Code", "NPI Deactivation Date",
    "NPI Reactivation Date", "Provider Sex Code", "Authorized Official Last Name", "Authorized Official First Name",
    "Authorized Official Middle Name", "Authorized Official Title or Position",
    "Authorized Official Telephone Number",
    *(column.format(slot) for slot in range(1, 16) for column in _CODE),
    *(column.format(slot) for slot in range(1, 51) for column in _IDENTIFIER),
    "Is Sole Proprietor", "Is Organization Subpart", "Parent Organization LBN", "Parent Organization TIN",
    "Authorized Official Name Prefix Text", "Authorized Official Name Suffix Text",
    "Authorized Official Credential Text",
    *(f"Healthcare Provider Taxonomy Group_{slot}" for slot in range(1, 16)),
    "Certification Date",
)  # fmt: skip

_CODES = {
    "Primary Care": "207Q00000X", "Behavioral Health": "251S00000X", "Home Health / Post-Acute": "251E00000X",
    "Urgent Care": "261QU0200X", "Health System / Hospital-Affiliated": "282N00000X",
    "Multi-Specialty": "193200000X", "FQHC / Community Health": "261QF0400X", "Rural Health Clinic": "261QR1300X",
}  # fmt: skip

ROWS_SQL = """
with
clinics as (
    select
        file_row_number as row,
        case when file_row_number % 100 = 99 then file_row_number - 1 else file_row_number end as number,
        hash(file_row_number, 'nppes') as draw,
        upper(account_name) as name,
        state_code as state,
        coalesce(code, '207RC0000X') as code
    from read_parquet($extract, file_row_number = true)
    left join (select unnest($labels) as segment_label, unnest($codes) as code) using (segment_label)
),
digits as (
    select *, '1' || lpad(number::text, 8, '0') as nine from clinics
),
sums as (
    select *, 24 + list_sum([
        (substr(nine, place, 1)::int * (1 + place % 2)) // 10 + (substr(nine, place, 1)::int * (1 + place % 2)) % 10
        for place in range(1, 10)
    ]) as total
    from digits
)
select
    nine || ((10 - total % 10) % 10)::int::text as npi,
    row % 100 between 10 and 29 as is_person,
    row % 100 between 30 and 32 as is_gone,
    row % 100 = 40 as is_abroad,
    row % 100 = 99 as is_older,
    name, state, code,
    (draw % 9999 + 1)::text || ' ' || (['MAIN', 'OAK', 'PARK', 'LAKE', 'HILL'])[(draw % 5 + 1)::int] || ' ST' as street,
    (2000000000 + draw % 7999999999)::text as phone,
    lpad((draw % 99999)::text, 5, '0') || '1234' as zip,
    strftime(date '2006-01-01' + (draw % 6000)::int, '%m/%d/%Y') as day
from sums
"""
_VALUES = {
    "Entity Type Code": "case when is_gone then '' when is_person then '1' else '2' end",
    "Employer Identification Number (EIN)": "'<UNAVAIL>'",
    "Provider Organization Name (Legal Business Name)": "case when is_person then '' else name end",
    "Provider Last Name (Legal Name)": "case when is_person then 'NOBODY' else '' end",
    "Provider First Line Business Mailing Address": "street",
    "Provider Business Mailing Address City Name": "'SPRINGFIELD'",
    "Provider Business Mailing Address State Name": "state",
    "Provider Business Mailing Address Postal Code": "zip",
    "Provider Business Mailing Address Country Code (If outside U.S.)": "'US'",
    "Provider Business Mailing Address Telephone Number": "phone",
    "Provider First Line Business Practice Location Address": "street",
    "Provider Second Line Business Practice Location Address": "'STE 100'",
    "Provider Business Practice Location Address City Name": "'SPRINGFIELD'",
    "Provider Business Practice Location Address State Name": "case when is_abroad then 'BC' else state end",
    "Provider Business Practice Location Address Postal Code": "zip",
    f"Provider Business Practice Location Address {_ABROAD}": "case when is_abroad then 'CA' else 'US' end",
    "Provider Business Practice Location Address Telephone Number": "phone",
    "Provider Enumeration Date": "day",
    "Last Update Date": "case when is_older then '01/01/2006' else day end",
    "Authorized Official Last Name": "'OFFICIAL'",
    "Authorized Official Title or Position": "'CEO'",
    "Authorized Official Telephone Number": "phone",
    "Healthcare Provider Taxonomy Code_1": "code",
    "Healthcare Provider Primary Taxonomy Switch_1": "'Y'",
    "Is Organization Subpart": "'N'",
    "Certification Date": "day",
}


def make_nppes(out: Path, *, rows: int, seed: int) -> None:
    """Write a main file of so many rows; a file of that name is replaced only once the new one is whole."""
    if out.suffix != ".csv" or not out.parent.is_dir():
        raise ExtractError(f"{out}: give --out a .csv file in an existing folder.")
    columns = ["npi", *(_VALUES.get(name, "''") for name in COLUMNS[1:])]
    columns = [value if name in ("NPI", "Entity Type Code") else f"case when is_gone then '' else {value} end"
               for name, value in zip(COLUMNS, columns, strict=True)]  # fmt: skip
    day = COLUMNS.index("NPI Deactivation Date")
    columns[day] = "case when is_gone then day else '' end"
    listed = ", ".join(f'{value} as "{name}"' for name, value in zip(COLUMNS, columns, strict=True))
    partial = out.with_name(f".{out.name}.partial")
    try:
        with tempfile.TemporaryDirectory(dir=out.parent) as temp, duckdb.connect() as connection:
            extract = Path(temp) / "extract.parquet"
            make_extract(extract, rows=rows, seed=seed)
            connection.execute("set enable_progress_bar = false")
            connection.execute(
                f"copy (with rows as ({ROWS_SQL}) select {listed} from rows) to $path "
                "(format csv, header, force_quote *, nullstr '')",
                {"path": str(partial), "extract": str(extract), "labels": list(_CODES), "codes": list(_CODES.values())},
            )
        partial.replace(out)
    except (duckdb.IOException, OSError) as error:
        raise ExtractError(f"{out} cannot be written: {str(error).splitlines()[0]}") from error
    finally:
        partial.unlink(missing_ok=True)


@click.command(help="Make a synthetic main file of NPPES: the same rows for the same number and seed.")
@click.option("--rows", type=click.IntRange(1), default=2_000_000, show_default=True, help="Rows to make.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=2025, show_default=True, help="Which ones.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write, .csv.")
def command(rows: int, seed: int, out: Path) -> None:
    """Make the main file that the options describe."""
    start = time.perf_counter()
    make_nppes(out, rows=rows, seed=seed)
    seconds, megabytes = time.perf_counter() - start, out.stat().st_size / 1e6
    click.echo(f"{out}: {rows:,} rows, seed {seed}, {megabytes:,.1f} MB, {seconds:.1f} s", err=True)


if __name__ == "__main__":
    sys.exit(command())
