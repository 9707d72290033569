"""Add a decision to the file: networks become clinics of them, and what cannot hold is refused before it is written."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import polars as pl

from icp_engine.columns import KEY, STATE
from icp_engine.database import Database
from icp_engine.errors import InputError
from icp_engine.networks.applied import HOLDS, apply_to
from icp_engine.networks.decisions import (
    FILE,
    NETWORK_ID,
    OVERTAKEN,
    Decision,
    append_decisions,
    check_decision,
    numbered,
    one_writer,
    read_decisions,
)
from icp_engine.published.effect import Effect, effect
from icp_engine.published.lists import network
from icp_engine.published.run import Run
from icp_engine.warehouse.switch import check_outside

_OF_NO_CLINIC = ("brand_prefix", "exclude_name", "undo")


def decisions_file(run: Run, path: Path | None) -> Path:
    """Return where decisions are kept: the file that is named, or else `decisions.csv` in the warehouse.

    Raises:
        InputError: it would stand in a published run.
    """
    if path is not None:
        check_outside(path)
    return path or run.warehouse / FILE


def decide(run: Run, path: Path, decision: Decision) -> Decision:
    """Append a decision and return it as it was written; it holds from the next run on.

    Args:
        run: the published run: an id of a network stands for the anchor of that network in it.
        path: the file, see `decisions_file`.
        decision: what is decided; its line does not count.

    Raises:
        InputError: there is no such clinic or network, the line says too little, or another line contradicts it.
    """
    [written] = decide_all(run, path, [_of_clinics(run, decision)])
    return written


def decide_all(run: Run, path: Path, decisions: Iterable[Decision]) -> list[Decision]:
    """Append decisions on clinics, all or none, and return them as they were written.

    Raises:
        InputError: a clinic is not there, a line says too little, or lines contradict each other.
    """
    with run.database() as db:
        return write_decisions(db, path, decisions)


def write_decisions(db: Database, path: Path, decisions: Iterable[Decision]) -> list[Decision]:
    """Append decisions on clinics of a warehouse file, all or none, and return them as they were written.

    Raises:
        InputError: as `decide_all` does.
    """
    with one_writer(path):
        _, fresh = _checked(db, path, decisions)
        append_decisions(path, fresh)
    return fresh


def try_decisions(run: Run, path: Path, decisions: Iterable[Decision]) -> Effect:
    """Return what decisions would do, and write nothing.

    Raises:
        InputError: as `decide` and `effect` do.
    """
    with run.database() as db:
        checked = _checked(db, path, [_of_clinics(run, decision) for decision in decisions])
    return effect(run, *checked)


def _of_clinics(run: Run, decision: Decision) -> Decision:
    """Return a decision on clinics, of one that may name networks."""
    if decision.action in _OF_NO_CLINIC:
        return decision
    decision = replace(decision, subject=_clinic(run, decision.subject))
    if decision.action == "rename":
        return decision
    return replace(decision, object=_clinic(run, decision.object) if decision.object else _left(run, decision))


def _checked(db: Database, path: Path, decisions: Iterable[Decision]) -> tuple[tuple[Decision, ...], list[Decision]]:
    """Return the decisions of the file, and those that are to be added, with their lines."""
    before = read_decisions(path, needed=False)
    fresh = list(numbered(path, decisions))
    for decision in fresh:
        check_decision(path, decision)
    clinics = _bearing(db, [*before, *fresh])
    placed = db.frame("select clinic_id from network_overrides")["clinic_id"]
    told = apply_to([*before, *fresh], clinics, placed).decisions[len(before) :]
    wrong = next((decision for decision in told if decision.state not in (HOLDS, OVERTAKEN)), None)
    if wrong is not None:
        raise InputError(f"Nothing was written: {_missing(wrong, set(clinics[KEY]))}.")
    return before, fresh


def _bearing(db: Database, decisions: Iterable[Decision]) -> pl.DataFrame:
    """Return key and state of the clinics that decisions name, and a clinic of each state."""
    named = sorted({name for decision in decisions for name in (*decision.subjects, decision.object)})
    return db.frame(
        f"select {KEY}, {STATE} from clinics where list_contains($named, {KEY}) "
        f"union select min({KEY}), {STATE} from clinics group by {STATE}",
        {"named": named},
    )


def _clinic(run: Run, name: str) -> str:
    """Return the anchor of the network that an id stands for, or the id of a clinic as it is."""
    if not name.startswith(NETWORK_ID):
        return name
    anchor: str = network(run, name).network["anchor_clinic_id"].item()
    return anchor


def _left(run: Run, decision: Decision) -> str:
    """Return the clinic that stays where `split` names none: the anchor of the network that the subject is in."""
    if decision.action != "split" or len(decision.subjects) != 1:
        return ""
    with run.database() as db:
        found = db.row(
            "select anchor_clinic_id from clinics_icp_with_networks join networks_icp using (network_id) "
            "where clinic_id = $id",
            {"id": decision.subject},
        )
    return str(found[0]) if found and found[0] != decision.subject else ""


def _missing(decision: Decision, known: Iterable[str]) -> str:
    unknown = next((clinic for clinic in decision.clinics if clinic not in known), None)
    if decision.state.startswith("its clinics") and unknown is not None:
        return f"the run has no clinic '{unknown}' (capitals and blanks count)"
    return f"{decision.text} would not hold: {decision.state}"
