"""From records that are wanted to a published hand-off: what changed, what would be refused, the files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as copy
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from icp_engine.crm.delta import ALTERED, GONE, NEW, WHAT, altered, empty_state, gone
from icp_engine.crm.manifest import (
    CHANGES,
    IMPORT,
    LEFT_OUT,
    MANIFEST,
    PENDING,
    RESULTS,
    RETRY,
    ROLLBACK,
    STATE,
    Counts,
    HandOff,
    read_hand_off,
    write_hand_off,
)
from icp_engine.crm.mapping import CrmMapping, Kind
from icp_engine.crm.output import Written, write_files
from icp_engine.crm.preflight import LIST, REASON, refused
from icp_engine.crm.records import EXTERNAL_ID, FLAGGED, KEY, OBJECT, Origin
from icp_engine.crm.sources import FRESH_ID, OIG, PARENT, RECORD_KEY, RUN_DATE, RUN_ID, CrmField
from icp_engine.crm.vendors import VENDORS, Vendor
from icp_engine.errors import GateError, InputError
from icp_engine.pipeline.workspace import clean_temporary, temporary, translate_errors
from icp_engine.warehouse.beside import files_beside
from icp_engine.warehouse.folder import clean, place_of
from icp_engine.warehouse.switch import HANDOFFS

OWN = (MANIFEST, PENDING, RESULTS, CHANGES, LEFT_OUT, IMPORT, ROLLBACK, RETRY)
KEEP = 3  # hand-offs; the state of each is there with it
_SHOWN = 20  # refused rows that an error lists


@dataclass(frozen=True, slots=True)
class Side:
    """One kind of record on its way: its fields, all that is wanted, what the CRM holds, and what is left alone."""

    kind: Kind
    fields: tuple[CrmField, ...]
    now: pl.LazyFrame
    before: pl.LazyFrame
    suppressed: pl.DataFrame
    left_alone: pl.Series
    delta: pl.LazyFrame | None = None
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict.fromkeys(LIST, pl.String)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """All records that a CRM is to hold, parents first, accounts of each owner, and rows of the suppression file."""

    sides: Sequence[Side]
    owners: dict[str, int] = field(default_factory=dict)
    suppression_rows: int = 0
    suppression_rows_used: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How records are delivered: to which CRM, where to, what they come from, and what is done about bad rows."""

    mapping: CrmMapping
    out: Path
    origin: Origin
    inputs: tuple[str, ...]
    skip_bad: bool = False
    temp_dir: str | None = None


def deliver(delivery: Delivery, wanted: Callable[[pl.LazyFrame, Path], Wanted]) -> HandOff:
    """Write what has changed since the last confirmed hand-off into a folder, as the files of an importer.

    What stands in the folder stays until everything new is complete.

    Args:
        delivery: how.
        wanted: makes the records, given what the CRM holds and a folder for what is thrown away.

    Raises:
        InputError: the folder or a file cannot be used.
        GateError: the importer would refuse some rows, and they are not to be left out.
    """
    mapping, out = delivery.mapping, delivery.out
    vendor, former = VENDORS[mapping.system], read_hand_off(out)
    if former is not None and former.system != mapping.system:
        raise InputError(f"{out} holds hand-offs to {former.system}; choose another --out for {mapping.system}.")
    with (
        translate_errors(delivery.inputs, out, "read"),
        files_beside(out, OWN, HANDOFFS, KEEP) as folder,
        temporary(delivery.temp_dir, folder.parent) as temp,
    ):
        clean(folder, out, delivery.inputs, HANDOFFS)
        clean_temporary(delivery.temp_dir, delivery.inputs)
        state = state_of(out)
        found = wanted(state, temp)
        checked = _checked(found.sides, delivery.origin, state, vendor, temp)
        bad = pl.concat([side.refused for side in checked])
        if len(bad) and not delivery.skip_bad:
            raise GateError(_refusal(bad, mapping.system))
        _left_out(checked, state).write_csv(folder / LEFT_OUT)
        deltas = {side.kind: (side.fields, side.delta, side.refused) for side in checked}
        written = write_files(folder, deltas, vendor, mapping, out, temp)
        made = replace(
            _manifest(delivery, checked, written),
            owners=found.owners,
            suppression_rows=found.suppression_rows,
            suppression_rows_used=found.suppression_rows_used,
            unconfirmed=former is not None and former.stage == "handed off",
        )
        write_hand_off(folder, made)
    return made


def state_of(out: Path) -> pl.LazyFrame:
    """Return what the CRM holds by all that was confirmed in a folder of hand-offs."""
    path = place_of(out, STATE, HANDOFFS)
    return pl.scan_parquet(path, glob=False) if path.exists() else empty_state()


def _checked(sides: Sequence[Side], origin: Origin, state: pl.LazyFrame, vendor: Vendor, temp: Path) -> list[Side]:
    """Return both kinds with what has changed, and what of that the importer would refuse."""
    of_run = {RUN_DATE: origin.date, RUN_ID: origin.run_id}
    checked: list[Side] = []
    parents = state.filter(pl.col(OBJECT) == "network").select(EXTERNAL_ID)
    for side in sides:
        dates = {found.name: of_run[found.column] for found in side.fields if found.column in of_run}
        left = pl.concat([side.suppressed[RECORD_KEY], side.left_alone])
        place = temp / f"{side.kind}-delta.parquet"
        changes = [altered(side.now, side.before, side.fields), gone(side.now, side.before, side.fields, left, dates)]
        pl.concat(changes, how="diagonal").sink_parquet(place, compression="lz4", statistics=False)
        delta = pl.scan_parquet(place)
        twice = side.now.group_by(EXTERNAL_ID).len().filter(pl.col("len") > 1).select(EXTERNAL_ID).collect()
        bad = refused(delta, side.fields, vendor, twice, parents)
        checked.append(copy(side, delta=delta, refused=bad))
        good = delta.filter(pl.col(WHAT) != GONE).join(bad.lazy(), on=EXTERNAL_ID, how="anti")
        parents = pl.concat([parents, good.select(EXTERNAL_ID)])
    return checked


def _refusal(bad: pl.DataFrame, system: str) -> str:
    shown = [f"{row[EXTERNAL_ID]}: {row[REASON]}" for row in bad.head(_SHOWN).iter_rows(named=True)]
    more = [f"and {len(bad) - _SHOWN:,} more"] if len(bad) > _SHOWN else []
    records = "1 record" if len(bad) == 1 else f"{len(bad):,} records"
    first = (
        f"The importer of {system} would refuse {records}, so nothing was written; correct what follows, or leave it "
        f"out with --skip-bad, which lists all of it in {LEFT_OUT}."
    )
    return "\n".join([first, *shown, *more])


def _left_out(sides: Sequence[Side], state: pl.LazyFrame) -> pl.DataFrame:
    """Return what is left out, each with its reason: suppressed, or refused."""
    kept = [side.refused.with_columns(pl.col(FLAGGED).cast(pl.Boolean)) for side in sides]
    for side in sides:
        known = state.filter(pl.col(OBJECT) == side.kind).select(KEY, EXTERNAL_ID).unique(KEY).collect()
        rows = side.suppressed.rename({RECORD_KEY: KEY}).join(known, on=KEY, how="left")
        ids = pl.coalesce(EXTERNAL_ID, FRESH_ID).alias(EXTERNAL_ID)
        kept.append(rows.select(pl.lit(side.kind).alias(OBJECT), ids, KEY, pl.col(OIG).alias(FLAGGED), REASON))
    return pl.concat(kept).sort(OBJECT, KEY)


def _manifest(delivery: Delivery, sides: Sequence[Side], written: Written) -> HandOff:
    mapping, counts = delivery.mapping, dict[str, Counts]()
    for side in sides:
        what, records = written.counts[side.kind], side.now.select(pl.len()).collect().item()
        moved = what.get(NEW, 0) + what.get(ALTERED, 0) + len(side.refused)
        counts[side.kind] = Counts(
            what.get(NEW, 0), what.get(ALTERED, 0), what.get(GONE, 0), records - moved, len(side.suppressed),
            len(side.refused),
        )  # fmt: skip
    absent = {
        target.name
        for side in sides
        for target in mapping.targets[side.kind]
        if target.name not in {found.name for found in side.fields} and target.column not in (PARENT,)
    }
    return HandOff(
        system=mapping.system,
        run_id=delivery.origin.run_id,
        scorecard=delivery.origin.scorecard,
        object=mapping.object,
        external_id=mapping.external_id,
        counts=counts,
        files=written.files,
        rollback=written.rollback,
        commands=written.commands,
        way_back=written.way_back,
        left_out_fields=tuple(sorted(absent)),
        changed_fields=written.changed_fields,
        oig_matches=written.oig_matches,
    )
