"""What differs between the rules of two scorecards, in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from icp_engine.display import listed
from icp_engine.report.document import Column, Table
from icp_engine.scorecard.model import AllOf, AnyOf, Band, Characteristic, Condition, Match, Scorecard, Tier, leaves
from icp_engine.scorecard.outcomes import CategoryOutcomes, CharacteristicOutcomes, outcome_table
from icp_engine.scorecard.words import Rule, caveats, looks_at, only_for, rules, total

Kind = Literal["added", "removed", "changed"]
_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class Change:
    """A difference: in which part of the scorecard, whether it is new, gone or changed, and a sentence."""

    part: str
    kind: Kind
    says: str


def rule_changes(old: Scorecard, new: Scorecard) -> tuple[Change, ...]:
    """Return what differs from one scorecard to the other, in the order of the new one."""
    return (
        *_card(old, new),
        *_lists(old, new),
        *_categories(old, new),
        *_tiers("Tier", old.tiers, new.tiers, old, new),
        *_tiers("Network tier", old.network_tiers, new.network_tiers, old, new),
        *_segments(old, new),
    )


def rules_table(changes: Iterable[Change]) -> Table:
    """Return differences of rules as a table."""
    columns = (Column("kind", "Change"), Column("says", "What differs"))
    rows = [(change.kind, change.says) for change in changes]
    return Table("rules", "Rules that differ", columns, rows, empty="No rule differs.")


def _card(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    if total(old) != total(new):
        yield Change("Total", "changed", f"{total(new)} Before: {total(old)}")
    for name in dict.fromkeys([*old.derived, *new.derived]):
        ratios = [" divided by ".join(card.derived[name]) for card in (old, new) if name in card.derived]
        if old.derived.get(name) != new.derived.get(name):
            yield _change(f"Ratio {name}", name in old.derived, name in new.derived, ratios)
    for name in dict.fromkeys([*old.reads, *new.reads]):
        before, after = old.fields.get(name), new.fields.get(name)
        if before and after and (before.type, before.scale) != (after.type, after.scale):
            scales = [f"{field.type}{f' up to {field.scale:g}' if field.scale else ''}" for field in (before, after)]
            yield _change(f"Field {name}", True, True, scales)
    if old.aliases != new.aliases:
        names = sorted(
            {name for name in (*old.aliases, *new.aliases) if old.aliases.get(name) != new.aliases.get(name)}
        )
        yield Change("Aliases", "changed", f"Other names of items of lists differ: {listed(names)}.")


def _change(part: str, before: bool, after: bool, texts: list[str]) -> Change:
    if before and after:
        return Change(part, "changed", f"{part} is {texts[1]}; before, {texts[0]}.")
    return Change(part, "added" if after else "removed", f"{part} is {'new' if after else 'gone'}: {texts[0]}.")


def _lists(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    """Yield what differs in the named lists of keywords; the bands that use them say so too."""
    before, after = (card.content.get("lists", {}) for card in (old, new))
    for name in dict.fromkeys([*before, *after]):
        words = _phrases_differ(before.get(name, ()), after.get(name, ()))
        if words and name in before and name in after:
            yield Change(f"List {name}", "changed", f"The list {name} {words}.")
        elif words:
            gone = name not in after
            yield Change(
                f"List {name}", "removed" if gone else "added", f"The list {name} is {'gone' if gone else 'new'}."
            )


def _phrases_differ(old: Iterable[str], new: Iterable[str]) -> str:
    old, new = list(old), list(new)
    parts = [
        f"{verb} {listed([f'“{phrase}”' for phrase in phrases])}"
        for verb, phrases in (
            ("adds", [phrase for phrase in new if phrase not in old]),
            ("drops", [phrase for phrase in old if phrase not in new]),
        )
        if phrases
    ]
    return " and ".join(parts)


def _pairs(old: Mapping[str, _Part], new: Mapping[str, _Part]) -> Iterator[tuple[str, _Part | None, _Part | None]]:
    for name in (*new, *(name for name in old if name not in new)):
        yield name, old.get(name), new.get(name)


def _categories(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    before, after = ({part.rule.name: part for part in outcome_table(card).categories} for card in (old, new))
    for _, was, now in _pairs(before, after):
        if was is None or now is None:
            part = now or was
            assert part is not None
            gone, names = now is None, listed([rule.label for rule in part.rule.characteristics])
            yield Change(
                part.rule.label,
                "removed" if gone else "added",
                f"The category {part.rule.label} is {'gone' if gone else 'new'}: at most {part.rule.maximum:g} points "
                f"for {names}.",
            )
        else:
            yield from _category(was, now, old, new)


def _category(was: CategoryOutcomes, now: CategoryOutcomes, old: Scorecard, new: Scorecard) -> Iterator[Change]:
    label = now.rule.label
    if was.rule.label != label:
        yield Change(label, "changed", f"The category {was.rule.label} is now called {label}.")
    if was.maximum != now.maximum:
        says = f"{label} gives at most {now.rule.maximum:g} points; before, {was.rule.maximum:g}."
        yield Change(label, "changed", says)
    for text in dict.fromkeys([*caveats(now, new), *caveats(was, old)]):
        held, holds = text in caveats(was, old), text in caveats(now, new)
        if held != holds and was.maximum == now.maximum:
            yield Change(label, "added" if holds else "removed", f"{label}: {'now' if holds else 'no longer'}: {text}")
    before, after = ({part.rule.name: part for part in outcomes.parts} for outcomes in (was, now))
    for _, first, second in _pairs(before, after):
        part = second or first
        assert part is not None
        name = f"{label}, {part.rule.label}"
        if first is None or second is None:
            gone = second is None
            most = f"{part.rule.label} ({looks_at(part.rule)})"
            says = f"{label}: {most} is {'gone' if gone else 'new'}."
            yield Change(name, "removed" if gone else "added", says)
        else:
            found = [*_characteristic(name, first, second)]
            yield from found
            if not found and first.rule != second.rule:
                yield Change(name, "changed", f"{name} differs in how it is told.")


def _characteristic(name: str, was: CharacteristicOutcomes, now: CharacteristicOutcomes) -> Iterator[Change]:
    if was.rule.label != now.rule.label:
        yield Change(name, "changed", f"{name} was called {was.rule.label}.")
    tests: tuple[tuple[str, Callable[[Characteristic], str]], ...] = (
        ("looks at", lambda rule: listed(sorted(rule.sources))),
        ("counts", only_for),
        (
            "gives",
            lambda rule: "as many points as its bands" if rule.maximum is None else f"at most {rule.maximum:g} points",
        ),
    )
    for verb, text in tests:
        if text(was.rule) != text(now.rule):
            yield Change(name, "changed", f"{name} {verb} {text(now.rule)}; before, {text(was.rule)}.")
    if was.rule.weight != now.rule.weight:
        yield Change(name, "changed", f"{name} weighs {now.rule.weight:g}; before, {was.rule.weight:g}.")
    if was.rule.unknown != now.rule.unknown:
        yield Change(name, "changed", f"{name} says other words of what is not known.")
    before, after = ({rule.band: rule for rule in rules(part)} for part in (was, now))
    bands = [{band.name: band for band in part.rule.bands} for part in (was, now)]
    for band, old, new in _pairs(before, after):
        where = f"{name}, {'bonus' if band == 'bonus' else 'missing' if band == 'missing' else f'band {band}'}"
        if old is None or new is None:
            line = new or old
            assert line is not None
            gone = new is None
            says = f"{where} is {'gone' if gone else 'new'}: {_line(line)}."
            yield Change(where, "removed" if gone else "added", says)
        else:
            yield from _rule(where, old, new, bands[0].get(band), bands[1].get(band))
    kept = [[band for band in names if band in before and band in after] for names in bands]
    if kept[0] != kept[1]:
        says = f"{name} tries its bands in another order: {listed(kept[1])}; before, {listed(kept[0])}."
        yield Change(name, "changed", says)


def _line(rule: Rule) -> str:
    return f"{rule.when}, {rule.points} points" if rule.when else f"{rule.points} points"


def _rule(where: str, was: Rule, now: Rule, old: Band | None, new: Band | None) -> Iterator[Change]:
    """Yield what differs in a line: when it holds, its points, its segment, its words."""
    if was.when != now.when:
        words = _keywords(old.condition, new.condition) if old and new else ""
        says = f"{where} {words}." if words else f"{where} holds for {now.when}; before, for {was.when}."
        yield Change(where, "changed", says)
    if was.points != now.points:
        yield Change(where, "changed", f"{where} gives {now.points}; before, {was.points}.")
    segments = [band.segment or "no segment" if band else "" for band in (old, new)]
    if segments[0] != segments[1]:
        yield Change(where, "changed", f"{where} means segment {segments[1]}; before, {segments[0]}.")
    if was.says != now.says:
        yield Change(where, "changed", f"{where} says “{now.says}”; before, “{was.says}”.")


def _keywords(old: Condition | None, new: Condition | None) -> str:
    """Return which keywords differ where nothing else does, or nothing."""
    if old is None or new is None or _without_phrases(old) != _without_phrases(new):
        return ""
    pairs = [
        _phrases_differ(before.phrases, after.phrases)
        for before, after in zip(leaves(old), leaves(new), strict=True)
        if isinstance(before, Match) and isinstance(after, Match)
    ]
    return "; ".join(pair for pair in pairs if pair)


def _without_phrases(condition: Condition) -> Condition:
    if isinstance(condition, Match):
        return replace(condition, phrases=())
    if isinstance(condition, AnyOf | AllOf):
        return replace(condition, conditions=tuple(_without_phrases(part) for part in condition.conditions))
    return condition


def _tiers(
    kind: str, old: tuple[Tier, ...], new: tuple[Tier, ...], before: Scorecard, after: Scorecard
) -> Iterator[Change]:
    tests: tuple[tuple[str, Callable[[Tier, Scorecard], str]], ...] = (
        ("begins at", lambda tier, card: card.edges(tier)),
        ("is called", lambda tier, _: tier.label),
        ("means", lambda tier, _: tier.meaning),
    )
    for number, was, now in _pairs({str(tier.number): tier for tier in old}, {str(tier.number): tier for tier in new}):
        part = f"{kind} {number}"
        if was is None or now is None:
            tier, card = (now, after) if now else (was, before)
            assert tier is not None
            says = f"{part} is {'gone' if now is None else 'new'}: {card.edges(tier)}."
            yield Change(part, "removed" if now is None else "added", says)
            continue
        for verb, text in tests:
            if text(was, before) != text(now, after):
                yield Change(part, "changed", f"{part} {verb} {text(now, after)}; before, {text(was, before)}.")


def _segments(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    for letter, was, now in _pairs(old.segments, new.segments):
        part = f"Segment {letter}"
        if was is None or now is None:
            yield _change(part, was is not None, now is not None, [now or was or ""])
        elif was != now:
            yield _change(part, True, True, [was, now])
