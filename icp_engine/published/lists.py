"""Ask a published run: networks, ad-hoc SQL, lists to hand on. Read-only, all through `icp.duckdb`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from icp_engine.columns import KEY
from icp_engine.database import Database, quoted
from icp_engine.display import shell_line
from icp_engine.errors import InputError, did_you_mean
from icp_engine.networks.columns import network_total, networks_columns
from icp_engine.networks.grouping import NETWORKS
from icp_engine.published.filters import Filter, Listed, conditions, in_sql
from icp_engine.published.run import Run
from icp_engine.scorecard.model import REASON_COLUMNS, Scorecard
from icp_engine.scorecard.several import suffix
from icp_engine.tables.excel import excel_csv
from icp_engine.tables.ordering import best_first
from icp_engine.tables.workbook import write_workbook
from icp_engine.tables.writer import flat, whole
from icp_engine.warehouse.audits import AUDITED, audit_all
from icp_engine.warehouse.duckdb_file import CLINIC_WHY
from icp_engine.warehouse.switch import check_outside

SHEET_ROWS = 1_048_576  # of a workbook, the header among them


def networks(run: Run, wanted: Filter, sort: str | None = None, limit: int = 20) -> pl.DataFrame:
    """Return networks, best first by a column of `networks_icp`, by score unless one is named; names sort from A.

    Raises:
        InputError: there is no such column.
    """
    sort = sort or network_total(run.card)
    types = {column.name: column.dtype for column in networks_columns(run.card)}
    if sort not in types:
        raise InputError(f"networks_icp has no column '{sort}'{did_you_mean(sort, types)}.")
    direction = "asc" if types[sort] == pl.String else "desc"
    where, values = in_sql(conditions(wanted, "networks", run.card))
    with run.database() as db:
        query = f"from {NETWORKS} where {where} order by {quoted(sort)} {direction} nulls last, network_id limit $limit"
        return db.frame(query, {**values, "limit": limit})


@dataclass(frozen=True, slots=True)
class FormerId:
    """An id that a network has no longer: when it went out of use (UTC), and why: merged, split, renamed or gone."""

    former_id: str
    since: str
    why: str


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """A network, its row of `networks_icp`, and its members, anchor first, then by score.

    `former` is the id that was asked for, where that is no longer in use, with when and how it went.
    """

    network: pl.DataFrame
    members: pl.DataFrame
    former: FormerId | None = None


def network(run: Run, network_id: str) -> NetworkProfile:
    """Return a network and its members, anchor first, then by score; an old id leads to the network of its clinics now.

    Raises:
        InputError: there is no such network, or nothing is left of it.
    """
    with run.database() as db:
        current, former = _current_id(db, network_id)
        if former and current is None:
            raise InputError(
                f"Network '{network_id}' went at {former.since}: its clinics are gone, or no network any more."
            )
        found = db.frame(f"from {NETWORKS} where network_id = $id", {"id": current})
        if found.is_empty():
            listing = shell_line("icp-engine", "networks", "list", "-w", str(run.warehouse))
            raise InputError(f"{run.warehouse} has no network '{network_id}'; list them with: {listing}")
        total, order = run.card.column("total_score"), _in_order(run, db.columns("clinics_icp_with_networks"))
        shown = ("clinic_id", "account_name", "state_code", total, run.card.column("tier_label"), "is_network_anchor")
        members = db.frame(
            f"select {', '.join(map(quoted, shown))} from clinics_icp_with_networks where network_id = $id "
            f"order by is_network_anchor desc, {order}",
            {"id": current},
        )
    return NetworkProfile(found, members, former)


def _current_id(db: Database, network_id: str) -> tuple[str | None, FormerId | None]:
    """Return the id that an id leads to now, itself where nothing is known of it, and what is said of an old one."""
    asked = former_ids(db).filter(former_id=network_id)
    if asked.is_empty():
        return network_id, None
    _, current, since, why = asked.row(0)
    return current, FormerId(network_id, since, why)


def former_ids(db: Database) -> pl.DataFrame:
    """Return the ids that networks no longer have, with the network that each leads to now, since when and why."""
    if ("view", "network_ids") not in db.relations():  # of an older version
        names = ("former_id", "network_id", "since", "why")
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return db.frame("select asked_id as former_id, network_id, since, why from network_ids where why is not null")


def query(run: Run, text: str) -> pl.DataFrame:
    """Return the rows of a query over the warehouse file.

    Raises:
        InputError: the query is wrong, or would change something.
    """
    with run.database() as db:
        return db.frame(text)


def audits(run: Run) -> dict[str, pl.DataFrame]:
    """Return what each audit finds in the published files, by name; no rows are good."""
    with run.database() as db:
        there = {name for _, name in db.relations()}
        tables = {name: db.frame(f"from {name}") for name in AUDITED if name in there}
    return audit_all(run.folder, run.cards, run.manifest.rows.scored, tables)


def export(run: Run, what: Listed, wanted: Filter, columns: Sequence[str] = ()) -> pl.DataFrame:
    """Return a list of clinics or networks, best first.

    Args:
        run: the run to ask.
        what: what to list.
        wanted: which of them.
        columns: which columns, in order; those of `clinics_icp_with_networks` or `networks_icp` unless given.

    Raises:
        InputError: there is no such column.
    """
    clinics = what == "clinics"
    with run.database() as db:
        default = db.columns("clinics_icp_with_networks" if clinics else NETWORKS)
        reasons = [card.column(key) for card in run.cards for key in REASON_COLUMNS]
        beside = [*db.columns("clinics_icp"), *reasons] if clinics else []
        known = list(dict.fromkeys([*default, *beside]))
        for name in columns:
            if name not in known:
                raise InputError(f"There is no column '{name}'{did_you_mean(name, known)}.")
        chosen = list(dict.fromkeys(columns)) or default
        where, values = in_sql(conditions(wanted, what, run.card))
        source = "clinics_icp_with_networks" if clinics else NETWORKS
        source = source if set(chosen) <= set(default) else _all_columns(chosen, run.cards)
        order = _in_order(run, default) if clinics else f"{quoted(network_total(run.card))} desc, network_id"
        return db.frame(f"select {', '.join(map(quoted, chosen))} from {source} where {where} order by {order}", values)


def _in_order(run: Run, known: Sequence[str]) -> str:
    """Return what SQL sorts clinics by, the best first."""
    columns = best_first(run.card, known)
    return ", ".join(f"{quoted(name)}{' desc' if descending else ''}" for name, descending in columns.items())


def _all_columns(chosen: Sequence[str], cards: Sequence[Scorecard]) -> str:
    """Return where columns of clinics stand of which some are not in `clinics_icp_with_networks`, as SQL."""
    texts = {"icp_scores": [card.column("reason_codes") for card in cards]}
    for place, card in enumerate(cards):
        texts[CLINIC_WHY + (suffix(card) if place else "")] = [card.column("top_reasons"), card.column("unknown")]
    source = "clinics_icp"
    for table, columns in texts.items():
        if names := [name for name in columns if name in chosen]:
            source += f" join (select {KEY}, {', '.join(map(quoted, names))} from {table}) using ({KEY})"
    return source


def write_list(
    frame: pl.DataFrame, path: Path, *, for_excel: bool = False, widths: Mapping[str, int] | None = None
) -> None:
    """Write a list as CSV, Parquet, JSON or workbook, by the ending of its name, whole or not at all.

    Args:
        frame: the list.
        path: where to write it.
        for_excel: CSV as `excel_csv` has it.
        widths: of columns of a workbook, in pixels.

    Raises:
        InputError: another ending, a path into a published run, too many rows for a sheet, or the workbook extra is
            not installed.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("csv", "parquet", "json", "xlsx"):
        raise InputError(f"{path} ends in none of .csv, .parquet, .json, .xlsx; name it by its format.")
    if (kind == "xlsx" or for_excel) and len(frame) >= SHEET_ROWS:
        raise InputError(
            f"{len(frame):,} rows are more than a sheet holds ({SHEET_ROWS - 1:,}); narrow the list, or take CSV."
        )
    check_outside(path)
    with whole(path) as beside:
        if kind == "csv" and for_excel:
            beside.write_bytes(excel_csv(frame))
        elif kind == "csv":
            flat(frame).write_csv(beside)
        elif kind == "parquet":
            frame.write_parquet(beside)
        elif kind == "json":
            beside.write_text(json.dumps(frame.to_dicts(), indent=2, ensure_ascii=False, default=str), encoding="utf-8")
        else:
            with beside.open("wb") as file:
                write_workbook(frame, file, widths)
