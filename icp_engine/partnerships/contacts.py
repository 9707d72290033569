"""The contact log: who was contacted last, when and by whom, as of a day."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.dealing import OWNER
from icp_engine.errors import InputError
from icp_engine.extract.conform import INVALID, WRITTEN
from icp_engine.extract.extract import Extract, Rejects, conformed_rows, open_extract
from icp_engine.extract.reading import Reading
from icp_engine.partnerships.columns import CONTACT_FIELDS, FOLDED, KEY, NAME
from icp_engine.partnerships.practices import BY_ID, folded
from icp_engine.partnerships.sla import DAYS, SINCE

HEADER_LINE = "--contacts-header-line"
CONTACT = f"{HELPERS}contact"  # what a contact calls its practice: `id:...` or `name:...`
ROWS, FIRST, NEWEST = f"{HELPERS}rows", f"{HELPERS}first", f"{HELPERS}newest"  # of all its contacts
USED, LATER, FUTURE, UNDATED, UNREADABLE, SHARED = (
    f"{HELPERS}{name}" for name in ("used", "later", "future", "undated", "unreadable", "shared")
)
# By the clock of the user's zone, and by that of the zone in which a contact is written.
LATER_HERE, LATER_THERE, SOON_AFTER = (f"{HELPERS}{name}" for name in ("later_here", "later_there", "soon_after"))
_LAST, _BY = f"{HELPERS}last", f"{HELPERS}by"
_DAY = 86_400  # seconds
_WEST = timedelta(days=1, hours=12)  # from the start of a day to its end in the zone that is furthest behind UTC
_OWNERS = 2**24  # that fit beside the seconds of a moment into one whole number


@dataclass(frozen=True, slots=True)
class Log:
    """A contact log, summed up per practice as it names it, in one or a few rows: latest contact, counts in contacts.

    `owners` are as they stand there, and `by_id` says whether contacts go by practice_id where they have one.
    """

    extract: Extract
    summed: pl.LazyFrame
    owners: pl.Series
    by_id: bool


def open_log(
    patterns: Iterable[str],
    mapping: Mapping[str, str] | None,
    temp: Path,
    reading: Reading,
    header_line: int | None = None,
) -> Extract:
    """Open the files of a contact log, whose header has a line of its own; the rest of a reading holds for it too.

    Raises:
        InputError: a file cannot be read, or lacks a column for the moment or for the practice.
    """
    (temp / "contacts").mkdir()
    try:
        extract = open_extract(
            patterns,
            CONTACT_FIELDS,
            mapping,
            temp=temp / "contacts",
            key="contacted_at",
            option="--map-contacts",
            reading=replace(reading, header_line=header_line),
        )
    except InputError as error:
        raise InputError(str(error).replace(" --header-line ", f" {HEADER_LINE} ")) from error
    for file in extract.files:
        if NAME not in file.schema and "practice_id" not in file.schema:
            raise InputError(
                f"{file.path} has neither a column 'name' nor 'practice_id' that says with whom a contact was; "
                "map one with --map-contacts name=COLUMN."
            )
    return extract


def sum_up(extract: Extract, as_of: date, today: date, *, by_id: bool) -> Log:
    """Return the log per practice: one pass over the contacts, whatever their order; lazy.

    Args:
        extract: of `open_log`.
        as_of: contacts after this day are counted and left out.
        today: contacts after this day are counted as mistakes and left out, whatever `as_of`.
        by_id: whether practices have a practice_id; without, contacts go by name alone.

    Raises:
        InputError: contacts go by practice_id alone, and practices by name alone.
    """
    if not by_id and NAME not in extract.columns:
        raise InputError(
            f"{extract.files[0].path} names practices by practice_id alone, and the practices have no such column; "
            "add it to them, or a column 'name' here."
        )
    rows = conformed_rows(extract, Rejects(), CONTACT_FIELDS)
    owners = rows.select(pl.col("owner").unique()).collect()["owner"].drop_nulls().sort()
    if len(owners) >= _OWNERS:
        raise InputError(f"The contact log has {len(owners):,} owners; is another column meant? See --map-contacts.")
    named = [name for name in ("practice_id", NAME) if name in extract.columns]
    mark = f"{INVALID}contacted_at"
    unreadable = pl.col(mark).fill_null(value=False) if mark in rows.collect_schema() else pl.lit(value=False)
    seconds, day = pl.col("contacted_at").dt.epoch("s"), pl.col("contacted_at").dt.date()
    number = pl.col("owner").cast(pl.Enum(owners)).to_physical().cast(pl.Int64)
    in_time = (day <= pl.lit(min(as_of, today))).fill_null(value=False)
    there = f"{WRITTEN}contacted_at"
    written = pl.col(there) if there in rows.collect_schema() else pl.lit(None, pl.Datetime("us"))
    later, later_there = day > pl.lit(as_of), written.dt.date() > pl.lit(as_of)
    soon = written.is_not_null() & (pl.col("contacted_at") < pl.lit(datetime.combine(as_of, time()) + _WEST))
    rows = rows.select(
        *named,
        (later & ~later_there).fill_null(value=False).alias(LATER_HERE),
        (~later & later_there).fill_null(value=False).alias(LATER_THERE),
        (later & later_there & soon).fill_null(value=False).alias(SOON_AFTER),
        pl.when(in_time).then(seconds).alias(_LAST),
        pl.when(in_time).then(seconds * _OWNERS + number).alias(_BY),  # of one second, the last by the alphabet
        in_time.alias(USED),
        later.fill_null(value=False).alias(LATER),
        (day > pl.lit(today)).fill_null(value=False).alias(FUTURE),
        unreadable.alias(UNREADABLE),
        (day.is_null() & ~unreadable).alias(UNDATED),
        "contacted_at",
    )
    summed = rows.group_by(named).agg(
        pl.col(_LAST, _BY).max(),
        pl.col(USED, LATER, FUTURE, UNDATED, UNREADABLE, LATER_HERE, LATER_THERE, SOON_AFTER).sum().cast(pl.Int64),
        pl.col("contacted_at").min().alias(FIRST),
        pl.col("contacted_at").max().alias(NEWEST),
        pl.len().cast(pl.Int64).alias(ROWS),
    )
    return Log(extract, summed.with_columns(_called(named, by_id=by_id)), owners, by_id)


def _called(named: Collection[str], *, by_id: bool) -> pl.Expr:
    """Return what a contact calls its practice, `CONTACT`; missing where it names none."""
    parts = [pl.lit(BY_ID) + pl.col("practice_id").str.strip_chars()] if by_id and "practice_id" in named else []
    parts += [folded(pl.col(NAME))] if NAME in named else []
    return pl.coalesce(parts).alias(CONTACT)


def resolved(log: Log, practices: pl.LazyFrame) -> pl.LazyFrame:
    """Return the summed log with `KEY` of the practice and `SHARED`, how many practices go by that name.

    `KEY` is missing where nobody is known by it. Source: `KEY` and `FOLDED` of the practices.
    """
    by_name = practices.group_by(FOLDED).agg(pl.col(KEY).min(), pl.len().cast(pl.Int64).alias(SHARED))
    called = by_name.rename({FOLDED: CONTACT})
    if log.by_id:
        one = pl.lit(1, pl.Int64).alias(SHARED)
        by_key = practices.filter(pl.col(KEY) != pl.col(FOLDED)).select(pl.col(KEY).alias(CONTACT), KEY, one)
        named = NAME in log.extract.columns
        called = pl.concat([by_key, called]) if named else by_key
    return log.summed.join(called, on=CONTACT, how="left")


def latest(log: Log, calls: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Return `KEY`, `DAYS` since the latest contact, its moment `SINCE` and its `OWNER`, one row per practice; lazy.

    Practices without a contact have none.

    The owner is that of the latest contact that names one. Source: `resolved`.
    """
    known = calls.filter(pl.col(SHARED) == 1, pl.col(_LAST).is_not_null())
    known = known.group_by(KEY).agg(pl.col(_LAST, _BY).max())
    last_day = pl.col(_LAST).floordiv(_DAY).cast(pl.Int32).cast(pl.Date)
    tidy = log.owners.str.strip_chars().str.replace_all(r"\s+", " ")
    owners = pl.LazyFrame({_BY: pl.Series(range(len(tidy)), dtype=pl.Int64), OWNER: tidy})
    days = (pl.lit(as_of) - last_day).dt.total_days().alias(DAYS)
    dated = known.select(KEY, days, _moment().alias(SINCE), pl.col(_BY) & (_OWNERS - 1))
    return dated.join(owners, on=_BY, how="left").drop(_BY)


def _moment() -> pl.Expr:
    return pl.from_epoch(pl.col(_LAST), time_unit="s").cast(pl.Datetime("us"))
