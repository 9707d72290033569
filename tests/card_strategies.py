"""Scorecards drawn from the whole grammar, as tables of TOML, and clinics around every edge and phrase in them."""

import math
import random
from dataclasses import dataclass
from typing import Any

import card_oracle as oracle
from hypothesis import strategies as st

Content = dict[str, Any]
Draw = Any

NUMBERS = ["allowed_amt", "denial_pressure", "npi_count", "site_count", "bene_count"]
TEXTS = ["segment_label", "sector"]
FLAGS = ["fqhc_flag", "aco_member"]
OWN = {  # fields of one's own, under names that try the quoting of whoever spells them
    "Npi_Count": {"type": "integer"},
    'a "b" $.c': {"type": "number", "scale": 8.5},
    "it's/{x}": {"type": "number"},
    "Sector": {"type": "text"},
    "select": {"type": "flag"},
    "ß诊.y": {"type": "text"},
    "plans": {"type": "list"},
    "Band": {"type": "list"},
}
PHRASES = [
    "home health",
    "Health",
    "fqhc",
    "a.c",
    "C++ (x)",
    "post-acute",
    "ÉCOLE",
    "x|y",
    'q"\\',
    "ΟΔΟΣ",
    "a\tb",
    "[z]",
]
ITEMS = ["Aetna", "Oscar Health", "UnitedHealthcare", 'q"\\', "ΟΔΟΣ", "é;", "a b\tc"]
EDGES = [0.0, 0.5, 1.0, 2.0, 2.5, 5.0, 7.0, 7.35, 8.0, 10.0, 60.0, 100.0]
MAXIMA = [1.0, 2.5, 5.0, 7.25, 10.0, 12.35, 20.0]
REASONS = ["R", 'A "reason" \\ it\'s {x}', "é诊\t; | 🦷"]
SPACES = [" ", "\t", "\u00a0", "\u2003", "\u0085", "\n", "\u3000"]


# Made once: to make a strategy takes longer than to draw from it.
COUNTS = {(low, high): st.integers(low, high) for high in range(25) for low in range(high + 1)}
PERCENT = st.integers(0, 99)


@dataclass
class Names:
    """The fields of a card, by type."""

    numbers: list[str]
    texts: list[str]
    flags: list[str]
    lists: list[str]


def some(draw: Draw, items: list[Any], low: int = 1, high: int = 3) -> list[Any]:
    """Draw a few of the items, each at most once."""
    left, found = list(items), []
    for _ in range(draw(COUNTS[min(low, len(left)), min(high, len(left))])):
        found.append(left.pop(draw(COUNTS[0, len(left) - 1])))
    return found


def one(draw: Draw, items: list[Any]) -> Any:
    return items[draw(COUNTS[0, len(items) - 1])]


def chance(draw: Draw, percent: int) -> bool:
    """Draw true in so many of a hundred cases; the simpler card comes from false."""
    return draw(PERCENT) >= 100 - percent


@st.composite
def scorecards(draw: Draw) -> Content:
    """Draw the content of a scorecard. Nearly all of them pass the checker."""
    content: Content = {"id": "drawn", "version": "1", "title": "Drawn", "prefix": "drawn"}
    own = some(draw, list(OWN), 0, 5)
    content["fields"] = {name: {**OWN[name], "description": "Own"} for name in own}
    kinds = {name: kind for name, (kind, _) in oracle.types_of(content).items()}
    names = Names(
        numbers=some(draw, NUMBERS, 2) + [name for name in own if kinds[name] in ("number", "integer")],
        texts=some(draw, TEXTS, 1) + [name for name in own if kinds[name] == "text"],
        flags=some(draw, FLAGS, 1) + [name for name in own if kinds[name] == "flag"],
        lists=[name for name in own if kinds[name] == "list"],
    )
    if chance(draw, 50):
        ratios = [f"ratio {number}" for number in range(draw(COUNTS[1, 2]))]
        plain = [*names.numbers]
        content["derived"] = {
            name: {"numerator": one(draw, plain), "denominator": one(draw, plain), "description": "Ratio"}
            for name in ratios
        }
        names.numbers += ratios
    content["lists"] = {"phrases": some(draw, PHRASES, 1, 4), "items": some(draw, ITEMS, 1, 4)}
    content["category"] = {}
    for number in range(draw(COUNTS[1, 3])):
        content["category"][["fit", "Pain", "c.d"][number]] = category(draw, content, names)
    if wanted := sorted(items_in(content["category"], content["lists"]["items"])):
        others = some(draw, ["bcbs", " A/B ", "Other\tName"], 0, 3)
        content["aliases"] = {item: [other] for item, other in zip(wanted, others, strict=False)}
    add_segments(draw, content)
    if chance(draw, 30):
        content["total"] = {"combine": "product", "divide_by": one(draw, [1, 10, 2.5, 3, 0.7])}
    content["tier"] = tiers(draw, content)
    return content


def category(draw: Draw, content: Content, names: Names) -> Content:
    mean = chance(draw, 25)
    table: Content = {"label": "Label", "max": one(draw, MAXIMA)}
    table |= {"combine": "weighted_mean"} if mean else {}
    table |= {"bibliography": f"{one(draw, REASONS)} {len(content['category'])}"} if chance(draw, 20) else {}
    shape = one(draw, ["plain", "plain", "requires", "all_missing"])
    rules: Content = {}
    for number in range(draw(COUNTS[1, 4])):
        name = ["x", "Y", "z_z", "w.v"][number]
        told = shape == "all_missing" or (shape == "requires" and number == 0)
        rules[name] = characteristic(draw, content, names, table["max"], mean=mean, told=told)
        if rules and number and chance(draw, 40):
            rules[name]["only_for"] = {
                other: some(draw, ["missing", *(band["name"] for band in rules[other]["bands"])], 1, 3)
                for other in some(draw, list(rules)[:number], 1, 2)
            }
    if shape == "requires":
        table["requires"] = "x"
        rules["x"]["missing"]["points"] = 0
    if shape == "all_missing":
        table["all_missing"] = f"Nothing {one(draw, REASONS)}"
    return table | rules


def characteristic(draw: Draw, content: Content, names: Names, limit: float, *, mean: bool, told: bool) -> Content:
    rule: Content = {}
    own = one(draw, [*names.numbers, *names.texts, *names.flags, *names.lists, None])
    rule |= {"field": own} if own else {}
    if mean or chance(draw, 25):
        rule["max"] = one(draw, [number for number in MAXIMA if mean or number <= limit] or [limit])
        limit = rule["max"]
    rule |= {"weight": one(draw, [0.3, 0.7, 1, 2])} if mean and chance(draw, 70) else {}
    rule |= {"headline": chance(draw, 30)} if chance(draw, 30) else {}
    rule["missing"] = missing(draw, names, own, limit, told=told)
    rule["bands"] = bands(draw, names, own, limit)
    if chance(draw, 30):
        points = one(draw, [0.5, 1, 0.25, limit])
        rule["bonus"] = condition(draw, names, own, 1) | {"points": points, "reason": one(draw, REASONS)}
    if not own and not oracle.value_fields(rule):
        rule["field"] = one(draw, names.numbers)
        rule["missing"] = {"points": 0}
    if chance(draw, 25):
        fields = some(draw, oracle.sources(rule, content), 1, 3)
        rule["unknown"] = {name: f"{one(draw, REASONS)} {name}" for name in fields}
    return rule


def missing(draw: Draw, names: Names, own: str | None, limit: float, *, told: bool) -> Any:
    if not told and chance(draw, 20):
        return "never"
    table: Content = {"note": one(draw, REASONS)} if chance(draw, 60) else {}
    if own is None or chance(draw, 30):
        fields = some(draw, [*names.numbers, *names.texts, *names.flags, *names.lists], 1, 3)
        table[one(draw, ["when_all", "when_any"])] = fields
    if not told and chance(draw, 30):
        if own in names.numbers and chance(draw, 50):
            return table | {"reads_as": one(draw, EDGES)}
        return table | {"reads_as": {name: one(draw, EDGES) for name in some(draw, names.numbers, 1, 2)}}
    return table | {"points": one(draw, [0, 0, 0.5, 1, limit])}


def bands(draw: Draw, names: Names, own: str | None, limit: float) -> list[Content]:
    count = draw(COUNTS[0, 3])
    if own in names.numbers and chance(draw, 70):
        edges = sorted(some(draw, EDGES[:9], count, count), reverse=True) if count else []
        tests: list[Content] = [{one(draw, ["at_least", "above"]): edge} for edge in edges]
    else:
        tests = apart([condition(draw, names, own, 2) for _ in range(count)], own, strictly=chance(draw, 80))
    found = []
    for number, test in enumerate([*tests, {}]):
        band = test | {"name": ["a", "B b", "c.c", 'd"'][number], "points": points(draw, names, own, limit)}
        found.append(band | {"note" if chance(draw, 10) else "reason": f"{one(draw, REASONS)} {number}"})
    return found


def apart(tests: list[Content], own: str | None, *, strictly: bool) -> list[Content]:
    """Return the tests without those that an earlier one may leave no room for, which the checker would refuse."""
    kept: list[Content] = []
    taken: set[str] = set()
    for test in tests:
        fields = set(oracle.fields_in(test, own))
        if not (taken & fields if strictly else test in kept):
            kept.append(test)
        taken |= fields if "all" not in test else set()
    return kept


def points(draw: Draw, names: Names, own: str | None, limit: float) -> Any:
    worth = [0, 0.5, 1, round(limit / 3, 2), limit, 0.125]
    kind = one(draw, ["fixed", "fixed", "line", "share"])
    if kind == "share" and names.lists:
        table: Content = {"share_of": one(draw, ["items", ITEMS[:3], ITEMS[2:5]]), "times": one(draw, worth)}
        field = own if own in names.lists and chance(draw, 50) else one(draw, names.lists)
    elif kind == "line":
        low, high = sorted(some(draw, EDGES, 2, 2))
        table = {"from": one(draw, worth), "to": one(draw, worth), "over": [low, high]}
        field = own if own in names.numbers and chance(draw, 50) else one(draw, names.numbers)
    else:
        return one(draw, worth)
    if chance(draw, 40):
        table["round"] = one(draw, [1, 2] if limit % 1 else [0, 1, 2])
    return table | ({} if field == own and chance(draw, 50) else {"field": field})


def condition(draw: Draw, names: Names, own: str | None, depth: int) -> Content:
    """Draw a condition: a test of one or several fields, or several conditions in any and all."""
    kinds = ["number", "text", "flag", *(["list"] if names.lists else []), *(["any", "all"] if depth else [])]
    kind = one(draw, kinds)
    if kind in ("any", "all"):
        return {kind: [condition(draw, names, own, depth - 1) for _ in range(draw(COUNTS[1, 3]))]}
    fields = {"number": names.numbers, "text": names.texts, "flag": names.flags, "list": names.lists}[kind]
    if kind == "number":
        # On its characteristic's own field a band goes by lower edge, unless it names the field.
        return {one(draw, ["at_least", "above", "at_most", "below"]): one(draw, EDGES[1:9]), "field": one(draw, fields)}
    if kind == "flag":
        return {"is": chance(draw, 50), "field": one(draw, fields)}
    several = chance(draw, 30)
    where: Content = {"fields": some(draw, fields, 1, 2)} if several else {"field": one(draw, fields)}
    if own in fields and chance(draw, 40):
        where = {}
    if kind == "list":
        return {"includes": one(draw, ["items", some(draw, ITEMS, 1, 3)])} | where
    return {one(draw, ["mentions", "equals"]): one(draw, ["phrases", some(draw, PHRASES, 1, 3)])} | where


def add_segments(draw: Draw, content: Content) -> None:
    """Let the bands of one characteristic name segments, in two cards of three."""
    if not chance(draw, 65):
        return
    letters = some(draw, ["A", "B", "é"], 1, 3)
    content["segment"] = {letter: {"label": f"Segment {letter}"} for letter in letters}
    table = content["category"][one(draw, list(content["category"]))]
    rule = one(draw, list(oracle.characteristics(table).values()))
    for band in rule["bands"]:
        band["segment"] = one(draw, letters)
    if rule["missing"] != "never" and "reads_as" not in rule["missing"]:
        rule["missing"]["segment"] = one(draw, letters)


def tiers(draw: Draw, content: Content) -> Content:
    """Draw one to five tiers, on the total or on several categories at once."""
    count = draw(COUNTS[0, 4])
    maxima = {name: table["max"] for name, table in content["category"].items()}
    highest = oracle.total_of(content, [oracle.hundredths(most) for most in maxima.values()]) / 100
    tops = {"total": highest} if chance(draw, 60) else {name: maxima[name] for name in some(draw, list(maxima), 1, 3)}
    found: Content = {}
    for number in range(1, count + 1):
        share = (count + 1 - number) / (count + 1)
        edges = {part: round(top * share, draw(COUNTS[1, 3])) for part, top in tops.items()}
        if any(edge <= 0 for edge in edges.values()) or any(edges == other["at_least"] for other in found.values()):
            break
        found[str(number)] = {"label": f"Tier {number}", "at_least": edges}
    found[str(len(found) + 1)] = {"label": "Rest"}
    if chance(draw, 30):
        for table in found.values():
            if "total" in table.get("at_least", {}):
                table["at_least"] = table["at_least"]["total"]
    return found


def items_in(table: Any, named: list[str]) -> set[str]:
    """The items that rules look for."""
    if isinstance(table, list):
        return {item for part in table for item in items_in(part, named)}
    if not isinstance(table, dict):
        return set()
    found = {item for part in table.values() for item in items_in(part, named)}
    for key in ("includes", "share_of"):
        found |= set(named if table.get(key) == "items" else table.get(key, []))
    return found


def clinics(content: Content, rng: random.Random, count: int) -> list[oracle.Row]:
    """Return clinics whose values lie just below, on and above every edge, and around every phrase of a card."""
    edges = [0.0, 1.0, *numbers_in(content["category"])]
    phrases = [*content["lists"]["phrases"], *texts_in(content["category"])]
    others = [name for names in content.get("aliases", {}).values() for name in names]
    items = [*content["lists"]["items"], *ITEMS, *others]
    known = oracle.types_of(content)
    read = dict.fromkeys(
        name
        for table in content["category"].values()
        for rule in oracle.characteristics(table).values()
        for name in oracle.sources(rule, content)
    )
    absent = {name for name in read if rng.random() < 0.1}
    rows = []
    for _ in range(count):
        empty = rng.choice([0.05, 0.3, 0.7])
        row: oracle.Row = {}
        for name in read:
            if name in absent:
                continue
            kind, scale = known[name]
            gone = rng.random() < empty
            row[name] = None if gone else value(kind, scale, rng, edges, phrases, items)
        for ratio in content.get("derived", {}).values():
            if rng.random() < 0.6 and ratio["numerator"] != ratio["denominator"]:
                set_ratio(row, ratio, known, rng, edges)
        rows.append(row)
    return rows


def value(kind: str, scale: float, rng: random.Random, edges: list[float], phrases: list[str], items: list[str]) -> Any:
    if kind == "flag":
        return rng.random() < 0.5
    if kind == "text":
        return around_phrase(rng, phrases)
    if kind == "list":
        return [around_item(rng, items) for _ in range(rng.choice([0, 1, 2, 4]))]
    edge = rng.choice([*edges, min(scale, 50.0)])
    if kind == "integer":
        return max(-1, math.floor(edge) + rng.choice([-1, 0, 0, 1, 2]))
    beside = [math.nextafter(edge, math.inf), math.nextafter(edge, -math.inf), edge + 0.005, edge - 0.01]
    far = [edge / 2, edge / 8, rng.uniform(0, 12), -edge, math.nan, math.inf, edge * 3 + 0.125]
    return rng.choice([edge, edge, *beside, *far])


def set_ratio(row: oracle.Row, ratio: Content, known: Any, rng: random.Random, edges: list[float]) -> None:
    """Make a ratio lie on an edge or beside it."""
    top, bottom = ratio["numerator"], ratio["denominator"]
    if top not in row or bottom not in row:
        return
    row[bottom] = rng.choice([1, 2, 4, 8, 3])
    wanted = rng.choice(edges) * row[bottom] + rng.choice([0, 0, 1, 0.125, -1])
    row[top] = math.floor(wanted) if known[top][0] == "integer" else float(wanted)
    if known[bottom][0] == "number":
        row[bottom] = float(row[bottom])


def around_phrase(rng: random.Random, phrases: list[str]) -> str:
    phrase = rng.choice(phrases)
    text = rng.choice(
        [phrase, phrase, phrase[:-1], phrase[1:], f"pre{phrase}post", f"{phrase} {rng.choice(phrases)}", ""]
    )
    text = rng.choice([text, text.upper(), text.lower(), text.title(), text.replace(" ", "  ")])
    return rng.choice([text, f"{rng.choice(SPACES)}{text}{rng.choice(SPACES)}", f"{text}."])


def around_item(rng: random.Random, items: list[str]) -> str | None:
    item = rng.choice(items)
    return rng.choice([item, item, item.upper(), f" {item}\t", " ".join(item), item[:-1], "", None])


def numbers_in(value: Any) -> list[float]:
    """Return every number in a table, as an edge that a value may lie on."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers_in(part)]
    if isinstance(value, list):
        return [number for part in value for number in numbers_in(part)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def texts_in(value: Any) -> list[str]:
    """Return every phrase in the conditions of a table."""
    if isinstance(value, dict):
        return [text for key, part in value.items() if key not in ("field", "fields") for text in texts_in(part)]
    if isinstance(value, list):
        return [text for part in value for text in ([part] if isinstance(part, str) else texts_in(part))]
    return []
