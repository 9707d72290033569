"""A hand-off of clinics and networks: a published run in, and out come the files that a CRM's importer takes."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.delivery import Delivery, Side, Wanted, deliver
from icp_engine.crm.delta import held
from icp_engine.crm.manifest import HandOff
from icp_engine.crm.mapping import KINDS, CrmMapping, Kind
from icp_engine.crm.owned import owners_of
from icp_engine.crm.preflight import REASON
from icp_engine.crm.records import EXTERNAL_ID, KEY, OBJECT, Origin, as_texts
from icp_engine.crm.sources import FRESH_ID, OIG, PARENT, RECORD_KEY, clinic_records, crm_fields, network_records
from icp_engine.crm.suppression import read_suppressed, suppressed_clinics, suppressed_ids, suppressed_networks
from icp_engine.crm.team import Owner
from icp_engine.published.filters import Filter, conditions, in_frame
from icp_engine.published.run import Run

_OLD_ID, _NAMED = f"{HELPERS}old_id", f"{HELPERS}named"
NOBODY = pl.DataFrame(schema=dict.fromkeys((RECORD_KEY, FRESH_ID, REASON), pl.String) | {OIG: pl.Boolean})


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


def hand_off(run: Run, mapping: CrmMapping, out: Path, options: HandOffOptions) -> HandOff:
    """Write what has changed of clinics and networks since the last confirmed hand-off, for a CRM's importer.

    Raises:
        InputError: the run, the folder or a file cannot be used.
        GateError: the importer would refuse some rows, and they are not to be left out.
    """
    card, manifest = run.card, run.manifest
    origin = Origin(manifest.run_id, manifest.started_at[:10], f"{card.id} {card.version}")
    inputs = (str(run.warehouse), *([str(options.suppress)] if options.suppress else []))
    delivery = Delivery(mapping, out, origin, inputs, options.skip_bad, options.temp_dir)
    return deliver(delivery, lambda state, temp: _wanted(run, delivery, state, options, temp))


def _wanted(run: Run, delivery: Delivery, state: pl.LazyFrame, options: HandOffOptions, temp: Path) -> Wanted:
    """Return both kinds of record as they are to be: those of the filter, and all that the CRM has already."""
    mapping = delivery.mapping
    fields = {kind: crm_fields(run, mapping, kind, owners=bool(options.team)) for kind in KINDS}
    asked = conditions(options.wanted, "clinics", run.card)
    clinics = clinic_records(run, fields["clinic"], [condition.column for condition in asked])
    networks = network_records(run, fields["network"])
    rows = None if options.suppress is None else read_suppressed(options.suppress, temp, mapping.external_id)
    ids = pl.Series(dtype=pl.String) if rows is None else suppressed_ids(rows)
    left_clinics, used = (NOBODY, 0) if rows is None else suppressed_clinics(clinics, rows)
    left_networks = NOBODY if rows is None else suppressed_networks(networks, rows)
    wanted = with_ids(clinics, state, "clinic", left_clinics).filter(
        in_frame(asked).fill_null(value=False) | pl.col(_OLD_ID).is_not_null()
    )
    parents = wanted.select(pl.col(f"{HELPERS}{PARENT}").alias(FRESH_ID)).unique()
    also = with_ids(networks, state, "network", left_networks)
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
        as_texts(records, kind, fields[kind], delivery.origin).sink_parquet(place, compression="lz4", statistics=False)
        sides.append(Side(kind, fields[kind], pl.scan_parquet(place), held(state, kind, fields[kind]), left, ids))
    return Wanted(sides, dict(owned.accounts), 0 if rows is None else len(rows), used)


def with_ids(records: pl.LazyFrame, state: pl.LazyFrame, kind: Kind, left_alone: pl.DataFrame) -> pl.LazyFrame:
    """Return records with the external id that the CRM knows them by, which stays whatever is learned later."""
    known = state.filter(pl.col(OBJECT) == kind).select(
        pl.col(KEY).alias(RECORD_KEY), pl.col(EXTERNAL_ID).alias(_OLD_ID)
    ).unique(RECORD_KEY)  # fmt: skip
    return (
        records.join(left_alone.lazy().select(RECORD_KEY), on=RECORD_KEY, how="anti")
        .join(known, on=RECORD_KEY, how="left")
        .with_columns(pl.coalesce(_OLD_ID, FRESH_ID).alias(EXTERNAL_ID))
    )
