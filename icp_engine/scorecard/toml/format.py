"""What a file of rules may hold: every table with its keys. The reader and the JSON Schema are both made of this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from icp_engine.columns import SCORED_TYPES

ORDERS = ("descending", "ascending")
Type = Literal["text", "number", "flag", "texts", "numbers", "integers", "decimals", "table", "tables", "anything"]


@dataclass(frozen=True, slots=True)
class Key:
    """What stands behind one key of a table.

    Attributes:
        types: what its value may be; `texts` is a list of texts or one alone, `numbers` a low and a high number,
            `decimals` 0 to 2, `tables` a list of tables.
        description: one sentence for the person who writes the file.
        required: whether a table without it is a mistake.
        words: the texts that it may be; any where there are none.
        shape: the name of the shape of its table or tables.
        least: how many items a list needs.
    """

    types: tuple[Type, ...]
    description: str
    required: bool = False
    words: tuple[str, ...] = ()
    shape: str = ""
    least: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Keys that depend on another one: with it some are needed and some have no place, and without it likewise."""

    key: str
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    needs_without: tuple[str, ...] = ()
    excludes_without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of table: its keys, what other names may hold, and which keys go with which."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    others: Key | None = None
    choices: tuple[Choice, ...] = ()
    exactly_one_of: tuple[str, ...] = ()


Format = Mapping[str, Shape]
"""The shapes of one kind of file, by name."""


def text(description: str, *, required: bool = False, words: tuple[str, ...] = ()) -> Key:
    """Return a key that holds a text."""
    return Key(("text",), description, required, words)


def number(description: str, *, required: bool = False) -> Key:
    """Return a key that holds a number."""
    return Key(("number",), description, required)


def table(shape: str, description: str, *, required: bool = False) -> Key:
    """Return a key that holds a table of a shape."""
    return Key(("table",), description, required, shape=shape)


def tables(shape: str, description: str, *, required: bool = False, least: int = 0) -> Key:
    """Return a key that holds a list of tables of a shape."""
    return Key(("tables",), description, required, shape=shape, least=least)


_CONDITION: dict[str, Key] = {
    "field": Key(("texts",), "The field that is tested; that of the characteristic where none is named."),
    "fields": Key(("texts",), "Several text fields: the test holds where it holds for one of them."),
    "at_least": number("Holds where the field is this number or more."),
    "above": number("Holds where the field is more than this number."),
    "at_most": number("Holds where the field is this number or less; for other fields than the characteristic's own."),
    "below": number("Holds where the field is less than this number; for other fields than the characteristic's own."),
    "mentions": Key(("texts",), 'Holds where the text contains a phrase: the name of a list, or ["phrase", ...].'),
    "equals": Key(("texts",), 'Holds where the whole text is one of these: the name of a list, or ["text", ...].'),
    "includes": Key(("texts",), 'Holds where a list field has one of these items: the name of a list, or ["item"].'),
    "is": Key(("flag",), "Holds where the flag is known and is this."),
    "any": tables("condition", "Holds where one of these conditions holds.", least=1),
    "all": tables("condition", "Holds where all of these conditions hold.", least=1),
}
_TIER: dict[str, Key] = {
    "meaning": text("What the tier means to whoever works through it."),
    "at_least": Key(
        ("number", "table"), "The total it starts at, or an edge for each of several categories.", shape="edges"
    ),
}
_MERGED = "A table of a variant merges into that of the scorecard which it extends."

SCORECARD: Format = {
    "scorecard": Shape(
        {
            "id": text("The id of the scorecard, as it stands in every result.", required=True),
            "version": text("Its version; a change of any rule is a new version.", required=True),
            "title": text("Its name in words.", required=True),
            "description": text("What it is for."),
            "prefix": text("What the names of its result columns start with.", required=True),
            "extends": text("The scorecard that this one is a variant of: a shipped id, or a path beside this file."),
            "fields": table("fields", "Columns that the engine does not know, so that rules can read them."),
            "lists": table("lists", "Lists of phrases, which conditions name."),
            "aliases": table("aliases", "Other names of items of list fields, by item."),
            "derived": table("derived", "Ratios of two fields, which rules read like a field."),
            "columns": table("columns", "Names of result columns, where they are not made of the prefix."),
            "category": table("categories", f"The categories, in the order of the results. {_MERGED}", required=True),
            "total": table("total", "How the total is made of the categories."),
            "tier": table("tiers", "The tiers of clinics, best first; the last takes the rest.", required=True),
            "network_tier": table("network_tiers", "The tiers of networks; labels are those of clinics unless given."),
            "segment": table("segments", "The strategic segments that bands name."),
            "tie_break": tables(
                "tie_break", "What puts clinics of one score into order, the first that differs; then the id."
            ),
            "example": tables("example", "Worked examples, which `scorecard check` runs."),
        }
    ),
    "fields": Shape(others=table("field", "A column of your own.")),
    "field": Shape(
        {
            "type": text("What the column holds.", words=SCORED_TYPES),
            "unit": text("The unit of its numbers."),
            "description": text("What it means.", required=True),
            "scale": number("The end of its scale: values above are cut to it and counted."),
        }
    ),
    "lists": Shape(others=Key(("texts",), "Phrases, in any case.")),
    "aliases": Shape(others=Key(("texts",), "Other names of the item, which count as it.")),
    "derived": Shape(others=table("ratio", "A ratio; it is missing unless both of its fields are positive.")),
    "ratio": Shape(
        {
            "numerator": text("The field above the line.", required=True),
            "denominator": text("The field below the line.", required=True),
            "description": text("What the ratio means.", required=True),
        }
    ),
    "columns": Shape(others=text("The name of the column.")),
    "categories": Shape(others=table("category", "A category and, as tables inside it, its characteristics.")),
    "category": Shape(
        {
            "label": text("Its name in words.", required=True),
            "max": number("The most points that it gives; what is above is cut.", required=True),
            "requires": text("Its first characteristic: where that is missing the whole category is 0."),
            "all_missing": text("What is said where nothing of the category is known; it is then 0."),
            "combine": text("How its points are put together.", words=("sum", "weighted_mean")),
            "driver": text("A column that names the characteristic which brings the most to its score."),
            "bibliography": text("What the bibliography calls it, where that is not its name."),
            "breakdown": text("What the HTTP API calls it, where that is not its name."),
        },
        others=table("characteristic", f"One thing that is looked at. {_MERGED}"),
    ),
    "characteristic": Shape(
        {
            "label": text("Its name in words."),
            "field": text("The field that its bands test unless they name another."),
            "bands": tables("band", "Its bands: the first that holds counts.", required=True, least=1),
            "missing": Key(
                ("text", "table"),
                'What it is worth where its field is missing; "never" leaves that to the bands.',
                required=True,
                words=("never",),
                shape="missing",
            ),
            "only_for": Key(
                ("text", "table"),
                'Bands of an earlier characteristic: it applies only where that landed in one. "every" lifts it.',
                words=("every",),
                shape="only_for",
            ),
            "unknown": table("unknown", "A note for the explanation where a flag is not known."),
            "bonus": table("bonus", "Points on top of the band where a condition holds."),
            "max": number("The most points that it gives, bonus included."),
            "weight": number("Its weight in a weighted mean."),
            "headline": Key(("flag",), "Whether its reason may stand among the top reasons; true unless given."),
        }
    ),
    "band": Shape(
        {
            "name": text("The last part of its reason code.", required=True),
            **_CONDITION,
            "points": Key(
                ("number", "table"),
                "Its points: a number, { from, to, over = [low, high] }, or { share_of, times }.",
                required=True,
                shape="points",
            ),
            "reason": text("Why it gives these points, as the explanation says it."),
            "note": text("Instead of a reason: the band counts as missing, and the explanation says this."),
            "segment": text("The strategic segment that it names."),
            "say": text("A sentence to open a call with; {value} is the value, {name} the name of the clinic."),
            "warn": text("What to leave alone in a call; {value} and {name} as in `say`."),
        },
        exactly_one_of=("reason", "note"),
    ),
    "condition": Shape(_CONDITION),
    "points": Shape(
        {
            "field": text("The field that they depend on; that of the characteristic where none is named."),
            "round": Key(("decimals",), "Decimals that they are rounded to; 2 unless given."),
            "from": number("The points at the lower end of `over`, and below it."),
            "to": number("The points at the upper end of `over`, and above it."),
            "over": Key(("numbers",), "The lower and the upper end of the line."),
            "share_of": Key(("texts",), "The list of which the share counts: its name, or its items."),
            "times": number("The points for all of the list."),
        },
        choices=(
            Choice(
                "share_of",
                needs=("times",),
                excludes=("from", "to", "over"),
                needs_without=("from", "to", "over"),
                excludes_without=("times",),
            ),
        ),
    ),
    "missing": Shape(
        {
            "points": number("What it is worth."),
            "note": text("What the explanation says."),
            "segment": text("The strategic segment that it names."),
            "when_all": Key(("texts",), "It is missing where all of these fields are."),
            "when_any": Key(("texts",), "It is missing where one of these fields is."),
            "reads_as": Key(
                ("number", "table"),
                "The value that a missing field reads as, so that it lands in a band all the same.",
                shape="reads_as",
            ),
            "ask": text("The question that would settle it; {name} is the name of the clinic."),
        },
        choices=(
            Choice("reads_as", excludes=("points",), needs_without=("points",)),
            Choice("when_any", excludes=("when_all",)),
        ),
    ),
    "reads_as": Shape(others=number("The value that the field reads as.")),
    "only_for": Shape(others=Key(("texts",), "Bands of the characteristic.")),
    "unknown": Shape(others=text("The note where this flag is not known.")),
    "bonus": Shape(
        {
            **_CONDITION,
            "points": number("The points on top.", required=True),
            "reason": text("Why, as the explanation says it.", required=True),
        }
    ),
    "total": Shape(
        {
            "combine": text("How the categories are put together.", words=("sum", "product")),
            "divide_by": number("What a product is divided by."),
        }
    ),
    "tiers": Shape(others=table("tier", "A tier; tiers are numbered 1, 2, 3, ...")),
    "tier": Shape({"label": text("Its name.", required=True), **_TIER}),
    "network_tiers": Shape(others=table("network_tier", "A tier of networks.")),
    "network_tier": Shape({"label": text("Its name; that of the clinics' tier unless given."), **_TIER}),
    "edges": Shape(others=number("From how many points of this category, or of `total`.")),
    "segments": Shape(others=table("segment", "A strategic segment.")),
    "segment": Shape(
        {
            "label": text("What it stands for.", required=True),
            "breakdown": text("What the HTTP API calls it; made of the label unless given."),
        }
    ),
    "tie_break": Shape(
        {
            "field": text("The field that is compared where scores are the same; missing comes last.", required=True),
            "order": text("Which values come first.", required=True, words=ORDERS),
        }
    ),
    "example": Shape(
        {
            "name": text("What the example shows.", required=True),
            "given": table("values", "The fields of a clinic; those that are not named are missing."),
            "expect": table("values", "What must come out: categories, total, tier, tier_label, a segment."),
        }
    ),
    "values": Shape(others=Key(("anything",), "A value.")),
}
"""A scorecard, from its root `scorecard` down."""

WHOLE = ("missing", "bonus", "only_for", "unknown", "at_least")
"""Tables that a variant replaces whole; all others merge by name."""
