"""Why clinics moved between tiers from one run to the next: other data, other rules, or both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from icp_engine.columns import HELPERS, KEY
from icp_engine.extract.conform import conform
from icp_engine.scorecard.model import TOTAL, Scorecard
from icp_engine.workbench.clinics import part_codes, united_fields, with_points
from icp_engine.workbench.sides import Side

DATA, RULE = f"{HELPERS}data_", f"{HELPERS}rule_"
EDGES = "tier edges"  # what puts a clinic of the same points into another tier
# Old data and card, new data by the old card, by the new one, and by the new one with the tiers of the old one.
_OO, _NO, _NN, _NN_OLD_TIERS = (f"{HELPERS}{name}_" for name in ("oo", "no", "nn", "nnt"))


@dataclass(frozen=True, slots=True)
class Causes:
    """Why clinics moved.

    Attributes:
        clinics: `clinic_id`, `cause` (data, rule, both, or unknown where scoring again does not give what was
            published), and per code the hundredths that other data (`DATA`) and other rules (`RULE`) made.
        codes: the codes, `EDGES` among them (1 where its new points would be in another tier by the old tiers).
        fields: per field the clinics whose value differs where that changed points, of these the ones whose value
            came and whose value went: `field`, `clinics`, `came`, `went`.
    """

    clinics: pl.DataFrame
    codes: Sequence[str]
    fields: pl.DataFrame


def causes_of(moved: pl.DataFrame, old: Side, new: Side) -> Causes:
    """Return why clinics moved. Source of `moved`: `clinic_id`, `old_total`, `new_total` (hundredths), both tiers.

    Old data by the old scorecard, new data by the old one, new data by the new one: the first step is what the data
    did, the second what the rules did.
    """
    cards = (old.card, new.card)
    codes, fields = part_codes(cards), list(dict.fromkeys([*old.card.reads, *new.card.reads]))
    before = with_points(_data(old, moved, fields, cards), old.card, _OO)
    after = with_points(with_points(_data(new, moved, fields, cards), old.card, _NO), new.card, _NN)
    after = with_points(after, _with_tiers_of(old.card, new.card), _NN_OLD_TIERS, parts=False)
    both = before.join(after, on=KEY, suffix=_NN).join(moved.lazy(), on=KEY)
    names = both.collect_schema().names()
    both = both.with_columns(
        *(_step(code, _OO, _NO, names).alias(DATA + code) for code in codes),
        *(_step(code, _NO, _NN, names).alias(RULE + code) for code in codes),
    )
    data = pl.any_horizontal(pl.col(DATA + code) != 0 for code in codes)
    rule = pl.any_horizontal(
        *(pl.col(RULE + code) != 0 for code in codes), pl.col(f"{_NO}tier") != pl.col(f"{_NN}tier")
    )
    same = [pl.col(f"{mark}{name}") == pl.col(f"{side}_{name}") for mark, side in ((_OO, "old"), (_NN, "new"))
            for name in ("total", "tier")]  # fmt: skip
    cause = pl.when(~pl.all_horizontal(same)).then(pl.lit("unknown")).when(data & rule).then(pl.lit("both"))
    edges = (pl.col(f"{_NN_OLD_TIERS}tier") != pl.col(f"{_NN}tier")) | (
        (pl.col(f"{_NO}tier") != pl.col(f"{_NN}tier")) & pl.all_horizontal(pl.col(RULE + code) == 0 for code in codes)
    )
    found = both.with_columns(
        cause.when(data).then(pl.lit("data")).otherwise(pl.lit("rule")).alias("cause"),
        edges.cast(pl.Int32).alias(RULE + EDGES),
    ).collect()
    kept = [KEY, "cause", *(f"{mark}{code}" for code in codes for mark in (DATA, RULE)), RULE + EDGES]
    known = found.filter(pl.col("cause") != "unknown")
    return Causes(found.select(kept).sort(KEY), [*codes, EDGES], _fields(known, fields, cards))


def _with_tiers_of(old: Scorecard, new: Scorecard) -> Scorecard:
    """Return the new scorecard with the tiers of the old one, where it has all that they stand on."""
    parts = {part for tier in old.tiers for part in tier.at_least}
    known = {TOTAL, *(category.name for category in new.categories)}
    return replace(new, tiers=old.tiers) if parts <= known else new


def _data(side: Side, moved: pl.DataFrame, fields: Sequence[str], cards: Sequence[Scorecard]) -> pl.LazyFrame:
    """Return the data of some clinics under the names of fields; what a run does not have is missing."""
    known = united_fields(cards)
    rows = side.clinics.filter(pl.col(KEY).is_in(moved[KEY].implode()))
    return conform(rows, [known[name] for name in fields]).select(KEY, *fields)


def _step(code: str, before: str, after: str, names: Sequence[str]) -> pl.Expr:
    later, earlier = (pl.col(mark + code) if mark + code in names else pl.lit(0, pl.Int32) for mark in (after, before))
    return later - earlier


def _fields(known: pl.DataFrame, fields: Sequence[str], cards: Sequence[Scorecard]) -> pl.DataFrame:
    """Return which fields differ where their characteristics give other points for it."""
    readers, rows = _readers(cards[0], fields), []
    for name in fields:
        if not readers[name]:
            continue
        old, new = (_comparable(pl.col(column), known.schema[column]) for column in (name, name + _NN))
        counts = pl.any_horizontal(pl.col(DATA + code) != 0 for code in sorted(readers[name]))
        differs = old.ne_missing(new) & counts
        clinics, came, went = known.select(
            differs.sum().alias("clinics"),
            (differs & old.is_null()).sum().alias("came"),
            (differs & new.is_null()).sum().alias("went"),
        ).row(0)
        rows.append((name, clinics, came, went))
    schema = {"field": pl.String, "clinics": pl.Int64, "came": pl.Int64, "went": pl.Int64}
    found = pl.DataFrame(rows, schema, orient="row").filter(pl.col("clinics") > 0)
    return found.sort("clinics", "field", descending=[True, False])


def _readers(card: Scorecard, fields: Sequence[str]) -> dict[str, set[str]]:
    """Return whose points a field can change: the characteristics that read it, and those that count only by these."""
    readers: dict[str, set[str]] = {name: set() for name in fields}
    for category in card.categories:
        for rule in category.characteristics:
            behind = [
                other.code
                for other in category.characteristics
                if rule.name in other.only_for or category.requires == rule.name
            ]
            for name in rule.sources:
                readers[name] |= {rule.code, *behind}
    return readers


def _comparable(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return a value as it can be compared: of a list, its items whatever their order."""
    return value.list.sort().list.join("\n", ignore_nulls=True) if isinstance(dtype, pl.List) else value
