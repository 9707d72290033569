"""What can be wrong with a scorecard that reads well: references, reach, maxima, tiers, segments."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from icp_engine.columns import KEY
from icp_engine.errors import did_you_mean
from icp_engine.scorecard.model import (
    MISSING_COLUMNS,
    RANK_COLUMNS,
    REASON_COLUMNS,
    TOTAL,
    Band,
    Category,
    Characteristic,
    Compare,
    Scorecard,
    Tier,
    leaves,
)
from icp_engine.scorecard.outcomes import outcomes_of
from icp_engine.scorecard.spoken import placeholders
from icp_engine.scorecard.toml.conditions import implies, normal
from icp_engine.scorecard.toml.lines import Path
from icp_engine.scorecard.toml.table import Notes

_MOST_OUTCOMES = 255  # a band number is stored in one byte, and one value is kept for "does not apply"

Found = Iterator[tuple[Path, str]]


def check(card: Scorecard, notes: Notes) -> None:
    """Note every mistake of a scorecard that is about meaning."""
    for found in (
        _columns(card),
        _codes(card),
        _segments(card),
        _aliases(card),
        _tiers(card, "tier", card.tiers),
        _tiers(card, "network_tier", card.network_tiers),
        _tie_breaks(card),
        _examples(card),
    ):
        _note(found, notes)
    for category in card.categories:
        _note(_category(category), notes)
        for rule in category.characteristics:
            path = ("category", category.name, rule.name)
            for part in (
                _references(rule, category),
                _fields(rule, card),
                _bands(rule, card),
                _spoken(rule),
                _maximum(rule, category),
            ):
                _note((((*path, *inner), text) for inner, text in part), notes)


def _note(found: Iterable[tuple[Path, str]], notes: Notes) -> None:
    for path, message in found:
        notes.add_unless_unreadable(path, message)


def _unknown(name: str, known: Iterable[str]) -> str:
    known = list(known)
    if not known:
        return f"'{name}' does not exist; there is none yet"
    near = did_you_mean(name, known)
    return f"'{name}' does not exist{near}" + ("" if near else f"; there are {', '.join(known)}")


def _columns(card: Scorecard) -> Found:
    """Two columns of one name would overwrite each other."""
    written = (*card.columns, *card.rank_columns, card.stability_column)
    beside = map(card.column, (*REASON_COLUMNS, *MISSING_COLUMNS))
    taken = Counter([*(column.name for column in written), *beside])
    place: dict[str, Path] = {name: ("columns", key) for key, name in card.named_columns.items()}
    for name, count in taken.items():
        if count > 1:
            yield place.get(name, ()), f"{count} columns would be called '{name}'; rename one under [columns]"
        if name in card.fields:
            yield place.get(name, ()), f"'{name}' is the name of a field; call the column otherwise under [columns]"
    if not card.categories:
        yield ("category",), "a scorecard needs a category: [category.your_category]"
    known = [
        "total_score",
        "tier",
        "tier_label",
        "segment",
        *RANK_COLUMNS,
        "tier_stability",
        *REASON_COLUMNS,
        *MISSING_COLUMNS,
        *(category.name for category in card.categories),
    ]
    for key in card.named_columns:
        if key not in known:
            yield ("columns", key), _unknown(key, known)


def _codes(card: Scorecard) -> Found:
    """Reason codes and band columns are ids: each stands once."""
    columns: dict[str, str] = {}
    for rule in card.characteristics:
        path = ("category", rule.category, rule.name)
        seen: dict[str, int] = {}
        for number, band in enumerate(rule.bands):
            if band.name == "missing" and rule.missing is not None:
                yield (
                    (*path, "bands", number),
                    f"reason code '{rule.code}.missing' is kept for the missing field",
                )
            if band.name in seen:
                yield (
                    (*path, "bands", number),
                    f"duplicate reason code '{rule.code}.{band.name}'; rename the band",
                )
            seen[band.name] = number
        if rule.column in columns:
            yield path, f"'{rule.code}' and '{columns[rule.column]}' make one band column; rename one"
        columns[rule.column] = rule.code
        if (count := len(outcomes_of(rule))) > _MOST_OUTCOMES:
            yield path, f"{count} outcomes are more than the {_MOST_OUTCOMES} that fit one byte"


def _aliases(card: Scorecard) -> Found:
    """A name that stands for an item has to be no item itself, and the item one that a rule looks for."""
    items = {item for name, field in card.fields.items() if field.type == "list" for item in card.items_of(name)}
    written = card.content.get("aliases", {})
    for item in written if isinstance(written, dict) else ():
        if normal(item, "includes") not in items:
            yield ("aliases", item), _unknown(item, sorted(items)).replace("does not exist", "is an item of no rule", 1)
    for alias, item in card.aliases.items():
        if alias in items:
            place = next(name for name in written if normal(name, "includes") == item)
            yield ("aliases", place), f"'{alias}' is an item that a rule looks for; it stands for itself"


def _category(category: Category) -> Found:
    path = ("category", category.name)
    if not category.characteristics:
        yield path, f"a category needs a characteristic: [category.{category.name}.your_characteristic]"
    if category.maximum <= 0:
        yield (*path, "max"), f"the maximum must be above 0, found {category.maximum:g}"
    names = [rule.name for rule in category.characteristics]
    if category.requires and category.requires not in names:
        yield (*path, "requires"), _unknown(category.requires, names)
    elif category.requires:
        first = category.characteristics[0]
        if category.requires != first.name:
            yield (
                (*path, "requires"),
                f"the required characteristic comes first: put '{category.requires}' on top",
            )
        elif first.missing is None or first.missing.points or first.missing.reads_as:
            yield (*path, "requires"), f"'{first.name}' must be worth 0 points where it is missing"
    if category.all_missing and any(rule.missing is None for rule in category.characteristics):
        yield (*path, "all_missing"), 'can never hold: a characteristic here has missing = "never"'
    if category.all_missing and any(rule.missing and rule.missing.reads_as for rule in category.characteristics):
        yield (*path, "all_missing"), "can never hold: a characteristic here reads a missing field as a value"


def _references(rule: Characteristic, category: Category) -> Found:
    """Other characteristics that `only_for` names must exist, come earlier, and have those bands."""
    before: dict[str, Characteristic] = {}
    for other in category.characteristics:
        if other.name == rule.name:
            break
        before[other.name] = other
    for name, wanted in rule.only_for.items():
        if name not in before:
            yield (
                ("only_for", name),
                _unknown(name, before) if before else "names a characteristic further up",
            )
            continue
        known = ["missing", *(band.name for band in before[name].bands)]
        for band in wanted:
            if band not in known:
                yield ("only_for", name), _unknown(band, known)


def _fields(rule: Characteristic, card: Scorecard) -> Found:
    """What a characteristic says of fields must be about fields that it reads, and can read so."""
    if not rule.sources and rule.field is None:
        yield (), 'a characteristic reads at least one field: give field = "..."'
    for name in rule.missing.reads_as if rule.missing else ():
        if name in card.fields and card.fields[name].type not in ("number", "integer"):
            yield ("missing", "reads_as"), f"only numbers read as a value, '{name}' is {card.fields[name].type}"
    for name in rule.unknown:
        if name not in rule.sources:
            yield ("unknown", name), f"'{name}' is not read here; read are {', '.join(rule.sources)}"


def _bands(rule: Characteristic, card: Scorecard) -> Found:
    """Every clinic lands in exactly one band: the last takes the rest, and none stands behind a wider one."""
    for number, band in enumerate(rule.bands):
        path: Path = ("bands", number)
        last = number == len(rule.bands) - 1
        if last and band.condition is not None:
            yield (
                path,
                f"the last band must take whoever is left: add a band without a condition after '{band.name}'",
            )
        for leaf in leaves(band.condition):
            scale = card.fields[leaf.field].scale if isinstance(leaf, Compare) and leaf.field in card.fields else None
            if isinstance(leaf, Compare) and scale is not None and leaf.edge > scale:
                yield path, f"unreachable: {leaf.field} is cut to its scale, {scale:g}, before it is compared"
        earlier = next((wide for wide in rule.bands[:number] if _covers(wide, band)), None)
        if earlier is not None:
            yield path, f"unreachable: whatever lands in '{band.name}' has landed in '{earlier.name}' before"


def _spoken(rule: Characteristic) -> Found:
    """What is said to a clinic names nothing but its value and its name, and the value only where there is one."""
    texts: list[tuple[Path, str | None, bool]] = [
        (("bands", number, key), text, band.reason is not None and rule.field is not None)
        for number, band in enumerate(rule.bands)
        for key, text in (("say", band.say), ("warn", band.warn))
    ]
    texts.append((("missing", "ask"), rule.missing.ask if rule.missing else None, False))
    for path, text, has_value in texts:
        for name in placeholders(text or ""):
            if name == "value" and not has_value:
                yield path, "there is no {value} here: it is that of the characteristic's field, where it is known"
            elif name not in ("value", "name"):
                yield path, f"'{{{name}}}' stands for nothing; {{value}} and {{name}} do"
    for number, band in enumerate(rule.bands):
        if band.note is not None and (band.say or band.warn):
            yield ("bands", number), "a band that counts as missing says nothing to open with; give missing an ask"


def _covers(wide: Band, narrow: Band) -> bool:
    if wide.condition is None:
        return True
    return narrow.condition is not None and implies(narrow.condition, wide.condition)


def _maximum(rule: Characteristic, category: Category) -> Found:
    """A band cannot be worth more than there is to get."""
    if rule.maximum is not None and rule.maximum > category.maximum and category.combine == "sum":
        yield ("max",), f"{rule.maximum:g} is more than the maximum of {category.name}, {category.maximum:g}"
    if category.combine == "weighted_mean":
        if rule.maximum is None or rule.maximum <= 0:
            yield (), "a weighted mean needs the maximum of each characteristic: max = ..."
        if rule.weight <= 0:
            yield ("weight",), f"a weight is above 0, found {rule.weight:g}"
    if rule.missing and rule.missing.points < 0:
        yield ("missing",), f"points are not below 0, found {rule.missing.points:g}"
    if rule.bonus and rule.bonus.points <= 0:
        yield ("bonus",), f"a bonus is above 0, found {rule.bonus.points:g}"
    limit = category.maximum if rule.maximum is None else rule.maximum
    whose = f"{category.name}" if rule.maximum is None else rule.name
    for number, band in enumerate(rule.bands):
        if band.points.least < 0:
            yield ("bands", number), f"points are not below 0, '{band.name}' can give {band.points.least:g}"
        if band.points.most > limit:
            yield (
                ("bands", number),
                f"'{band.name}' is worth up to {band.points.most:g} points, the maximum of {whose} is {limit:g}",
            )
    if rule.missing and rule.missing.points > limit:
        yield (
            ("missing",),
            f"missing is worth {rule.missing.points:g} points, the maximum of {whose} is {limit:g}",
        )


def _segments(card: Scorecard) -> Found:
    """One characteristic names the segments, and then each of its outcomes names one that exists."""
    carriers = [rule for rule in card.characteristics if any(out.segment for out in outcomes_of(rule))]
    for carrier in carriers[1:]:
        yield (
            ("category", carrier.category, carrier.name),
            f"segments already come from '{carriers[0].code}'; name them once",
        )
    for carrier in carriers[:1]:
        path: Path = ("category", carrier.category, carrier.name)
        for number, band in enumerate(carrier.bands):
            yield from _segment((*path, "bands", number), band.segment, card)
        if carrier.missing and not carrier.missing.reads_as:
            yield from _segment((*path, "missing"), carrier.missing.segment, card)
    if card.segments and not carriers:
        yield (
            ("segment",),
            'no band leads to a segment: add segment = "..." to the bands of one characteristic',
        )


def _segment(path: Path, letter: str | None, card: Scorecard) -> Found:
    if letter is None:
        yield path, f"say which segment this is: segment = one of {', '.join(card.segments) or 'those of [segment.A]'}"
    elif letter not in card.segments:
        yield path, f"segment {_unknown(letter, card.segments)}{'' if card.segments else f'; add [segment.{letter}]'}"


def _tiers(card: Scorecard, key: str, tiers: tuple[Tier, ...]) -> Found:
    """Tiers count 1, 2, 3, ..., each lower than the one before, and the last takes the rest."""
    if key == "network_tier" and not tiers:
        return
    if [tier.number for tier in tiers] != list(range(1, len(tiers) + 1)) or not tiers:
        yield (key,), f"number the tiers 1, 2, 3, ... without a gap: [{key}.1]"
        return
    parts = {TOTAL: card.maximum, **{category.name: category.maximum for category in card.categories}}
    for tier in tiers:
        path: Path = (key, str(tier.number))
        if tier.at_least and tier is tiers[-1]:
            yield (*path, "at_least"), "the last tier takes whoever is left: remove at_least"
        if not tier.at_least and tier is not tiers[-1]:
            yield path, "only the last tier takes whoever is left: give at_least = ..."
        for part, edge in tier.at_least.items():
            if part not in parts:
                yield (*path, "at_least"), _unknown(part, parts)
            elif parts[part] > 0 and not 0 < edge <= parts[part]:
                yield (
                    (*path, "at_least"),
                    f"{edge:g} cannot be reached: {part} goes from 0 to {parts[part]:g}",
                )
    for better, tier in pairwise(tiers):
        if (
            better.at_least
            and tier.at_least
            and all(tier.at_least.get(part, 0.0) >= edge for part, edge in better.at_least.items())
        ):
            yield (
                (key, str(tier.number), "at_least"),
                f"unreachable: tier {better.number} takes all of it before",
            )


def _tie_breaks(card: Scorecard) -> Found:
    """What breaks ties has an order, and breaks them once."""
    for number, tie in enumerate(card.tie_breaks):
        path: Path = ("tie_break", number, "field")
        if any(tie.field == other.field for other in card.tie_breaks[:number]):
            yield path, f"'{tie.field}' breaks ties further up already; remove one"
        elif tie.field == KEY:
            yield path, f"'{KEY}' comes last of all by itself; remove it"
        elif tie.field in card.fields and card.fields[tie.field].type == "list":
            yield path, f"a list has no order, '{tie.field}' is one; take a number, a flag or a text"


def _examples(card: Scorecard) -> Found:
    """Worked examples give known fields and expect known results."""
    results = expectable(card)
    for number, example in enumerate(card.examples):
        path: Path = ("example", number)
        for name in example.given:
            if name not in card.fields:
                yield (*path, "given", name), _unknown(name, card.fields)
        for name in example.expect:
            if name not in results:
                yield (*path, "expect", name), _unknown(name, results)
        if not example.expect:
            yield path, "an example expects something: [example.expect]"


def expectable(card: Scorecard) -> dict[str, str]:
    """Return what a worked example may expect, and the result column that answers it."""
    answers = {category.name: category.column for category in card.categories}
    answers |= {
        TOTAL: card.column("total_score"),
        "tier": card.column("tier"),
        "tier_label": card.column("tier_label"),
    }
    if card.segment_source is not None:
        answers[_free("segment", answers, "strategic_segment")] = card.column("segment")
    drivers = {category.driver: category.driver for category in card.categories if category.driver}
    return answers | drivers | {"reason_codes": card.column("reason_codes")}


def _free(name: str, taken: Iterable[str], instead: str) -> str:
    return instead if name in taken else name
