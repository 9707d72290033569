"""The records of a run as a CRM wants them: clinics and networks with external ids, and which columns fields read."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from icp_engine.columns import HELPERS, KEY, NAME, STATE
from icp_engine.crm.formats import TargetType
from icp_engine.crm.mapping import CrmMapping, Kind, Target
from icp_engine.errors import InputError, did_you_mean
from icp_engine.networks.columns import OF_NETWORK, network_tiers
from icp_engine.networks.grouping import NETWORKS
from icp_engine.published.run import Run
from icp_engine.scorecard.model import MISSING_COLUMNS, REASON_COLUMNS, Scorecard, ScorecardColumn

CLINICS = "clinics_icp_with_networks"
RECORD_KEY, FRESH_ID = f"{HELPERS}key", f"{HELPERS}fresh_id"  # the id in the run, and what the CRM would know it by
SCORE, OF_STATE, OF_SEGMENT, OIG = f"{HELPERS}score", f"{HELPERS}state", f"{HELPERS}segment", f"{HELPERS}oig"
ORDINAL = f"{HELPERS}ordinal"  # the place in the published table
PARENT, OWNER_EMAIL, OWNER_NAME = "parent_id", "owner_email", "owner_name"
RUN_DATE, RUN_ID, SCORECARD = "run_date", "run_id", "scorecard"
WORDS = {
    PARENT: "the external id of the clinic's network",
    OWNER_EMAIL: "the address of the owner, of a hand-off with --owners",
    OWNER_NAME: "the name of the owner, of a hand-off with --owners",
    RUN_DATE: "the day of the run; it is sent when something else has changed, and is no change by itself",
    RUN_ID: "the run; it is sent when something else has changed, and is no change by itself",
    SCORECARD: "id and version of the scorecard",
}
"""Words that a mapping may use beside the columns of the run, each with its meaning."""
_OF_RUN = (RUN_DATE, RUN_ID)
_OF_OWNER = (OWNER_EMAIL, OWNER_NAME)
_OIG_FLAG = "oig_leie_flag"
_NEUTRAL: tuple[ScorecardColumn, ...] = (
    *("total_score", "tier", "tier_label", "segment", "rank", "percentile", "tie_size"),
    *REASON_COLUMNS,
    *MISSING_COLUMNS,
)
_PREFIX = {"clinic": "clinic:", "network": "net:"}
NPI = r"^\d{10}$"


@dataclass(frozen=True, slots=True)
class CrmField:
    """A field of a CRM whose column was found: `column` is None for a constant, `values` are those of a picklist.

    `is_whole` says that its numbers have no decimals.
    """

    target: Target
    column: str | None
    type: TargetType
    values: tuple[str, ...] = ()
    is_whole: bool = False

    @property
    def name(self) -> str:
        """What the CRM calls it."""
        return self.target.name

    @property
    def is_compared(self) -> bool:
        """Whether another value makes a record a changed one."""
        return self.column not in _OF_RUN

    @property
    def is_cleared(self) -> bool:
        """Whether the field is emptied where the value is missing: no record goes without a name, an owner, a truth."""
        return not (self.target.required or self.column == OWNER_EMAIL)

    @property
    def is_cleared_when_gone(self) -> bool:
        """Whether the field is emptied once the record has left the run."""
        return self.is_cleared and self.is_compared and not self.target.keep


def crm_fields(run: Run, mapping: CrmMapping, kind: Kind, *, owners: bool) -> tuple[CrmField, ...]:
    """Return the fields of one kind of record, those left out that are optional and have no column in this run.

    Raises:
        InputError: there is no such column.
    """
    return found_fields(mapping.targets[kind], kind, _known(run, kind), partial(_values, run, kind), owners=owners)


def found_fields(
    targets: Iterable[Target],
    kind: Kind,
    known: Mapping[str, tuple[str, pl.DataType]],
    values: Callable[[str], tuple[str, ...]],
    *,
    owners: bool,
) -> tuple[CrmField, ...]:
    """Return the fields whose columns are there.

    Args:
        targets: the fields of a mapping.
        kind: of the records.
        known: the columns of the records by all their names, each with its own name and type.
        values: returns what a column may say; nothing where it may say anything.
        owners: whether records have owners.

    Raises:
        InputError: there is no such column.
    """
    found = [_found(target, kind, known, values, owners=owners) for target in targets]
    return tuple(field for field in found if field is not None)


def _known(run: Run, kind: Kind) -> dict[str, tuple[str, pl.DataType]]:
    """Return the columns of a kind of record with their types, by their own names and by the neutral ones."""
    tables = (CLINICS, "clinics_icp") if kind == "clinic" else (NETWORKS,)
    schemas = [run.table(table).collect_schema() for table in tables]
    known = {name: (name, dtype) for schema in reversed(schemas) for name, dtype in schema.items()}
    before = "" if kind == "clinic" else OF_NETWORK
    neutral = {key: before + _card(run, kind).column(key) for key in _NEUTRAL}
    return {key: known[name] for key, name in neutral.items() if name in known} | known


def _found(
    target: Target,
    kind: Kind,
    known: Mapping[str, tuple[str, pl.DataType]],
    values_of: Callable[[str], tuple[str, ...]],
    *,
    owners: bool,
) -> CrmField | None:
    column = target.column
    if column is None:
        return CrmField(target, None, target.type or _type(_constant_type(target.constant)))
    if column in WORDS:
        absent = (column in _OF_OWNER and not owners) or (column == PARENT and kind != "clinic")
        kind_of = target.type or ("date" if column == RUN_DATE else "text")
        return None if absent else CrmField(target, column, kind_of)
    if column not in known:
        if target.optional:
            return None
        near = did_you_mean(column, [*known, *WORDS])
        raise InputError(f"'{target.name}' of a {kind} is to hold the column '{column}', which the run has not{near}.")
    own, dtype = known[column]
    type_ = target.type or _type(dtype)
    values = (target.values or values_of(own)) if type_ == "picklist" else ()
    return CrmField(target, own, type_, values, dtype.is_integer())


def _constant_type(constant: object) -> pl.DataType:
    if isinstance(constant, bool):
        return pl.Boolean()
    return pl.Float64() if isinstance(constant, int | float) else pl.String()


def _type(dtype: pl.DataType) -> TargetType:
    if dtype == pl.Boolean:
        return "checkbox"
    if dtype.is_numeric():
        return "number"
    return "date" if dtype == pl.Date else "datetime" if dtype == pl.Datetime else "text"


def _card(run: Run, kind: Kind) -> Scorecard:
    """Return the scorecard that scores a kind of record: networks have the main one alone."""
    return run.card if kind == "clinic" or not run.cards else run.cards[0]


def _values(run: Run, kind: Kind, column: str) -> tuple[str, ...]:
    """Return what a column of the scorecard may say; nothing where it may say anything."""
    card, own = _card(run, kind), column.removeprefix("" if kind == "clinic" else OF_NETWORK)
    tiers = card.tiers if kind == "clinic" else network_tiers(card)
    if own == card.column("tier_label"):
        return tuple(tier.label for tier in tiers)
    if own == card.column("segment"):
        return tuple(card.segments)
    if column == "network_tier_label":
        return tuple(tier.label for tier in network_tiers(card))
    return ()


def clinic_records(run: Run, fields: Collection[CrmField], filtered: Collection[str]) -> pl.LazyFrame:
    """Return all clinics with key, external id, parent, what owners are dealt by, and the columns of fields and filter.

    An external id is `npi:` and ten digits where the NPI is known, else `clinic:` and the clinic's id.

    Raises:
        InputError: the run made no networks.
    """
    if not run.has_networks:
        raise InputError(f"{run.warehouse} was published with --no-networks; run again without it for a hand-off.")
    table, beside = run.table(CLINICS), run.table("clinics_icp")
    known, more = table.collect_schema(), beside.collect_schema()
    wanted = {field.column for field in fields if field.column and field.column not in WORDS}
    extra = sorted({*wanted, *({_OIG_FLAG} & set(more))} - set(known))
    if extra:
        told = pl.any_horizontal(pl.col(extra).is_not_null())
        table = table.join(beside.select(KEY, *extra).filter(told), on=KEY, how="left", maintain_order="left")
    columns = [*known, *extra]
    npi = pl.col("npi").cast(pl.String).str.strip_chars() if "npi" in columns else pl.lit(None, pl.String)
    has_npi = npi.str.contains(NPI)
    segment = run.card.column("segment")
    return table.with_row_index(ORDINAL).select(
        pl.col(ORDINAL).cast(pl.Int64),
        pl.col(KEY).alias(RECORD_KEY),
        pl.when(has_npi).then(pl.lit("npi:") + npi).otherwise(pl.lit(_PREFIX["clinic"]) + pl.col(KEY)).alias(FRESH_ID),
        (pl.lit(_PREFIX["network"]) + pl.col("network_id")).alias(f"{HELPERS}{PARENT}"),
        pl.col(run.card.column("total_score")).alias(SCORE),
        _or_missing(STATE, columns).alias(OF_STATE),
        _or_missing(segment, columns).alias(OF_SEGMENT),
        (pl.col(_OIG_FLAG) if _OIG_FLAG in columns else pl.lit(None, pl.Boolean)).fill_null(value=False).alias(OIG),
        *(pl.col(name) for name in sorted({*wanted, *filtered, NAME} & set(columns))),
    )


def network_records(run: Run, fields: Collection[CrmField]) -> pl.LazyFrame:
    """Return all networks with key, external id and the columns of fields."""
    table = run.table(NETWORKS)
    wanted = {field.column for field in fields if field.column and field.column not in WORDS}
    return table.with_row_index(ORDINAL).select(
        pl.col(ORDINAL).cast(pl.Int64),
        pl.col("network_id").alias(RECORD_KEY),
        (pl.lit(_PREFIX["network"]) + pl.col("network_id")).alias(FRESH_ID),
        pl.lit(value=False).alias(OIG),
        *(pl.col(name) for name in sorted(wanted)),
    )


def _or_missing(column: str, columns: Collection[str]) -> pl.Expr:
    return pl.col(column) if column in columns else pl.lit(None, pl.String)
