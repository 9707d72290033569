"""What would take one clinic of a run into a better tier, and how far missing data could take it either way."""

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.errors import InputError
from icp_engine.published.explain import clinics_with_bands
from icp_engine.published.run import Run
from icp_engine.report.document import Column, Document, Table
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.bounds import BoundsFinder
from icp_engine.scoring.next_tier import NextTierFinder
from icp_engine.scoring.next_tier import Path as Change


def path_document(run: Run, clinic_id: str) -> Document:
    """Return what would take a clinic into a better tier: the smallest change of each field.

    Raises:
        InputError: there is no such clinic.
    """
    card = run.card
    clinic = clinics_with_bands(run, pl.Series([clinic_id])).collect()
    if clinic.is_empty():
        raise InputError(
            f"{run.warehouse} has no clinic '{clinic_id}'; check its clinic_id (capitals and blanks count)."
        )
    clinic = BoundsFinder(card).add(clinic)
    row, paths = clinic.row(0, named=True), NextTierFinder(card).paths(clinic)
    return Document(
        title=f"The way to the next tier of {row[NAME] or clinic_id}",
        headline=_headline(row, paths, card),
        sentences=(_hidden(row, card),),
        subtitle=f"{card.id} {card.version}, run {run.manifest.run_id}, {clinic_id}",
        parts=(_table(paths),),
        facts={
            KEY: clinic_id,
            "state": row[STATE],
            "next_tier": paths[0].words if paths else None,
            **{column.name: row[column.name] for column in card.missing_columns if column.name in row},
        },
    )


def _headline(row: dict[str, object], paths: list[Change], card: Scorecard) -> str:
    total, label = row[card.column("total_score")], row[card.column("tier_label")]
    stands = f"{row[NAME] or row[KEY]} has {total:g} points, {label}."
    if row[card.column("tier")] == card.tiers[0].number:
        return f"{stands} There is no better tier."
    if not paths:
        return f"{stands} No change of a single field leads to a better tier."
    return f"{stands} The smallest change that leads to a better tier: {paths[0].words}."


def _hidden(row: dict[str, object], card: Scorecard) -> str:
    floor, ceiling = row[card.column("score_floor")], row[card.column("score_ceiling")]
    if floor == ceiling:
        return "Nothing that is missing could change its score."
    certain = "in any case the tier stays" if row[card.column("tier_certain")] else "the tier hangs on it"
    return f"Once what is missing is known it has {floor:g} to {ceiling:g} points; {certain}."


def _table(paths: list[Change]) -> Table:
    return Table(
        "paths",
        "Single changes that lead to a better tier",
        (
            Column("change", "Change"),
            Column("field", "Field"),
            Column("unknown", "Not known yet"),
            Column("size", "Size", "number"),
        ),
        [(path.words, path.field, path.unknown, path.size) for path in paths],
        "The smallest of each field. Size is a part of the highest number that the scorecard names for the field; what "
        "is not known is measured from 0; a flag, a text or an item of a list counts as 1.",
        "There is none.",
    )
