"""One clinic of a published run, explained from its bands and its values."""

import polars as pl

from icp_engine.columns import KEY
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
    card, this = run.card, pl.col(KEY) == clinic_id
    bands = run.table("icp_bands").filter(this)
    bands = bands.select(KEY, *(pl.col(one.column).alias(BANDS + one.column) for one in card.characteristics))
    clinics = run.table("clinics_icp").filter(this)
    present = clinics.collect_schema().names()
    absent = [pl.lit(None, card.fields[name].dtype).alias(name) for name in card.reads if name not in present]
    found = clinics.with_columns(absent).join(bands, on=KEY, how="inner").collect()
    return None if found.is_empty() else explanation_of(found, card)
