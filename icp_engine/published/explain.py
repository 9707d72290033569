"""One clinic of a published run, explained from its bands and its values."""

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.errors import InputError
from icp_engine.published.run import Run
from icp_engine.scoring.compiler import BANDS
from icp_engine.scoring.explanation import Explanation, explanation_of


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
    return None if found.is_empty() else explanation_of(found, run.card)


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
