"""What an extract holds before anything is scored: given, missing, invalid and clipped values, blank and double ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from icp_engine.columns import KEY, Field
from icp_engine.extract.conform import ABSENT, CLIPPED, INVALID, PLAIN, conformed
from icp_engine.extract.extract import FILE, ROW, Extract, ids, totals_at_the_end
from icp_engine.extract.headers import near
from icp_engine.extract.ids import HEADER, TOTALS, Suspicion, advice, id_counts, is_totals_row, suspicion, twins
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.reach import out_of_reach, reachable_total

_EXAMPLES = 5
_DISTINCT = "distinct ids"


@dataclass(frozen=True, slots=True)
class FieldProfile:
    """What a field holds, in rows: valid, invalid (with examples), above its scale; the rest is missing.

    Of what is missing in a text, `absent_words` is a word such as `NA`.
    """

    field: Field
    column: str | None
    valid: int
    invalid: int
    clipped: int
    examples: tuple[str, ...] = ()
    file: str | None = None
    absent_words: int = 0
    matched: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What stands in an extract: rows, fields, ids that are blank or stand twice or look wrong.

    Rows that hold `totals`, or the header again, are counted apart, and among the suspicions. `advice` says what to do
    about double ids.
    """

    rows: int
    fields: dict[str, FieldProfile]
    unknown: tuple[str, ...]
    renamed: Mapping[str, str]
    blank_ids: int
    duplicate_rows: int
    duplicate_ids: int = 0
    duplicate_examples: tuple[str, ...] = ()
    advice: str | None = None
    totals: int = 0
    headers: int = 0
    suspicions: tuple[Suspicion, ...] = ()

    @property
    def rejects_any(self) -> bool:
        """Whether rows are left out of the result."""
        return bool(self.blank_ids or self.duplicate_rows or self.totals or self.headers)


@dataclass(frozen=True, slots=True)
class FieldCoverage:
    """What an extract holds of a field, in rows. `column` is where it was read from, `read` whether the card does.

    `absent_words` of the missing ones of a text are words such as `NA`. `matched` says what told the column; where
    there is none, `near` has columns of others that are spelled nearly alike.
    """

    column: str | None
    given: int
    missing: int
    invalid: int
    clipped: int
    examples: tuple[str, ...]
    read: bool
    absent_words: int = 0
    matched: str | None = None
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LostPoints:
    """What a characteristic loses, in points, to fields that are missing for everyone."""

    characteristic: str
    fields: tuple[str, ...]
    points: float


@dataclass(frozen=True, slots=True)
class Description:
    """An extract under a scorecard: its fields, the columns that are none, and the points out of reach."""

    fields: Mapping[str, FieldCoverage]
    carried_columns: tuple[str, ...]
    reachable: float
    out_of_reach: tuple[LostPoints, ...]
    renamed_columns: Mapping[str, str] = field(default_factory=dict)


def profile(extract: Extract, rows: pl.LazyFrame) -> Profile:
    """Count what every field holds, and find ids that are blank or stand twice.

    Examples of invalid values and of double ids are fetched in a second pass, and only where there are any.

    Args:
        extract: where the rows come from.
        rows: what `conformed_rows` returned, or a frame made from it, in any order.
    """
    distinct = pl.col(KEY).drop_nulls().str.to_lowercase().hash().n_unique().alias(_DISTINCT)
    total = rows.select(*value_counts(extract, rows), distinct).collect().row(0, named=True)
    return profile_of(extract, rows, total, rows if total[_DISTINCT] != total[f"given {KEY}"] else None)


def value_counts(extract: Extract, rows: pl.LazyFrame) -> list[pl.Expr]:
    """Return what is counted of rows, each a number that adds up over parts of an extract."""
    columns = rows.collect_schema().names()
    return [
        pl.len().alias("rows"),
        is_totals_row(columns).sum().alias(TOTALS),
        *(count.alias(kind) for kind, count in id_counts().items()),
        *(pl.col(name).count().alias(f"given {name}") for name in extract.fields if name in extract.columns),
        *(pl.col(name).sum().alias(name) for name in columns if name.startswith((INVALID, CLIPPED, ABSENT))),
    ]


def profile_of(
    extract: Extract, rows: pl.LazyFrame, total: Mapping[str, int | None], alike: pl.LazyFrame | None
) -> Profile:
    """Return the profile of rows that are counted.

    Args:
        extract: where the rows come from.
        rows: all of them, which are looked at only where something is odd.
        total: what `value_counts` counts, over all rows.
        alike: the rows whose ids come again in some case, or more; None where there are none.
    """
    there = [name for name in extract.fields if name in extract.columns]
    counted = {name: count or 0 for name, count in total.items()}
    fields = {
        name: FieldProfile(
            field=column,
            column=", ".join(dict.fromkeys(match.column for match in extract.matches[name])) if name in there else None,
            matched=", ".join(dict.fromkeys(match.how for match in extract.matches[name])) if name in there else None,
            valid=counted.get(f"given {name}", 0),
            invalid=counted.get(INVALID + name, 0),
            clipped=counted.get(CLIPPED + name, 0),
            absent_words=counted.get(ABSENT + name, 0),
            **(_examples(extract, column) if counted.get(INVALID + name) else {}),
        )
        for name, column in extract.fields.items()
    }
    known = fields[KEY].valid
    found = Profile(
        rows=counted["rows"],
        fields=fields,
        unknown=tuple(name for name in extract.columns if name not in extract.fields),
        renamed=extract.renamed,
        blank_ids=counted["rows"] - known,
        duplicate_rows=0,
        suspicions=tuple(suspicion(kind, rows) for kind in id_counts() if counted[kind]),
    )
    found = _with_headers(found, extract)
    if counted[TOTALS] or totals_at_the_end(extract):
        found = _with_totals(found, extract)
        alike = None if alike is None else alike.filter(~is_totals_row(alike.collect_schema().names()))
    return found if alike is None else _with_duplicates(found, alike)


def _with_headers(found: Profile, extract: Extract) -> Profile:
    """Return the profile with the rows that hold the header again, whose ids are blank for that alone."""
    places = [f"{file.path}, row {row + 1}" for file in extract.files for row in file.headers]
    if not places:
        return found
    suspicion = Suspicion(HEADER, len(places), tuple(places[:_EXAMPLES]))
    return replace(
        found,
        headers=len(places),
        blank_ids=found.blank_ids - len(places),
        suspicions=(*found.suspicions, suspicion),
    )


def _with_totals(found: Profile, extract: Extract) -> Profile:
    """Return the profile with the rows that hold totals, where they are not blank rows as well."""
    totals = ids(extract).filter(TOTALS).collect()
    places = totals.select(FILE, ROW).sort(FILE, ROW).head(_EXAMPLES).rows()
    examples = tuple(f"{extract.files[file].path}, row {row + 1}" for file, row in places)
    return replace(
        found,
        totals=len(totals),
        blank_ids=found.blank_ids - totals[KEY].null_count(),
        suspicions=(*found.suspicions, Suspicion(TOTALS, len(totals), examples)),
    )


def _with_duplicates(found: Profile, rows: pl.LazyFrame) -> Profile:
    """Return the profile with the ids that stand more than once, and those that are the same but for case."""
    if alike := twins(rows):
        found = replace(found, suspicions=(*found.suspicions, alike))
    twice = rows.select(KEY).drop_nulls().group_by(KEY).len().filter(pl.col("len") > 1).collect()
    return replace(
        found,
        duplicate_rows=int(twice["len"].sum()) - len(twice),
        duplicate_ids=len(twice),
        duplicate_examples=tuple(twice.sort("len", KEY, descending=[True, False])[KEY].head(_EXAMPLES)),
        advice=advice(rows, twice) if len(twice) else None,
    )


def _examples(extract: Extract, column: Field) -> dict[str, Any]:
    """Return some invalid values of a field, smallest first, as they stand in the files, and the first such file."""
    found = invalid_values(extract, column)
    values = found.select("value").unique().sort("value").head(_EXAMPLES).collect()["value"]
    return {"examples": tuple(values), "file": found.select("file").head(1).collect().item()}


def invalid_values(extract: Extract, column: Field, *beside: Field) -> pl.LazyFrame:
    """Return every invalid value of a field as it stands: `value` (text) and `file`, and other fields, conformed."""
    frames = []
    for file in extract.files:
        if column.name in file.schema:
            convention = file.conventions.get(column.name, PLAIN)
            wrong = file.frame.filter(conformed(column, file.schema[column.name], convention).invalid)
            others = [conformed(other, file.schema.get(other.name)).value.alias(other.name) for other in beside]
            value = pl.col(column.name).cast(pl.String).alias("value")
            frames.append(wrong.select(value, pl.lit(file.path).alias("file"), *others))
    return pl.concat(frames)


def describe(found: Profile, card: Scorecard) -> Description:
    """Return what the manifest and `validate` say of an extract under a scorecard."""
    absent = {name for name, column in found.fields.items() if not column.valid}
    fields = {
        name: FieldCoverage(
            column=column.column,
            given=column.valid,
            missing=found.rows - column.valid - column.invalid,
            invalid=column.invalid,
            clipped=column.clipped,
            examples=column.examples,
            read=name in card.reads,
            absent_words=column.absent_words,
            matched=column.matched,
            near=() if column.column else near(name, found.unknown),
        )
        for name, column in found.fields.items()
    }
    lost = tuple(LostPoints(part.characteristic.code, part.fields, part.points) for part in out_of_reach(card, absent))
    return Description(fields, found.unknown, reachable_total(card, absent), lost, found.renamed)
