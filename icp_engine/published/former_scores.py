"""What a clinic scored in the runs that are kept from before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import KEY, STATE
from icp_engine.errors import IcpError
from icp_engine.published.run import Run, run_in
from icp_engine.warehouse.folder import runs_by_age

_MOST = 3  # runs that are looked into: each is a file of all clinics


@dataclass(frozen=True, slots=True)
class FormerScore:
    """A clinic in a run of before.

    Attributes:
        run_id: the run.
        started_at: when it began.
        scorecard: id and version of its scorecard.
        same_rules: whether it scored by the rules of today.
        score: None where that run did not have the clinic.
        tier: its number then.
        tier_label: its label then.
    """

    run_id: str
    started_at: str
    scorecard: str
    same_rules: bool
    score: float | None = None
    tier: int | None = None
    tier_label: str | None = None


def runs_before(run: Run) -> tuple[Run, ...]:
    """Return the kept runs that are older than a run and were scored with its scorecard, the newest first."""
    folders = runs_by_age(run.warehouse)
    names = [folder.name for folder in folders]
    found = []
    for folder in folders[names.index(run.folder.name) + 1 :] if run.folder.name in names else ():
        try:
            found.append(run_in(run.warehouse, folder).of(run.card.id))
        except IcpError:  # of a version that reads otherwise, without the scorecard, or removed just now
            continue
    return tuple(found[:_MOST])


def former_scores(run: Run, before: Iterable[Run], clinic_id: str, state: str | None) -> tuple[FormerScore, ...]:
    """Return what a clinic scored in runs of before; a run that is gone by now is left out.

    Args:
        run: the run of today.
        before: what `runs_before` returned.
        clinic_id: the clinic.
        state: its state today, by which it is found sooner: tables are sorted by it.
    """
    return tuple(_former(run, before, clinic_id, state))


def _former(run: Run, before: Iterable[Run], clinic_id: str, state: str | None) -> Iterator[FormerScore]:
    for each in before:
        card = each.card
        told = (each.folder.name, each.manifest.started_at, f"{card.id} {card.version}", card.hash == run.card.hash)
        try:
            row = _row(each, clinic_id, state)
        except (OSError, pl.exceptions.PolarsError):
            if each.folder.exists():
                raise
            continue
        yield FormerScore(*told, *(row or ()))


def _row(run: Run, clinic_id: str, state: str | None) -> tuple[float, int, str] | None:
    columns = [run.card.column("total_score"), run.card.column("tier"), run.card.column("tier_label")]
    named = run.clinics().filter(pl.col(KEY) == clinic_id)
    for found in (named.filter(pl.col(STATE).eq_missing(pl.lit(state, pl.String))), named):
        rows = found.select(columns).collect()
        if len(rows):
            score, tier, label = rows.row(0)
            return score, tier, label
    return None
