"""What an extract holds before anything is scored: given, missing, invalid and clipped values, blank and double ids."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import KEY, Field
from icp_engine.conform import conformed
from icp_engine.extract import Extract, ids
from icp_engine.files import RawFile

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class FieldProfile:
    """What a field of the extract holds, in rows: given and usable or not, above its scale, with examples."""

    field: Field
    column: str | None
    given: int
    invalid: int
    clipped: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """What stands in an extract: rows, fields, ids that are blank or stand twice."""

    rows: int
    fields: dict[str, FieldProfile]
    unknown: tuple[str, ...]
    blank_ids: int
    duplicate_rows: int
    duplicate_ids: int = 0
    duplicate_examples: tuple[str, ...] = ()

    def missing_share(self, name: str) -> float:
        """Return the share of rows in which a field is missing or invalid, 0 to 1."""
        one = self.fields[name]
        return 1 - (one.given - one.invalid) / self.rows if self.rows else 1.0


def profile(extract: Extract) -> Profile:
    """Count what every field holds, and find ids that are blank or stand twice. One pass, nothing kept.

    Examples of invalid values are fetched in a second pass, and only where there are any.
    """
    counts = pl.collect_all([_counts(file, extract.fields) for file in extract.files])
    total = pl.concat(counts).sum().row(0, named=True)
    fields = {
        name: FieldProfile(
            field=one,
            column=extract.mapping.get(name, name) if name in extract.columns else None,
            given=total[f"{name}.given"],
            invalid=total[f"{name}.invalid"],
            clipped=total[f"{name}.clipped"],
            examples=_examples(extract, one) if total[f"{name}.invalid"] else (),
        )
        for name, one in extract.fields.items()
    }
    unknown = tuple(name for name in extract.columns if name not in extract.fields)
    blank = extract.rows - total[f"{KEY}.given"]
    known = ids(extract).drop_nulls()
    distinct = known.select(pl.col(KEY).hash().n_unique()).collect().item()
    extra = extract.rows - blank - distinct
    if not extra:
        return Profile(extract.rows, fields, unknown, blank, 0)
    twice = known.group_by(KEY).len().filter(pl.col("len") > 1).sort("len", KEY, descending=[True, False]).collect()
    return Profile(
        extract.rows,
        fields,
        unknown,
        blank,
        duplicate_rows=int(twice["len"].sum()) - len(twice),
        duplicate_ids=len(twice),
        duplicate_examples=tuple(twice[KEY].head(_EXAMPLES)),
    )


def _counts(file: RawFile, fields: Mapping[str, Field]) -> pl.LazyFrame:
    columns: list[pl.Expr] = []
    for name, one in fields.items():
        found = conformed(one, file.schema.get(name))
        nothing = pl.lit(0)
        there = name in file.schema
        columns += [
            (found.given.sum() if there else nothing).cast(pl.Int64).alias(f"{name}.given"),
            (found.invalid.sum() if there else nothing).cast(pl.Int64).alias(f"{name}.invalid"),
            (nothing if found.clipped is None or not there else found.clipped.sum()).cast(pl.Int64).alias(
                f"{name}.clipped"
            ),
        ]
    return file.frame.select(columns)


def _examples(extract: Extract, one: Field) -> tuple[str, ...]:
    """Return some invalid values of a field, smallest first, as they stand in the files."""
    frames = []
    for file in extract.files:
        if one.name in file.schema:
            found = conformed(one, file.schema[one.name])
            frames.append(file.frame.filter(found.invalid).select(pl.col(one.name).cast(pl.String)))
    values = pl.concat(frames).unique().sort(one.name).head(_EXAMPLES).collect()[one.name]
    return tuple(values)
