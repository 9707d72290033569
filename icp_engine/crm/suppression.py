"""Accounts that are to be left alone: customers and do-not-contact, by id, by NPI, or by name and state."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from icp_engine.columns import FIELDS, HELPERS, KEY, NAME
from icp_engine.crm.sources import FRESH_ID, NPI, OF_STATE, OIG, PARENT, RECORD_KEY
from icp_engine.errors import InputError
from icp_engine.extract.conform import ABSENT_IN_ANY_CASE, as_text
from icp_engine.extract.files import open_files
from icp_engine.extract.headers import plain
from icp_engine.extract.ids import bare_id, whole_ids
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.states import state_codes

REASON = "reason"
_HEADERS = {
    "id": ("id", "clinic_id", "network_id", "external_id"),
    "npi": ("npi",),
    "name": ("name", "account_name"),
    "state": ("state", "state_code", "billing_state", "billingstate"),
    "reason": ("reason",),
}
_AN_ID = FIELDS[KEY]
_IDS = ("id", "npi")
_ROW, _FOLDED = f"{HELPERS}row", f"{HELPERS}folded"
_REASON = "suppressed"


def read_suppressed(path: Path, temp: Path, external_id: str) -> pl.DataFrame:
    """Return the rows of a suppression file: `id`, `npi`, `name`, `state` and `reason`, all text, and a number.

    An id may stand under `external_id` too, which is what the CRM calls it.

    Raises:
        InputError: the file cannot be read, has none of these columns, or a row says nothing, a name without state,
            or an NPI that is none.
    """
    headers = _HEADERS | {"id": (*_HEADERS["id"], external_id)}
    file = open_files([str(path)], temp, [name for names in headers.values() for name in names])[0]
    by_plain = {plain(column): column for column in reversed(file.schema)}
    found = {
        field: next((by_plain[plain(name)] for name in names if plain(name) in by_plain), None)
        for field, names in headers.items()
    }
    if not any(found[field] for field in ("id", "npi", "name")):
        raise InputError(f"{path} has no column clinic_id, npi or account_name; name what is to be left out by one.")
    ids = {column: _AN_ID for field, column in found.items() if column is not None and field in _IDS}
    frame = whole_ids(file.frame, file.schema, ids)
    rows = frame.select(_clean(column, file.schema).alias(field) for field, column in found.items()).collect()
    rows = rows.with_columns(state_codes(pl.col("state")), pl.col("reason").fill_null(_REASON)).with_row_index(_ROW)
    nothing = rows.filter(pl.all_horizontal(pl.col("id", "npi", "name").is_null()))
    if len(nothing):
        raise InputError(f"{path}, row {nothing[_ROW][0] + 1} has no id, no npi and no name; complete it or remove it.")
    odd = rows.filter(pl.col("npi").str.contains(NPI).not_())
    if len(odd):
        raise InputError(
            f"{path}, row {odd[_ROW][0] + 1} has the npi '{odd['npi'][0]}', and an NPI has ten digits; correct it, or "
            "that account would not be left alone."
        )
    vague = rows.filter(pl.col("id").is_null() & pl.col("npi").is_null() & pl.col("state").is_null())
    if len(vague):
        name = vague["name"][0]
        raise InputError(f"{path} has '{name}' without a state; a name alone may be that of another clinic: add it.")
    return rows


def _clean(column: str | None, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    if column is None:
        return pl.lit(None, pl.String)
    text = bare_id(as_text(pl.col(column), schema[column]))
    return pl.when((text != "") & ~text.is_in(ABSENT_IN_ANY_CASE)).then(text)


def suppressed_clinics(clinics: pl.LazyFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return key, id and `REASON` of the clinics that rows of a suppression file name, and how many rows name any.

    An id is that of a clinic or its external id, or that of a network, whose clinics are all left out.
    """
    parent = f"{HELPERS}{PARENT}"
    ids = rows.lazy().filter(pl.col("id").is_not_null()).select("id", REASON, _ROW)
    networks = ids.with_columns((pl.lit("net:") + pl.col("id")).alias("id"))
    npis = rows.lazy().filter(pl.col("npi").is_not_null())
    npis = npis.select((pl.lit("npi:") + pl.col("npi")).alias("id"), REASON, _ROW)
    named_by = ((RECORD_KEY, ids), (FRESH_ID, ids), (parent, ids), (parent, networks), (FRESH_ID, npis))
    by = [clinics.join(listed, left_on=column, right_on="id", coalesce=False) for column, listed in named_by]
    named = rows.lazy().filter(pl.col("name").is_not_null() & pl.col("state").is_not_null())
    if NAME in clinics.collect_schema() and len(rows.filter(pl.col("name").is_not_null())):
        folded = named.select(
            normalized_name(pl.col("name")).alias(_FOLDED), pl.col("state").alias(OF_STATE), REASON, _ROW
        )
        here = clinics.join(folded.select(OF_STATE).unique(), on=OF_STATE, how="semi")
        by.append(here.with_columns(normalized_name(pl.col(NAME)).alias(_FOLDED)).join(folded, on=[_FOLDED, OF_STATE]))
    found = pl.concat([match.select(RECORD_KEY, FRESH_ID, OIG, REASON, _ROW) for match in by]).collect()
    return found.sort(_ROW).unique(RECORD_KEY, keep="first", maintain_order=True), found[_ROW].n_unique()


def suppressed_ids(rows: pl.DataFrame) -> pl.Series:
    """Return keys and external ids that rows of a suppression file name, whether or not a run has them."""
    npis = rows.select((pl.lit("npi:") + pl.col("npi")).alias("id"))
    return pl.concat([rows.select("id"), npis])["id"].drop_nulls().unique()


def suppressed_networks(networks: pl.LazyFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return key, id and `REASON` of the networks that rows of a suppression file name by id."""
    ids = rows.filter(pl.col("id").is_not_null()).select(
        pl.col("id").str.strip_prefix("net:").alias(RECORD_KEY), REASON
    )
    return (
        networks.select(RECORD_KEY, FRESH_ID, OIG)
        .join(ids.unique(RECORD_KEY, keep="first").lazy(), on=RECORD_KEY)
        .collect()
    )
