"""What the CRM holds after an import: the state moves on by what succeeded, and what failed is written once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import polars as pl
from msgspec.structs import replace

from icp_engine.crm.delivery import KEEP, state_of
from icp_engine.crm.delta import NEW, WHAT
from icp_engine.crm.manifest import (
    MANIFEST,
    PENDING,
    RESULTS,
    RETRY,
    ROLLBACK,
    STATE,
    HandOff,
    read_hand_off,
    write_hand_off,
)
from icp_engine.crm.output import STEMS
from icp_engine.crm.parts import Part, Parts
from icp_engine.crm.records import CRM_ID, EXTERNAL_ID, FIELD, FLAGGED, KEY, OBJECT, WAS, WAS_KEY
from icp_engine.crm.results import ERROR, SUCCEEDED, read_results
from icp_engine.crm.vendors import VENDORS, Vendor, delete_line, upsert_line
from icp_engine.errors import InputError
from icp_engine.pipeline.workspace import temporary, translate_errors
from icp_engine.warehouse.beside import files_beside, second_name
from icp_engine.warehouse.folder import clean, place_of
from icp_engine.warehouse.switch import HANDOFFS

_DELETES = "3-delete"
ERRORS = "errors.csv"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation came to: records that succeeded and failed by now, those without a result, rows of others."""

    found: HandOff
    succeeded: int
    failed: int
    waiting: int
    strangers: int


def confirm(out: Path, files: Sequence[Path], *, rollback: bool = False, no_errors: bool = False) -> Confirmed:
    """Read what the importer says of a hand-off, and publish what the CRM holds now.

    Args:
        out: the folder of the hand-offs.
        files: of success, of errors, of rows that were not processed.
        rollback: they are those of the files in `rollback`: what succeeded is as it was before the hand-off.
        no_errors: everything succeeded, where the importer leaves no file of what did.

    Raises:
        InputError: there is no hand-off, or a file is none of these, or is of another hand-off.
    """
    found = read_hand_off(out)
    if found is None:
        raise InputError(f"{out} holds no hand-off; make one with: icp-engine crm salesforce --out {out}")
    if not files and not no_errors:
        raise InputError("Name the files of success and of errors, or --no-errors where everything succeeded.")
    names = [str(path) for path in files]
    own = (MANIFEST, STATE, RESULTS, RETRY, ROLLBACK)
    with (
        translate_errors(names or [str(out)], out, "read"),
        files_beside(out, own, HANDOFFS, KEEP) as folder,
        temporary(None, folder.parent) as temp,
    ):
        clean(folder, out, names, HANDOFFS)
        pending, state = pl.scan_parquet(place_of(out, PENDING, HANDOFFS), glob=False), state_of(out)
        told = read_results(files, found, pending, temp, rollback=rollback)
        outcome, strangers = _outcome(told, pending, state, found, no_errors=no_errors)
        results = outcome if rollback else _with_former(outcome, out)
        after = _undone(state, pending, outcome) if rollback else _moved(state, pending, outcome)
        after.sink_parquet(folder / STATE, compression="zstd")
        if not rollback:
            results.write_parquet(folder / RESULTS)
        found = _files(folder, out, found, pending, results, folder / STATE, rollback=rollback)
        write_hand_off(folder, found)
    succeeded = len(results.filter(SUCCEEDED))
    waiting = pending.select(pl.len()).collect().item() - len(results)
    return Confirmed(found, succeeded, len(results) - succeeded, waiting, strangers)


def _outcome(
    told: pl.DataFrame, pending: pl.LazyFrame, state: pl.LazyFrame, found: HandOff, *, no_errors: bool
) -> tuple[pl.DataFrame, int]:
    """Return one row of results for each record that has any, success first, and how many rows are of other records."""
    ids = state.filter(pl.col(CRM_ID).is_not_null()).select(EXTERNAL_ID, CRM_ID).collect()
    by_id = told.join(ids.rename({EXTERNAL_ID: "by_id"}), on=CRM_ID, how="left")
    told = by_id.with_columns(pl.coalesce(EXTERNAL_ID, "by_id").alias(EXTERNAL_ID)).drop("by_id")
    known = pending.select(EXTERNAL_ID, WHAT).unique(EXTERNAL_ID).collect()
    ours = told.join(known, on=EXTERNAL_ID, how="semi")
    strangers = len(told) - len(ours)
    if strangers and not len(ours):
        raise InputError("None of the records in these files is in the last hand-off; are they of an older one?")
    if found.system == "hubspot" or no_errors:  # what has no error has succeeded
        rest = known.join(ours, on=EXTERNAL_ID, how="anti").select(
            EXTERNAL_ID,
            pl.lit(None, pl.String).alias(CRM_ID),
            pl.lit(value=True).alias(SUCCEEDED),
            pl.lit("").alias(ERROR),
        )
        ours = pl.concat([ours, rest.select(ours.columns)])
    return ours.sort(SUCCEEDED, descending=True).unique(EXTERNAL_ID, keep="first", maintain_order=True), strangers


def _with_former(outcome: pl.DataFrame, out: Path) -> pl.DataFrame:
    """Return the results of now and of before; one that succeeded has succeeded."""
    path = place_of(out, RESULTS, HANDOFFS)
    both = pl.concat([outcome, pl.read_parquet(path, glob=False)]) if path.exists() else outcome
    return both.sort(SUCCEEDED, descending=True, maintain_order=True).unique(
        EXTERNAL_ID, keep="first", maintain_order=True
    )


def _moved(state: pl.LazyFrame, pending: pl.LazyFrame, outcome: pl.DataFrame) -> pl.LazyFrame:
    """Return what the CRM holds once what succeeded is in it."""
    good = outcome.lazy().filter(SUCCEEDED).select(EXTERNAL_ID, pl.col(CRM_ID).alias("given_id"))
    fields = [name for name in pending.collect_schema() if name.startswith(FIELD)]
    new = pending.join(good, on=EXTERNAL_ID).select(OBJECT, KEY, EXTERNAL_ID, "given_id", *fields)
    others = [name for name in state.collect_schema() if name not in {OBJECT, KEY, EXTERNAL_ID, *fields}]
    new = new.join(state.select(EXTERNAL_ID, *others), on=EXTERNAL_ID, how="left")
    new = new.with_columns(pl.coalesce("given_id", CRM_ID).alias(CRM_ID)).drop("given_id")
    return pl.concat([state.join(good, on=EXTERNAL_ID, how="anti"), new], how="diagonal")


def _undone(state: pl.LazyFrame, pending: pl.LazyFrame, outcome: pl.DataFrame) -> pl.LazyFrame:
    """Return what the CRM holds once what succeeded is as it was before the hand-off; what was new then is gone."""
    good = outcome.lazy().filter(SUCCEEDED).select(EXTERNAL_ID)
    before = [name for name in pending.collect_schema() if name.startswith(WAS)]
    fields = {name: FIELD + name.removeprefix(WAS) for name in before}
    old = pending.filter(pl.col(WHAT) != NEW).join(good, on=EXTERNAL_ID)
    old = old.select(OBJECT, pl.col(WAS_KEY).alias(KEY), EXTERNAL_ID, *before).rename(fields)
    others = [name for name in state.collect_schema() if name not in {OBJECT, KEY, EXTERNAL_ID, *fields.values()}]
    old = old.join(state.select(EXTERNAL_ID, *others), on=EXTERNAL_ID, how="left")
    return pl.concat([state.join(good, on=EXTERNAL_ID, how="anti"), old], how="diagonal")


def _files(
    folder: Path,
    out: Path,
    found: HandOff,
    pending: pl.LazyFrame,
    results: pl.DataFrame,
    state: Path,
    *,
    rollback: bool,
) -> HandOff:
    """Write what failed once more, and the ids of what was new, and return what the hand-off says of itself now."""
    vendor, former = VENDORS[found.system], place_of(out, ROLLBACK, HANDOFFS)
    if former.exists():
        copytree(former, folder / ROLLBACK, copy_function=second_name, ignore=lambda *_: [])
        for path in (folder / ROLLBACK).glob(f"{_DELETES}-*.csv"):
            path.unlink()
    if rollback:
        return replace(found, stage="rolled back", retry=())
    failed = pending.join(results.lazy().filter(~pl.col(SUCCEEDED)), on=EXTERNAL_ID)
    retry = _retry(folder, failed, vendor, found) if (~results[SUCCEEDED]).any() else ()
    kept = tuple(part for part in found.rollback if not part.file.startswith(f"{ROLLBACK}/{_DELETES}"))
    deletes = _deletes(folder, pending, pl.scan_parquet(state), vendor) if found.system == "salesforce" else ()
    back = [upsert_line(found.object, found.external_id, str(out / part.file)) for part in kept]
    back += [delete_line(found.object, str(out / part.file)) for part in deletes]
    complete = len(results) == pending.select(pl.len()).collect().item()
    return replace(
        found,
        stage="confirmed" if complete else "confirmed in part",
        retry=retry,
        rollback=(*kept, *deletes),
        way_back=tuple(back) if found.system == "salesforce" else found.way_back,
        succeeded=len(results.filter(SUCCEEDED)),
        failed=len(results.filter(~pl.col(SUCCEEDED))),
    )


def _retry(folder: Path, failed: pl.LazyFrame, vendor: Vendor, found: HandOff) -> tuple[Part, ...]:
    """Write the rows that failed with all their values, so that they hold for a record that is not there any more."""
    parts: list[Part] = []
    rows = failed.collect()
    for kind, stem in STEMS.items():
        with Parts(folder, f"{RETRY}/{stem}", vendor.max_bytes, vendor.max_rows) as written:
            some = rows.filter(pl.col(OBJECT) == kind).sort(EXTERNAL_ID)
            values = some.select(
                EXTERNAL_ID,
                *(
                    pl.when(pl.col(name).is_null() & pl.col(WAS + name.removeprefix(FIELD)).is_not_null())
                    .then(pl.lit(vendor.cleared, pl.String))
                    .otherwise(pl.col(name))
                    .alias(name.removeprefix(FIELD))
                    for name in some.columns
                    if name.startswith(FIELD)
                ),
            ).rename({EXTERNAL_ID: found.external_id})
            if len(some):
                written.write(values.select(column for column in values if column.null_count() < len(column)))
        parts += written.parts
    rows.select(OBJECT, EXTERNAL_ID, KEY, FLAGGED, WHAT, ERROR).sort(OBJECT, EXTERNAL_ID).write_csv(
        folder / RETRY / ERRORS
    )
    return tuple(parts)


def _deletes(folder: Path, pending: pl.LazyFrame, state: pl.LazyFrame, vendor: Vendor) -> tuple[Part, ...]:
    """Write the CRM's ids of the records that this hand-off made, children first: deleting them undoes it."""
    new = pending.filter(pl.col(WHAT) == NEW).select(OBJECT, EXTERNAL_ID)
    made = new.join(state.select(EXTERNAL_ID, CRM_ID), on=EXTERNAL_ID).filter(pl.col(CRM_ID).is_not_null()).collect()
    with Parts(folder, f"{ROLLBACK}/{_DELETES}", vendor.max_bytes, vendor.max_rows) as written:
        written.write(made.sort(OBJECT, CRM_ID).select(pl.col(CRM_ID).alias("Id")))
    return tuple(written.parts)
