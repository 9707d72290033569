"""The main file of NPPES: 330 columns and 10 GB of CSV, of which some 50 columns of organisations are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.public import values
from icp_engine.extract.public.clinic_names import same_name, slug, street, with_name_keys
from icp_engine.extract.public.files import ROWS_OF_A_FILE, open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FileCount
from icp_engine.extract.public.staging import NUMBER, Progress

_SLOTS = range(1, 16)
_PRACTICE = "Provider Business Practice Location Address"
_MAILING = "Provider Business Mailing Address"
_ABROAD = "Country Code (If outside U.S.)"
_NO_COUNTRY = ("US", "USA", "UNITED STATES", "PR", "GU", "VI", "AS", "MP", "UM", "FM", "MH", "PW")
_ARMED_FORCES = ("AA", "AE", "AP")  # addresses abroad
_PHONES = ("phone", "official_phone", "mailing_phone")
_FAXES = ("fax", "mailing_fax")

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
    """The organisations of main files, staged as Parquet files; `id` tells their order, `files` their counts."""

    staged: tuple[Path, ...]
    files: tuple[FileCount, ...]
    invalid_npis: int

    @property
    def rows(self) -> pl.LazyFrame:
        """The organisations of all files."""
        return pl.concat([pl.scan_parquet(path, glob=False) for path in self.staged])


def read(paths: Sequence[str], temp: Path, progress: Progress | None = None) -> MainFiles:
    """Stage the organisations of main files as Parquet in `temp`, with the columns that the build reads.

    Rows of people are left out; rows that say only that an NPI was deactivated are kept.

    Raises:
        InputError: a file is no main file, or cannot be read to its end.
    """
    opened = open_files(LAYOUT, paths, temp, keep=_is_organization(), progress=progress, shape=_organizations)
    main = MainFiles(tuple(file.staged for file in opened.files if file.staged), (), 0)
    number = pl.col("id") // ROWS_OF_A_FILE
    counted = main.rows.group_by(number.alias("file")).agg(pl.len(), pl.col("invalid_npi").sum()).collect()
    used = dict(counted.select("file", "len").iter_rows())
    files = tuple(FileCount(file.path, file.read, used.get(number, 0)) for number, file in enumerate(opened.files))
    return replace(main, files=files, invalid_npis=int(counted["invalid_npi"].sum()))


def names(main: MainFiles, *, every: bool) -> pl.LazyFrame:
    """Return `id`, `name_key` and `name_key_cut`, by which lists of names are matched: dear, and not always needed."""
    rows = main.rows if every else main.rows.clear()
    return with_name_keys(rows.select("id", "name"), "name").drop("name")


def contacts(main: MainFiles, ids: pl.DataFrame) -> pl.LazyFrame:
    """Return what tells whether rows are of one place: addresses as they are compared, and numbers.

    Columns: `id`, `street`, `city_key`, `zip5`, `numbers` and `addresses` (lists), `name_key`, `parent_key`. Most
    clinics have one row, which is compared with none, so that this is done for the rows of some `ids`.
    """
    numbers = pl.concat_list(_phone(pl.col(name)) for name in (*_PHONES, *_FAXES)).list.drop_nulls()
    place, city = street(pl.col("address_1")), pl.col("city").str.to_uppercase()
    mailing_place = pl.coalesce("mailing_zip5", pl.col("mailing_city").str.to_uppercase())
    mail = pl.concat_str(street(pl.col("mailing_1")), mailing_place, separator=",")
    addresses = pl.concat_list(pl.concat_str(place, pl.coalesce("zip5", city), separator=","), mail).list.drop_nulls()
    return main.rows.join(ids.lazy(), on="id", how="semi").select(
        "id",
        place.alias("street"),
        city.alias("city_key"),
        "zip5",
        numbers.alias("numbers"),
        addresses.alias("addresses"),
        normalized_name(pl.col("name")).alias("name_key"),
        normalized_name(pl.col("parent_name")).alias("parent_key"),
    )


def _is_organization() -> pl.Expr:
    entity = values.whole(pl.col("entity"))
    gone = entity.is_null() & pl.col("deactivated").is_not_null()
    return (entity == "2").fill_null(value=False) | gone


def _organizations(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the columns of organisations that the build reads, with their numbers."""
    named = rows.select(NUMBER, *_columns()).with_columns(same_name(pl.col("slug")).alias("same_name"))
    return with_name_keys(named, "other_name", "other_name_key")


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
        "address_1",
        "address_2",
        "city",
        values.zip5(text["postal_code"]).alias("zip5"),
        *(_phone(text[key]).alias(key) for key in _PHONES),
        *_FAXES,
        "mailing_1",
        "mailing_2",
        "mailing_city",
        "mailing_state",
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


def _day(column: pl.Expr) -> pl.Expr:
    """Return a date; those that are not written as nearly all are cost more."""
    day = column.str.to_date("%m/%d/%Y", strict=False, exact=True)
    return pl.coalesce(day, values.date_mdy(pl.when(day.is_null()).then(column)))


def _phone(column: pl.Expr) -> pl.Expr:
    """Return the ten digits of a telephone number; extensions and what is no number are left out."""
    plain = column.str.contains(r"^[2-9]\d{9}$")
    digits = values.whole(pl.when(~plain).then(column)).str.replace_all(r"\D", "")
    return pl.when(plain).then(column).otherwise(digits.str.extract(r"^1?([2-9]\d{9})"))
