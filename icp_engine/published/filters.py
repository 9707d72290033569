"""Which rows of a list are wanted: a filter once, as conditions that SQL and Polars both can say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from icp_engine.columns import HELPERS, NAME, STATE
from icp_engine.database import quoted
from icp_engine.networks.columns import OF_NETWORK
from icp_engine.scorecard.model import Scorecard

SEARCHED = f"{HELPERS}searched"  # a frame's column of lower-cased names, in which words are looked for
Listed = Literal["clinics", "networks"]
_NAMES: dict[Listed, str] = {
    "clinics": NAME,
    "networks": "concat_ws(' ', display_name, network_name)",
}  # the same in SQL


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows to take; what is None does not narrow. Every one of `words` must occur in the name, in any case."""

    tiers: tuple[int, ...] | None = None
    segments: tuple[str, ...] | None = None
    state: str | None = None
    min_score: float | None = None
    min_clinics: int | None = None
    min_states: int | None = None
    network_id: str | None = None
    words: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column must be: one of some values, that value, at least so much, a list (`A,B`) with that item, known.

    `mentions` is about the name, and its column is what SQL makes the name of; `known` is true or false.
    """

    column: str
    test: Literal["one of", "is", "at least", "lists", "known", "mentions"]
    value: Any


def conditions(wanted: Filter, what: Listed, card: Scorecard) -> tuple[Condition, ...]:
    """Return what the columns of clinics or networks must be, all of it, in the names of a scorecard."""
    before = "" if what == "clinics" else OF_NETWORK
    in_state = Condition(STATE, "is", None) if what == "clinics" else Condition("states_covered", "lists", None)
    asked = [
        Condition(before + card.column("tier"), "one of", wanted.tiers or None),
        Condition(before + card.column("segment"), "one of", wanted.segments or None),
        Condition(before + card.column("total_score"), "at least", wanted.min_score),
        Condition("num_clinics", "at least", wanted.min_clinics),
        Condition("num_states", "at least", wanted.min_states),
        Condition(in_state.column, in_state.test, wanted.state and wanted.state.upper()),
        Condition("network_id", "is", wanted.network_id),
        *(Condition(_NAMES[what], "mentions", word) for word in wanted.words or ()),
    ]
    return tuple(condition for condition in asked if condition.value is not None)


def in_sql(asked: Sequence[Condition]) -> tuple[str, dict[str, Any]]:
    """Return conditions as SQL, and the values that it names; nothing that a user typed becomes SQL."""
    texts, values = [], {}
    for number, condition in enumerate(asked):
        name = f"value_{number}"
        column = condition.column if condition.test == "mentions" else quoted(condition.column)
        values[name] = list(condition.value) if condition.test == "one of" else condition.value
        texts.append(
            {
                "one of": f"list_contains(${name}, {column})",
                "is": f"{column} = ${name}",
                "at least": f"{column} >= ${name}",
                "lists": f"list_contains(string_split({column}, ','), ${name})",
                "known": f"({column} is not null) = ${name}",
                "mentions": f"contains(lower({column}), lower(${name}))",
            }[condition.test]
        )
    return " and ".join(texts) or "true", values


def in_frame(asked: Sequence[Condition]) -> pl.Expr:
    """Return conditions as an expression, null where a column is missing. Source: `SEARCHED` where words are asked."""
    return pl.all_horizontal(*map(_expression, asked)) if asked else pl.lit(value=True)


def _expression(condition: Condition) -> pl.Expr:
    column = pl.col(SEARCHED if condition.test == "mentions" else condition.column)
    match condition.test:
        case "one of":
            return column.is_in(list(condition.value))
        case "is":
            return column.eq(condition.value)
        case "at least":
            return column.ge(condition.value)
        case "lists":
            return (pl.lit(",") + column + pl.lit(",")).str.contains(f",{condition.value},", literal=True)
        case "known":
            return column.is_not_null() if condition.value else column.is_null()
        case "mentions":
            return column.str.contains(condition.value.lower(), literal=True)
