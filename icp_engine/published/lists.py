"""Ask a published run: networks, ad-hoc SQL, lists to hand on. Read-only, all through `icp.duckdb`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from icp_engine.columns import KEY, NETWORKS_TABLE
from icp_engine.database import Database, database, quoted
from icp_engine.errors import InputError, did_you_mean
from icp_engine.networks.grouping import NETWORKS
from icp_engine.published.filters import Filter, conditions, in_sql
from icp_engine.published.run import run_scorecard
from icp_engine.tables.writer import flat
from icp_engine.warehouse.audits import audit
from icp_engine.warehouse.duckdb_file import FILE
from icp_engine.warehouse.folder import manifest, published

SHEET_ROWS = 1_048_576  # of a workbook, the header among them


@contextmanager
def open_warehouse(warehouse: Path) -> Iterator[Database]:
    """Open the warehouse file of the published run for reading.

    Raises:
        InputError: nothing is published there, or it was scored without networks.
    """
    with database(warehouse_file_of(published(warehouse), warehouse), read_only=True) as db:
        yield db


def warehouse_file_of(folder: Path, warehouse: Path) -> Path:
    """Return the warehouse file in the folder of a run.

    Raises:
        InputError: the run was published without one.
    """
    path = folder / FILE
    if not path.exists():
        raise InputError(f"{warehouse} was published with --no-networks and has no {FILE}; run again without it.")
    return path


def networks(warehouse: Path, wanted: Filter, sort: str = "network_icp_total_score", limit: int = 20) -> pl.DataFrame:
    """Return networks, best first by a column of `networks_icp`; names sort from A.

    Raises:
        InputError: there is no such column.
    """
    types = {one.name: one.dtype for one in NETWORKS_TABLE}
    if sort not in types:
        raise InputError(f"networks_icp has no column '{sort}'{did_you_mean(sort, types)}.")
    direction = "asc" if types[sort] == pl.String else "desc"
    where, values = in_sql(conditions(wanted, "networks"))
    with open_warehouse(warehouse) as db:
        query = f"from {NETWORKS} where {where} order by {quoted(sort)} {direction} nulls last, network_id limit $limit"
        return db.frame(query, {**values, "limit": limit})


def network(warehouse: Path, network_id: str) -> tuple[dict[str, Any], pl.DataFrame]:
    """Return a network and its members, anchor first, then by score.

    Raises:
        InputError: there is no such network.
    """
    with open_warehouse(warehouse) as db:
        found = db.frame(f"from {NETWORKS} where network_id = $id", {"id": network_id})
        if found.is_empty():
            raise InputError(f"{warehouse} has no network '{network_id}'; see icp-engine networks list.")
        members = db.frame(
            "select clinic_id, account_name, state_code, icp_total_score, icp_tier_label, is_network_anchor "
            "from clinics_icp_with_networks where network_id = $id "
            "order by is_network_anchor desc, icp_total_score desc, clinic_id",
            {"id": network_id},
        )
    return found.row(0, named=True), members


def query(warehouse: Path, text: str) -> pl.DataFrame:
    """Return the rows of a query over the warehouse file.

    Raises:
        InputError: the query is wrong, or would change something.
    """
    with open_warehouse(warehouse) as db:
        return db.frame(text)


def audits(warehouse: Path) -> dict[str, pl.DataFrame]:
    """Return what each audit finds in the published files, by name; no rows are good."""
    folder = published(warehouse)
    with open_warehouse(warehouse) as db:
        overrides = db.frame("from network_overrides")
    return audit(folder, run_scorecard(folder), manifest(folder)["rows"]["scored"], overrides)


def export(warehouse: Path, what: str, wanted: Filter, columns: Sequence[str] = ()) -> pl.DataFrame:
    """Return a list of clinics or networks, best first.

    Args:
        warehouse: where it is published.
        what: `clinics` or `networks`.
        wanted: which of them.
        columns: which columns, in order; those of `clinics_icp_with_networks` or `networks_icp` unless given.

    Raises:
        InputError: there is no such column.
    """
    clinics = what == "clinics"
    prefix = "icp_" if clinics else "network_icp_"
    with open_warehouse(warehouse) as db:
        default = db.columns("clinics_icp_with_networks" if clinics else NETWORKS)
        known = list(dict.fromkeys([*default, *(db.columns("clinics_icp") if clinics else [])]))
        for name in columns:
            if name not in known:
                raise InputError(f"There is no column '{name}'{did_you_mean(name, known)}.")
        chosen = list(dict.fromkeys(columns)) or default
        where, values = in_sql(conditions(wanted, "clinics" if clinics else "networks"))
        source = (
            NETWORKS if not clinics else "clinics_icp_with_networks" if set(chosen) <= set(default) else "clinics_icp"
        )
        if clinics and "icp_reason_codes" in chosen and source == "clinics_icp":
            source = f"clinics_icp join (select {KEY}, icp_reason_codes from icp_scores) using ({KEY})"
        key = KEY if clinics else "network_id"
        listed = ", ".join(map(quoted, chosen))
        return db.frame(f"select {listed} from {source} where {where} order by {prefix}total_score desc, {key}", values)


def write_list(frame: pl.DataFrame, path: Path) -> None:
    """Write a list as CSV, Parquet, JSON or workbook, by the ending of its name, whole or not at all.

    Raises:
        InputError: another ending, too many rows for a sheet, or the workbook extra is not installed.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("csv", "parquet", "json", "xlsx"):
        raise InputError(f"{path} ends in none of .csv, .parquet, .json, .xlsx; name it by its format.")
    if kind == "xlsx" and len(frame) >= SHEET_ROWS:
        raise InputError(
            f"{len(frame):,} rows are more than a sheet holds ({SHEET_ROWS - 1:,}); narrow the list, or take CSV."
        )
    beside = path.with_name(f".{path.name}.partial")
    try:
        if kind == "csv":
            flat(frame).write_csv(beside)
        elif kind == "parquet":
            frame.write_parquet(beside)
        elif kind == "json":
            beside.write_text(json.dumps(frame.to_dicts(), indent=2, ensure_ascii=False, default=str), encoding="utf-8")
        else:
            _write_workbook(frame, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _write_workbook(frame: pl.DataFrame, path: Path) -> None:
    try:
        with path.open("wb") as file:
            flat(frame).write_excel(file, freeze_panes=(1, 0))
    except ModuleNotFoundError as error:
        raise InputError("Workbooks need one more package: pip install 'icp-engine[xlsx]'.") from error
