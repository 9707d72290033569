"""The main file of NPPES: 330 columns and 10 GB of CSV, of which some 50 columns of organisations are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.public import values
from icp_engine.extract.public.clinic_names import name_keys, same_name, slug, street
from icp_engine.extract.public.files import Opened, open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FileCount
from icp_engine.extract.public.staging import Progress

_SLOTS = range(1, 16)
_ROWS_OF_A_FILE = 1 << 40  # the ids of a file start at its number times so many
_PRACTICE = "Provider Business Practice Location Address"
_MAILING = "Provider Business Mailing Address"
_ABROAD = "Country Code (If outside U.S.)"
_NO_COUNTRY = ("US", "USA", "UNITED STATES", "PR", "GU", "VI", "AS", "MP", "UM", "FM", "MH", "PW")
_ARMED_FORCES = ("AA", "AE", "AP")  # addresses abroad

LAYOUT = layout(
    "nppes",
    "the main file of NPPES (npidata_pfile)",
    {
        "npi": "NPI",
        "entity": "Entity Type Code",
        "name": "Provider Organization Name (Legal Business Name)",
        "address_1": "Provider First Line Business Practice Location Address",
        "city": f"{_PRACTICE} City Name",
        "state": f"{_PRACTICE} State Name",
        "postal_code": f"{_PRACTICE} Postal Code",
        "deactivated": "NPI Deactivation Date",
        "taxonomy_1": "Healthcare Provider Taxonomy Code_1",
    },
    {
        "address_2": "Provider Second Line Business Practice Location Address",
        "country": f"{_PRACTICE} {_ABROAD}",
        "phone": f"{_PRACTICE} Telephone Number",
        "fax": f"{_PRACTICE} Fax Number",
        "mailing_1": "Provider First Line Business Mailing Address",
        "mailing_2": "Provider Second Line Business Mailing Address",
        "mailing_city": f"{_MAILING} City Name",
        "mailing_state": f"{_MAILING} State Name",
        "mailing_postal_code": f"{_MAILING} Postal Code",
        "mailing_phone": f"{_MAILING} Telephone Number",
        "mailing_fax": f"{_MAILING} Fax Number",
        "official_phone": "Authorized Official Telephone Number",
        "other_name": "Provider Other Organization Name",
        "subpart": "Is Organization Subpart",
        "parent_name": "Parent Organization LBN",
        "enumerated": "Provider Enumeration Date",
        "updated": "Last Update Date",
        "reactivated": "NPI Reactivation Date",
        "switch_1": "Healthcare Provider Primary Taxonomy Switch_1",
        **{f"taxonomy_{slot}": f"Healthcare Provider Taxonomy Code_{slot}" for slot in _SLOTS[1:]},
        **{f"switch_{slot}": f"Healthcare Provider Primary Taxonomy Switch_{slot}" for slot in _SLOTS[1:]},
    },
)


@dataclass(frozen=True, slots=True)
class MainFiles:
    """The organisations of main files, staged as one Parquet file; `id` tells their order, `files` their counts."""

    opened: Opened
    staged: Path
    files: tuple[FileCount, ...]
    invalid_npis: int


def read(paths: Sequence[str], temp: Path, progress: Progress | None = None) -> MainFiles:
    """Stage the organisations of main files as Parquet in `temp`, with the columns that the build reads of every row.

    Rows of people are left out; rows that say only that an NPI was deactivated are kept.

    Raises:
        InputError: a file is no main file, or cannot be read to its end.
    """
    opened = open_files(LAYOUT, paths, temp, keep=_is_organization(), progress=progress)
    staged = temp / "nppes.parquet"
    _numbered(opened, _columns()).sink_parquet(staged, compression="lz4")
    file = pl.col("id") // _ROWS_OF_A_FILE
    counted = pl.scan_parquet(staged).group_by(file.alias("file")).agg(pl.len(), pl.col("invalid_npi").sum()).collect()
    used = dict(counted.select("file", "len").iter_rows())
    files = tuple(FileCount(file.path, file.read, used.get(number, 0)) for number, file in enumerate(opened.files))
    return MainFiles(opened, staged, files, int(counted["invalid_npi"].sum()))


def contacts(main: MainFiles, ids: pl.DataFrame) -> pl.LazyFrame:
    """Return what tells whether rows are of one place: addresses as they are compared, and numbers.

    Columns: `id`, `street`, `city_key`, `zip5`, `numbers` and `addresses` (lists), `parent_key`. Most clinics have one
    row, which is compared with none, so that this is done for the rows of some `ids`.
    """
    lines = ("phone", "official_phone", "mailing_phone", "fax", "mailing_fax")
    numbers = pl.concat_list(_phone(pl.col(name)) for name in lines).list.drop_nulls()
    place = street(pl.col("address_1"))
    zip5, city = values.zip5(pl.col("postal_code")), pl.col("city").str.to_uppercase()
    mailing_place, mailing_zip5 = street(pl.col("mailing_1")), values.zip5(pl.col("mailing_postal_code"))
    mail = pl.concat_str(
        mailing_place, pl.coalesce(mailing_zip5, pl.col("mailing_city").str.to_uppercase()), separator=","
    )
    addresses = pl.concat_list(pl.concat_str(place, pl.coalesce(zip5, city), separator=","), mail).list.drop_nulls()
    columns = [
        place.alias("street"),
        city.alias("city_key"),
        zip5.alias("zip5"),
        numbers.alias("numbers"),
        addresses.alias("addresses"),
        normalized_name(pl.col("parent_name")).alias("parent_key"),
    ]
    parts = [rows.join(ids.lazy(), on="id", how="semi") for rows in _with_ids(main.opened)]
    return pl.concat(parts).select("id", *columns)


def _with_ids(opened: Opened) -> list[pl.LazyFrame]:
    first = [number * _ROWS_OF_A_FILE for number in range(len(opened.files))]
    return [
        file.rows.with_row_index("id").with_columns(pl.col("id").cast(pl.Int64) + start)
        for file, start in zip(opened.files, first, strict=True)
    ]


def _numbered(opened: Opened, columns: Sequence[pl.Expr | str]) -> pl.LazyFrame:
    derived = (
        same_name(pl.col("slug")).alias("same_name"),
        *name_keys("name"),
        *name_keys("other_name", "other_name_key"),
    )
    return pl.concat([rows.select("id", *columns).with_columns(derived) for rows in _with_ids(opened)])


def _is_organization() -> pl.Expr:
    entity = values.whole(pl.col("entity"))
    gone = entity.is_null() & pl.col("deactivated").is_not_null()
    return (entity == "2").fill_null(value=False) | gone


def _columns() -> list[pl.Expr | str]:
    text = {column.name: pl.col(column.name) for column in LAYOUT.columns}
    country = text["country"].str.to_uppercase()
    state = values.state(text["state"])
    at_home = (country.is_null() | country.is_in(_NO_COUNTRY)) & ~state.is_in(_ARMED_FORCES)
    return [
        values.npi(text["npi"]).alias("npi"),
        values.no_npi(text["npi"]).alias("invalid_npi"),
        "name",
        slug(text["name"]).alias("slug"),
        "other_name",
        pl.when(at_home).then(state).alias("state"),
        _line("address_1", "address_2").alias("address"),
        "city",
        values.zip5(text["postal_code"]).alias("zip5"),
        *(_phone(text[key]).alias(key) for key in ("phone", "official_phone", "mailing_phone")),
        _mailing().alias("mailing_address"),
        "mailing_city",
        values.zip5(text["mailing_postal_code"]).alias("mailing_zip5"),
        (text["subpart"].str.to_uppercase() == "Y").alias("is_subpart"),
        "parent_name",
        *(_day(text[key]).alias(f"{key}_on") for key in ("enumerated", "updated", "deactivated", "reactivated")),
        _codes(text).alias("taxonomy_codes"),
        _primary(text).alias("primary_code"),
    ]


def _codes(text: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the codes of all slots as a list, missing where there are none; through text, at an eighth of the time."""
    joined = pl.concat_str([text[f"taxonomy_{slot}"] for slot in _SLOTS], separator=",", ignore_nulls=True)
    return pl.when(joined != "").then(joined).str.split(",")


def _primary(text: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the code of the first slot whose switch says Y, else that of the first slot that is filled."""
    switched = [pl.when(text[f"switch_{slot}"].is_in(["Y", "y"])).then(text[f"taxonomy_{slot}"]) for slot in _SLOTS]
    return pl.coalesce(*switched, *(text[f"taxonomy_{slot}"] for slot in _SLOTS))


def _line(*names: str) -> pl.Expr:
    joined = pl.concat_str([pl.col(name) for name in names], separator=" ", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _mailing() -> pl.Expr:
    """Return the mailing address in one line."""
    zip5 = values.zip5(pl.col("mailing_postal_code"))
    place = pl.concat_str([pl.col("mailing_state"), zip5], separator=" ", ignore_nulls=True)
    parts = [_line("mailing_1", "mailing_2"), pl.col("mailing_city"), pl.when(place != "").then(place)]
    joined = pl.concat_str(parts, separator=", ", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _day(column: pl.Expr) -> pl.Expr:
    """Return a date; those that are not written as nearly all are cost more."""
    day = column.str.to_date("%m/%d/%Y", strict=False, exact=True)
    return pl.coalesce(day, values.date_mdy(pl.when(day.is_null()).then(column)))


def _phone(column: pl.Expr) -> pl.Expr:
    """Return the ten digits of a telephone number; extensions and what is no number are left out."""
    plain = column.str.contains(r"^[2-9]\d{9}$")
    digits = values.whole(pl.when(~plain).then(column)).str.replace_all(r"\D", "")
    return pl.when(plain).then(column).otherwise(digits.str.extract(r"^1?([2-9]\d{9})"))
