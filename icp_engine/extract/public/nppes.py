"""The main file of NPPES: 330 columns and 10 GB of CSV, of which some 50 columns of organisations are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.public import values
from icp_engine.extract.public.clinic_names import same_name, slug, street
from icp_engine.extract.public.files import Progress, open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FileCount

_SLOTS = range(1, 16)
_CUT = 30  # characters of a name in the list of exclusions
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
    """The organisations of main files, staged as one Parquet file; `files` counts all rows and those of organisations."""

    staged: Path
    files: tuple[FileCount, ...]
    invalid_npis: int


def read(paths: Sequence[str], temp: Path, progress: Progress | None = None) -> MainFiles:
    """Stage the organisations of main files as Parquet in `temp`, with the columns that the build reads.

    Rows of people are left out; rows that say only that an NPI was deactivated are kept. Later files win over earlier
    ones where an NPI has the same date of update in both: `file` and `row` tell the order.

    Raises:
        InputError: a file is no main file, or cannot be read to its end.
    """
    opened = open_files(LAYOUT, paths, temp, keep=_is_organization(), progress=progress)
    numbered = [file.rows.with_row_index("row").select("row", *_columns(number)) for number, file in enumerate(opened.files)]
    staged = temp / "nppes.parquet"
    pl.concat(numbered).sink_parquet(staged, compression="lz4")
    counted = pl.scan_parquet(staged).group_by("file").agg(pl.len(), pl.col("invalid_npi").sum()).collect()
    used = dict(counted.select("file", "len").iter_rows())
    files = tuple(FileCount(file.path, file.read, used.get(number, 0)) for number, file in enumerate(opened.files))
    return MainFiles(staged, files, int(counted["invalid_npi"].sum()))


def _is_organization() -> pl.Expr:
    entity = values.whole(pl.col("entity"))
    gone = entity.is_null() & pl.col("deactivated").is_not_null()
    return (entity == "2").fill_null(value=False) | gone


def _columns(file: int) -> list[pl.Expr]:
    text = {column.name: pl.col(column.name) for column in LAYOUT.columns}
    name, other = text["name"], text["other_name"]
    country = text["country"].str.to_uppercase()
    state = values.state(text["state"])
    at_home = (country.is_null() | country.is_in(_NO_COUNTRY)) & ~state.is_in(_ARMED_FORCES)
    slugs = slug(name)
    return [
        pl.lit(file, pl.Int32).alias("file"),
        values.npi(text["npi"]).alias("npi"),
        values.no_npi(text["npi"]).alias("invalid_npi"),
        name.alias("name"),
        slugs.alias("slug"),
        same_name(slugs).alias("same_name"),
        normalized_name(name).alias("name_key"),
        normalized_name(name.str.slice(0, _CUT)).alias("name_key_cut"),
        other.alias("other_name"),
        normalized_name(other).alias("other_name_key"),
        normalized_name(other.str.slice(0, _CUT)).alias("other_name_key_cut"),
        pl.when(at_home).then(state).alias("state"),
        _line(text, "address_1", "address_2").alias("address"),
        street(text["address_1"]).alias("street"),
        text["city"].str.to_uppercase().alias("city_key"),
        text["city"].alias("city"),
        values.zip5(text["postal_code"]).alias("zip5"),
        *(_phone(text[key]).alias(key) for key in ("phone", "fax", "official_phone", "mailing_phone", "mailing_fax")),
        _mailing(text).alias("mailing_address"),
        street(text["mailing_1"]).alias("mailing_street"),
        text["mailing_city"].str.to_uppercase().alias("mailing_city_key"),
        values.zip5(text["mailing_postal_code"]).alias("mailing_zip5"),
        (text["subpart"].str.to_uppercase() == "Y").alias("is_subpart"),
        text["parent_name"].alias("parent_name"),
        normalized_name(text["parent_name"]).alias("parent_key"),
        *(
            values.date_mdy(text[key]).alias(f"{key}_on")
            for key in ("enumerated", "updated", "deactivated", "reactivated")
        ),
        pl.concat_list(text[f"taxonomy_{slot}"] for slot in _SLOTS)
        .list.drop_nulls()
        .list.unique(maintain_order=True)
        .alias("taxonomy_codes"),
        _primary(text).alias("primary_code"),
    ]


def _primary(text: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the code of the first slot whose switch says Y, else that of the first slot that is filled."""
    switched = [
        pl.when(text[f"switch_{slot}"].str.to_uppercase() == "Y").then(text[f"taxonomy_{slot}"]) for slot in _SLOTS
    ]
    return pl.coalesce(*switched, *(text[f"taxonomy_{slot}"] for slot in _SLOTS))


def _line(text: Mapping[str, pl.Expr], *names: str) -> pl.Expr:
    joined = pl.concat_str([text[name] for name in names], separator=" ", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _mailing(text: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the mailing address in one line."""
    place = pl.concat_str(
        [text["mailing_state"], values.zip5(text["mailing_postal_code"])], separator=" ", ignore_nulls=True
    )
    parts = [_line(text, "mailing_1", "mailing_2"), text["mailing_city"], pl.when(place != "").then(place)]
    joined = pl.concat_str(parts, separator=", ", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _phone(column: pl.Expr) -> pl.Expr:
    """Return the ten digits of a telephone number; extensions and what is no number are left out."""
    digits = values.whole(column).str.replace_all(r"\D", "")
    number = digits.str.extract(r"^1?([2-9]\d{9})")
    return number
