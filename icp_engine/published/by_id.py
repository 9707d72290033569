"""The rows of a few clinics of a warehouse file, which holds a million."""

from collections.abc import Sequence

import polars as pl

from icp_engine.database import Database, quoted

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
    return pl.concat([db.frame(query, {"ids": part}) for part in _parts(ids)])


def few_clinics(db: Database, ids: Sequence[str], schema: pl.Schema) -> pl.DataFrame:
    """Return columns of the table `clinics` of which the types are known: for the few of a page at two thirds the cost.

    Rows come in any order; an id that is not there has none.
    """
    query = f"select {', '.join(map(quoted, schema))} {_BY_ID.format(table='clinics')}"
    rows = [row for part in _parts(ids) for row in db.rows(query, {"ids": part})]
    return pl.DataFrame(rows, schema, orient="row")


def _parts(ids: Sequence[str]) -> list[list[str]]:
    return [list(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE)] or [[]]
