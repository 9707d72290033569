"""One clinic of a published run, explained from its bands and its values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.errors import InputError
from icp_engine.published.run import Run
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.compiler import BANDS
from icp_engine.scoring.explain import Explainer


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a bibliography: what was looked at, its points, and why; what is unset does not apply.

    A value of None is known to be missing, and its points are the card's decision.
    """

    score: str
    code: str
    sources: tuple[str, ...]
    value: Any | msgspec.UnsetType = msgspec.UNSET
    points: float
    status: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def missing(self) -> bool:
        """Whether there was nothing to compare."""
        return self.status is not msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clinic of a run, and why it scored what it scored.

    Attributes:
        scores: points by category.
        missing: the fields of the scorecard that the clinic has no value for.
    """

    clinic_id: str
    name: str | None
    state: str | None
    total: float
    tier: int
    tier_label: str
    segment: str | None
    scores: Mapping[str, float]
    missing: frozenset[str]
    bibliography: tuple[Entry, ...]
    card: Scorecard


def explain_clinic(run: Run, clinic_id: str) -> Explanation:
    """Return why a clinic of a run scored what it scored.

    Raises:
        InputError: there is no such clinic.
    """
    found = find_explanation(run, clinic_id)
    if found is None:
        raise InputError(
            f"{run.warehouse} has no clinic '{clinic_id}'; check its clinic_id (capitals and blanks count)."
        )
    return found


def find_explanation(run: Run, clinic_id: str) -> Explanation | None:
    """Return why a clinic of a run scored what it scored; None where there is no such clinic."""
    found = clinics_with_bands(run, pl.Series([clinic_id])).collect()
    return None if found.is_empty() else _explanation(found, run.card)


def clinics_with_bands(run: Run, ids: pl.Series) -> pl.LazyFrame:
    """Return clinics of a run by id, as they were scored: the fields that the scorecard reads, scores, band columns."""
    card, these = run.card, pl.col(KEY).is_in(ids.implode())  # a join would decode every column of every clinic
    bands = run.table("icp_bands").filter(these)
    bands = bands.select(KEY, *(pl.col(rule.column).alias(BANDS + rule.column) for rule in card.characteristics))
    clinics = run.table("clinics_icp").filter(these)
    present = clinics.collect_schema().names()
    absent = [
        pl.lit(None, card.fields[name].dtype).alias(name)
        for name in dict.fromkeys((NAME, STATE, *card.reads))
        if name not in present
    ]
    return clinics.with_columns(absent).join(bands, on=KEY, how="inner")


def _explanation(clinic: pl.DataFrame, card: Scorecard) -> Explanation:
    row = clinic.row(0, named=True)
    return Explanation(
        clinic_id=row[KEY],
        name=row[NAME],
        state=row[STATE],
        total=row[card.column("total_score")],
        tier=row[card.column("tier")],
        tier_label=row[card.column("tier_label")],
        segment=row[card.column("segment")] if card.segment_source else None,
        scores={category.name: row[category.column] for category in card.categories},
        missing=frozenset(name for name in card.reads if row[name] is None),
        bibliography=entries_of(Explainer(card), clinic),
        card=card,
    )


def entries_of(explainer: Explainer, clinic: pl.DataFrame) -> tuple[Entry, ...]:
    """Return the bibliography of the first clinic of a frame. Source: what `Explainer.entries` reads."""
    return tuple(Entry(**{**entry, "sources": tuple(entry["sources"])}) for entry in explainer.entries(clinic))


def bibliography_content(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """Return a bibliography as JSON has it."""
    return cast(list[dict[str, Any]], msgspec.json.decode(msgspec.json.encode(entries)))
