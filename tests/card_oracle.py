"""Any scorecard read in plain Python, one clinic at a time, from the tables of its TOML file and the specification.

It shares nothing with icp_engine. Arithmetic is exact; where rounding would hang on the last digit of a binary
fraction, a reading says that it is undecided. The engine is compared with it in scoring/test_random_cards.py.
"""

import itertools
import math
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from oracle import ABSENT

Content = dict[str, Any]
Row = dict[str, Any]

TYPES: dict[str, tuple[str, float]] = {  # type and scale of the fields that every scorecard knows
    **dict.fromkeys(("clinic_id", "account_name", "state_code", "segment_label", "sector"), ("text", math.inf)),
    **dict.fromkeys(("npi_count", "site_count", "services_count", "bene_count"), ("integer", math.inf)),
    **dict.fromkeys(("fqhc_flag", "aco_member", "pecos_enrolled", "oig_leie_flag"), ("flag", math.inf)),
    **dict.fromkeys(("denial_pressure", "roi_readiness", "emr_friction", "scale_velocity"), ("number", 10.0)),
    "allowed_amt": ("number", math.inf),
    "coding_complexity": ("number", 15.0),
}
TESTS = ("at_least", "above", "at_most", "below", "mentions", "equals", "includes", "is", "any", "all")
NEAR = Fraction(1, 10**6)  # how near to a half the sums of a computer may fall to either side
LARGEST = Fraction(sys.float_info.max)
SIMPLE = 2**24  # halves, quarters and so on down to this are exact in a computer


@dataclass
class Reading:
    """What one clinic gets."""

    scores: dict[str, int] = field(default_factory=dict)  # hundredths
    total: int = 0
    tier: int = 0
    label: str = ""
    segment: str | None = None
    entries: list[Content] = field(default_factory=list)
    top_reasons: str | None = None
    unknown: str | None = None
    undecided: bool = False


@dataclass
class Landing:
    """Where a characteristic landed."""

    band: str
    hundredths: int
    entry: Content
    segment: str | None = None
    nothing: bool = False
    worth: Fraction = Fraction(0)  # the most hundredths of the score that it can be
    absent: list[str] = field(default_factory=list)  # fields that are not known, as far as the band tells


def exact(number: float) -> Fraction:
    """Return a number as it is written."""
    return Fraction(repr(float(number)))


def half_even(number: Fraction) -> int:
    """Round to a whole number, halves to the even one."""
    whole = math.floor(number)
    rest = number - whole
    return whole + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1))


def hundredths(points: float) -> int:
    return half_even(exact(points) * 100)


def is_simple(*numbers: Fraction) -> bool:
    """Whether a computer holds all of the numbers exactly, with room for sums and products."""
    return all(
        number.denominator <= SIMPLE and number.denominator & (number.denominator - 1) == 0 for number in numbers
    )


WITHOUT_ABSENT_WORDS = ("account_name", "segment_label", "sector")


def types_of(content: Content) -> dict[str, tuple[str, float]]:
    own = {
        name: (table.get("type", "number"), table.get("scale", math.inf))
        for name, table in content.get("fields", {}).items()
    }
    return TYPES | own


def conformed(value: Any, kind: str, scale: float) -> Any:
    """Return what bands compare of a raw value; None where it is missing or invalid."""
    if value is None:
        return None
    if kind == "text":
        return value.strip().lower() or None
    if kind == "list":
        return [None if item is None else "".join(item.lower().split()) for item in value]
    if kind == "flag":
        return bool(value)
    if not math.isfinite(value) or value < 0 or (kind == "integer" and value != int(value)):
        return None
    return int(value) if kind == "integer" and scale == math.inf else min(value, scale)


def searched(text: str) -> str:
    """Return a text as phrases are searched in it; no dash or apostrophe of the tests is an odd one."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).lower()


class Clinic:
    """The values of one clinic, as bands compare them."""

    def __init__(self, content: Content, row: Row) -> None:
        self.content = content
        self.values = {name: conformed(row.get(name), kind, scale) for name, (kind, scale) in types_of(content).items()}
        self.values |= {name: None for name in WITHOUT_ABSENT_WORDS if self.values.get(name) in ABSENT}
        others = content.get("aliases", {}).items()
        item_of = {bare(name): bare(item) for item, names in others for name in names}
        for name, value in self.values.items():
            if isinstance(value, list):
                self.values[name] = [item_of.get(item, item) for item in value]
        self.undecided = False

    def value(self, name: str) -> Any:
        """Return a field, or a ratio as an exact fraction: missing unless both parts are above 0."""
        ratio = self.content.get("derived", {}).get(name)
        if ratio is None:
            return self.values[name]
        top, bottom = self.values[ratio["numerator"]], self.values[ratio["denominator"]]
        value = Fraction(top) / Fraction(bottom) if top and bottom else None
        return value if value is None or value < LARGEST else None

    def compared(self, name: str) -> Any:
        """Return a value that edges are compared with: a ratio is what a computer makes of it."""
        value = self.value(name)
        return float(value) if isinstance(value, Fraction) else value

    def shown(self, name: str) -> Any:
        """Return a value as the bibliography shows it: ratios to 2 decimals."""
        value = self.value(name)
        return self.rounded(value, 2, is_simple(value)) / 100 if isinstance(value, Fraction) else value

    def rounded(self, points: Fraction, decimals: int, simple: bool) -> int:
        """Return hundredths, rounded to a number of decimals; note where that hangs on the last digit."""
        scaled = points * 10**decimals
        if abs(scaled - math.floor(scaled) - Fraction(1, 2)) < NEAR and not simple:
            self.undecided = True
        return half_even(scaled) * 10 ** (2 - decimals)


def bare(item: str) -> str:
    """Return an item of a list as items are compared."""
    return "".join(item.lower().split())


def phrases_of(content: Content, value: Any, test: str) -> set[str]:
    """Return the phrases of a test: those of a named list, or its own."""
    found = content["lists"][value] if isinstance(value, str) else value
    return {"".join(match.lower().split()) if test == "includes" else match.strip().lower() for match in found}


def targets(table: Content, own: str | None) -> list[str]:
    given = table.get("fields", table.get("field", own))
    return [given] if isinstance(given, str) else list(given or [])


def holds(table: Content, own: str | None, clinic: Clinic, reads_as: dict[str, float]) -> bool:
    """Whether a condition holds. A missing field matches nothing, unless it reads as a value."""
    test = next(key for key in TESTS if key in table)
    wanted = table[test]
    if test in ("any", "all"):
        parts = [holds(part, own, clinic, reads_as) for part in wanted]
        return any(parts) if test == "any" else all(parts)
    values = [clinic.compared(name) for name in targets(table, own)]
    if test == "is":
        return values[0] is wanted
    if test in ("mentions", "equals", "includes"):
        phrases = phrases_of(clinic.content, wanted, test)
        known = [value for value in values if value is not None]
        if test in ("mentions", "equals"):
            known, phrases = [searched(value) for value in known], {searched(phrase) for phrase in phrases}
        if test == "mentions":
            return any(phrase in value for value in known for phrase in phrases)
        if test == "equals":
            return any(value in phrases for value in known)
        return any(item in phrases for value in known for item in value)
    value = reads_as.get(targets(table, own)[0]) if values[0] is None else values[0]
    return value is not None and on_side(value, test, wanted)


def on_side(value: float, test: str, edge: float) -> bool:
    if test in ("at_least", "above"):
        return value > edge or (test == "at_least" and value == edge)
    return value < edge or (test == "at_most" and value == edge)


def has_test(table: Content) -> bool:
    return any(key in table for key in TESTS)


def fields_in(table: Content, own: str | None) -> Iterator[str]:
    """Yield the fields of a condition, in their order."""
    if "any" in table or "all" in table:
        for part in table.get("any", table.get("all")):
            yield from fields_in(part, own)
    elif has_test(table):
        yield from targets(table, own)


def value_fields(rule: Content) -> list[str]:
    """Return every field and ratio that a characteristic reads, its own first."""
    own, found = rule.get("field"), []
    found += [own] if own else []
    for band in rule["bands"]:
        found += fields_in(band, own)
        if isinstance(band["points"], dict):
            found.append(band["points"].get("field", own))
    found += fields_in(rule.get("bonus", {}), own)
    found += missing_fields(rule)
    return list(dict.fromkeys(found))


def missing_fields(rule: Content) -> list[str]:
    missing = rule["missing"]
    if missing == "never":
        return []
    given = missing.get("when_all", missing.get("when_any", rule.get("field")))
    return [given] if isinstance(given, str) else list(given)


def sources(rule: Content, content: Content) -> list[str]:
    """Return the fields of an extract that a characteristic reads: ratios spelled out."""
    ratios = content.get("derived", {})
    parts = [
        part
        for name in value_fields(rule)
        for part in ((ratios[name]["numerator"], ratios[name]["denominator"]) if name in ratios else (name,))
    ]
    return list(dict.fromkeys(parts))


def reads(rule: Content) -> dict[str, float]:
    """Return what missing fields read as, by field."""
    missing = rule["missing"]
    given = {} if missing == "never" else missing.get("reads_as", {})
    return given if isinstance(given, dict) else {rule["field"]: given}


def is_missing(rule: Content, gone: Any) -> bool:
    """Whether a characteristic is missing; `gone` tells of a field whether it is."""
    if rule["missing"] == "never":
        return False
    parts = [gone(name) for name in missing_fields(rule)]
    return any(parts) if "when_any" in rule["missing"] else all(parts)


def points_of(points: Any, own: str | None, clinic: Clinic, reads_as: dict[str, float]) -> int:
    """Return what a band gives before bonus and maximum, in hundredths."""
    if not isinstance(points, dict):
        return hundredths(points)
    name, decimals = points.get("field", own), points.get("round", 2)
    value = clinic.value(name)
    if "share_of" in points:
        wanted = phrases_of(clinic.content, points["share_of"], "includes")
        shared = len(wanted & set(value or []))
        return half_even(exact(points["times"]) * shared / len(wanted) * 10**decimals) * 10 ** (2 - decimals)
    if value is None:
        value = reads_as.get(name)
    return 0 if value is None else on_line(points, Fraction(value), clinic)


def on_line(points: Content, value: Fraction, clinic: Clinic) -> int:
    start, stop, (low, high) = exact(points["from"]), exact(points["to"]), map(exact, points["over"])
    slope, along = (stop - start) / (high - low), min(max(value, low), high)
    return clinic.rounded(
        start + (along - low) * slope, points.get("round", 2), is_simple(start, stop, low, high, slope, value)
    )


def landing(name: str, code: str, rule: Content, clinic: Clinic, required: bool) -> Landing:
    """Return where a clinic lands in one characteristic."""
    own, reads_as, content = rule.get("field"), reads(rule), clinic.content
    missing = is_missing(rule, lambda name: clinic.value(name) is None)
    entry: Content = {"sources": sources(rule, content)}
    note = (
        "" if rule["missing"] == "never" else rule["missing"].get("note", f"No {name} data available".replace("_", " "))
    )
    if missing and not reads_as:
        found = Landing("missing", hundredths(rule["missing"]["points"]), entry, rule["missing"].get("segment"), True)
        entry["note"] = note
    else:
        band = next(one for one in rule["bands"] if not has_test(one) or holds(one, own, clinic, reads_as))
        found = Landing(
            "missing" if missing else band["name"],
            points_of(band["points"], own, clinic, reads_as),
            entry,
            band.get("segment"),
        )
        entry |= {"note": note} if missing else {key: band[key] for key in ("reason", "note") if key in band}
    bonus = rule.get("bonus")
    earned = bonus and not (required and missing) and holds(bonus, own, clinic, reads_as)
    if earned:
        found.hundredths += hundredths(bonus["points"])
        found.nothing = False
        entry |= {key: f"{entry[key]}; {bonus['reason']}" for key in ("reason", "note") if key in entry}
    if "max" in rule:
        found.hundredths = min(found.hundredths, hundredths(rule["max"]))
    entry |= {"code": f"{code}.{found.band}{'+bonus' if earned else ''}", "points": found.hundredths / 100}
    found.worth = Fraction(worth_of(rule, 0 if missing and not reads_as else top_of(band, content), bool(earned)))
    if "reason" not in entry:
        found.absent = absent_by(rule) if missing else [rule.get("field") or " or ".join(value_fields(rule))]
        return replace(found, entry=entry | {"status": "MISSING"})
    values = {column: clinic.shown(column) for column in value_fields(rule)}
    entry["value"] = values if len(values) > 1 else next(iter(values.values()))
    notes = rule.get("unknown", {})
    notes = [notes[name] for name in entry["sources"] if name in notes and clinic.value(name) is None]
    found.entry = entry | ({"note": "; ".join(notes)} if notes else {})
    return found


def characteristics(category: Content) -> dict[str, Content]:
    return {name: rule for name, rule in category.items() if isinstance(rule, dict)}


def applies(rule: Content, landed: dict[str, Any]) -> bool:
    """Whether the characteristics that another one depends on landed in the bands that it names."""
    only = rule.get("only_for", "every")
    return only == "every" or all(landed.get(name) in bands for name, bands in only.items())


def category_landings(name: str, category: Content, clinic: Clinic) -> dict[str, Landing]:
    """Return where the characteristics of a category landed that were looked at."""
    landed: dict[str, Landing] = {}
    required = category.get("requires")
    for part, rule in characteristics(category).items():
        if required in landed and landed[required].nothing:
            break
        if applies(rule, {one: found.band for one, found in landed.items()}):
            landed[part] = landing(part, f"{name}.{part}", rule, clinic, part == required)
    return landed


def nothing_known(name: str, category: Content, content: Content) -> Landing:
    """Return the one entry of a category of which nothing is known."""
    rules = characteristics(category).values()
    entry = {
        "code": f"{name}.missing",
        "sources": list(dict.fromkeys(source for rule in rules for source in sources(rule, content))),
        "points": 0.0,
        "status": "MISSING",
        "note": category["all_missing"],
    }
    segments = [rule["missing"]["segment"] for rule in rules if "segment" in rule["missing"]]
    always = [
        rule
        for part, rule in characteristics(category).items()
        if rule.get("only_for", "every") == "every" and category.get("requires", part) == part
    ]
    absent = [one for rule in always for one in absent_by(rule)]
    return Landing("missing", 0, entry, next(iter(segments), None), True, absent=absent)


def score_of(category: Content, points: dict[str, int]) -> tuple[int, int]:
    """Return the score of a category in hundredths, and what its maximum cut off."""
    maximum = hundredths(category["max"])
    if category.get("combine", "sum") == "sum":
        total = sum(points.values())
        return min(total, maximum), max(0, total - maximum)
    rules = characteristics(category)
    shares = [
        Fraction(points.get(name, 0), hundredths(rule["max"])) * exact(rule.get("weight", 1.0))
        for name, rule in rules.items()
    ]
    return half_even(maximum * sum(shares) / sum(exact(rule.get("weight", 1.0)) for rule in rules.values())), 0


def absent_by(rule: Content) -> list[str]:
    """Return the fields that are not known where a characteristic is missing; which of several is not told."""
    names = missing_fields(rule)
    return [" or ".join(names)] if "when_any" in rule["missing"] and names else names


def top_of(band: Content, content: Content) -> int:
    """Return the most hundredths of a band's points."""
    points = band["points"]
    if not isinstance(points, dict):
        return hundredths(points)
    decimals = points.get("round", 2)
    if "share_of" in points:
        return max(0, half_even(exact(points["times"]) * 10**decimals) * 10 ** (2 - decimals))
    return max(on_line(points, exact(end), Clinic(content, {})) for end in points["over"])


def worth_of(rule: Content, points: int, earned: bool) -> int:
    """Return hundredths with the bonus, at most the maximum."""
    total = points + (hundredths(rule["bonus"]["points"]) if earned else 0)
    return min(total, hundredths(rule["max"])) if "max" in rule else total


def share_of(category: Content, rule: Content) -> Fraction:
    """Return how much of a characteristic's hundredths goes into the score."""
    if category.get("combine", "sum") == "sum":
        return Fraction(1)
    weights = sum(exact(each_rule.get("weight", 1.0)) for each_rule in characteristics(category).values())
    return hundredths(category["max"]) * exact(rule.get("weight", 1.0)) / (hundredths(rule["max"]) * weights)


def top_reasons(every: list[tuple[Content, dict[str, Landing]]]) -> str | None:
    """Return the reasons of the three bands that can give the most, in file order where they can give the same."""
    found = [
        (one.worth * share_of(category, category[part]), one.entry["reason"])
        for category, landed in every
        for part, one in landed.items()
        if "reason" in one.entry and category[part].get("headline", True)
    ]
    best = sorted((pair for pair in found if pair[0] > 0), key=lambda pair: -pair[0])[:3]
    text = "; ".join(reason for _, reason in best)
    return (text if len(text) <= 255 else f"{text[:254]}…") or None


def unknown(content: Content, every: list[tuple[Content, dict[str, Landing]]]) -> str | None:
    """Return the fields that are not known, those first that may cost the most of all clinics."""
    costs: dict[str, Fraction] = {}
    for category in content["category"].values():
        for part, rule in characteristics(category).items():
            whole = hundredths(category["max"]) if category.get("requires") == part else None
            for name, cost in costs_of(rule, share_of(category, rule), whole, content).items():
                costs[name] = costs.get(name, Fraction(0)) + cost
    order = sorted(costs, key=lambda name: -costs[name])
    gone = {name for _, landed in every for one in landed.values() for name in one.absent}
    return ", ".join(name for name in order if name in gone) or None


def costs_of(rule: Content, share: Fraction, whole: int | None, content: Content) -> dict[str, Fraction]:
    """Return how much less the score can be at most where a characteristic says of a field that it is not known.

    Fields that cost the same stand in the order in which they are said here: what missing points say, bands, and what
    is missing where it reads as something. `whole` is that of the category, where it is lost with the characteristic.
    """
    ways: list[tuple[int, list[str]]] = []
    never, reads_as = rule["missing"] == "never", bool(reads(rule))
    for earned in (False, True) if "bonus" in rule else (False,):
        if not never and not reads_as:
            ways.append((worth_of(rule, hundredths(rule["missing"]["points"]), earned), absent_by(rule)))
        for band in rule["bands"]:
            most = worth_of(rule, top_of(band, content), earned)
            note = [] if "reason" in band else [rule.get("field") or " or ".join(value_fields(rule))]
            ways.append((most, note))
        if reads_as:
            ways += [(worth_of(rule, top_of(band, content), earned), absent_by(rule)) for band in rule["bands"]]
    best = share * max(most for most, _ in ways) if whole is None else Fraction(whole)
    costs: dict[str, Fraction] = {}
    for most, names in ways:
        for name in names:
            costs[name] = max(costs.get(name, Fraction(0)), best - share * most)
    return costs


def total_of(content: Content, scores: list[int]) -> int:
    total = content.get("total", {})
    if total.get("combine", "sum") == "sum":
        return sum(scores)
    product = math.prod(Fraction(score, 100) for score in scores)
    return half_even(product / exact(total.get("divide_by", 1.0)) * 100)


def read(content: Content, row: Row) -> Reading:
    """Return what a clinic gets by a scorecard."""
    clinic, found, every = Clinic(content, row), Reading(), list[tuple[Content, dict[str, Landing]]]()
    for name, category in content["category"].items():
        landed = category_landings(name, category, clinic)
        if "all_missing" in category and all(one.nothing for one in landed.values()):
            landed = {"": nothing_known(name, category, content)}
        points = {part: one.hundredths for part, one in landed.items()}
        found.scores[name], cut = score_of(category, points)
        shown = {"score": category.get("bibliography", name)}
        found.entries += [shown | one.entry for one in landed.values()]
        if cut:
            reason = f"Capped at {category['max']:g}"
            found.entries.append(shown | {"code": f"{name}.cap", "sources": [], "points": -cut / 100, "reason": reason})
        found.segment = next((one.segment for one in landed.values() if one.segment), found.segment)
        every.append((category, landed))
    found.top_reasons, found.unknown = top_reasons(every), unknown(content, every)
    found.total = total_of(content, list(found.scores.values()))
    found.tier, found.label = tier_of(content, found)
    found.undecided = clinic.undecided
    return found


def tier_of(content: Content, found: Reading) -> tuple[int, str]:
    """Return the first tier whose edges are all reached."""
    scores = {"total": found.total, **found.scores}
    for number in sorted(content["tier"], key=int):
        edges = content["tier"][number].get("at_least", {})
        edges = edges if isinstance(edges, dict) else {"total": edges}
        if all(scores[part] >= exact(edge) * 100 for part, edge in edges.items()):
            return int(number), content["tier"][number]["label"]
    raise AssertionError("the last tier takes the rest")


@dataclass(frozen=True)
class Way:
    """One way through a characteristic: its band, its most hundredths, and whether nothing is known of it."""

    band: str | None
    most: int
    nothing: bool = False


def best_total(content: Content, absent: set[str]) -> int | None:
    """Return the highest total in hundredths of all bands that are left; None where there are too many to try."""
    bests = []
    for category in content["category"].values():
        rules = characteristics(category)
        ways = [list(ways_of(rule, name == category.get("requires"), content, absent)) for name, rule in rules.items()]
        if math.prod(map(len, ways)) > 400:
            return None
        bests.append(max(combined(category, rules, choice) for choice in itertools.product(*ways)))
    return total_of(content, bests)


def combined(category: Content, rules: dict[str, Content], choice: tuple[Way, ...]) -> int:
    landed: dict[str, Way] = {}
    for (name, rule), way in zip(rules.items(), choice, strict=True):
        required = category.get("requires")
        if required in landed and landed[required].nothing:
            break
        if applies(rule, {one: found.band for one, found in landed.items()}):
            landed[name] = way
    if "all_missing" in category and all(way.nothing for way in landed.values()):
        return 0
    return score_of(category, {name: way.most for name, way in landed.items()})[0]


def ways_of(rule: Content, required: bool, content: Content, absent: set[str]) -> Iterator[Way]:
    """Yield every way through a characteristic that is left when fields are missing for everyone."""
    own, reads_as = rule.get("field"), reads(rule)
    ratios = content.get("derived", {})

    def gone(name: str) -> bool:
        parts = (ratios[name]["numerator"], ratios[name]["denominator"]) if name in ratios else (name,)
        return any(part in absent for part in parts)

    def can_be(table: Content) -> set[bool]:
        test = next(key for key in TESTS if key in table)
        if test in ("any", "all"):
            return {(any if test == "any" else all)(mix) for mix in itertools.product(*map(can_be, table[test]))}
        names = targets(table, own)
        if not all(map(gone, names)):
            return {True, False}
        if test in ("at_least", "above", "at_most", "below") and names[0] in reads_as:
            return {on_side(reads_as[names[0]], test, table[test])}
        return {False}

    def most(points: Any) -> int:
        if not isinstance(points, dict):
            return hundredths(points)
        name, decimals = points.get("field", own), points.get("round", 2)
        clinic = Clinic(content, {})
        if gone(name):
            return points_of(points, own, clinic, reads_as)
        if "share_of" in points:
            return half_even(exact(points["times"]) * 10**decimals) * 10 ** (2 - decimals)
        ends = [on_line(points, exact(end), clinic) for end in points["over"]]
        return max(*ends, points_of(points, own, clinic, reads_as))

    def worth(points: int, bonus: bool) -> int:
        total = points + (hundredths(rule["bonus"]["points"]) if bonus else 0)
        return min(total, hundredths(rule["max"])) if "max" in rule else total

    earned = can_be(rule["bonus"]) if "bonus" in rule else {False}
    surely = is_missing(rule, gone)
    for bonus in earned:
        if rule["missing"] != "never" and not reads_as and not (required and bonus):
            yield Way("missing", worth(hundredths(rule["missing"]["points"]), bonus), nothing=not bonus)
        if rule["missing"] != "never" and not reads_as and surely:
            continue
        for band in rule["bands"]:
            truth = can_be(band) if has_test(band) else {True}
            if True in truth:
                points = worth(most(band["points"]), bonus)
                if reads_as:
                    yield Way("missing", points)
                if not surely:
                    yield Way(band["name"], points)
            if False not in truth:
                break
    if required and not reads_as and rule["missing"] != "never" and False not in earned:
        yield Way("missing", 0, nothing=True)
