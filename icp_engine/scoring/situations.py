"""Situations of clinics as columns: which state every field is in, and what the characteristic can then come to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import add, or_

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.extract.text import holds, searched
from icp_engine.scorecard.completions import GONE, OPEN, STATES, FieldStates, Situations, situations
from icp_engine.scorecard.model import Match, Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, outcome_table
from icp_engine.scoring.compiler import band_of, prepared, value_of

NUMBER = pl.UInt32
SITUATION = f"{HELPERS}situation_"
_PASSED = f"{HELPERS}passed_"


@dataclass(slots=True)
class Known:
    """Rows of a table that were worked out once, by number: `place` has the row of each number, or -1."""

    place: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int32))
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)

    def found(self, numbers: pl.Series, size: int, work_out: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
        """Return the row of each number.

        Args:
            numbers: u32, below `size`.
            size: one more than the highest number.
            work_out: makes the rows of numbers, given where each stands first among `numbers`.
        """
        if not len(self.place):
            self.place = pl.repeat(-1, size, dtype=pl.Int32, eager=True)
        places = self.place.gather(numbers)
        fresh = (places < 0).arg_true()
        if len(fresh):
            first = fresh.gather(numbers.gather(fresh).arg_unique())
            rows = pl.int_range(len(self.rows), len(self.rows) + len(first), dtype=pl.Int32, eager=True)
            self.place = self.place.scatter(numbers.gather(first), rows)
            self.rows = pl.concat([self.rows, work_out(first)], how="diagonal")
            places = self.place.gather(numbers)
        return self.rows[places]


def of_card(card: Scorecard) -> list[tuple[CategoryOutcomes, tuple[Situations, ...]]]:
    """Return every category of a scorecard with the situations of its characteristics."""
    return [(category, situations(card, category)) for category in outcome_table(card).categories]


def situation_of(situation: Situations) -> pl.Expr:
    """Return the column of a characteristic's situations, as `with_situations` makes it."""
    return pl.col(SITUATION + situation.part.rule.column)


def situated(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return the frame with what `with_values` and `with_situations` add, any field that is missing being open.

    Source: the conformed columns of `card.reads` and the columns of bands.
    """
    return with_situations(with_values(frame, card), card)


def with_values(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return the frame with what situations and points follow from: ratios, lists, and the tests that texts pass.

    Source: the conformed columns of `card.reads`.
    """
    found = [situation for _, every in of_card(card) for situation in every]
    texts = {column.name for situation in found for column in situation.fields if column.kind == "text"}
    frame = frame.with_columns(prepared(card, _values(card, found)))
    for name in sorted(texts):
        frame = _with_tests(frame, name, _tests(name, found))
    return frame


def with_situations(frame: pl.DataFrame, card: Scorecard, only: str | None = None) -> pl.DataFrame:
    """Return the frame with a column (u32) of situations for each characteristic.

    Args:
        frame: what `with_values` returned, with the columns of bands.
        card: the scorecard.
        only: a field that may become known while all others that are missing stay so; all may unless given.
    """
    found = [situation for _, every in of_card(card) for situation in every]
    return frame.with_columns(
        _number(situation, card, only).alias(SITUATION + situation.part.rule.column) for situation in found
    )


def _values(card: Scorecard, found: Iterable[Situations]) -> set[str]:
    """Return the ratios and lists that states and points follow from."""
    named = {name for situation in found for name in situation.part.rule.value_fields}
    return {name for name in named if name in card.derived or card.fields[name].type == "list"}


def _tests(name: str, found: Iterable[Situations]) -> list[tuple[Match, ...]]:
    """Return the different sets of tests that characteristics put to a text."""
    columns = (column for situation in found for column in situation.fields if column.name == name)
    return list(dict.fromkeys(column.tests for column in columns if column.tests))


def _with_tests(frame: pl.DataFrame, name: str, tests: list[tuple[Match, ...]]) -> pl.DataFrame:
    """Return the frame with the tests that a text passes, as bits: looked for once in every text that occurs."""
    if not tests:
        return frame
    texts = frame.select(pl.col(name).unique())
    passed = [
        pl.sum_horizontal(
            holds(pl.col("text"), test.test, test.phrases).cast(NUMBER) * 2**place for place, test in enumerate(mix)
        ).alias(_passed(name, mix))
        for mix in tests
    ]
    table = texts.with_columns(searched(pl.col(name)).alias("text")).select(name, *passed)
    found = frame.select(name).join(table, on=name, how="left", maintain_order="left")
    return frame.with_columns(found.drop(name).get_columns())


def _passed(name: str, tests: tuple[Match, ...]) -> str:
    return f"{_PASSED}{hash(tests)}_{name}"


def _number(situation: Situations, card: Scorecard, only: str | None) -> pl.Expr:
    if situation.together:
        known = pl.all_horizontal(_known(name, card) for name in situation.part.rule.sources)
        return pl.when(known).then(band_of(situation.part.rule).cast(NUMBER) + 1).otherwise(0).fill_null(0)
    return mixed((_state(column, card, only), column.size) for column in situation.fields)


def mixed(numbers: Iterable[tuple[pl.Expr, int]]) -> pl.Expr:
    """Return one number (u32) for several, each below a size."""
    number = pl.lit(0, NUMBER)
    for part, size in numbers:
        number = number * size + part
    return number


def _known(name: str, card: Scorecard) -> pl.Expr:
    return value_of(name, card).is_not_null() if card.fields[name].type != "text" else pl.col(name).is_not_null()


def _state(column: FieldStates, card: Scorecard, only: str | None) -> pl.Expr:
    """Return the state of a field (u32) of every clinic."""
    if column.kind == "ratio":
        known = value_of(column.name, card).is_not_null()
        return pl.when(known).then(_known_state(column, card)).otherwise(_unformed(column, card, only))
    known = pl.col(column.name) if column.kind == "text" else value_of(column.name, card)
    absent = pl.lit(OPEN if only in (None, column.name) else GONE, NUMBER)
    return pl.when(known.is_not_null()).then(_known_state(column, card)).otherwise(absent)


def _known_state(column: FieldStates, card: Scorecard) -> pl.Expr:
    if column.kind == "text":
        return pl.col(_passed(column.name, column.tests)) + STATES if column.tests else pl.lit(STATES, NUMBER)
    value = value_of(column.name, card)
    if column.kind == "flag":
        return value.cast(NUMBER) + STATES
    if column.kind == "list":
        parts = [
            pl.any_horizontal(value.list.contains(item) for item in test.phrases).cast(NUMBER) * 2**place
            for place, test in enumerate(column.tests)
        ]
    else:
        parts = [(value >= edge if inclusive else value > edge).cast(NUMBER) for edge, inclusive in column.cuts]
    return reduce(add, parts, pl.lit(STATES, NUMBER))


def _unformed(column: FieldStates, card: Scorecard, only: str | None) -> pl.Expr:
    """Return the state of a ratio that is not defined: open where what is missing may become known and above 0."""
    parts = card.derived[column.name]
    missing = reduce(or_, (pl.col(part).is_null() for part in parts))
    forbidden = reduce(or_, ((pl.col(part) <= 0).fill_null(value=False) for part in parts))
    if only is not None:
        forbidden |= reduce(or_, (pl.col(part).is_null() for part in parts if part != only), pl.lit(value=False))
    return pl.when(missing & ~forbidden).then(pl.lit(OPEN, NUMBER)).otherwise(pl.lit(GONE, NUMBER))
