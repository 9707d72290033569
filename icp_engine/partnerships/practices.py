"""Practices: read like any extract, told apart by practice_id or else by name, and scored."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import polars as pl

from icp_engine.columns import HELPERS, Field
from icp_engine.errors import InputError
from icp_engine.extract.conform import conform
from icp_engine.extract.extract import FILE, REASON, ROW, Extract, Rejects, conformed_rows, open_extract, with_positions
from icp_engine.extract.reading import Reading
from icp_engine.extract.text import searched
from icp_engine.partnerships.columns import FOLDED, KEY, NAME, practice_fields
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.compiler import compared
from icp_engine.scoring.score import add_bands, add_scores, score_columns

BY_ID, BY_NAME = "id:", "name:"
BLANK, AGAIN = "no name", "stands a second time"
_EXAMPLES = 5


def open_practices(
    patterns: Iterable[str], card: Scorecard, mapping: Mapping[str, str] | None, temp: Path, reading: Reading
) -> Extract:
    """Open the files of practices.

    Raises:
        InputError: a file cannot be read or has no column `name`.
    """
    return open_extract(patterns, practice_fields(card), mapping, temp=temp, key=NAME, reading=reading)


def folded(name: pl.Expr) -> pl.Expr:
    """Return a name as names are compared: in lower case, with single spaces, plain dashes and apostrophes."""
    return pl.lit(BY_NAME) + searched(name)


def with_key(lf: pl.LazyFrame) -> pl.LazyFrame:
    """Return the frame with `FOLDED` and `KEY`. Source: `name` and `practice_id`, both text."""
    by_id = pl.lit(BY_ID) + pl.col("practice_id").str.strip_chars()
    by_name = folded(pl.col(NAME))
    return lf.with_columns(by_name.alias(FOLDED), pl.coalesce(by_id, by_name).alias(KEY))


def find_unusable(extract: Extract, duplicates: Literal["error", "first"]) -> Rejects:
    """Return the rows without a name, and those of a practice that stood before (by file, then row).

    Raises:
        InputError: a practice stands twice and `duplicates` is `error`, or no row has a name.
    """
    named = [extract.fields[NAME], extract.fields["practice_id"]]
    rows = pl.concat(
        [conform(frame.select(FILE, ROW, *_there(frame, named)), named) for frame in with_positions(extract)]
    )
    keyed = with_key(rows)
    blank = keyed.filter(pl.col(NAME).is_null()).with_columns(pl.lit(BLANK).alias(REASON)).collect()
    if len(blank) == extract.rows:
        raise InputError(f"{extract.files[0].path} has no row with a name; there is nothing to score.")
    keyed = keyed.filter(pl.col(NAME).is_not_null())
    distinct = keyed.select(pl.col(KEY).hash().n_unique()).collect().item()
    found = [blank]
    if distinct + len(blank) < extract.rows:
        counted = keyed.group_by(KEY).agg(pl.len(), pl.col(NAME).min()).filter(pl.col("len") > 1).collect()
        if duplicates == "error":
            raise InputError(_twice(counted))
        again = keyed.join(counted.lazy(), on=KEY, how="semi").sort(FILE, ROW).filter(~pl.col(KEY).is_first_distinct())
        found.append(again.with_columns(pl.lit(AGAIN).alias(REASON)).collect())
    return Rejects(pl.concat(found).select(FILE, ROW, REASON).sort(FILE, ROW))


def _there(frame: pl.LazyFrame, fields: list[Field]) -> list[str]:
    columns = frame.collect_schema().names()
    return [field.name for field in fields if field.name in columns]


def _twice(counted: pl.DataFrame) -> str:
    """Say which practices stand more than once, and what to do."""
    shown = counted.sort("len", NAME, descending=[True, False]).head(_EXAMPLES)
    names = ", ".join(
        f"'{name}'" + (f" (practice_id {key.removeprefix(BY_ID)})" if key.startswith(BY_ID) else "")
        for key, name in shown.select(KEY, NAME).rows()
    )
    more = f" and {len(counted) - len(shown):,} more" if len(counted) > len(shown) else ""
    many = f"{len(counted):,} practices stand" if len(counted) > 1 else "1 practice stands"
    return (
        f"{many} more than once: {names}{more}; give each a practice_id of its own, "
        "or keep the first of each with --duplicates first."
    )


def scored_practices(extract: Extract, rejects: Rejects, card: Scorecard) -> pl.LazyFrame:
    """Return all other practices conformed, keyed, scored, with their bands, and marked where a value was invalid."""
    scored = add_scores(add_bands(with_key(conformed_rows(extract, rejects, extract.fields)), card), card)
    helpers = {column.meta.output_name() for column in compared(card)}
    names = scored.collect_schema().names()
    return scored.select(
        name
        for name in names
        if name in extract.fields or name in score_columns(card) or (name.startswith(HELPERS) and name not in helpers)
    )
