"""Situations of clinics as columns: which state every field is in, and what the characteristic can then come to."""

from collections.abc import Iterable, Mapping

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.extract.text import holds, searched
from icp_engine.scorecard.completions import OPEN, STATES, FieldStates, Situations, situations
from icp_engine.scorecard.model import Match, Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, outcome_table
from icp_engine.scoring.compiler import band_of, prepared, value_of

NUMBER = pl.UInt32
SITUATION = f"{HELPERS}situation_"
_PASSED = f"{HELPERS}passed_"


def of_card(card: Scorecard) -> list[tuple[CategoryOutcomes, tuple[Situations, ...]]]:
    """Return every category of a scorecard with the situations of its characteristics."""
    return [(category, situations(card, category)) for category in outcome_table(card).categories]


def situation_of(situation: Situations) -> pl.Expr:
    """Return the column of a characteristic's situations, as `with_situations` makes it."""
    return pl.col(SITUATION + situation.part.rule.column)


def with_situations(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return the frame with a column (u32) of situations for each characteristic, and the values that points follow.

    Source: the conformed columns of `card.reads`, and the columns of bands.
    """
    found = [situation for _, every in of_card(card) for situation in every]
    texts = {column.name for situation in found for column in situation.fields if column.kind == "text"}
    frame = frame.with_columns(prepared(card, _values(card, found)))
    for name in sorted(texts):
        frame = _with_tests(frame, name, _tests(name, found))
    return frame.with_columns(
        _number(situation, card).alias(SITUATION + situation.part.rule.column) for situation in found
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


def _number(situation: Situations, card: Scorecard) -> pl.Expr:
    if situation.together:
        known = pl.all_horizontal(_known(name, card) for name in situation.part.rule.sources)
        return pl.when(known).then(band_of(situation.part.rule).cast(NUMBER) + 1).otherwise(0).fill_null(0)
    return mixed((_state(column, card), column.size) for column in situation.fields)


def mixed(numbers: Iterable[tuple[pl.Expr, int]]) -> pl.Expr:
    """Return one number (u32) for several, each below a size."""
    number = pl.lit(0, NUMBER)
    for part, size in numbers:
        number = number * size + part
    return number


def _known(name: str, card: Scorecard) -> pl.Expr:
    return value_of(name, card).is_not_null() if card.fields[name].type != "text" else pl.col(name).is_not_null()


def _state(column: FieldStates, card: Scorecard) -> pl.Expr:
    """Return the state of a field (u32) of every clinic."""
    if column.kind == "text":
        passed = pl.col(_passed(column.name, column.tests)) if column.tests else pl.lit(0, NUMBER)
        return pl.when(pl.col(column.name).is_not_null()).then(passed + STATES).otherwise(OPEN)
    value = value_of(column.name, card)
    if column.kind == "list":
        bits = [
            pl.any_horizontal(value.list.contains(item) for item in test.phrases).cast(NUMBER) * 2**place
            for place, test in enumerate(column.tests)
        ]
        passed = pl.sum_horizontal(bits) if bits else pl.lit(0, NUMBER)
        return pl.when(value.is_not_null()).then(passed + STATES).otherwise(OPEN)
    if column.kind == "flag":
        return (value.cast(NUMBER) + STATES).fill_null(OPEN)
    above = [(value >= edge if inclusive else value > edge).cast(NUMBER) for edge, inclusive in column.cuts]
    state = pl.lit(STATES, NUMBER)
    for part in above:
        state = state + part
    if column.kind == "ratio":
        return pl.when(value.is_not_null()).then(state).otherwise(_unformed(column, card))
    return state.fill_null(OPEN) if above else pl.when(value.is_not_null()).then(STATES).otherwise(OPEN)


def _unformed(column: FieldStates, card: Scorecard) -> pl.Expr:
    """Return the state of a ratio that is not defined: open where a part is missing and no other part forbids it."""
    top, bottom = (pl.col(part) for part in card.derived[column.name])
    forbidden = (top <= 0).fill_null(value=False) | (bottom <= 0).fill_null(value=False)
    open_ = (top.is_null() | bottom.is_null()) & ~forbidden
    return pl.when(open_).then(pl.lit(OPEN, NUMBER)).otherwise(pl.lit(1, NUMBER))


def looked_up(numbers: pl.Series, size: int, row_of: Mapping[int, int]) -> pl.Series:
    """Return the row of each situation in a table of those that occur."""
    rows = pl.zeros(size, pl.Int32, eager=True).scatter(list(row_of), list(row_of.values()))
    return rows.gather(numbers)
