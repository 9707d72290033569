"""Reasons in short, once per pattern of bands: codes of all bands, the strongest in words, what is not known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from icp_engine.columns import HELPERS
from icp_engine.scorecard.model import REASON_COLUMNS, ReasonColumn, Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, FixedPoints, outcome_table
from icp_engine.scorecard.ranking import (
    BETWEEN_FIELDS,
    BETWEEN_REASONS,
    MAX_LENGTH,
    MAX_REASONS,
    headlines,
    unknown_fields,
)
from icp_engine.scoring.compiler import BAND, BANDS, band_of, prepared, uncapped_expr

_MOST_PATTERNS = 2**63
_RANK, _PLACE = pl.UInt16, pl.Int32
_CUT = f"{HELPERS}cut_"  # of the name of a category: 0 where its maximum cuts

Part = tuple[str, pl.Expr, list[str]]
"""A part of the reason codes: a name, a small number (null for none), and the code of every number."""


def reason_codes_expr(card: Scorecard) -> pl.Expr:
    """Return the codes of every bibliography entry of a clinic, in scorecard order, separated by `|`.

    Source: the columns of `add_bands`.
    """
    return _joined(_parts(card))


def top_reasons_expr(card: Scorecard) -> pl.Expr:
    """Return the reasons of the bands that can give the most points, the strongest first; missing where there is none.

    Source: band columns.
    """
    best = headlines(card)
    ranks: dict[str, dict[int, int]] = {}
    for place, headline in enumerate(best):
        ranks.setdefault(BANDS + headline.rule.column, {})[headline.number] = place
    if not ranks:
        return pl.lit(None, pl.String)
    landed = [_ranked(pl.col(column), numbers) for column, numbers in ranks.items()]
    rank, reasons = pl.min_horizontal(landed), []
    for _ in range(MAX_REASONS):
        reasons.append(looked_up(rank, [headline.reason for headline in best], _RANK))
        rank = pl.min_horizontal([pl.when(other > rank).then(other) for other in landed])
    text = pl.concat_str(reasons, separator=BETWEEN_REASONS, ignore_nulls=True)
    cut = pl.when(text.str.len_chars() > MAX_LENGTH).then(text.str.head(MAX_LENGTH - 1) + "…").otherwise(text)
    return pl.when(text != "").then(cut)


def unknown_expr(card: Scorecard) -> pl.Expr:
    """Return the fields that are not known of a clinic, the dearest first; missing where there is none.

    Source: band columns.
    """
    names = []
    for field in unknown_fields(card):
        gone = pl.any_horizontal([band_of(rule).is_in(numbers) for rule, numbers in field.bands])
        names.append(pl.when(gone).then(pl.lit(field.name)))
    if not names:
        return pl.lit(None, pl.String)
    text = pl.concat_str(names, separator=BETWEEN_FIELDS, ignore_nulls=True)
    return pl.when(text != "").then(text)


def _ranked(number: pl.Expr, ranks: dict[int, int]) -> pl.Expr:
    numbers, places = pl.Series(list(ranks), dtype=BAND), pl.Series(list(ranks.values()), dtype=_RANK)
    return number.replace_strict(numbers, places, default=None, return_dtype=_RANK)


@dataclass(frozen=True, slots=True)
class Reasons:
    """The reasons of some clinics in short.

    Attributes:
        pattern: of each clinic (u64): what stands for its bands.
        texts: `REASON_COLUMNS` of every pattern that occurs, once, in the order of the patterns.
        number: the place of each clinic's pattern in `texts`, from 0 (i32).
        fresh: `pattern` and the texts of those that no clinic before these had.
    """

    pattern: pl.Series
    texts: pl.DataFrame
    number: pl.Series
    fresh: pl.DataFrame

    def slice(self, start: int, length: int) -> "Reasons":
        """Return the reasons of some of the clinics."""
        places = self.number.slice(start, length)
        found = places.unique().sort()
        return Reasons(self.pattern.slice(start, length), self.texts[found], _places(places, found), self.fresh.clear())

    def to_arrow(self, column: ReasonColumn) -> pa.DictionaryArray:
        """Return one text of every clinic as Arrow, every text once."""
        texts = self.texts[column].to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
        return pa.DictionaryArray.from_arrays(texts.indices.take(self.number.to_arrow()), texts.dictionary)

    def to_text(self, column: ReasonColumn) -> pl.Series:
        """Return one text of every clinic."""
        return self.texts[column].gather(self.number)


class ReasonSpeller:
    """Puts the reasons of a run together, one part of its clinics after the other.

    Far fewer patterns of bands occur than clinics: texts of 600 characters are put together once per pattern.
    """

    def __init__(self, card: Scorecard) -> None:
        """Start with no pattern known."""
        parts = _parts(card)
        self._prepared = _measured(card)
        self._numbers = [number.alias(name) for name, number, _ in parts]
        known: list[Part] = [(name, pl.col(name), codes) for name, _, codes in parts]
        codes = _joined(known)
        self._pattern = _pattern(known, codes).alias("pattern")
        self._texts = [codes, top_reasons_expr(card), unknown_expr(card)]
        self._spelled = pl.DataFrame(schema={"pattern": pl.UInt64} | dict.fromkeys(REASON_COLUMNS, pl.String))

    def spell(self, frame: pl.DataFrame) -> Reasons:
        """Return the reasons of some clinics. Source: band columns, and the conformed fields."""
        numbers = (frame.with_columns(self._prepared) if self._prepared else frame).select(self._numbers)
        patterns = numbers.select(self._pattern)
        found = patterns.with_row_index("row").unique("pattern", keep="any").sort("pattern")
        new = found.join(self._spelled, on="pattern", how="anti", maintain_order="left")
        texts = [text.alias(name) for name, text in zip(REASON_COLUMNS, self._texts, strict=True)]
        fresh = numbers[new["row"]].select(new["pattern"], *texts)
        self._spelled = pl.concat([self._spelled, fresh])
        spelled = found.select("pattern").join(self._spelled, on="pattern", how="left", maintain_order="left")
        places = _places(patterns["pattern"], found["pattern"])
        return Reasons(patterns["pattern"], spelled.select(REASON_COLUMNS), places, fresh)


def _pattern(parts: list[Part], codes: pl.Expr) -> pl.Expr:
    """Return what stands for the numbers of all parts together; for their codes, where 64 bits are too few."""
    if math.prod(len(texts) + 1 for *_, texts in parts) >= _MOST_PATTERNS:
        return codes.hash()
    pattern = pl.lit(0, pl.UInt64)
    for _, number, texts in parts:
        pattern = pattern * (len(texts) + 1) + number.fill_null(len(texts))
    return pattern


def _places(values: pl.Series, among: pl.Series) -> pl.Series:
    """Return where each value stands among different ones, from 0."""
    places = pl.DataFrame({"value": among, "place": pl.int_range(len(among), dtype=_PLACE, eager=True)})
    return values.to_frame("value").join(places, on="value", how="left", maintain_order="left")["place"]


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


def _parts(card: Scorecard) -> list[Part]:
    parts: list[Part] = []
    for category in outcome_table(card).categories:
        for part in category.parts:
            band = band_of(part.rule)
            parts.append((band.meta.output_name(), band, [outcome.code for outcome in part.outcomes]))
        if category.can_exceed:
            cut = pl.when(cut_expr(category, card) < 0).then(pl.lit(0, BAND))
            parts.append((_CUT + category.rule.name, cut, [category.cap_code]))
    return parts


def _joined(parts: list[Part]) -> pl.Expr:
    return pl.concat_str([looked_up(number, codes) for _, number, codes in parts], separator="|", ignore_nulls=True)


def looked_up(number: pl.Expr, texts: Sequence[str], dtype: type[pl.DataType] = BAND) -> pl.Expr:
    """Return the text of each number; null where there is no number.

    A number taken as the category of an Enum costs a third of a replacement, but categories are unique.
    """
    if len(set(texts)) == len(texts):
        return number.cat.to(pl.Enum(texts)).cast(pl.String)
    numbers = pl.Series(range(len(texts)), dtype=dtype)
    return number.replace_strict(numbers, pl.Series(texts, dtype=pl.String), return_dtype=pl.String)


def cut_expr(category: CategoryOutcomes, card: Scorecard) -> pl.Expr:
    """Return the hundredths that the maximum of a category takes away: below 0 where it cuts."""
    return category.maximum - uncapped_expr(category, card)
