"""What is wrong with the input, by name: nothing is dropped silently."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from icp_engine.extract.conform import INVALID, SEPARATORS
from icp_engine.extract.conventions import unknown_items
from icp_engine.extract.extract import Extract, Rejects, rejected_rows
from icp_engine.extract.profile import invalid_values
from icp_engine.partnerships.columns import CONTACT_FIELDS, NAME, PROBLEMS
from icp_engine.partnerships.contacts import CONTACT, FIRST, FUTURE, NEWEST, ROWS, SHARED, UNDATED, UNREADABLE, Log
from icp_engine.partnerships.practices import AGAIN, BLANK
from icp_engine.scorecard.model import Characteristic, Scorecard
from icp_engine.scoring.compiler import band_of

_EXAMPLES = 3
_DUE = {"integer": "a whole number, 0 or more", "number": "a number, 0 or more", "moment": "a date"}
_PROBLEM, _PRACTICE, _VALUE, _ROWS = (column.name for column in PROBLEMS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mistake: what it is in words, how many rows of the input have it, and who for example."""

    says: str
    rows: int
    examples: tuple[str, ...]


def kinds(problems: pl.DataFrame) -> list[Kind]:
    """Return the kinds of mistakes in a frame of `PROBLEMS`, the most frequent first."""
    who = pl.col(_PRACTICE).fill_null(pl.col(_VALUE))
    shown = pl.when(pl.col(_PRACTICE).is_not_null() & pl.col(_VALUE).is_not_null())
    example = shown.then(pl.format("{} ({})", _PRACTICE, _VALUE)).otherwise(who)
    found = problems.group_by(_PROBLEM).agg(
        pl.col(_ROWS).sum(), example.drop_nulls().unique().bottom_k(_EXAMPLES).sort().alias(_VALUE)
    )
    rows = found.sort(_ROWS, _PROBLEM, descending=[True, False]).select(_PROBLEM, _ROWS, _VALUE).rows()
    return [Kind(says, count, tuple(examples)) for says, count, examples in rows]


def practice_problems(
    extract: Extract, rejects: Rejects, practices: pl.LazyFrame, card: Scorecard, today: date
) -> Iterator[pl.LazyFrame]:
    """Yield the mistakes among the practices, a frame of `PROBLEMS` per kind that occurs.

    Source: rejected rows, and of the others what `scored_practices` returned.
    """
    if len(rejects):
        yield _rejected(extract, rejects)
    marks = [name for name in practices.collect_schema().names() if name.startswith(INVALID)]
    unread = [rule for rule in card.characteristics if _unread(rule)]
    future = pl.col("created_at").dt.date() > pl.lit(today)
    counts = practices.select(
        *(pl.col(name).sum() for name in marks),
        *(band_of(rule).is_in(_unread(rule)).sum().alias(rule.column) for rule in unread),
        future.sum().alias(FUTURE),
    ).collect().row(0, named=True)  # fmt: skip
    for name in marks:
        if counts[name]:
            field = extract.fields[name.removeprefix(INVALID)]
            wrong = invalid_values(extract, field, extract.fields[NAME])
            says = f"{field.name} is not {_DUE.get(field.type, f'a {field.type}')}; counts as missing"
            yield _problem(wrong, says, pl.col(NAME), pl.col("value"))
    for rule in unread:
        if counts[rule.column] and rule.field:
            wrong = practices.filter(band_of(rule).is_in(_unread(rule)))
            says = f"{rule.field} is none that {card.id} knows; scores 0"
            yield _problem(wrong, says, pl.col(NAME), pl.col(rule.field))
    for name, field in card.fields.items():
        if field.type == "list" and name in extract.columns and name in card.reads:
            yield from _item_problems(unknown_items(practices, field), name, card)
    if counts[FUTURE]:
        says = "created_at is after today; the wait counts as 0 days until then"
        yield _problem(practices.filter(future), says, pl.col(NAME), _day("created_at"))


def _item_problems(unknown: pl.DataFrame, name: str, card: Scorecard) -> Iterator[pl.LazyFrame]:
    """Yield the items of a list that no rule knows, and apart those that look like several."""
    several = pl.col("item").str.contains_any(list(SEPARATORS))
    for rows, says in (
        (unknown.filter(~several), f"{name} has an item that is in no list of {card.id}; it scores 0"),
        (unknown.filter(several), f"{name} has another separator here than in most rows; it scores 0 as one item"),
    ):
        if len(rows):
            yield rows.lazy().select(
                pl.lit(says).alias(_PROBLEM),
                pl.lit(None, pl.String).alias(_PRACTICE),
                pl.col("item").alias(_VALUE),
                pl.col("rows").alias(_ROWS),
            )


def _unread(rule: Characteristic) -> list[int]:
    """Return the bands of a characteristic that something was given for which it does not know."""
    return [number for number, band in enumerate(rule.bands, 1) if band.reason is None]


def _rejected(extract: Extract, rejects: Rejects) -> pl.LazyFrame:
    rows = rejected_rows(extract, rejects).lazy()
    says = {
        BLANK: "the practice has no name; the row is left out",
        AGAIN: "the practice stands a second time; the row is left out",
    }
    place = pl.format("{}, row {}", "source_file", "source_row")
    reason = pl.col("reject_reason").replace_strict(says, return_dtype=pl.String)
    return rows.select(
        reason.alias(_PROBLEM),
        pl.when(pl.col("reject_reason") != BLANK).then(pl.col(NAME).cast(pl.String)).alias(_PRACTICE),
        place.alias(_VALUE),
        pl.lit(1, pl.Int64).alias(_ROWS),
    )


def contact_problems(log: Log, calls: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """Yield the mistakes among the contacts, a frame of `PROBLEMS` per kind that occurs. Source: `resolved`."""
    named = [name for name in (NAME, "practice_id") if name in log.extract.columns]
    nobody = pl.col(CONTACT).is_null()
    kinds_of_rows = (
        ("contact with a practice that is not there; left out", pl.col(SHARED).is_null() & ~nobody, ROWS, FIRST),
        (
            "contact with one of several practices of that name; left out, it needs a practice_id",
            pl.col(SHARED) > 1,
            ROWS,
            FIRST,
        ),
        ("contact without a practice; left out", nobody, ROWS, FIRST),
        ("contact without contacted_at; left out", pl.col(UNDATED) > 0, UNDATED, None),
        ("contacted_at is after today; left out", pl.col(FUTURE) > 0, FUTURE, NEWEST),
    )
    checks = [holds.any().alias(says) for says, holds, *_ in kinds_of_rows]
    found = calls.select(*checks, pl.col(UNREADABLE).sum()).collect().row(0, named=True)
    for says, holds, rows, moment in kinds_of_rows:
        if found[says]:
            yield calls.filter(holds).select(
                pl.lit(says).alias(_PROBLEM),
                pl.coalesce(named).alias(_PRACTICE),
                (_day(moment) if moment else pl.lit(None, pl.String)).alias(_VALUE),
                pl.col(rows).alias(_ROWS),
            )
    if found[UNREADABLE]:
        beside = [CONTACT_FIELDS[name] for name in named]
        wrong = invalid_values(log.extract, CONTACT_FIELDS["contacted_at"], *beside)
        says = "contacted_at is not a date; the contact is left out"
        yield _problem(wrong, says, pl.coalesce(named), pl.col("value"))


def _problem(rows: pl.LazyFrame, says: str, practice: pl.Expr, value: pl.Expr) -> pl.LazyFrame:
    return rows.select(
        pl.lit(says).alias(_PROBLEM),
        practice.alias(_PRACTICE),
        value.cast(pl.String).alias(_VALUE),
        pl.lit(1, pl.Int64).alias(_ROWS),
    )


def _day(column: str) -> pl.Expr:
    return pl.col(column).dt.date().cast(pl.String)
