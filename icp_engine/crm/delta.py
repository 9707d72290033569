"""What has changed since the CRM last confirmed what it holds: new, changed with which fields, gone."""

from collections.abc import Sequence
from functools import reduce
from operator import xor

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.mapping import Kind
from icp_engine.crm.records import CRM_ID, EXTERNAL_ID, FIELD, FLAGGED, KEY, OBJECT, WAS, WAS_KEY
from icp_engine.crm.sources import CrmField
from icp_engine.tables.ordering import ORDER

WHAT, CHANGED = "what", "changed"
NEW, ALTERED, GONE = "new", "changed", "gone"
FALSE = "false"
_KNOWN, _HASH = f"{HELPERS}known", f"{HELPERS}hash"
_LAST = 2**40  # the order of what is gone: after all that is there


def empty_state() -> pl.LazyFrame:
    """Return what a CRM holds before the first hand-off."""
    return pl.LazyFrame(schema=dict.fromkeys((OBJECT, KEY, EXTERNAL_ID, CRM_ID), pl.String))


def held(state: pl.LazyFrame, kind: Kind, fields: Sequence[CrmField]) -> pl.LazyFrame:
    """Return what the CRM holds of one kind of record, each field under `WAS` and its name, missing where it is new."""
    known = state.collect_schema()
    before = [
        (pl.col(FIELD + field.name) if FIELD + field.name in known else pl.lit(None, pl.String)).alias(WAS + field.name)
        for field in fields
    ]
    return state.filter(pl.col(OBJECT) == kind).select(OBJECT, KEY, EXTERNAL_ID, *before)


def altered(now: pl.LazyFrame, before: pl.LazyFrame, fields: Sequence[CrmField]) -> pl.LazyFrame:
    """Return the records that the CRM does not hold, or holds otherwise, with `WHAT`, `CHANGED` and both values.

    Args:
        now: records of `as_texts`.
        before: those of `held`.
        fields: what they have. One that is never cleared keeps the CRM's value where there is none now.
    """
    suspects = _suspects(now, before, fields).lazy()
    known = before.join(suspects, on=EXTERNAL_ID, how="semi").drop(OBJECT).rename({KEY: WAS_KEY})
    both = now.join(suspects, on=EXTERNAL_ID, how="semi")
    both = both.join(known.with_columns(pl.lit(value=True).alias(_KNOWN)), on=EXTERNAL_ID, how="left")
    kept = [pl.coalesce(FIELD + field.name, WAS + field.name) for field in fields if not field.is_cleared]
    differs = [_differs(field) for field in fields if field.is_compared]
    is_new = pl.col(_KNOWN).is_null()
    return (
        both.with_columns(kept)
        .filter(is_new | pl.any_horizontal(differs))
        .with_columns(
            pl.when(is_new).then(pl.lit(NEW)).otherwise(pl.lit(ALTERED)).alias(WHAT),
            pl.when(~is_new).then(_names(fields)).alias(CHANGED),
        )
        .drop(_KNOWN)
    )


def _suspects(now: pl.LazyFrame, before: pl.LazyFrame, fields: Sequence[CrmField]) -> pl.DataFrame:
    """Return `EXTERNAL_ID` of the records whose hash over all values is another one: few, and only these are compared.

    One column of hashes is joined instead of all texts, which takes a third of the memory. The hashes of one process
    are compared with each other alone; two rows that differ have the same one once in 2^64.
    """
    told = now.select(EXTERNAL_ID, _hash(FIELD, fields).alias(_HASH))
    known = before.select(EXTERNAL_ID, _hash(WAS, fields).alias(_KNOWN))
    both = told.join(known, on=EXTERNAL_ID, how="left")
    return both.filter(pl.col(_HASH).ne_missing(pl.col(_KNOWN))).select(EXTERNAL_ID).unique().collect()


def _hash(before: str, fields: Sequence[CrmField]) -> pl.Expr:
    hashes = [pl.col(before + field.name).hash(seed) for seed, field in enumerate(fields, 1) if field.is_compared]
    return reduce(xor, hashes, pl.lit(0, pl.UInt64))


def gone(
    now: pl.LazyFrame, before: pl.LazyFrame, fields: Sequence[CrmField], left_alone: pl.Series, date: dict[str, str]
) -> pl.LazyFrame:
    """Return the records that the CRM still holds a score of and the run has no longer, cleared.

    Args:
        now: all records that are wanted.
        before: those of `held`.
        fields: what they have.
        left_alone: keys and external ids that are suppressed, whose records keep what they have.
        date: the values of fields that only say when: they are set all the same.
    """
    cleared = [field for field in fields if field.is_cleared_when_gone]
    left = before.join(now.select(EXTERNAL_ID), on=EXTERNAL_ID, how="anti")
    for column in (KEY, EXTERNAL_ID):
        left = left.join(left_alone.alias(column).to_frame().lazy(), on=column, how="anti")
    is_set = [pl.col(WAS + field.name).fill_null(FALSE) != FALSE for field in cleared]
    values = [_once_gone(field, cleared, date).alias(FIELD + field.name) for field in fields]
    found = left.filter(pl.any_horizontal(is_set) if is_set else pl.lit(value=False)).select(
        *(OBJECT, KEY, pl.col(KEY).alias(WAS_KEY), EXTERNAL_ID),
        pl.lit(_LAST, pl.Int64).alias(ORDER),
        pl.lit(value=False).alias(FLAGGED),
        pl.lit(GONE).alias(WHAT),
        *values,
        *(pl.col(WAS + field.name) for field in fields),
    )
    return found.with_columns(_names(fields).alias(CHANGED))


def _once_gone(field: CrmField, cleared: list[CrmField], date: dict[str, str]) -> pl.Expr:
    if field not in cleared:
        return pl.lit(date[field.name]) if field.name in date else pl.col(WAS + field.name)
    return pl.lit(FALSE) if field.type == "checkbox" else pl.lit(None, pl.String)


def _differs(field: CrmField) -> pl.Expr:
    return pl.col(FIELD + field.name).ne_missing(pl.col(WAS + field.name))


def _names(fields: Sequence[CrmField]) -> pl.Expr:
    """Return the names of the fields that differ, separated by `;`."""
    names = [pl.when(_differs(field)).then(pl.lit(field.name)) for field in fields if field.is_compared]
    return pl.concat_str(names, separator=";", ignore_nulls=True)
