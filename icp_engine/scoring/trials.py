"""Changes of one field, tried by scoring them: which of them takes a clinic into a better tier, and the smallest one.

Changes are measured as a part of the highest number that the scorecard names for the field: from 3 sites to 5 is 0.2
where its highest edge is 10. What is not known is measured from 0; a flag, a text and an item of a list count as 1.
Only clinics are looked at for which the best that the field could give would do. Of those that are alike one is scored:
in the situations of the categories that read the field, in the scores of the others, and in the tier.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, FixedPoints, outcome_table
from icp_engine.scorecard.rounding import UNIT
from icp_engine.scoring.changes import MOST_STEPS, Lever
from icp_engine.scoring.compiler import (
    HUNDREDTHS,
    band_stages,
    category_expr,
    compared,
    points_expr,
    tier_expr,
    total_expr,
)
from icp_engine.scoring.situations import SITUATION, of_card, situation_of

PLACE = "place"
FOUND = {"size": pl.Float64, "lever": pl.Int16, "value": pl.Float64, "now": pl.Float64, "below": pl.Float64}
_TIER = f"{HELPERS}tier_now"


@dataclass(frozen=True, slots=True)
class Plan:
    """How changes of one field are tried: expressions that are put together once, for all parts of a run.

    Attributes:
        number: the place of the field among those that can change a total.
        lever: the field.
        raised: the tier now, and the hundredths of categories with the most that the field can give.
        decides: what the scores of its categories follow from, whatever value the field takes.
        others: the tier now, and the hundredths of the categories that do not read the field.
        bands: stages of columns that lead to bands.
        scores: the hundredths of its categories, from bands.
        better: whether hundredths of all categories make a better tier than the clinic has, in two steps.
    """

    number: int
    lever: Lever
    raised: tuple[pl.Expr, ...]
    decides: tuple[pl.Expr, ...]
    others: tuple[str, ...]
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


def plan_of(number: int, lever: Lever, card: Scorecard) -> Plan:
    """Return how changes of a field are tried."""
    own = outcome_table(lever.card).categories
    gains = [
        pl.min_horizontal(
            pl.col(category.rule.column) + _most_gained(category, lever.field, card),
            pl.lit(category.maximum, HUNDREDTHS),
        ).alias(category.rule.column)
        for category in own
    ]
    rest = [category.column for category in card.categories if category not in lever.card.categories]
    return Plan(
        number=number,
        lever=lever,
        raised=(pl.col(_TIER), *map(pl.col, rest), *gains),
        decides=tuple(_decides(lever, card)),
        others=(_TIER, *rest),
        bands=(compared(lever.card), *band_stages(lever.card)),
        scores=tuple(category_expr(category, lever.card).alias(category.rule.column) for category in own),
        # The column stands first: Polars 2.1 makes one row of a typed literal that is less than a column of one value.
        better=(total_expr(card).alias(card.column("total_score")), pl.col(_TIER) > tier_expr(card.tiers, card)),
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """Clinics that a change of one field may take further.

    Attributes:
        plan: how changes of the field are tried.
        frame: what its categories read, situations, the hundredths of all categories, and the tier.
    """

    plan: Plan
    frame: pl.DataFrame

    def __getitem__(self, places: pl.Series) -> "Rows":
        """Return some of the clinics."""
        return Rows(self.plan, self.frame[places])

    def better(self, scores: pl.DataFrame, places: pl.Series) -> pl.Series:
        """Return whether hundredths of the field's categories take the clinics at places into a better tier."""
        unchanged = self.frame.select(self.plan.others)[places]
        return self.plan.is_better(unchanged.hstack(scores.get_columns()))


def with_hundredths(rows: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return situated clinics with the hundredths of categories in place of scores, and their tier."""
    scores = [(pl.col(category.column) * UNIT).round().cast(HUNDREDTHS) for category in card.categories]
    return rows.with_columns(*scores, pl.col(card.column("tier")).alias(_TIER))


def tried(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Return the smallest change of a field of those clinics that one is enough for, and their places.

    Source: what `with_hundredths` returned.
    """
    places = _worth_trying(rows, plan)
    if not len(places):
        return pl.DataFrame(schema=FOUND | {PLACE: pl.UInt32})
    needed = dict.fromkeys([*plan.lever.card.reads, *plan.others])
    some = Rows(plan, rows.select(*needed, pl.selectors.starts_with(SITUATION))[places])
    first, kind = _kinds(some.frame.select(*plan.decides, *plan.others))
    trials = _trials(some[first])
    enough = trials.select(pl.any_horizontal(pl.selectors.starts_with("hit_"))).to_series()
    hit = enough[kind].arg_true()
    found = _smallest(some[hit], trials[kind[hit]])
    return found.with_columns(places[hit].cast(pl.UInt32).alias(PLACE)).filter(pl.col("size").is_not_null())


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


def _trials(rows: Rows) -> pl.DataFrame:
    """Return of every candidate `value_`, and `hit_`, whether it makes a better tier.

    Scores of the field's categories do not hang on those of others, so fewer clinics are scored than are compared.
    """
    plan, lever = rows.plan, rows.plan.lever
    first, kind = _kinds(rows.frame.select(plan.decides))
    some, dtype, numbers = rows.frame[first], rows.frame.schema[lever.field], range(len(lever.candidates))
    values = some.with_columns(  # not select, in which values that are the same for all would be one row
        each.value.cast(dtype).alias(f"value_{number}") for number, each in enumerate(lever.candidates)
    ).select(f"value_{number}" for number in numbers)
    others = some.select(lever.card.reads).drop(lever.field)
    scores = plan.score(pl.concat([others.hstack([value.alias(lever.field)]) for value in values]))
    every = pl.int_range(len(kind), eager=True)
    better = rows.better(
        scores[pl.concat([kind + len(some) * number for number in numbers])], pl.concat([every] * len(numbers))
    )
    hits = [better.slice(number * len(kind), len(kind)).alias(f"hit_{number}") for number in numbers]
    return values.cast(pl.Float64)[kind].hstack(hits) if _is_plain(lever) else pl.DataFrame(hits)


def _is_plain(lever: Lever) -> bool:
    """Return whether values of the field are numbers, or count as some."""
    return lever.is_number or lever.kind == "flag"


def _smallest(rows: Rows, trials: pl.DataFrame) -> pl.DataFrame:
    """Return the smallest change of the field that makes a better tier, for each of the clinics."""
    plan, lever = rows.plan, rows.plan.lever
    now = rows.frame.select(_now(lever)).to_series()
    trials = trials.hstack([now]).with_columns(_hit(lever, number) for number in range(len(lever.candidates)))
    if lever.is_number:
        trials = _numbers_tried(rows, trials)
    else:
        hits = [
            pl.when(pl.col(f"hit_{place}")).then(pl.lit(place, pl.Float64)) for place in range(len(lever.candidates))
        ]
        trials = trials.with_columns(pl.min_horizontal(hits).alias("value"))
        trials = trials.with_columns((pl.col("value") >= 0).cast(pl.Float64).alias("size"), below=None)
    trials = trials.with_columns(pl.lit(plan.number).alias("lever"))
    return trials.select(pl.col(name).cast(dtype) for name, dtype in FOUND.items())


def _now(lever: Lever) -> pl.Expr:
    """Return the value as a number; of a text or list 1 where there is one."""
    value = pl.col(lever.field)
    return (value.cast(pl.Float64) if _is_plain(lever) else pl.when(value.is_not_null()).then(1.0)).alias("now")


def _hit(lever: Lever, number: int) -> pl.Expr:
    """Return whether a candidate is enough, and a change."""
    hit, now = pl.col(f"hit_{number}"), pl.col("now")
    if _is_plain(lever):
        value = pl.col(f"value_{number}")
        return hit & value.is_not_null() & value.ne_missing(now)
    return hit & now.is_null() if lever.candidates[number].applies == "missing" else hit


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


def _decides(lever: Lever, card: Scorecard) -> Iterator[pl.Expr]:
    """Yield what the scores of a field's categories follow from, whatever value the field takes."""
    names = {category.name for category in lever.card.categories}
    found = [situation for category, every in of_card(card) if category.rule.name in names for situation in every]
    raw: set[str] = {lever.field} if lever.kind == "list" else set()
    for situation in found:
        rule = situation.part.rule
        forms = [out.points.field for out in situation.part.outcomes if not isinstance(out.points, FixedPoints)]
        ratios = [name for name in rule.value_fields if lever.field in card.derived.get(name, ())]
        wanted = rule.sources if situation.together else (*forms, *ratios)
        raw |= {part for name in wanted for part in card.derived.get(name, (name,)) if part != lever.field}
    yield from map(situation_of, found)
    for name in sorted(raw):
        is_list = card.fields[name].type == "list"
        yield pl.col(name).list.join("\x00", ignore_nulls=True) if is_list else pl.col(name)


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
    found = _halved(rows[apart], ends[apart])
    return (ends["high"].scatter(apart, found) / lever.steps).alias(end)


def _halved(rows: Rows, ends: pl.DataFrame) -> pl.Series:
    """Return the steps nearest to `low` that are enough, as `high` is; clinics that are alike are halved once."""
    plan, lever, dtype = rows.plan, rows.plan.lever, rows.frame.schema[rows.plan.lever.field]
    first, kind = _kinds(rows.frame.select(*plan.decides, *plan.others, *ends.get_columns()))
    ends, rows = ends[first], rows[first]
    fields = rows.frame.select(lever.card.reads).drop(lever.field)
    middle = ((pl.col("low") + pl.col("high")) / 2).floor().alias("middle")
    value = (middle / lever.steps).cast(dtype).alias(lever.field)
    while len(apart := ends.select(((pl.col("high") - pl.col("low")).abs() > 1).arg_true()).to_series()):
        tries = ends[apart].select(middle, value)
        hit = rows.better(plan.score(fields[apart].hstack([tries[lever.field]])), apart)
        moved = {"high": tries["middle"].filter(hit), "low": tries["middle"].filter(~hit)}
        where = {"high": apart.filter(hit), "low": apart.filter(~hit)}
        ends = pl.DataFrame([ends[name].scatter(where[name], moved[name]) for name in ("low", "high")])
    return ends["high"][kind]


def _kinds(keys: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return the first row of each kind, and the kind of each row."""
    hashes = keys.hash_rows()
    first = hashes.arg_unique()
    kinds = pl.DataFrame({"key": hashes[first], "kind": pl.int_range(len(first), eager=True)})
    return first, hashes.to_frame("key").join(kinds, on="key", how="left", maintain_order="left")["kind"]
