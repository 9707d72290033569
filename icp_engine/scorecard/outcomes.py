"""The outcome table: what every band number of a scorecard means. Whatever tells points, codes or reasons reads it.

Points are whole hundredths here, so that no order of addition changes a digit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import prod

from icp_engine.scorecard.model import Band, Bonus, Category, Characteristic, Fixed, Line, Points, Scorecard, Share
from icp_engine.scorecard.rounding import UNIT, exact, hundredths

MISSING = "missing"


@dataclass(frozen=True, slots=True)
class FixedPoints:
    """Points that are the same for every clinic, in hundredths."""

    value: int

    @property
    def range(self) -> tuple[int, int]:
        """The fewest and the most hundredths that this can give."""
        return self.value, self.value


@dataclass(frozen=True, slots=True)
class LinePoints:
    """Points on a line over a field or a ratio: `start` at `low`, `slope` points a unit, level outside `low` to `high`.

    Rounded to `decimals`. A field that is missing reads as `reads_as`; where that is None too it gives nothing.
    """

    field: str
    start: float
    slope: float
    low: float
    high: float
    decimals: int
    reads_as: float | None

    def at(self, value: float) -> int:
        """Return what a value gives, in hundredths, by the same steps as Polars and SQL."""
        points = self.start + (min(max(value, self.low), self.high) - self.low) * self.slope
        scale = int(10**self.decimals)
        return round(points * scale) * (UNIT // scale)

    @property
    def absent(self) -> int:
        """What a clinic gets whose field is missing, in hundredths."""
        return 0 if self.reads_as is None else self.at(self.reads_as)

    @property
    def range(self) -> tuple[int, int]:
        """The fewest and the most hundredths that this can give where the field is known."""
        ends = self.at(self.low), self.at(self.high)
        return min(ends), max(ends)


@dataclass(frozen=True, slots=True)
class SharePoints:
    """Points for the distinct items of a list that stand in `phrases`: `by_count[n]` hundredths for n of them."""

    field: str
    phrases: tuple[str, ...]
    by_count: tuple[int, ...]

    @property
    def absent(self) -> int:
        """What a clinic gets whose list is missing, in hundredths."""
        return self.by_count[0]

    @property
    def range(self) -> tuple[int, int]:
        """The fewest and the most hundredths that this can give."""
        return min(self.by_count), max(self.by_count)


Form = FixedPoints | LinePoints | SharePoints


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the table: a band number of a characteristic and what it means.

    Attributes:
        number: the band number.
        band: the band that the clinic landed in, or `missing`.
        code: the reason code.
        points: what it gives before bonus and cap.
        bonus: hundredths on top.
        cap: the characteristic's own maximum in hundredths.
        segment: the segment that it names.
        reason: why, in words; None where the bibliography says MISSING.
        note: what is not known, in words, where it says MISSING.
        sources: the fields that were looked at.
        value_fields: the fields and ratios whose values the bibliography shows; none where it says MISSING.
        unknown: notes of fields that are not known, by field.
    """

    number: int
    band: str
    code: str
    points: Form
    bonus: int
    cap: int | None
    segment: str | None
    reason: str | None
    note: str | None
    sources: tuple[str, ...]
    value_fields: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]

    @property
    def missing(self) -> bool:
        """Whether the bibliography says MISSING."""
        return self.reason is None

    def worth(self, points: int) -> int:
        """Return the hundredths that count: with the bonus, at most the cap."""
        total = points + self.bonus
        return total if self.cap is None else min(total, self.cap)

    @property
    def fixed(self) -> int | None:
        """The hundredths that everyone gets; None where they depend on a value."""
        return self.worth(self.points.value) if isinstance(self.points, FixedPoints) else None

    @property
    def most(self) -> int:
        """The most hundredths that it can give."""
        return self.worth(self.points.range[1])

    @property
    def ends(self) -> tuple[int, int]:
        """The fewest and the most hundredths that it gives, to those among them whose value is not known."""
        form = self.points
        found = [*form.range, *([] if isinstance(form, FixedPoints) else [form.absent])]
        return self.worth(min(found)), self.worth(max(found))


@dataclass(frozen=True, slots=True)
class CharacteristicOutcomes:
    """The outcomes of a characteristic in the order of their numbers.

    Missing is 0, the bands follow; with `reads_as` they follow once more as MISSING, with a bonus everything once more
    with the bonus; `nothing_known` is what the first characteristic says of a category of which nothing is known.
    """

    rule: Characteristic
    outcomes: tuple[Outcome, ...]
    nothing_known: int | None = None

    @property
    def code(self) -> str:
        """`category.characteristic`."""
        return self.rule.code

    @property
    def with_bonus(self) -> int:
        """How much higher a band number is with the bonus than without."""
        return 1 + len(self.rule.bands) * (2 if self.rule.missing and self.rule.missing.reads_as else 1)

    @property
    def most(self) -> int:
        """The most hundredths that the characteristic can give."""
        return max(outcome.most for outcome in self.outcomes)

    def landing_in(self, bands: Sequence[str]) -> list[int]:
        """Return the numbers of the outcomes that count as one of the bands; `missing` is one of them."""
        return [outcome.number for outcome in self.outcomes if outcome.band in bands]


@dataclass(frozen=True, slots=True)
class CategoryOutcomes:
    """A category: the outcomes of its characteristics and how they become its score.

    Attributes:
        maximum: hundredths.
        cap_code: the reason code of the entry for what the maximum cuts off.
        cap_reason: its words.
    """

    rule: Category
    parts: tuple[CharacteristicOutcomes, ...]
    maximum: int
    cap_code: str
    cap_reason: str

    @property
    def can_exceed(self) -> bool:
        """Whether the points of its characteristics can add up to more than its maximum, which then cuts."""
        return self.rule.combine == "sum" and sum(part.most for part in self.parts) > self.maximum

    @property
    def shares(self) -> tuple[Fraction, ...]:
        """How much of each characteristic's hundredths goes into the score: all, or its part of a weighted mean."""
        if self.rule.combine == "sum":
            return (Fraction(1),) * len(self.parts)
        weights = [exact(part.rule.weight) for part in self.parts]
        own = [hundredths(part.rule.maximum or 1.0) for part in self.parts]
        return tuple(self.maximum * weight / (of * sum(weights)) for weight, of in zip(weights, own, strict=True))

    def part(self, name: str) -> CharacteristicOutcomes:
        """Return the outcomes of one characteristic."""
        return next(part for part in self.parts if part.rule.name == name)


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """A scorecard compiled."""

    card: Scorecard
    categories: tuple[CategoryOutcomes, ...]

    @property
    def parts(self) -> tuple[CharacteristicOutcomes, ...]:
        """All characteristics in file order."""
        return tuple(part for category in self.categories for part in category.parts)

    @property
    def product_share(self) -> Fraction:
        """What the product of the categories' hundredths is multiplied with to give the hundredths of the total."""
        return Fraction(1, UNIT ** (len(self.categories) - 1)) / exact(self.card.divide_by)

    def total(self, scores: Sequence[int]) -> int:
        """Return the total in hundredths from the categories' hundredths."""
        return sum(scores) if self.card.combine == "sum" else round(prod(scores) * self.product_share)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field and ratio that an entry shows, measures or notes, once, in file order."""
        shown = (name for part in self.parts for name in (*part.rule.value_fields, *part.rule.unknown))
        return tuple(dict.fromkeys(shown))


@lru_cache(maxsize=16)
def outcome_table(card: Scorecard) -> OutcomeTable:
    """Return the outcome table of a scorecard."""
    return OutcomeTable(card, tuple(_category(category) for category in card.categories))


def _category(category: Category) -> CategoryOutcomes:
    parts = tuple(CharacteristicOutcomes(rule, outcomes_of(rule)) for rule in category.characteristics)
    if category.all_missing and parts:
        nothing = _nothing_known(category, len(parts[0].outcomes))
        first = CharacteristicOutcomes(parts[0].rule, (*parts[0].outcomes, nothing), nothing.number)
        parts = (first, *parts[1:])
    reason = f"Capped at {category.maximum:g}"
    return CategoryOutcomes(category, parts, hundredths(category.maximum), f"{category.name}.cap", reason)


def _nothing_known(category: Category, number: int) -> Outcome:
    absent = (rule.missing for rule in category.characteristics)
    segment = next((missing.segment for missing in absent if missing and missing.segment), None)
    return Outcome(
        number=number,
        band=MISSING,
        code=f"{category.name}.missing",
        points=FixedPoints(0),
        bonus=0,
        cap=None,
        segment=segment,
        reason=None,
        note=category.all_missing,
        sources=category.sources,
        value_fields=(),
        unknown=(),
    )


def outcomes_of(rule: Characteristic) -> tuple[Outcome, ...]:
    """Return the outcomes of a characteristic by itself, without what is said of the whole category."""
    return tuple(_outcomes(rule))


def _outcomes(rule: Characteristic) -> Iterator[Outcome]:
    reads_as = rule.missing.reads_as if rule.missing else {}
    plain = list(_landings(rule))
    for bonus in (None, rule.bonus) if rule.bonus else (None,):
        for place, landing in enumerate(plain):
            counts = landing.reason is not None
            yield Outcome(
                number=place + (len(plain) if bonus else 0),
                band=landing.name,
                code=f"{rule.code}.{landing.name}{'+bonus' if bonus else ''}",
                points=_form(landing.points, reads_as),
                bonus=hundredths(bonus.points) if bonus else 0,
                cap=None if rule.maximum is None else hundredths(rule.maximum),
                segment=landing.segment,
                reason=_with_bonus(landing.reason, bonus),
                note=_with_bonus(landing.note, bonus),
                sources=rule.sources,
                value_fields=rule.value_fields if counts else (),
                unknown=tuple(rule.unknown.items()) if counts else (),
            )


def _landings(rule: Characteristic) -> Iterator[Band]:
    """Yield where a clinic can land: missing, the bands, and these once more where missing reads as a value."""
    absent = rule.missing
    yield Band(
        name=MISSING,
        condition=None,
        points=Fixed(absent.points if absent else 0.0),
        note=absent.note if absent else None,
        segment=absent.segment if absent else None,
    )
    yield from rule.bands
    if absent and absent.reads_as:
        yield from (replace(band, name=MISSING, reason=None, note=absent.note) for band in rule.bands)


def _with_bonus(text: str | None, bonus: Bonus | None) -> str | None:
    return text if text is None or bonus is None else f"{text}; {bonus.reason}"


def _form(points: Points, reads_as: dict[str, float]) -> Form:
    if isinstance(points, Fixed):
        return FixedPoints(hundredths(points.value))
    if isinstance(points, Line):
        slope = (points.stop - points.start) / (points.high - points.low)
        read = reads_as.get(points.field)
        return LinePoints(points.field, points.start, slope, points.low, points.high, points.decimals, read)
    return _share(points)


def _share(points: Share) -> SharePoints:
    steps = len(points.phrases)
    by_count = [hundredths(exact(points.times) * shared / (steps or 1), points.decimals) for shared in range(steps + 1)]
    return SharePoints(points.field, points.phrases, tuple(by_count))
