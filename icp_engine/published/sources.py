"""Which rows of public files set the fields of a clinic, where a build has left them beside what was scored."""

from dataclasses import dataclass, fields
from pathlib import Path

import polars as pl

from icp_engine.columns import KEY
from icp_engine.errors import InputError, first_line
from icp_engine.extract.public.kinds import MATCHES, matches_beside
from icp_engine.published.run import Run


@dataclass(frozen=True, slots=True)
class Match:
    """One row of a public file: the field that it sets, by which key and value it belongs to the clinic, how surely."""

    field: str
    file: str
    key: str
    value: str | None
    match: str
    detail: str | None


def matches_of(run: Run, clinic_id: str) -> tuple[Match, ...]:
    """Return the matches of a clinic, sorted; none where no file of them lies beside the extract or the warehouse.

    Raises:
        InputError: there is such a file, and it cannot be read.
    """
    path = matches_file(run)
    return () if path is None else read_matches(path, clinic_id)


def read_matches(path: Path, clinic_id: str) -> tuple[Match, ...]:
    """Return the matches of a clinic in a file of them, sorted.

    Raises:
        InputError: the file cannot be read.
    """
    names = [field.name for field in fields(Match)]
    try:
        rows = pl.scan_parquet(path, glob=False).filter(pl.col(KEY) == clinic_id).select(names).unique().sort(names)
        return tuple(Match(*row) for row in rows.collect().rows())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} is no list of matches of a build ({first_line(error)}); move it away.") from error


def matches_file(run: Run) -> Path | None:
    """Return the file of matches that lies beside the extract or the warehouse, if there is one."""
    beside = (run.warehouse / MATCHES, run.warehouse.absolute().parent / MATCHES)
    of_extract = matches_beside(file.path for file in run.manifest.inputs)
    return of_extract or next((path for path in beside if path.is_file()), None)
