"""The rows of a few clinics of a warehouse file, which holds a million."""

from collections.abc import Sequence

import polars as pl

from icp_engine.database import Database

_AT_ONCE = 40  # ids: of up to 50 DuckDB looks up where in a table they can stand; for more it reads all of the table
_BY_ID = "from {table} semi join (select unnest(cast($ids as varchar[])) as clinic_id) using (clinic_id)"


def clinics_by_id(db: Database, ids: Sequence[str], columns: str = "*", table: str = "clinics") -> pl.DataFrame:
    """Return the rows of some clinics, in any order; an id that is not there has none.

    Args:
        db: the warehouse file of a run.
        ids: their ids.
        columns: what to select, as SQL has it.
        table: the table, of any grain.
    """
    query = f"select {columns} {_BY_ID.format(table=table)}"
    parts = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)] or [()]
    return pl.concat([db.frame(query, {"ids": list(part)}) for part in parts])
