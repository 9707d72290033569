"""What an importer would refuse, said before it does: every row with its reasons."""

from collections.abc import Iterable, Sequence

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.delta import GONE, NEW, WHAT
from icp_engine.crm.records import EXTERNAL_ID, FIELD, FLAGGED, KEY, OBJECT
from icp_engine.crm.sources import PARENT, CrmField
from icp_engine.crm.vendors import CLEARED, Vendor

REASON = "reason"
_CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"  # all but tabs and ends of lines
_ID_LENGTH = 255
_TWICE, _NO_PARENT = f"{HELPERS}twice", f"{HELPERS}no_parent"
LIST = (OBJECT, EXTERNAL_ID, KEY, FLAGGED, REASON)
_TEXTS = ("text", "long_text", "picklist")


def refused(
    delta: pl.LazyFrame, fields: Sequence[CrmField], vendor: Vendor, twice: pl.DataFrame, parents: pl.LazyFrame
) -> pl.DataFrame:
    """Return the records that the importer would refuse, as `LIST` with all reasons of each.

    Args:
        delta: records that are to be written, all of one kind.
        fields: what they have.
        vendor: whose importer.
        twice: `EXTERNAL_ID` of those that several records have.
        parents: `EXTERNAL_ID` of the networks that the CRM has by then.
    """
    checked = delta.join(twice.lazy().with_columns(pl.lit(value=True).alias(_TWICE)), on=EXTERNAL_ID, how="left")
    parent = next((FIELD + field.name for field in fields if field.column == PARENT), None)
    if parent is not None:
        there = parents.select(pl.col(EXTERNAL_ID).alias(parent), pl.lit(value=False).alias(_NO_PARENT)).unique(parent)
        checked = checked.join(there, on=parent, how="left")
        checked = checked.with_columns(pl.col(_NO_PARENT).fill_null(pl.col(parent).is_not_null()))
    reasons = list(_reasons(fields, vendor))
    if parent is not None:
        reasons.append(_when(pl.col(_NO_PARENT), "its network is left out or not there, and is to be its parent"))
    return (
        checked.filter(pl.col(WHAT) != GONE)
        .with_columns(pl.concat_str(reasons, separator="; ", ignore_nulls=True).alias(REASON))
        .filter(pl.col(REASON) != "")
        .select(LIST)
        .sort(EXTERNAL_ID, KEY)
        .collect()
    )


def _reasons(fields: Sequence[CrmField], vendor: Vendor) -> Iterable[pl.Expr]:
    ids = pl.col(EXTERNAL_ID)
    yield _when(pl.col(_TWICE), "several records have this external id")
    yield _when(ids.str.len_chars() > _ID_LENGTH, f"the external id is longer than {_ID_LENGTH} characters")
    yield _when(ids.str.contains(_CONTROL), "the external id holds control characters")
    for field in fields:
        value = pl.col(FIELD + field.name)
        if field.target.required:
            yield _when(value.is_null() & (pl.col(WHAT) == NEW), f"{field.name} is missing, and required")
        if field.column is None or field.type not in _TEXTS:
            continue
        length = field.target.length or vendor.lengths.get(field.type)
        if length is not None:
            yield _when(value.str.len_chars() > length, f"{field.name} is longer than {length:,} characters")
        yield _when(value.str.contains(_CONTROL), f"{field.name} holds control characters")
        if vendor.cleared is not None:
            yield _when(value == CLEARED, f"{field.name} is {CLEARED}, which would empty the field")
        if field.values:
            yield _when(value.is_in(list(field.values)).not_(), f"{field.name} is none of {', '.join(field.values)}")


def _when(condition: pl.Expr, reason: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(reason))
