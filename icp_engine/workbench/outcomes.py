"""Outcomes of deals: read from a file, told won from lost, and matched to the clinics of a run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from icp_engine.columns import FIELDS, KEY, NAME, STATE, Field
from icp_engine.errors import InputError
from icp_engine.extract.extract import Rejects, conformed_rows, open_extract
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.reading import AS_IT_STANDS, Reading
from icp_engine.published.run import Run

OUTCOME, CLOSED = "outcome", "date"
OUTCOME_FIELDS: dict[str, Field] = {
    **{name: FIELDS[name] for name in (KEY, NAME, STATE)},
    OUTCOME: Field(OUTCOME, "text", "", "Won or lost, or a stage such as Closed Won"),
    CLOSED: Field(CLOSED, "moment", "", "When it was decided"),
}
_WON = ("won", "win", "closedwon", "signed", "customer", "1", "1.0", "true", "yes", "y", "t")
_LOST = ("lost", "loss", "lose", "closedlost", "0", "0.0", "false", "no", "n", "f")
_ROW, _WORD, _IS_WON, _NAMED = "row", "word", "won", "normalized_name"
_EXAMPLES = 10  # rows that are listed
UNMATCHED, AMBIGUOUS, NAMELESS = (
    "the run has no such clinic",
    "the name is that of several clinics",
    "they name no account",
)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of accounts.

    Attributes:
        accounts: `clinic_id`, `won` (true or false) and `date`, each clinic once.
        rows: rows of the file.
        by_id: rows that were matched by id, and `by_name` by name and state.
        again: rows of clinics that stand more than once; the latest counts, of one day the one that was won.
        open: rows with a word that says neither won nor lost, and how often each such word stands there.
        lost_rows: rows that were decided and are matched to no clinic, by reason.
        examples: some of these: row number, id, name, state, reason.
        first: the first day of a decision and `last` the last one, where days are known.
    """

    accounts: pl.DataFrame
    rows: int
    by_id: int
    by_name: int
    again: int
    open: Mapping[str, int]
    lost_rows: Mapping[str, int]
    examples: tuple[tuple[int, str | None, str | None, str | None, str], ...]
    first: date | None
    last: date | None


def read_outcomes(
    patterns: Iterable[str], run: Run, mapping: Mapping[str, str] | None = None, reading: Reading = AS_IT_STANDS
) -> Outcomes:
    """Return what became of the accounts of a run.

    Args:
        patterns: files with `outcome`, `clinic_id` or `account_name` (and `state_code`), and maybe `date`.
        run: whose clinics they are.
        mapping: field name to the column that holds it.
        reading: what the user says of how text is read.

    Raises:
        InputError: a file cannot be read, has no column of outcomes, or none that names accounts.
    """
    with TemporaryDirectory(prefix="icp-") as temp:
        extract = open_extract(patterns, OUTCOME_FIELDS, mapping, temp=Path(temp), key=OUTCOME, reading=reading)
        for file in extract.files:
            if KEY not in file.schema and NAME not in file.schema:
                raise InputError(
                    f"{file.path} has neither a column 'clinic_id' nor 'account_name' that says whose outcome it is; "
                    "map one with --map account_name=COLUMN."
                )
        rows = conformed_rows(extract, Rejects(), OUTCOME_FIELDS).select(list(OUTCOME_FIELDS)).collect()
    rows = rows.with_row_index(_ROW, 1).with_columns(_won(pl.col(OUTCOME)).alias(_IS_WON))
    decided = rows.filter(pl.col(_IS_WON).is_not_null())
    words = rows.filter(pl.col(_IS_WON).is_null())[OUTCOME].fill_null("nothing").value_counts(sort=True)
    matched = _matched(decided, run)
    found = matched.filter(pl.col("reason").is_null())
    latest = found.sort(CLOSED, _IS_WON, _ROW, nulls_last=False).unique("match", keep="last", maintain_order=True)
    lost = matched.filter(pl.col("reason").is_not_null()).sort(_ROW)
    days = found[CLOSED].drop_nulls()
    return Outcomes(
        accounts=latest.select(pl.col("match").alias(KEY), _IS_WON, CLOSED).sort(KEY),
        rows=len(rows),
        by_id=found.filter("by_id").height,
        by_name=found.filter(~pl.col("by_id")).height,
        again=len(found) - len(latest),
        open=dict(words.iter_rows()),
        lost_rows=dict(lost["reason"].value_counts(sort=True).iter_rows()),
        examples=tuple(lost.select(_ROW, KEY, NAME, STATE, "reason").head(_EXAMPLES).rows()),
        first=days.min().date() if len(days) else None,  # type: ignore[union-attr]
        last=days.max().date() if len(days) else None,  # type: ignore[union-attr]
    )


def _won(outcome: pl.Expr) -> pl.Expr:
    """Return whether a word says won, or lost; missing where it says neither."""
    word = outcome.str.to_lowercase().str.replace_all(r"[^\p{L}\p{Nd}.]", "")
    return pl.when(word.is_in(_WON)).then(statement=True).when(word.is_in(_LOST)).then(statement=False)


def _matched(decided: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Return decided rows with the clinic of each (`match`), by id, else by name and state, or why there is none."""
    ids = run.table("icp_scores").select(KEY).filter(pl.col(KEY).is_in(decided[KEY].drop_nulls().implode())).collect()
    by_id = pl.col(KEY).is_in(ids[KEY].implode()).fill_null(value=False)
    rows = decided.with_columns(by_id.alias("by_id"), normalized_name(pl.col(NAME)).alias(_NAMED))
    rest = rows.filter(~pl.col("by_id") & pl.col(_NAMED).is_not_null())
    names = run.table("icp_bands").select(KEY, _NAMED).filter(pl.col(_NAMED).is_in(rest[_NAMED].unique().implode()))
    clinics = names.join(run.table("icp_scores").select(KEY, STATE), on=KEY).collect()
    pairs = rest.select(_ROW, _NAMED, STATE).join(clinics, on=_NAMED, suffix="_of_clinic")
    pairs = pairs.filter(pl.col(STATE).is_null() | (pl.col(STATE) == pl.col(f"{STATE}_of_clinic")))
    found = pairs.group_by(_ROW).agg(pl.col(KEY).first().alias("named"), pl.len().alias("clinics"))
    rows = rows.join(found, on=_ROW, how="left", maintain_order="left")
    named = pl.when(pl.col("clinics") == 1).then(pl.col("named"))
    nameless = pl.col(KEY).is_null() & pl.col(_NAMED).is_null()
    return rows.with_columns(
        pl.when("by_id").then(pl.col(KEY)).otherwise(named).alias("match"),
        pl.when(pl.col("by_id") | (pl.col("clinics") == 1).fill_null(value=False))
        .then(None)
        .when(pl.col("clinics") > 1)
        .then(pl.lit(AMBIGUOUS))
        .when(nameless)
        .then(pl.lit(NAMELESS))
        .otherwise(pl.lit(UNMATCHED))
        .alias("reason"),
    )
