"""A hand-off: a run in, and out come the files that a CRM's importer takes, with the way back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from dataclasses import replace as copy
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from icp_engine.columns import HELPERS
from icp_engine.crm.delta import ALTERED, GONE, NEW, WHAT, altered, empty_state, gone, held
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
from icp_engine.crm.mapping import KINDS, CrmMapping, Kind
from icp_engine.crm.output import Written, write_files
from icp_engine.crm.owned import Owned, owners_of
from icp_engine.crm.preflight import LIST, REASON, refused
from icp_engine.crm.records import EXTERNAL_ID, FLAGGED, KEY, OBJECT, as_texts
from icp_engine.crm.sources import (
    FRESH_ID,
    PARENT,
    RECORD_KEY,
    RUN_DATE,
    RUN_ID,
    CrmField,
    clinic_records,
    crm_fields,
    network_records,
)
from icp_engine.crm.suppression import read_suppressed, suppressed_clinics, suppressed_ids, suppressed_networks
from icp_engine.crm.team import Owner
from icp_engine.crm.vendors import VENDORS, Vendor
from icp_engine.errors import GateError, InputError
from icp_engine.pipeline.workspace import clean_temporary, temporary, translate_errors
from icp_engine.published.filters import Filter, conditions, in_frame
from icp_engine.published.run import Run
from icp_engine.warehouse.beside import files_beside
from icp_engine.warehouse.folder import clean, place_of
from icp_engine.warehouse.switch import HANDOFFS

OWN = (MANIFEST, PENDING, RESULTS, CHANGES, LEFT_OUT, IMPORT, ROLLBACK, RETRY)
_KEEP = 3  # hand-offs; the state of each is there with it
_SHOWN = 20  # refused rows that an error lists
_OLD_ID, _NAMED = f"{HELPERS}old_id", f"{HELPERS}named"


@dataclass(frozen=True, slots=True)
class HandOffOptions:
    """What a hand-off is asked to do.

    Attributes:
        wanted: which clinics; those that the CRM has already are kept up to date whatever it says.
        team: who takes accounts; nobody is named where it is empty.
        suppress: a file of accounts that are to be left alone.
        skip_bad: leave out what would be refused, instead of stopping.
    """

    wanted: Filter
    team: tuple[Owner, ...] = ()
    suppress: Path | None = None
    skip_bad: bool = False
    temp_dir: str | None = None


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


def hand_off(run: Run, mapping: CrmMapping, out: Path, options: HandOffOptions) -> HandOff:
    """Write what has changed since the last confirmed hand-off into a folder, as the files of an importer.

    What stands in the folder stays until everything new is complete.

    Raises:
        InputError: the run, the folder or a file cannot be used.
        GateError: the importer would refuse some rows, and they are not to be left out.
    """
    vendor, former = VENDORS[mapping.system], read_hand_off(out)
    if former is not None and former.system != mapping.system:
        raise InputError(f"{out} holds hand-offs to {former.system}; choose another --out for {mapping.system}.")
    with (
        translate_errors([str(run.warehouse), *([str(options.suppress)] if options.suppress else [])], out, "read"),
        files_beside(out, OWN, HANDOFFS, _KEEP) as folder,
        temporary(options.temp_dir, folder.parent) as temp,
    ):
        clean(folder, out, [str(run.folder)], HANDOFFS)
        clean_temporary(options.temp_dir, [str(run.folder)])
        state = state_of(out)
        sides, owned, suppression = _sides(run, mapping, state, options, temp)
        checked = _checked(sides, run, state, vendor, temp)
        bad = pl.concat([side.refused for side in checked])
        if len(bad) and not options.skip_bad:
            raise GateError(_refusal(bad, mapping.system))
        left_out = _left_out(checked, state)
        left_out.write_csv(folder / LEFT_OUT)
        deltas = {side.kind: (side.fields, side.delta, side.refused) for side in checked}
        written = write_files(folder, deltas, vendor, mapping, out)
        found = _manifest(run, mapping, checked, written, suppression)
        unconfirmed = former is not None and former.stage == "handed off"
        found = replace(found, owners=owned.accounts, unconfirmed=unconfirmed)
        write_hand_off(folder, found)
    return found


def state_of(out: Path) -> pl.LazyFrame:
    """Return what the CRM holds by all that was confirmed in a folder of hand-offs."""
    path = place_of(out, STATE, HANDOFFS)
    return pl.scan_parquet(path, glob=False) if path.exists() else empty_state()


def _sides(
    run: Run, mapping: CrmMapping, state: pl.LazyFrame, options: HandOffOptions, temp: Path
) -> tuple[list[Side], Owned, tuple[int, int]]:
    """Return both kinds of record as they are to be, the owners, and the rows of the suppression file, all and used."""
    fields = {kind: crm_fields(run, mapping, kind, owners=bool(options.team)) for kind in KINDS}
    asked = conditions(options.wanted, "clinics", run.card)
    clinics = clinic_records(run, fields["clinic"], [condition.column for condition in asked])
    networks = network_records(run, fields["network"])
    none = pl.DataFrame(schema=dict.fromkeys((RECORD_KEY, FRESH_ID, REASON), pl.String))
    rows = None if options.suppress is None else read_suppressed(options.suppress, temp, mapping.external_id)
    ids = pl.Series(dtype=pl.String) if rows is None else suppressed_ids(rows)
    left_clinics, used = (none, 0) if rows is None else suppressed_clinics(clinics, rows)
    left_networks = none if rows is None else suppressed_networks(networks, rows)
    wanted = _wanted(clinics, state, "clinic", left_clinics).filter(
        in_frame(asked).fill_null(value=False) | pl.col(_OLD_ID).is_not_null()
    )
    parents = wanted.select(pl.col(f"{HELPERS}{PARENT}").alias(FRESH_ID)).unique()
    also = _wanted(networks, state, "network", left_networks)
    named = also.join(parents.with_columns(pl.lit(value=True).alias(_NAMED)), on=FRESH_ID, how="left")
    also = named.filter(pl.col(_NAMED) | pl.col(_OLD_ID).is_not_null())
    owned = owners_of(wanted, state, mapping, options.team)
    wanted, also = owned.on_clinics(wanted), owned.on_networks(also)
    sides = []
    of_kind: dict[Kind, tuple[pl.LazyFrame, pl.DataFrame]] = {
        "network": (also, left_networks), "clinic": (wanted, left_clinics),
    }  # fmt: skip
    for kind, (records, left) in of_kind.items():
        place = temp / f"{kind}.parquet"
        as_texts(records, kind, fields[kind], run).sink_parquet(place, compression="lz4", statistics=False)
        sides.append(Side(kind, fields[kind], pl.scan_parquet(place), held(state, kind, fields[kind]), left, ids))
    return sides, owned, (0 if rows is None else len(rows), used)


def _wanted(records: pl.LazyFrame, state: pl.LazyFrame, kind: Kind, left_alone: pl.DataFrame) -> pl.LazyFrame:
    """Return records with the external id that the CRM knows them by, which stays whatever is learned later."""
    known = state.filter(pl.col(OBJECT) == kind).select(
        pl.col(KEY).alias(RECORD_KEY), pl.col(EXTERNAL_ID).alias(_OLD_ID)
    ).unique(RECORD_KEY)  # fmt: skip
    return (
        records.join(left_alone.lazy().select(RECORD_KEY), on=RECORD_KEY, how="anti")
        .join(known, on=RECORD_KEY, how="left")
        .with_columns(pl.coalesce(_OLD_ID, FRESH_ID).alias(EXTERNAL_ID))
    )


def _checked(sides: Sequence[Side], run: Run, state: pl.LazyFrame, vendor: Vendor, temp: Path) -> list[Side]:
    """Return both kinds with what has changed, and what of that the importer would refuse."""
    of_run = {RUN_DATE: run.manifest.started_at[:10], RUN_ID: run.manifest.run_id}
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
    first = (
        f"The importer of {system} would refuse {len(bad):,} records, so nothing was written; correct them, or leave "
        f"them out with --skip-bad, which lists all of them in {LEFT_OUT}."
    )
    return "\n".join([first, *shown, *more])


def _left_out(sides: Sequence[Side], state: pl.LazyFrame) -> pl.DataFrame:
    """Return what is left out, each with its reason: suppressed, or refused."""
    kept = [side.refused.with_columns(pl.col(FLAGGED).cast(pl.Boolean)) for side in sides]
    for side in sides:
        known = state.filter(pl.col(OBJECT) == side.kind).select(KEY, EXTERNAL_ID).unique(KEY).collect()
        rows = side.suppressed.rename({RECORD_KEY: KEY}).join(known, on=KEY, how="left")
        ids = pl.coalesce(EXTERNAL_ID, FRESH_ID).alias(EXTERNAL_ID)
        flag = pl.lit(None, pl.Boolean).alias(FLAGGED)
        kept.append(rows.select(pl.lit(side.kind).alias(OBJECT), ids, KEY, flag, REASON))
    return pl.concat(kept).sort(OBJECT, KEY)


def _manifest(
    run: Run, mapping: CrmMapping, sides: Sequence[Side], written: Written, suppression: tuple[int, int]
) -> HandOff:
    counts: dict[str, Counts] = {}
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
        run_id=run.manifest.run_id,
        scorecard=f"{run.card.id} {run.card.version}",
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
        suppression_rows=suppression[0],
        suppression_rows_used=suppression[1],
    )
