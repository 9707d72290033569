"""Why a clinic scored what it scored: its bibliography, looked up from the bands."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, CharacteristicOutcomes, Outcome, outcome_table
from icp_engine.scorecard.rounding import in_points as points_of
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

_BETWEEN_NOTES = "; "


def bibliography_expr(card: Scorecard) -> pl.Expr:
    """Return the bibliography of every clinic as JSON text: one object per characteristic that was looked at.

    Everything that is the same for all clinics of a band is one look-up; the values go between. All pieces are
    joined at once, since text of 2 KB a clinic is dear to copy. Source: band columns, helper columns of
    `add_bands`, and the conformed fields.
    """
    pieces: list[pl.Expr] = []
    table = outcome_table(card)
    first = table.parts[0]  # it applies to every clinic: others can only depend on it
    for category in table.categories:
        for part in category.parts:
            pieces += _entry(part, category, card, "[" if part is first else ", ")
        if category.can_exceed:
            pieces.append(_cap_entry(category, card))
    return pl.concat_str(*pieces, pl.lit("]"), ignore_nulls=True)


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
        table = outcome_table(card)
        self._prepared = prepared(card)
        self._categories = table.categories
        self._entries = {
            part.code: [_frame(category, outcome) for outcome in part.outcomes]
            for category in table.categories
            for part in category.parts
        }
        self._values = [_rounded(name, card).alias(name) for name in table.fields]
        for part in table.parts:
            self._values.append(band_of(part.rule))
            if _varies(part):
                self._values.append(in_points(points_expr(part, card)).alias(_worth(part)))
        capped = [category for category in table.categories if category.can_exceed]
        self._values += [in_points(cut_expr(category, card)).alias(_over(category)) for category in capped]

    def entries(self, clinic: pl.DataFrame) -> list[dict[str, Any]]:
        """Return the entries of the first clinic of a frame. Source: what `with_bibliography` reads."""
        lf = clinic.lazy().with_columns(self._prepared).select(self._values)
        known = lf.collect(engine="in-memory").row(0, named=True)
        found = []
        for category in self._categories:
            for part in category.parts:
                band = known[BANDS + part.rule.column]
                if band is not None:
                    found.append(_entry_of(part, self._entries[part.code][band], known))
            over = known.get(_over(category)) or 0.0
            if over < 0:
                start, end = _cap(category)
                found.append({**start, "points": over, **end})
        return found


def _worth(part: CharacteristicOutcomes) -> str:
    return f"{HELPERS}worth_{part.rule.column}"


def _over(category: CategoryOutcomes) -> str:
    return f"{HELPERS}over_{category.rule.name}"


@dataclass(frozen=True, slots=True)
class _Frame:
    """What an entry says in one band: before the value, its points (None where they vary), after them."""

    outcome: Outcome
    start: dict[str, Any]
    points: float | None
    end: dict[str, Any]


def _frame(category: CategoryOutcomes, outcome: Outcome) -> _Frame:
    start = {"score": category.rule.bibliography, "code": outcome.code, "sources": list(outcome.sources)}
    end = {"status": "MISSING", "note": outcome.note} if outcome.missing else {"reason": outcome.reason}
    return _Frame(outcome, start, None if outcome.fixed is None else points_of(outcome.fixed), end)


def _entry_of(part: CharacteristicOutcomes, frame: _Frame, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return one entry from the frame of its band, and what is known of the clinic."""
    points = {"points": known[_worth(part)] if frame.points is None else frame.points}
    if frame.outcome.missing:
        return {**frame.start, **points, **frame.end}
    values = {name: known[name] for name in frame.outcome.value_fields}
    value = values if len(values) > 1 else next(iter(values.values()))
    entry = {**frame.start, "value": value, **points, **frame.end}
    notes = [note for name, note in frame.outcome.unknown if known[name] is None]
    return entry | {"note": _BETWEEN_NOTES.join(notes)} if notes else entry


def _cap_entry(category: CategoryOutcomes, card: Scorecard) -> pl.Expr:
    start, end = _cap(category)
    over = cut_expr(category, card)
    text = pl.concat_str(
        pl.lit(f', {_json(start)[:-1]}, "points": '), _points_text(over), pl.lit(f", {_json(end)[1:]}")
    )
    return pl.when(over < 0).then(text)


def _cap(category: CategoryOutcomes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what stands before and after the points that the maximum of a category takes away."""
    start = {"score": category.rule.bibliography, "code": category.cap_code, "sources": []}
    return start, {"reason": category.cap_reason}


def _entry(part: CharacteristicOutcomes, category: CategoryOutcomes, card: Scorecard, before: str) -> Iterator[pl.Expr]:
    """Yield the pieces of one entry, all of them null where the characteristic does not apply."""
    band = band_of(part.rule)
    varies = _varies(part)
    frames = [_frame(category, outcome) for outcome in part.outcomes]
    yield looked_up(band, [before + _head(frame) for frame in frames])
    shown = _among(band, [outcome.number for outcome in part.outcomes if not outcome.missing])
    yield pl.when(shown).then(_value(part, card).fill_null("null"))
    if varies:
        yield pl.when(shown).then(pl.lit(', "points": '))
        varying = [outcome.number for outcome in part.outcomes if outcome.fixed is None]
        yield pl.when(_among(band, varying)).then(_points_text(points_expr(part, card)))
    unknown = list(part.rule.unknown.items())
    closing = "" if unknown else "}"
    yield looked_up(band, [_tail(frame, varies=varies) + closing for frame in frames])
    if unknown:
        yield _notes(unknown, shown, card)
        yield pl.when(band.is_not_null()).then(pl.lit("}"))


def _notes(unknown: list[tuple[str, str]], shown: pl.Expr, card: Scorecard) -> pl.Expr:
    """Return the notes of the fields that are not known, null where there is none."""
    absent = [value_of(name, card).is_null() for name, _ in unknown]
    notes = [pl.when(gone).then(pl.lit(_json(note)[1:-1])) for gone, (_, note) in zip(absent, unknown, strict=True)]
    joined = notes[0] if len(notes) == 1 else pl.concat_str(notes, separator=_BETWEEN_NOTES, ignore_nulls=True)
    text = pl.concat_str(pl.lit(', "note": "'), joined, pl.lit('"'))
    return pl.when(pl.any_horizontal(absent) & shown).then(text)


def _head(frame: _Frame) -> str:
    """Return what stands before the value, or before the points where no value is shown."""
    return _json(frame.start)[:-1] + (', "points": ' if frame.outcome.missing else ', "value": ')


def _tail(frame: _Frame, *, varies: bool) -> str:
    """Return what stands after the value, or after points that vary."""
    tail = ", " + _json(frame.end)[1:-1]
    if frame.points is None:
        return tail
    points = _json(frame.points)
    return (points if frame.outcome.missing or varies else f', "points": {points}') + tail


def _varies(part: CharacteristicOutcomes) -> bool:
    """Return whether some band of a characteristic gives points that depend on a value."""
    return any(outcome.fixed is None for outcome in part.outcomes)


def _among(band: pl.Expr, numbers: list[int]) -> pl.Expr:
    return band.is_in(pl.Series(numbers, dtype=BAND).implode())


def _points_text(hundredths: pl.Expr) -> pl.Expr:
    return in_points(hundredths).cast(pl.String)


def _value(part: CharacteristicOutcomes, card: Scorecard) -> pl.Expr:
    """Return the value that was compared as JSON text: a scalar, or an object where several fields were."""
    names = part.rule.value_fields
    values = [_rounded(name, card).alias(name) for name in names]
    if len(values) > 1:
        return pl.struct(values).struct.json_encode()
    name, value = names[0], values[0]
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
