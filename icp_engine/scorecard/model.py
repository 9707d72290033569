"""A scorecard as frozen values. Nothing here reads files or knows Polars."""

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as values
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import Any, Literal

from icp_engine.columns import (
    Column,
    Field,
    driver_columns,
    missing_columns,
    rank_columns,
    score_columns,
    stability_column,
)
from icp_engine.display import html_block, html_table
from icp_engine.scorecard.rounding import exact, hundredths, in_points

TOTAL = "total"

NumberTest = Literal["at_least", "above", "at_most", "below"]
TextTest = Literal["mentions", "equals", "includes"]
ReasonColumn = Literal["reason_codes", "top_reasons", "unknown"]
MissingColumn = Literal["coverage", "score_floor", "score_ceiling", "tier_certain", "next_tier"]
ScorecardColumn = (
    Literal[
        "total_score", "tier", "tier_label", "segment", "rank", "percentile", "tie_size", "tier_stability",
        "reason_codes", "top_reasons", "unknown",
    ]
    | MissingColumn
)  # fmt: skip
Order = Literal["descending", "ascending"]

RANK_COLUMNS: tuple[ScorecardColumn, ...] = ("rank", "percentile", "tie_size")
"""Columns that say where a clinic stands among all of a run."""

REASON_COLUMNS: tuple[ReasonColumn, ...] = ("reason_codes", "top_reasons", "unknown")
"""Columns that follow from the bands of a clinic alone."""
MISSING_COLUMNS: tuple[MissingColumn, ...] = (
    "coverage",
    "score_floor",
    "score_ceiling",
    "tier_certain",
    "next_tier",
)
"""Columns that say what missing data hides, and what would take a clinic further."""


@dataclass(frozen=True, slots=True)
class Compare:
    """True where a number field is on the stated side of an edge."""

    field: str
    test: NumberTest
    edge: float


@dataclass(frozen=True, slots=True)
class Match:
    """True where one of the text fields mentions a phrase, equals one, or a list field includes one."""

    fields: tuple[str, ...]
    test: TextTest
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """True where a flag is known and is as stated."""

    field: str
    value: bool


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where one of the conditions holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """True where all of the conditions hold."""

    conditions: tuple["Condition", ...]


Condition = Compare | Match | Flag | AnyOf | AllOf


@dataclass(frozen=True, slots=True)
class Fixed:
    """Points that are the same for everyone in the band."""

    value: float

    @property
    def least(self) -> float:
        """The fewest points that this can give."""
        return self.value

    @property
    def most(self) -> float:
        """The most points that this can give."""
        return self.value


@dataclass(frozen=True, slots=True)
class Line:
    """Points on a straight line: `start` at `low`, `stop` at `high`, level outside, rounded to `decimals`."""

    field: str
    start: float
    stop: float
    low: float
    high: float
    decimals: int = 2

    @property
    def least(self) -> float:
        """The fewest points that this can give."""
        return in_points(hundredths(min(self.start, self.stop), self.decimals))

    @property
    def most(self) -> float:
        """The most points that this can give."""
        return in_points(hundredths(max(self.start, self.stop), self.decimals))


@dataclass(frozen=True, slots=True)
class Share:
    """Points for the distinct items of a list field that stand in `phrases`: their share, times `times`."""

    field: str
    phrases: tuple[str, ...]
    times: float
    decimals: int = 2

    @property
    def least(self) -> float:
        """The fewest points that this can give."""
        return min(0.0, in_points(hundredths(self.times, self.decimals)))

    @property
    def most(self) -> float:
        """The most points that this can give."""
        return max(0.0, in_points(hundredths(self.times, self.decimals)))


Points = Fixed | Line | Share


@dataclass(frozen=True, slots=True)
class Band:
    """One outcome of a characteristic. Without a condition it takes whoever is left.

    A band with a `note` instead of a `reason` counts as MISSING in the bibliography. `say` is a sentence to open a call
    with, `warn` what to leave alone in it.
    """

    name: str
    condition: Condition | None
    points: Points
    reason: str | None = None
    note: str | None = None
    segment: str | None = None
    say: str | None = None
    warn: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """What an absent field is worth. `reads_as` lets fields read as a value and land in a band all the same.

    `ask` is the question that would settle it.
    """

    fields: tuple[str, ...]
    how: Literal["any", "all"]
    points: float
    note: str
    segment: str | None = None
    reads_as: dict[str, float] = values(default_factory=dict)
    ask: str | None = None


@dataclass(frozen=True, slots=True)
class Bonus:
    """Points on top of a band, inside the characteristic's own maximum."""

    condition: Condition
    points: float
    reason: str


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One thing looked at. What its band numbers mean stands in `outcomes`; 0 is missing.

    `band_prefix` sets its band column apart from those of other scorecards of the same run.
    """

    category: str
    name: str
    label: str
    field: str | None
    bands: tuple[Band, ...]
    missing: Missing | None
    sources: tuple[str, ...]
    value_fields: tuple[str, ...]
    only_for: dict[str, tuple[str, ...]] = values(default_factory=dict)
    unknown: dict[str, str] = values(default_factory=dict)
    bonus: Bonus | None = None
    maximum: float | None = None
    weight: float = 1.0
    headline: bool = True
    band_prefix: str = ""

    def __hash__(self) -> int:
        """Return a number that is the same for the same place in a scorecard."""
        return hash(self.code)

    @property
    def code(self) -> str:
        """`category.characteristic`, the start of its reason codes."""
        return f"{self.category}.{self.name}"

    @property
    def column(self) -> str:
        """The name of its band column."""
        return f"{self.band_prefix}{self.category}_{self.name}"


@dataclass(frozen=True, slots=True)
class Category:
    """A group of characteristics with its own maximum.

    `driver` is the column that names the characteristic which brings the most to its score, where one is wanted.
    """

    name: str
    label: str
    maximum: float
    characteristics: tuple[Characteristic, ...]
    column: str
    bibliography: str
    breakdown: str
    requires: str | None = None
    all_missing: str | None = None
    combine: Literal["sum", "weighted_mean"] = "sum"
    driver: str | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Every field that the category reads, once, in file order."""
        return tuple(dict.fromkeys(name for rule in self.characteristics for name in rule.sources))


@dataclass(frozen=True, slots=True)
class Tier:
    """Class by score: from which edges on, of the total or of several categories at once. The last has none."""

    number: int
    label: str
    meaning: str
    at_least: dict[str, float]


@dataclass(frozen=True, slots=True)
class TieBreak:
    """What sets clinics of one score apart: a field, and which of its values come first. Missing comes last."""

    field: str
    order: Order


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example inside a scorecard: the given fields and what must come out."""

    name: str
    given: dict[str, object]
    expect: dict[str, object]
    line: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A whole model, checked: what `load_scorecard` returns and everything else reads.

    `segments` has the label of every letter, `segment_names` what the API calls it. `aliases` are other names of items
    of lists, by the form in which items are compared. It shows itself in a notebook.

    >>> import icp_engine as icp
    >>> card = icp.load_scorecard("icp")
    >>> [(category.label, category.maximum) for category in card.categories][:2]
    [('Fit', 20.0), ('Pain', 20.0)]
    >>> [(tier.label, card.edges(tier)) for tier in card.tiers][:2]
    [('Tier 1 - HOT', 'score 80 or more'), ('Tier 2 - Qualified', 'score 60 or more')]
    """

    id: str
    version: str
    title: str
    prefix: str
    hash: str
    source: str
    content: dict[str, Any] = values(repr=False, compare=False)
    extends: str | None
    fields: dict[str, Field]
    derived: dict[str, tuple[str, str]]
    categories: tuple[Category, ...]
    tiers: tuple[Tier, ...]
    network_tiers: tuple[Tier, ...]
    segments: dict[str, str]
    segment_names: dict[str, str]
    examples: tuple[Example, ...]
    named_columns: dict[str, str]
    combine: Literal["sum", "product"] = "sum"
    divide_by: float = 1.0
    aliases: dict[str, str] = values(default_factory=dict)
    tie_breaks: tuple[TieBreak, ...] = ()

    def __hash__(self) -> int:
        """Return a number that is the same for the same rules."""
        return hash(self.hash)

    @property
    def characteristics(self) -> tuple[Characteristic, ...]:
        """All characteristics in file order."""
        return tuple(rule for category in self.categories for rule in category.characteristics)

    @property
    def segment_source(self) -> Characteristic | None:
        """The characteristic whose bands name the segment, if there is one."""
        carriers = (rule for rule in self.characteristics if any(band.segment for band in rule.bands))
        return next(carriers, None)

    @property
    def maximum(self) -> float:
        """The highest total that the scorecard can give, rounded as totals are."""
        return _maximum(self)

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields of an extract that the scorecard reads, in file order, derived ones spelled out."""
        return tuple(dict.fromkeys(name for category in self.categories for name in category.sources))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The score columns that the scorecard writes, in their order."""
        categories = {
            category.name: (category.column, category.label, category.maximum) for category in self.categories
        }
        drivers = {category.driver: category.label for category in self.categories if category.driver}
        segments = self.segment_source is not None
        return (
            *score_columns(self.prefix, categories, self.named_columns, segments=segments),
            *driver_columns(drivers),
        )

    @property
    def rank_columns(self) -> tuple[Column, ...]:
        """The columns of a run that say where a clinic stands among all, in their order."""
        return tuple(rank_columns(self.prefix, self.named_columns))

    @property
    def stability_column(self) -> Column:
        """The column of a run that says how sure the tier of a clinic is."""
        return stability_column(self.prefix, self.named_columns)

    @property
    def tie_fields(self) -> tuple[str, ...]:
        """The fields of an extract that set clinics of one score apart, ratios spelled out."""
        return tuple(name for tie in self.tie_breaks for name in self.derived.get(tie.field, (tie.field,)))

    @property
    def missing_columns(self) -> tuple[Column, ...]:
        """The columns that say what missing data hides and what comes next, which a run writes after the scores."""
        return tuple(missing_columns({key: self.column(key) for key in MISSING_COLUMNS}, self.maximum))

    def items_of(self, field: str) -> frozenset[str]:
        """Return the items that rules know of a list field, in the form in which they are compared."""
        tests = [test for rule in self.characteristics for test in _list_tests(rule) if field in test[0]]
        return frozenset(phrase for _, phrases in tests for phrase in phrases)

    def column(self, key: ScorecardColumn) -> str:
        """Return the name of one of the scorecard's own columns."""
        return self.named_columns.get(key, f"{self.prefix}_{key}")

    def edges(self, tier: Tier) -> str:
        """Return in words from which scores on a tier begins."""
        labels = {category.name: category.label for category in self.categories} | {TOTAL: "score"}
        parts = [f"{labels.get(part, part)} {edge:g} or more" for part, edge in tier.at_least.items()]
        return " and ".join(parts) or "otherwise"

    def _repr_html_(self) -> str:
        """Return categories, tiers and segments as HTML, for notebooks."""
        tables = [
            html_table(
                ("Category", "At most"),
                [(category.label, f"{category.maximum:g}") for category in self.categories],
                "<>",
            )
        ]
        for heading, tiers in (("Tier", self.tiers), ("Network tier", self.network_tiers)):
            rows = [(tier.label, self.edges(tier), tier.meaning) for tier in tiers]
            tables += [html_table((heading, "From", "Meaning"), rows, "<<<")] if rows else []
        if self.segments:
            tables.append(html_table(("Segment", "Label"), self.segments.items(), "<<"))
        return html_block(self.title, [f"{self.id} {self.version}, {self.maximum:g} points"], tables)


@lru_cache(maxsize=16)
def _maximum(card: Scorecard) -> float:
    """Return the highest total: worked out exactly, which is slow, and asked for with every score of a page."""
    maxima = [exact(in_points(hundredths(category.maximum))) for category in card.categories]
    highest = sum(maxima) if card.combine == "sum" else prod(maxima) / exact(card.divide_by)
    return in_points(hundredths(Fraction(highest)))


def leaves(condition: Condition | None) -> Iterator[Compare | Match | Flag]:
    """Yield the single tests of a condition, in their order."""
    if condition is None:
        return
    if isinstance(condition, AnyOf | AllOf):
        for part in condition.conditions:
            yield from leaves(part)
    else:
        yield condition


def _list_tests(rule: Characteristic) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield fields and items of everything that looks for items of lists."""
    for condition in (*(band.condition for band in rule.bands), rule.bonus.condition if rule.bonus else None):
        for leaf in leaves(condition):
            if isinstance(leaf, Match) and leaf.test == "includes":
                yield leaf.fields, leaf.phrases
    for band in rule.bands:
        if isinstance(band.points, Share):
            yield (band.points.field,), band.points.phrases


def fields_of(condition: Condition | None) -> Iterator[str]:
    """Yield the fields that a condition reads, in their order."""
    for leaf in leaves(condition):
        yield from leaf.fields if isinstance(leaf, Match) else (leaf.field,)
