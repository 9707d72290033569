"""Records as a CRM is to hold them: every field as the text that its importer takes, missing where it has none."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.mapping import Kind
from icp_engine.crm.sources import OIG, ORDINAL, RECORD_KEY, RUN_DATE, RUN_ID, SCORECARD, WORDS, CrmField
from icp_engine.tables.ordering import ORDER

OBJECT, KEY, WAS_KEY, EXTERNAL_ID, CRM_ID = "object", "key", "was_key", "external_id", "crm_id"
FIELD, WAS = "field:", "was:"  # before the name of a field: what it is to be, and what the CRM holds
FLAGGED = "oig_match"


@dataclass(frozen=True, slots=True)
class Origin:
    """What records come from: the run, its day (2026-03-16), and id and version of the scorecard."""

    run_id: str
    date: str
    scorecard: str


def as_texts(records: pl.LazyFrame, kind: Kind, fields: Sequence[CrmField], origin: Origin) -> pl.LazyFrame:
    """Return records with every field as text under `FIELD` and its name, and `EXTERNAL_ID`.

    A number that is not finite and a text of blanks are missing. A checkbox has no third state: unknown is false.
    Dates are like 2026-03-16, times like 2026-03-16T08:30:00.000Z, truths true and false, as the Bulk API 2.0 and
    the imports of HubSpot take them.
    """
    constants = {RUN_DATE: origin.date, RUN_ID: origin.run_id, SCORECARD: origin.scorecard}
    return records.select(
        pl.lit(kind).alias(OBJECT),
        pl.col(RECORD_KEY).alias(KEY),
        pl.col(EXTERNAL_ID),
        pl.col(ORDINAL).alias(ORDER),
        pl.col(OIG).alias(FLAGGED),
        *(_value(field, constants, records.collect_schema()).alias(FIELD + field.name) for field in fields),
    )


def _value(field: CrmField, constants: dict[str, str], schema: pl.Schema) -> pl.Expr:
    if field.column in constants:
        return pl.lit(constants[field.column])
    if field.column is None:
        constant = field.target.constant
        return pl.lit(str(constant).lower() if isinstance(constant, bool) else str(constant))
    name = f"{HELPERS}{field.column}" if field.column in WORDS else field.column
    return as_text(pl.col(name), schema[name], field.type == "checkbox")


def as_text(column: pl.Expr, dtype: pl.DataType, checkbox: bool) -> pl.Expr:
    """Return a column as the text that importers take."""
    if dtype == pl.Boolean or checkbox:
        truth = column.cast(pl.Boolean).fill_null(value=False)
        return pl.when(truth).then(pl.lit("true")).otherwise(pl.lit("false"))
    if dtype.is_float():
        return pl.when(column.is_finite()).then(column).cast(pl.String)
    if dtype == pl.Datetime:
        return column.dt.to_string("%Y-%m-%dT%H:%M:%S.%3fZ")
    if isinstance(dtype, pl.List):
        return column.cast(pl.List(pl.String)).list.join(";", ignore_nulls=True)
    text = column.cast(pl.String)
    return pl.when(text.str.strip_chars() != "").then(text.str.strip_chars()) if dtype == pl.String else text
