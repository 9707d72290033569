"""The smallest single change of one field that takes a clinic into a better tier.

Changes are measured as a part of the highest number that the scorecard names for the field: from 3 sites to 5 is 0.2
where its highest edge is 10. What is not known is measured from 0; a flag, a text and an item of a list count as 1. Of
two that are as small, the field that the scorecard reads first wins. Every change is tried by scoring it again: once
for each situation of the categories that read the field, and only where the best that they could give would do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, FixedPoints, outcome_table
from icp_engine.scorecard.rounding import UNIT
from icp_engine.scoring.changes import MOST_STEPS, Lever, levers
from icp_engine.scoring.compiler import (
    HUNDREDTHS,
    band_stages,
    category_expr,
    compared,
    points_expr,
    tier_expr,
    total_expr,
)
from icp_engine.scoring.situations import SITUATION, of_card, situated, situation_of

_TIER, _PLACE = f"{HELPERS}tier_now", "place"
_FOUND = {"size": pl.Float64, "lever": pl.Int16, "value": pl.Float64, "now": pl.Float64, "below": pl.Float64}


@dataclass(frozen=True, slots=True)
class Plan:
    """How changes of one field are tried: expressions that are put together once, for all parts of a run.

    Attributes:
        lever: the field.
        raised: the tier now, and the hundredths of categories with the most that the field can give.
        decides: what the scores of its categories follow from, whatever value the field takes.
        bands: stages of columns that lead to bands.
        scores: the hundredths of its categories, from bands.
        better: whether hundredths of all categories make a better tier than the clinic has, in two steps.
    """

    lever: Lever
    raised: tuple[pl.Expr, ...]
    decides: tuple[pl.Expr, ...]
    bands: tuple[list[pl.Expr], ...]
    scores: tuple[pl.Expr, ...]
    better: tuple[pl.Expr, pl.Expr]

    def score(self, changed: pl.DataFrame) -> pl.DataFrame:
        """Return the hundredths of the categories that read the field, for rows in which it has changed."""
        lf = changed.lazy()
        for stage in self.bands:
            lf = lf.with_columns(stage)
        return lf.select(self.scores).collect()

    def is_better(self, scores: pl.DataFrame) -> pl.Series:
        """Return whether scores make a better tier. Source: hundredths of all categories, the tier now."""
        total, better = self.better
        return scores.lazy().with_columns(total).select(better).collect().to_series()


def _plan(lever: Lever, card: Scorecard) -> Plan:
    own = outcome_table(lever.card).categories
    gains = [
        pl.min_horizontal(
            pl.col(category.rule.column) + _most_gained(category, lever.field, card),
            pl.lit(category.maximum, HUNDREDTHS),
        ).alias(category.rule.column)
        for category in own
    ]
    others = [pl.col(category.column) for category in card.categories if category not in lever.card.categories]
    return Plan(
        lever=lever,
        raised=(pl.col(_TIER), *others, *gains),
        decides=tuple(_decides(lever, card)),
        bands=(compared(lever.card), *band_stages(lever.card)),
        scores=tuple(category_expr(category, lever.card).alias(category.rule.column) for category in own),
        better=(total_expr(card).alias(card.column("total_score")), tier_expr(card.tiers, card) < pl.col(_TIER)),
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """Clinics that a change of one field may take further.

    Attributes:
        plan: how changes of the field are tried.
        frame: what its categories read, situations, the hundredths of all categories, and the tier.
        scores: the columns of these hundredths, after the tier.
    """

    plan: Plan
    frame: pl.DataFrame
    scores: list[str]


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
        self._card, self.levers = card, levers(card)
        self._plans = [_plan(lever, card) for lever in self.levers]

    def column(self, rows: pl.DataFrame) -> pl.Series:
        """Return the column `next_tier`: missing in the best tier, and where no change is enough.

        Source: score columns and what `situated` returned.
        """
        found = self._smallest(rows)
        changes = found.select(*_FOUND).drop("size").unique()
        texts = pl.Series([self._text(*change) for change in changes.iter_rows()], dtype=pl.String)
        spelled = found.join(
            changes.with_columns(texts.alias("text")),
            on=changes.columns,
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        empty = pl.repeat(None, len(rows), dtype=pl.String, eager=True).alias(self._card.column("next_tier"))
        return empty.scatter(spelled[_PLACE], spelled["text"])

    def changes(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the smallest change of every clinic: its `size`, the `lever`, the `value`, and what words need."""
        found = self._smallest(situated(frame, self._card))
        empty = pl.DataFrame(schema=_FOUND).clear(len(frame))
        return empty.with_columns(empty[name].scatter(found[_PLACE], found[name]) for name in _FOUND)

    def _smallest(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the smallest change of those clinics that one is enough for, by place."""
        found = self._found(rows).sort(_PLACE, "size", "lever")
        return found.filter(pl.col(_PLACE).ne_missing(pl.col(_PLACE).shift()))

    def paths(self, clinic: pl.DataFrame) -> list[Path]:
        """Return the smallest change of each field that takes a clinic into a better tier, the smallest of all first.

        Source: one row of conformed fields, bands and scores.
        """
        found = pl.concat(
            [pl.DataFrame(schema=_FOUND), *(self._by_field(situated(clinic, self._card)))], how="diagonal"
        )
        rows = found.select(*_FOUND).sort("size", "lever").iter_rows()
        return [Path(self.levers[row[1]].field, self._text(*row[1:]) or "", row[0], row[3] is None) for row in rows]

    def _found(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the smallest change of every field, of those clinics that it is enough for."""
        return pl.concat([pl.DataFrame(schema=_FOUND | {_PLACE: pl.UInt32}), *self._by_field(rows)])

    def _by_field(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield for each field its smallest change of those clinics that one is enough for, and their places."""
        card = self._card
        names = [_TIER, *(category.column for category in card.categories)]
        scores = [(pl.col(name) * UNIT).round().cast(HUNDREDTHS) for name in names[1:]]
        rows = rows.with_columns(*scores, pl.col(card.column("tier")).alias(_TIER))
        for number, plan in enumerate(self._plans):
            places = _worth_trying(rows, plan)
            if len(places):
                some = rows.select(*plan.lever.card.reads, *names, pl.selectors.starts_with(SITUATION))[places]
                tried = _tried(Rows(plan, some, names), number).with_columns(places.cast(pl.UInt32).alias(_PLACE))
                yield tried.filter(pl.col("size").is_not_null())

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


def _worth_trying(rows: pl.DataFrame, plan: Plan) -> pl.Series:
    """Return the places of the clinics for which the most that the field can give would make a better tier."""
    enough = plan.is_better(rows.select(plan.raised))
    return (enough & rows[plan.lever.field].is_null() if plan.lever.kind == "text" else enough).arg_true()


def _most_gained(category: CategoryOutcomes, field: str, card: Scorecard) -> pl.Expr:
    """Return the most hundredths that a category can gain when one field changes, beyond what it gives now."""
    rules = [part.rule for part in category.parts]
    if category.rule.requires or category.rule.all_missing or any(rule.only_for for rule in rules):
        return pl.lit(category.maximum, HUNDREDTHS)
    gained = pl.lit(0, HUNDREDTHS)
    for part, share in zip(category.parts, category.shares, strict=True):
        if field in part.rule.sources:
            most = max(outcome.ends[1] for outcome in part.outcomes)
            gained += ((most - points_expr(part, card)) * float(share)).ceil().cast(HUNDREDTHS) + 1  # 1 for rounding
    return gained


def _tried(rows: Rows, number: int) -> pl.DataFrame:
    """Return the smallest change of the field that makes a better tier, for each of the clinics."""
    trials, lever = _trials(rows), rows.plan.lever
    places = range(len(lever.candidates))
    if lever.is_number:
        trials = _numbers_tried(rows, trials)
    else:
        hits = [pl.when(pl.col(f"hit_{place}")).then(pl.lit(place, pl.Float64)) for place in places]
        trials = trials.with_columns(pl.min_horizontal(hits).alias("value"))
        trials = trials.with_columns((pl.col("value") >= 0).cast(pl.Float64).alias("size"), below=None)
    trials = trials.with_columns(pl.lit(number).alias("lever"))
    return trials.select(pl.col(name).cast(dtype) for name, dtype in _FOUND.items())


def _numbers_tried(rows: Rows, trials: pl.DataFrame) -> pl.DataFrame:
    """Return the trials with the nearest value that is enough: `value`, `size`, and `below` which it is enough."""
    lever, now = rows.plan.lever, pl.col("now")
    pairs = [(pl.col(f"value_{place}"), pl.col(f"hit_{place}")) for place in range(len(lever.candidates))]
    ups = [pl.when(hit & ((value > now) | now.is_null())).then(value) for value, hit in pairs]
    downs = [pl.when(hit & (value < now)).then(value) for value, hit in pairs]
    trials = trials.with_columns(pl.min_horizontal(ups).alias("up"), pl.max_horizontal(downs).alias("down"))
    if lever.on_line:
        trials = trials.with_columns([_nearer(rows, trials, end) for end in ("up", "down")])
    up, down = _size(pl.col("up"), lever), _size(pl.col("down"), lever)
    downward = (down < up) | (up.is_null() & down.is_not_null())
    trials = trials.with_columns(
        pl.when(downward).then(pl.col("down")).otherwise(pl.col("up")).alias("value"),
        pl.when(downward).then(down).otherwise(up).alias("size"),
    )
    fails = [pl.when((value > pl.col("value")) & ~hit & now.is_null()).then(value) for value, hit in pairs]
    return trials.with_columns(pl.min_horizontal(fails).alias("below"))


def _size(value: pl.Expr, lever: Lever) -> pl.Expr:
    """Return how large a change is."""
    now = pl.col("now")
    if lever.top:
        return (value - now.fill_null(0.0)).abs() / lever.top
    part = (value - now).abs() / pl.max_horizontal(value, now)
    return pl.when(value.is_not_null()).then(part.fill_null(1.0))


def _trials(rows: Rows) -> pl.DataFrame:
    """Return `now`, and of every candidate `hit_`, whether it makes a better tier, and the `value_` of a number.

    Clinics in one situation of the categories that read the field are scored once.
    """
    lever, frame = rows.plan.lever, rows.frame
    first, place = _alike(frame.select(rows.plan.decides))
    some, dtype = frame[first].select(lever.card.reads), frame.schema[lever.field]
    numbers = range(len(lever.candidates))
    values = some.with_columns(  # not select, in which values that are the same for all would be one row
        each.value.cast(dtype).alias(f"value_{number}") for number, each in enumerate(lever.candidates)
    ).drop(some.columns)
    others = some.drop(lever.field)
    changed = pl.concat([others.hstack([values[f"value_{number}"].alias(lever.field)]) for number in numbers])
    where = pl.concat([place + len(first) * number for number in numbers])
    scores = rows.plan.score(changed)[where]
    unchanged = frame.select(rows.scores).drop(scores.columns)
    better = rows.plan.is_better(pl.concat([unchanged] * len(numbers)).hstack(scores.get_columns()))
    hits = [better.slice(number * len(frame), len(frame)).alias(f"hit_{number}") for number in numbers]
    plain = lever.is_number or lever.kind == "flag"
    given = values[place].get_columns() if plain else []
    trials = pl.DataFrame([frame[lever.field].alias("now"), *given, *hits])
    return trials.select(_now(lever), *(expr for number in numbers for expr in _hit(lever, number)))


def _now(lever: Lever) -> pl.Expr:
    """Return the value as a number; of a text or list 1 where there is one."""
    now = pl.col("now")
    return (
        now.cast(pl.Float64)
        if lever.is_number or lever.kind == "flag"
        else pl.when(now.is_not_null()).then(1.0).alias("now")
    )


def _hit(lever: Lever, number: int) -> Iterator[pl.Expr]:
    """Yield whether a candidate is enough and a change, and before it the value of a number or flag."""
    hit, value, now = pl.col(f"hit_{number}"), pl.col(f"value_{number}"), pl.col("now")
    if lever.is_number or lever.kind == "flag":
        yield value.cast(pl.Float64)
        yield hit & value.is_not_null() & value.ne_missing(now)
    else:
        yield hit & now.is_null() if lever.candidates[number].applies == "missing" else hit


def _decides(lever: Lever, card: Scorecard) -> list[pl.Expr]:
    """Return what the scores of a field's categories follow from, whatever value the field takes."""
    names = {category.name for category in lever.card.categories}
    found = [situation for category, every in of_card(card) if category.rule.name in names for situation in every]
    raw: set[str] = {lever.field} if lever.kind == "list" else set()
    for situation in found:
        rule = situation.part.rule
        forms = [out.points.field for out in situation.part.outcomes if not isinstance(out.points, FixedPoints)]
        ratios = [name for name in rule.value_fields if lever.field in card.derived.get(name, ())]
        wanted = rule.sources if situation.together else (*forms, *ratios)
        raw |= {part for name in wanted for part in card.derived.get(name, (name,)) if part != lever.field}
    values = [
        pl.col(name).list.join("\x00", ignore_nulls=True) if card.fields[name].type == "list" else pl.col(name)
        for name in sorted(raw)
    ]
    return [*(situation_of(situation) for situation in found), *values]


def _nearer(rows: Rows, trials: pl.DataFrame, end: str) -> pl.Series:
    """Return values on a line that are enough and nearer than candidates: found by halving the way, in whole steps."""
    lever, far = rows.plan.lever, pl.col(end)
    values = [pl.col(f"value_{place}") for place in range(len(lever.candidates))]
    if end == "up":
        near = pl.max_horizontal(*(pl.when(value < far).then(value) for value in values), pl.col("now"))
        whole = (near * lever.steps).clip(upper_bound=MOST_STEPS).floor()
    else:
        near = pl.min_horizontal(*(pl.when(value > far).then(value) for value in values), pl.col("now"))
        whole = (near * lever.steps).clip(upper_bound=MOST_STEPS).ceil()
    ends = trials.select(whole.alias("low"), (far * lever.steps).round().alias("high"))
    apart = ((ends["high"] - ends["low"]).abs() > 1).fill_null(value=False).arg_true()
    found = _halved(rows, apart, ends[apart])
    return (ends["high"].scatter(apart, found) / lever.steps).alias(end)


def _halved(rows: Rows, places: pl.Series, ends: pl.DataFrame) -> pl.Series:
    """Return the steps nearest to `low` that are enough, as `high` is; clinics that are alike are halved once."""
    plan, lever, dtype = rows.plan, rows.plan.lever, rows.frame.schema[rows.plan.lever.field]
    frame = rows.frame[places]
    first, place = _alike(pl.concat([frame.select(*plan.decides, *rows.scores), ends], how="horizontal"))
    ends, frame = ends[first], frame[first]
    fields = frame.select(lever.card.reads).drop(lever.field)
    scores = frame.select(rows.scores).drop([category.column for category in lever.card.categories])
    middle = ((pl.col("low") + pl.col("high")) / 2).floor().alias("middle")
    value = (middle / lever.steps).cast(dtype).alias(lever.field)
    while len(apart := ends.select(((pl.col("high") - pl.col("low")).abs() > 1).arg_true()).to_series()):
        tried = ends[apart].select(middle, value)
        changed = fields[apart].hstack([tried[lever.field]])
        hit = plan.is_better(scores[apart].hstack(plan.score(changed).get_columns()))
        tried = tried.select("middle", hit=hit)
        moved = {"high": tried.filter("hit")["middle"], "low": tried.filter(~pl.col("hit"))["middle"]}
        where = {"high": apart.filter(hit), "low": apart.filter(~hit)}
        ends = pl.DataFrame([ends[name].scatter(where[name], moved[name]) for name in ("low", "high")])
    return ends["high"][place]


def _alike(keys: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return the first row of each kind, and which of them each row is like."""
    hashes = keys.hash_rows()
    first = hashes.arg_unique()
    kinds = pl.DataFrame({"key": hashes[first], "place": pl.int_range(len(first), eager=True)})
    return first, hashes.to_frame("key").join(kinds, on="key", how="left", maintain_order="left")["place"]
