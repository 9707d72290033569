"""Questions for people on networks: what may be one organisation, and no rule joins by itself."""

import polars as pl

from icp_engine.database import Database, sql_text
from icp_engine.networks.applied import Applied

_IMPROBABLE = 0.01  # names expected to read so by accident: of likelier ones that differ in spelling none had one owner
_KINDS = ("name_states", "spelling_states")


def review_queue(db: Database, applied: Applied) -> pl.DataFrame:
    """Return the questions, those first whose answer is likely yes and changes the most.

    Args:
        db: where clinics were grouped by evidence.
        applied: the decisions, which answer some.
    """
    db.register("decision_pairs", applied.pair_frame())
    for step in ("review_units", *_KINDS):
        db.table(step, sql_text(f"review/{step}"))
    db.view(
        "review_questions",
        f"from name_states union all by name from spelling_states where chance <= {_IMPROBABLE}",
    )
    return db.frame(sql_text("review/review_queue"))
