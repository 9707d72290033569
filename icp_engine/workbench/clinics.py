"""The clinics that a question is asked of, and their points under a scorecard beside those under another."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from icp_engine.columns import FIELDS, HELPERS, KEY, NAME, STATE, Field
from icp_engine.errors import InputError
from icp_engine.extract.conform import conform
from icp_engine.extract.extract import Extract, Rejects, conformed_rows, find_rejects, open_extract, totals_at_the_end
from icp_engine.extract.ids import TOTALS, is_totals_row
from icp_engine.extract.reading import AS_IT_STANDS, Reading
from icp_engine.published.run import Run
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scorecard.several import fields_of_all
from icp_engine.scoring.compiler import HUNDREDTHS, band_of, category_expr, points_expr, uncapped_expr
from icp_engine.scoring.score import add_bands, add_scores

CLINICS = "clinics_icp"
OLD, NEW = f"{HELPERS}old_", f"{HELPERS}new_"  # what the columns of two scorecards, or of two runs, begin with


@dataclass(frozen=True, slots=True)
class Source:
    """Where clinics come from.

    Attributes:
        says: what people call it.
        patterns: paths, folders, globs or addresses; none where `run` is given.
        run: a published run, whose table of clinics is read.
        mapping: field name to the column that holds it.
        reading: what the user says of how text is read.
        temp_dir: folder for intermediate files.
    """

    says: str
    patterns: tuple[str, ...] = ()
    run: Run | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = AS_IT_STANDS
    temp_dir: Path | None = None


def united_fields(cards: Iterable[Scorecard]) -> dict[str, Field]:
    """Return the fields of several scorecards, lists with the items that any of them knows.

    Raises:
        InputError: two say otherwise of what type a field is, or on what scale.
    """
    cards = tuple(cards)
    owner: dict[str, Scorecard] = {}
    for card in cards:
        for name, known in card.fields.items():
            before = owner.setdefault(name, card).fields[name]
            if replace(before, items=known.items, description="", unit="") != replace(known, description="", unit=""):
                raise InputError(
                    f"{owner[name].id} {owner[name].version} and {card.id} {card.version} read field '{name}' "
                    "by another type or scale; give the field another name in one of them."
                )
    return FIELDS | fields_of_all(cards)


@contextmanager
def clinics_of(source: Source, cards: Iterable[Scorecard]) -> Iterator[tuple[pl.LazyFrame, int]]:
    """Give the clinics of a source, conformed, each once, and how many rows were left out.

    Columns: id, name, state, and the fields that the scorecards read, or break ties by.

    Raises:
        InputError: the source cannot be read, or has no clinic.
    """
    cards = list(cards)
    fields = united_fields(cards)
    read = (name for card in cards for name in (*card.reads, *card.tie_fields))
    needed = list(dict.fromkeys([KEY, NAME, STATE, *read]))
    if source.run is not None:  # conformed when it was published: a column has the name of its field
        conformed = conform(source.run.table(CLINICS), [fields[name] for name in needed])
        yield conformed.select(needed), 0
        return
    if source.temp_dir is not None and not source.temp_dir.is_dir():
        raise InputError(f"{source.temp_dir} is not a folder; choose another --temp-dir.")
    with TemporaryDirectory(prefix="icp-", dir=source.temp_dir) as temp:
        extract = open_extract(source.patterns, fields, dict(source.mapping), temp=Path(temp), reading=source.reading)
        rejects = _rejects(extract)
        if len(rejects) == extract.rows:
            raise InputError(f"{extract.files[0].path} has no row with a clinic_id; there is nothing to score.")
        yield conformed_rows(extract, rejects, needed).select(needed), len(rejects)


def left_out_in_words(rows: int) -> str:
    """Return what is said of rows that no run would score."""
    return f"{rows:,} rows are left out as a run would: no id, an id that stood before, or totals."


def _rejects(extract: Extract) -> Rejects:
    """Return what a run would leave out: rows without id, rows of totals, ids that stood before."""
    rows = conformed_rows(extract, Rejects(), [KEY, NAME])
    key, total = pl.col(KEY), is_totals_row([KEY, NAME])
    rows_count, known, distinct, totals = (
        rows.select(
            pl.len().alias("rows"),
            key.count().alias("known"),
            key.drop_nulls().hash().n_unique().alias("distinct"),
            total.sum().alias(TOTALS),
        )
        .collect()
        .row(0)
    )
    if rows_count == known == distinct and not totals and not totals_at_the_end(extract):
        return Rejects()
    return find_rejects(extract, totals=True, duplicates=True)


def with_points(lf: pl.LazyFrame, card: Scorecard, mark: str, *, parts: bool = True) -> pl.LazyFrame:
    """Return the frame with what a clinic comes to under a scorecard, in hundredths, in columns that begin with a mark.

    `total`, `tier`, `segment` (missing where the card has none), and with `parts` the points of every characteristic
    (by its code), what the maximum of a category takes away (`category.cap`), and the bands (`band category.name`).
    Source: conformed fields of `card.reads`. The frame's own columns stay as they are.
    """
    table, own = outcome_table(card), lf.collect_schema().names()
    lf = add_bands(lf, card)
    details = []
    if parts:
        for part in table.parts:
            details.append(points_expr(part, card).alias(f"{mark}{part.code}"))
            details.append(band_of(part.rule).alias(f"{mark}band {part.code}"))
        capped = [category for category in table.categories if category.can_exceed]
        details += [
            (category_expr(category, card) - uncapped_expr(category, card)).alias(f"{mark}{category.cap_code}")
            for category in capped
        ]
    lf = add_scores(lf.with_columns(details), card)
    total = (pl.col(card.column("total_score")) * 100).round().cast(HUNDREDTHS)
    segment = pl.col(card.column("segment")) if card.segment_source else pl.lit(None, pl.String)
    return lf.select(
        *own,
        *(column.meta.output_name() for column in details),
        total.alias(f"{mark}total"),
        pl.col(card.column("tier")).alias(f"{mark}tier"),
        segment.alias(f"{mark}segment"),
    )


def part_labels(cards: Iterable[Scorecard]) -> dict[str, str]:
    """Return what people call every characteristic of some scorecards, and the caps of categories, by code."""
    labels: dict[str, str] = {}
    for card in cards:
        for category in outcome_table(card).categories:
            for part in category.parts:
                labels[part.code] = f"{category.rule.label}: {part.rule.label}"
            labels[category.cap_code] = f"{category.rule.label}: its maximum"
    return labels


def part_codes(cards: Iterable[Scorecard]) -> list[str]:
    """Return the codes of the columns of points that `with_points` makes for some scorecards."""
    codes: dict[str, None] = {}
    for card in cards:
        for category in outcome_table(card).categories:
            codes |= dict.fromkeys(part.code for part in category.parts)
            codes |= {category.cap_code: None} if category.can_exceed else {}
    return list(codes)


def band_names(card: Scorecard) -> dict[str, dict[int, str]]:
    """Return what the bands of every characteristic are called, by its code and their numbers."""
    return {
        part.code: {outcome.number: outcome.code.removeprefix(f"{part.code}.") for outcome in part.outcomes}
        for part in outcome_table(card).parts
    }
