"""Check results by SQL: each file of sql/audits returns the rows that offend."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from icp_engine.columns import KEY
from icp_engine.database import Database, database, quoted, sql_names, sql_text
from icp_engine.errors import GateError
from icp_engine.networks.evidence import NO_DECISIONS
from icp_engine.networks.grouping import NETWORKS, NO_EDGES, Networks, read_overrides
from icp_engine.networks.identity import NO_FORMER
from icp_engine.networks.neutral import (
    CLINIC_SCORES,
    MEMBER_SCORES,
    NETWORK_SCORES,
    TOLD_SCORES,
    clinic_sql,
    member_sql,
    network_sql,
    scores_as_told,
    tier_tables,
    view,
)
from icp_engine.scorecard.model import Scorecard
from icp_engine.warehouse.dimensions import scorecard_frames

AUDITED = {
    "network_overrides": read_overrides(None),
    "network_edges": NO_EDGES,
    "network_aliases": NO_FORMER.aliases,
    "decisions": NO_DECISIONS.frame(),
    "decision_pairs": NO_DECISIONS.pair_frame(),
}
_POINTS = ("hundredths", "category_hundredths")
_OF_SCORES = tuple(
    f"audits/{name}"
    for name in ("category_scores_within_maximum", "tables_say_the_same", "total_is_the_sum_of_its_parts")
)
_MEMBERS = "clinics_icp_with_networks"
_ALL_MEMBERS = "clinics_of_run"


def check_run(folder: Path, cards: Sequence[Scorecard], scored: int, networks: Networks) -> None:
    """Audit the files of a run before it is published.

    Raises:
        GateError: an audit returns rows; the message names it and shows the first.
    """
    tables = {
        "network_overrides": networks.overrides,
        "network_edges": networks.edges.collect(),
        "network_aliases": networks.aliases,
        "decisions": networks.applied.frame(),
        "decision_pairs": networks.applied.pair_frame(),
    }
    findings = audit_all(folder, cards, scored, tables)
    failed = {name: rows for name, rows in findings.items() if len(rows)}
    if failed:
        name, rows = next(iter(failed.items()))
        raise GateError(
            f"{len(failed)} of {len(findings)} audits failed and nothing was published; "
            f"{name}: {len(rows):,} rows, such as {rows.row(0, named=True)}."
        )


def audit_all(
    folder: Path, cards: Sequence[Scorecard], scored: int, tables: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Return what each audit finds, once more for each scorecard after the first where it is about scores of clinics.

    Names of audits of a scorecard after the first end with its id in brackets.
    """
    main, *others = cards
    found = audit(folder, main, scored, tables)
    for card in others:
        found |= {f"{name} ({card.id})": rows for name, rows in _audit_scores(folder, card, scored).items()}
    return found


def _audit_scores(folder: Path, card: Scorecard, scored: int) -> dict[str, pl.DataFrame]:
    with database() as db:
        db.view_parquet(_ALL_MEMBERS, folder / f"{_MEMBERS}.parquet")
        _register(db, folder, card, scored)
        db.run(f"create table {NETWORK_SCORES} (network_id varchar, hundredths bigint, category_hundredths bigint[])")
        return {name: db.frame(sql_text(name)) for name in _OF_SCORES}


def audit(folder: Path, card: Scorecard, scored: int, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return what each audit finds in the Parquet files of a run, by name; no rows are good.

    Args:
        folder: of the run.
        card: its scorecard.
        scored: how many clinics it scored.
        tables: those of `AUDITED`, which are in the warehouse file alone; those of an older version lack some.
    """
    with database() as db:
        db.view_parquet(NETWORKS, folder / f"{NETWORKS}.parquet")
        _split_members(db, folder, card)
        view(db, NETWORK_SCORES, network_sql(card, damaged=True), NETWORKS, ["network_id", *_POINTS])
        view(db, MEMBER_SCORES, member_sql(card), _MEMBERS)
        _register(db, folder, card, scored)
        for name, empty in AUDITED.items():
            db.copy(name, pl.concat([empty, tables.get(name, empty)], how="diagonal"))
        return {name: db.frame(sql_text(name)) for name in sql_names("audits")}


def _split_members(db: Database, folder: Path, card: Scorecard) -> None:
    """Make clinics with their networks readable; the few that say one are unpacked once, and most audits are of them.

    DuckDB leaves the others out where a query asks for a network or an anchor: here they are null and false by name.
    """
    columns = ", ".join(map(quoted, (KEY, card.column("total_score"))))
    of_network = "network_id, is_network_anchor, num_clinics"
    named = "(network_id is not null or is_network_anchor is distinct from false or num_clinics is not null)"
    db.view_parquet(_ALL_MEMBERS, folder / f"{_MEMBERS}.parquet")
    db.table("members_of_run", f"select {columns}, {of_network} from {_ALL_MEMBERS} where {named}")
    others = f"select {columns}, null, false, null from {_ALL_MEMBERS} where not {named}"
    db.view(_MEMBERS, f"from members_of_run union all {others}")


def _register(db: Database, folder: Path, card: Scorecard, scored: int) -> None:
    db.view_parquet("icp_scores", folder / "icp_scores.parquet")
    # Of the columns of an extract only the key: to SQL a carried `CLINIC_ID` would be the same.
    columns = [KEY, *(column.name for column in card.columns)]
    db.register("clinics_icp", pl.read_parquet(folder / "clinics_icp.parquet", columns=columns))
    view(db, CLINIC_SCORES, clinic_sql(card, damaged=True), "icp_scores", [KEY, *_POINTS])
    tables = {"icp_scores": "icp_scores", "clinics_icp": "clinics_icp", _MEMBERS: _ALL_MEMBERS}
    db.view(TOLD_SCORES, scores_as_told(card, tables))
    db.copy("run_facts", pl.DataFrame({"rows_scored": [scored]}))
    db.copy("scorecard_categories", scorecard_frames(card)["scorecard_categories"])
    db.copy("scorecard_total", tier_tables(card)["scorecard_total"])
