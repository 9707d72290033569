"""The smallest single change of one field that takes a clinic into a better tier.

Of two changes that are as small, the field that the scorecard reads first wins.
"""

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.changes import Lever, levers
from icp_engine.scoring.situations import situated
from icp_engine.scoring.trials import FOUND, PLACE, Plan, plan_of, tried, with_hundredths


@dataclass(frozen=True, slots=True)
class Path:
    """A change of one field that takes a clinic into a better tier: in words, how large, and whether it is unknown."""

    field: str
    words: str
    size: float
    unknown: bool


class NextTierFinder:
    """Finds the smallest change that takes clinics into a better tier, one part of a run's clinics after the other."""

    def __init__(self, card: Scorecard) -> None:
        """Work out which fields can change what."""
        self._card = card
        self.levers, self._plans = _plans_of(card)

    def column(self, rows: pl.DataFrame) -> pl.Series:
        """Return the column `next_tier`: missing in the best tier, and where no change is enough.

        Source: score columns and what `situated` returned.
        """
        found = self._smallest(rows)
        changes = found.select(*FOUND).drop("size").unique()
        texts = pl.Series([self._text(*change) for change in changes.iter_rows()], dtype=pl.String)
        spelled = found.join(
            changes.with_columns(texts.alias("text")),
            on=changes.columns,
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        empty = pl.repeat(None, len(rows), dtype=pl.String, eager=True).alias(self._card.column("next_tier"))
        return empty.scatter(spelled[PLACE], spelled["text"])

    def changes(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the smallest change of every clinic: its `size`, the `lever`, the `value`, and what words need."""
        found = self._smallest(situated(frame, self._card))
        empty = pl.DataFrame(schema=FOUND).clear(len(frame))
        return empty.with_columns(empty[name].scatter(found[PLACE], found[name]) for name in FOUND)

    def _smallest(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the smallest change of those clinics that one is enough for, by place."""
        found = self._found(rows).sort(PLACE, "size", "lever")
        return found.filter(pl.col(PLACE).ne_missing(pl.col(PLACE).shift()))

    def paths(self, clinic: pl.DataFrame) -> list[Path]:
        """Return the smallest change of each field that takes a clinic into a better tier, the smallest of all first.

        Source: one row of conformed fields, bands and scores.
        """
        found = self._found(situated(clinic, self._card))
        rows = found.select(*FOUND).sort("size", "lever").iter_rows()
        return [Path(self.levers[row[1]].field, self._text(*row[1:]) or "", row[0], row[3] is None) for row in rows]

    def _found(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the smallest change of every field, of those clinics that it is enough for, by place."""
        rows = with_hundredths(rows, self._card)
        empty = pl.DataFrame(schema=FOUND | {PLACE: pl.UInt32})
        return pl.concat([empty, *(tried(rows, plan) for plan in self._plans)])

    def _text(self, number: int | None, value: float | None, now: float | None, below: float | None) -> str | None:
        """Return a change in words."""
        if number is None or value is None:
            return None
        lever = self.levers[number]
        if not lever.is_number:
            words = lever.candidates[int(value)].words
            if not words:
                return f"{lever.label} known"
            words = words if lever.kind == "flag" else f"with {words}"
            return f"{lever.label} known and {words}" if now is None else f"{lever.label} {words}"
        if now is None:
            limits = [f"at least {value:,.12g}"] if value else []
            limits += [] if below is None else [f"less than {below:,.12g}"]
            return " and ".join([f"{lever.label} known", *limits])
        amount = abs(value - now)
        if lever.kind == "integer" and lever.unit:
            unit = lever.unit.removesuffix("s") if amount == 1 else lever.unit
            return f"{amount:,.0f} {'more' if value > now else 'fewer'} {unit}"
        return f"{lever.label} {'raised' if value > now else 'lowered'} to {value:,.12g}"


@lru_cache(maxsize=16)
def _plans_of(card: Scorecard) -> tuple[tuple[Lever, ...], tuple[Plan, ...]]:
    """Return the fields that can change what, and how their changes are tried: put together once, not for a run."""
    found = tuple(levers(card))
    return found, tuple(plan_of(number, lever, card) for number, lever in enumerate(found))
