"""Reason codes: the bands that a clinic landed in, as text that is put together once per pattern of bands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, FixedPoints, outcome_table
from icp_engine.scoring.compiler import BAND, band_of, prepared, uncapped_expr

_MOST_PATTERNS = 2**63


def reason_codes_expr(card: Scorecard) -> pl.Expr:
    """Return the codes of every bibliography entry of a clinic, in scorecard order, separated by `|`.

    Source: the columns of `add_bands`.
    """
    return _joined(_reasons(card))


@dataclass(frozen=True, slots=True)
class ReasonCodes:
    """The reason codes of some clinics.

    Attributes:
        pattern: of each clinic (u64): what stands for its codes.
        text: every text that occurs, once, in the order of its pattern.
        number: the place of each clinic's text in `text`, from 0 (i32).
        fresh: `pattern` and `reason_codes` of those that no clinic before these had.
    """

    pattern: pl.Series
    text: pl.Series
    number: pl.Series
    fresh: pl.DataFrame

    def slice(self, start: int, length: int) -> "ReasonCodes":
        """Return the reason codes of some of the clinics."""
        places = self.number.slice(start, length)
        text = self.text.gather(places.unique().sort())
        return ReasonCodes(self.pattern.slice(start, length), text, _places(places), self.fresh.clear())

    def to_arrow(self) -> pa.DictionaryArray:
        """Return the codes of every clinic as Arrow, every text once."""
        texts = self.text.to_arrow(compat_level=pl.CompatLevel.oldest())
        return pa.DictionaryArray.from_arrays(self.number.to_arrow(), texts)

    def to_text(self) -> pl.Series:
        """Return the codes of every clinic as text."""
        return self.text.gather(self.number)


class ReasonSpeller:
    """Puts the reason codes of a run together, one part of its clinics after the other.

    Far fewer patterns of bands occur than clinics: a text of 450 characters is put together once per pattern.
    """

    def __init__(self, card: Scorecard) -> None:
        """Start with no pattern known."""
        self._parts = _reasons(card)
        self._prepared = _measured(card)
        self._spelled = pl.DataFrame(schema={"pattern": pl.UInt64, "reason_codes": pl.String})

    def spell(self, frame: pl.DataFrame) -> ReasonCodes:
        """Return the reason codes of some clinics. Source: band columns, and the conformed fields."""
        patterns, spelled = self._patterns(frame.with_columns(self._prepared) if self._prepared else frame)
        fresh = spelled.join(self._spelled, on="pattern", how="anti")
        if "reason_codes" not in fresh.columns:
            fresh = fresh.select("pattern", _joined(_taken_apart(self._parts)).alias("reason_codes"))
        self._spelled = pl.concat([self._spelled, fresh])
        text = spelled.select("pattern").join(self._spelled, on="pattern", how="left", maintain_order="left")
        return ReasonCodes(patterns, text["reason_codes"], _places(patterns), fresh)

    def _patterns(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
        """Return the pattern of each row, and every pattern once, sorted; where 64 bits are too few, with its text."""
        if math.prod(len(texts) + 1 for _, texts in self._parts) >= _MOST_PATTERNS:
            codes = frame.select(_joined(self._parts).alias("reason_codes"))
            codes = codes.with_columns(pl.col("reason_codes").hash().alias("pattern"))
            return codes["pattern"], codes.select("pattern", "reason_codes").unique("pattern").sort("pattern")
        pattern = pl.lit(0, pl.UInt64)
        for number, texts in self._parts:
            pattern = pattern * (len(texts) + 1) + number.fill_null(len(texts))
        patterns = frame.select(pattern.alias("pattern")).to_series()
        return patterns, patterns.unique().sort().to_frame()


def _places(values: pl.Series) -> pl.Series:
    """Return where each value stands among the different ones in their order, from 0."""
    return (values.rank("dense") - 1).cast(pl.Int32)


def _taken_apart(parts: list[tuple[pl.Expr, list[str]]]) -> list[tuple[pl.Expr, list[str]]]:
    """Return the parts with their numbers read back from a pattern, last first as they were put together."""
    apart: list[tuple[pl.Expr, list[str]]] = []
    rest = pl.col("pattern")
    for _, texts in reversed(parts):
        number = (rest % (len(texts) + 1)).cast(BAND)
        apart.append((pl.when(number < len(texts)).then(number), texts))
        rest = rest // (len(texts) + 1)
    return apart[::-1]


def _measured(card: Scorecard) -> list[pl.Expr]:
    """Return the helper columns over which points vary that a maximum may cut."""
    forms = [
        outcome.points
        for category in outcome_table(card).categories
        if category.can_exceed
        for part in category.parts
        for outcome in part.outcomes
    ]
    return prepared(card, {form.field for form in forms if not isinstance(form, FixedPoints)})


def _reasons(card: Scorecard) -> list[tuple[pl.Expr, list[str]]]:
    """Return the parts of the reason codes: a small number each (null for none), and the code of every number."""
    parts: list[tuple[pl.Expr, list[str]]] = []
    for category in outcome_table(card).categories:
        for part in category.parts:
            parts.append((band_of(part.rule), [outcome.code for outcome in part.outcomes]))
        if category.can_exceed:
            parts.append((pl.when(cut_expr(category, card) < 0).then(pl.lit(0, BAND)), [category.cap_code]))
    return parts


def _joined(parts: list[tuple[pl.Expr, list[str]]]) -> pl.Expr:
    return pl.concat_str([looked_up(*part) for part in parts], separator="|", ignore_nulls=True)


def looked_up(number: pl.Expr, texts: Sequence[str]) -> pl.Expr:
    """Return the text of each number; null where there is no number.

    A number taken as the category of an Enum costs a third of a replacement, but categories are unique.
    """
    if len(set(texts)) == len(texts):
        return number.cat.to(pl.Enum(texts)).cast(pl.String)
    numbers = pl.Series(range(len(texts)), dtype=BAND)
    return number.replace_strict(numbers, pl.Series(texts, dtype=pl.String), return_dtype=pl.String)


def cut_expr(category: CategoryOutcomes, card: Scorecard) -> pl.Expr:
    """Return the hundredths that the maximum of a category takes away: below 0 where it cuts."""
    return category.maximum - uncapped_expr(category, card)
