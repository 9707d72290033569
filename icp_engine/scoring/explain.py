"""Why a clinic scored what it scored: reason codes and bibliography, looked up from the bands."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.scorecard.model import Category, Characteristic, Fixed, Outcome, Scorecard
from icp_engine.scoring.compiler import (
    BAND,
    BANDS,
    band_of,
    in_points,
    points_expr,
    prepared,
    uncapped_expr,
    value_of,
)

_MOST_PATTERNS = 2**63


def reason_codes_expr(card: Scorecard) -> pl.Expr:
    """Return the codes of every bibliography entry of a clinic, in scorecard order, separated by `|`.

    Source: band columns, and the conformed fields where a cap has to be told.
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


class ReasonSpeller:
    """Puts the reason codes of a run together, one part of its clinics after the other.

    Far fewer patterns of bands occur than clinics: a text of 450 characters is put together once per pattern.
    """

    def __init__(self, card: Scorecard) -> None:
        """Start with no pattern known."""
        self._parts = _reasons(card)
        self._spelled = pl.DataFrame(schema={"pattern": pl.UInt64, "reason_codes": pl.String})

    def spell(self, frame: pl.DataFrame) -> ReasonCodes:
        """Return the reason codes of some clinics. Source: what `reason_codes_expr` reads."""
        patterns, spelled = self._patterns(frame)
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


def _reasons(card: Scorecard) -> list[tuple[pl.Expr, list[str]]]:
    """Return the parts of the reason codes: a small number each (null for none), and the code of every number."""
    parts: list[tuple[pl.Expr, list[str]]] = []
    for category in card.categories:
        for one in category.characteristics:
            parts.append((band_of(one), [out.code for out in one.outcomes]))
        if category.can_exceed:
            parts.append((pl.when(_cut(category, card) < 0).then(pl.lit(0, BAND)), [f"{category.name}.cap"]))
    return parts


def _joined(parts: list[tuple[pl.Expr, list[str]]]) -> pl.Expr:
    return pl.concat_str([_looked_up(*part) for part in parts], separator="|", ignore_nulls=True)


def bibliography_expr(card: Scorecard) -> pl.Expr:
    """Return the bibliography of every clinic as JSON text: one object per characteristic that was looked at.

    Everything that is the same for all clinics of a band is one look-up; the values go between. All pieces are
    joined at once, since text of 2 KB a clinic is dear to copy. Source: band columns, helper columns of
    `add_bands`, and the conformed fields.
    """
    parts: list[pl.Expr] = []
    first = card.categories[0].characteristics[0]
    leads = not first.only_for and card.categories[0].requires in (None, "", first.name)
    for category in card.categories:
        for one in category.characteristics:
            parts += _entry(one, category, card, "[" if leads and one is first else ", ")
        if category.can_exceed:
            parts.append(_cap_entry(category, card))
    text = pl.concat_str(*parts, pl.lit("]"), ignore_nulls=True)
    return text if leads else pl.concat_str(pl.lit("["), text.str.strip_prefix(", "))


def with_bibliography(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return the frame with the bibliography of each clinic. Source: conformed fields and band columns.

    Streaming would join the text of 2 KB a clinic in chunks and then copy them together: half as fast.
    """
    lf = frame.lazy().with_columns(prepared(card))
    lf = lf.with_columns(bibliography_expr(card).alias(f"{card.prefix}_bibliography"))
    return lf.collect(engine="in-memory")


class Explainer:
    """Spells out the bibliography of one clinic at a time, for who asks again and again.

    What `bibliography_expr` does for all clinics takes 5 ms for a single one, nearly all of it to set up some sixty
    pieces of text. Here Polars gives the numbers alone, and what belongs to a band is looked up.
    """

    def __init__(self, card: Scorecard) -> None:
        """Make everything that is the same for all clinics."""
        self._prepared = prepared(card)
        self._categories = card.categories
        self._parts = {
            one.code: [_parts(one, category, outcome) for outcome in one.outcomes]
            for category in card.categories
            for one in category.characteristics
        }
        every = card.characteristics
        names = dict.fromkeys(name for one in every for name in (*one.value_fields, *one.unknown))
        self._values = [_rounded(name, card).alias(name) for name in names]
        self._values += [band_of(one) for one in every]
        self._values += [in_points(points_expr(one, card)).alias(_worth(one)) for one in every if _varies(one)]
        self._values += [in_points(_cut(one, card)).alias(_over(one)) for one in card.categories if one.can_exceed]

    def entries(self, clinic: pl.DataFrame) -> list[dict[str, Any]]:
        """Return the entries of the first clinic of a frame. Source: what `with_bibliography` reads."""
        lf = clinic.lazy().with_columns(self._prepared).select(self._values)
        known = lf.collect(engine="in-memory").row(0, named=True)
        found = []
        for category in self._categories:
            for one in category.characteristics:
                band = known[BANDS + one.column]
                if band is not None:
                    found.append(_entry_of(one, self._parts[one.code][band], known))
            over = known.get(_over(category)) or 0.0
            if over < 0:
                start, end = _cap(category)
                found.append({**start, "points": over, **end})
        return found


def _worth(one: Characteristic) -> str:
    return f"{HELPERS}worth_{one.column}"


def _over(category: Category) -> str:
    return f"{HELPERS}over_{category.name}"


def _entry_of(one: Characteristic, parts: "_Parts", known: Mapping[str, Any]) -> dict[str, Any]:
    """Return one entry from the parts that its band has, and what is known of the clinic."""
    points = {"points": known[_worth(one)] if parts.points is None else parts.points}
    if parts.missing:
        return {**parts.start, **points, **parts.end}
    values = {name: known[name] for name in one.value_fields}
    value = values if len(values) > 1 else values[one.value_fields[0]]
    entry = {**parts.start, "value": value, **points, **parts.end}
    for name, note in one.unknown.items():
        if known[name] is None:
            entry["note"] = note
    return entry


def _looked_up(number: pl.Expr, texts: Sequence[str]) -> pl.Expr:
    """Return the text of each number; null where there is no number.

    A number taken as the category of an Enum costs a third of a replacement, but categories are unique.
    """
    if len(set(texts)) == len(texts):
        return number.cat.to(pl.Enum(texts)).cast(pl.String)
    numbers = pl.Series(range(len(texts)), dtype=BAND)
    return number.replace_strict(numbers, pl.Series(texts, dtype=pl.String), return_dtype=pl.String)


def _cut(category: Category, card: Scorecard) -> pl.Expr:
    """Return the hundredths that the maximum of a category takes away: below 0 where it cuts."""
    return round(category.maximum * 100) - uncapped_expr(category, card)


def _cap_entry(category: Category, card: Scorecard) -> pl.Expr:
    start, end = _cap(category)
    over = _cut(category, card)
    text = pl.concat_str(
        pl.lit(f', {_json(start)[:-1]}, "points": '), _points_text(over), pl.lit(f", {_json(end)[1:]}")
    )
    return pl.when(over < 0).then(text)


def _cap(category: Category) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what stands before and after the points that the maximum of a category takes away."""
    start = {"score": category.bibliography, "code": f"{category.name}.cap", "sources": []}
    return start, {"reason": f"Capped at {category.maximum:g}"}


def _entry(one: Characteristic, category: Category, card: Scorecard, before: str) -> Iterator[pl.Expr]:
    """Yield the pieces of one entry, all of them null where the characteristic does not apply."""
    band = band_of(one)
    frames = [_frame(one, category, outcome) for outcome in one.outcomes]
    yield _looked_up(band, [before + head for head, _ in frames])
    valued = [number for number, out in enumerate(one.outcomes) if not out.missing]
    shown = _among(band, valued)
    yield pl.when(shown).then(_value(one, card).fill_null("null"))
    varying = [number for number, out in enumerate(one.outcomes) if not isinstance(out.points, Fixed)]
    if varying:
        yield pl.when(shown).then(pl.lit(', "points": '))
        yield pl.when(_among(band, varying)).then(_points_text(points_expr(one, card)))
    closing = "" if one.unknown else "}"
    yield _looked_up(band, [tail + closing for _, tail in frames])
    for name, note in one.unknown.items():
        yield pl.when(value_of(name, card).is_null() & shown).then(pl.lit(f', "note": {_json(note)}'))
    if not closing:
        yield pl.when(band.is_not_null()).then(pl.lit("}"))


def _frame(one: Characteristic, category: Category, outcome: Outcome) -> tuple[str, str]:
    """Return what stands before and after the value, or before and after points that vary."""
    parts = _parts(one, category, outcome)
    head = _json(parts.start)[:-1] + (', "points": ' if outcome.missing else ', "value": ')
    tail = ", " + _json(parts.end)[1:-1]
    if parts.points is not None:
        points = _json(parts.points)
        tail = (points if outcome.missing or _varies(one) else f', "points": {points}') + tail
    return head, tail


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an entry says in one band: before the value, its points (None where they vary), after them."""

    start: dict[str, Any]
    points: float | None
    end: dict[str, Any]
    missing: bool


def _parts(one: Characteristic, category: Category, outcome: Outcome) -> _Parts:
    start = {"score": category.bibliography, "code": outcome.code, "sources": list(outcome.sources or one.sources)}
    end = {"status": "MISSING", "note": outcome.note} if outcome.missing else {"reason": outcome.reason}
    points = _fixed(one, outcome, outcome.points) if isinstance(outcome.points, Fixed) else None
    return _Parts(start, points, end, outcome.missing)


def _varies(one: Characteristic) -> bool:
    """Return whether some band of a characteristic gives points that depend on a value."""
    return any(not isinstance(out.points, Fixed) for out in one.outcomes)


def _fixed(one: Characteristic, outcome: Outcome, points: Fixed) -> float:
    worth = points.value + outcome.bonus
    return round(worth if one.maximum is None else min(worth, one.maximum), 2)


def _among(band: pl.Expr, numbers: list[int]) -> pl.Expr:
    return band.is_in(pl.Series(numbers, dtype=BAND).implode())


def _points_text(hundredths: pl.Expr) -> pl.Expr:
    return in_points(hundredths).cast(pl.String)


def _value(one: Characteristic, card: Scorecard) -> pl.Expr:
    """Return the value that was compared as JSON text: a scalar, or an object where several fields were."""
    values = [_rounded(name, card).alias(name) for name in one.value_fields]
    if len(values) > 1:
        return pl.struct(values).struct.json_encode()
    name, value = one.value_fields[0], values[0]
    kind = "number" if name in card.derived else card.fields[name].type
    if kind in ("text", "list"):
        return pl.struct(value.alias("v")).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
    return value.cast(pl.String)


def _rounded(name: str, card: Scorecard) -> pl.Expr:
    """Return a value as it is shown: ratios to 2 decimals."""
    value = value_of(name, card)
    return value.round(2) if name in card.derived else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
