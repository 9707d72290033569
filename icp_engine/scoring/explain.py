"""Why a clinic scored what it scored: its bibliography, looked up from the bands."""

import json
from collections.abc import Iterator, Mapping
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
    value_of,
)
from icp_engine.scoring.reasons import cut_expr, looked_up


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
        self._values += [in_points(cut_expr(one, card)).alias(_over(one)) for one in card.categories if one.can_exceed]

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


def _cap_entry(category: Category, card: Scorecard) -> pl.Expr:
    start, end = _cap(category)
    over = cut_expr(category, card)
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
    yield looked_up(band, [before + head for head, _ in frames])
    valued = [number for number, out in enumerate(one.outcomes) if not out.missing]
    shown = _among(band, valued)
    yield pl.when(shown).then(_value(one, card).fill_null("null"))
    varying = [number for number, out in enumerate(one.outcomes) if not isinstance(out.points, Fixed)]
    if varying:
        yield pl.when(shown).then(pl.lit(', "points": '))
        yield pl.when(_among(band, varying)).then(_points_text(points_expr(one, card)))
    closing = "" if one.unknown else "}"
    yield looked_up(band, [tail + closing for _, tail in frames])
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
