"""Outreach: what to do next in each tier, and the hook that opens a message, from the first signal that holds."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.errors import did_you_mean, first_line
from icp_engine.extract.conform import ABSENT_IN_ANY_CASE
from icp_engine.partnerships.columns import NAME, NOTES
from icp_engine.partnerships.numerals import in_figures
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scorecard.toml.table import Table
from icp_engine.scoring.compiler import band_of

ACTION, SIGNAL, HOOK = f"{HELPERS}action", f"{HELPERS}signal", f"{HELPERS}hook"
_FIELDS = (NAME, "practice_type", "location", "provider_count", "monthly_patient_volume")
_TEXT = f"{HELPERS}notes_in_figures"


@dataclass(frozen=True, slots=True)
class Action:
    """What to do next in a tier: with notes, which `{lead}` stands for, and without."""

    text: str
    lead: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: patterns of which the notes match any, or a band that the practice landed in, or neither."""

    name: str
    hook: str
    patterns: tuple[str, ...] = ()
    band: str = ""


@dataclass(frozen=True, slots=True)
class Outreach:
    """The actions by tier, the tiers that get a hook, and the signals in order; the last one always holds."""

    actions: Mapping[int, Action]
    tiers: tuple[int, ...]
    signals: tuple[Signal, ...]


def read_outreach(top: Table, card: Scorecard) -> Outreach:
    """Read actions and signals for the tiers and bands of a scorecard; mistakes are noted."""
    numbers = [tier.number for tier in card.tiers]
    actions = dict(_actions(top.table("action"), numbers, card))
    signals = tuple(_signals(top, card))
    return Outreach(actions, tuple(_tiers(top.table("hooks"), numbers)), signals)


def _actions(table: Table, numbers: list[int], card: Scorecard) -> Iterator[tuple[int, Action]]:
    for number in numbers:
        if str(number) not in table:
            table.problem(f"tier {number} of scorecard {card.id} is missing: say what to do next")
            continue
        action = table.table(str(number))
        text = action.text("text")
        lead = action.text("lead", text)
        _placeholders(action, "lead", lead, ["lead"])
        action.close()
        yield number, Action(text, lead)
    table.close()


def _tiers(table: Table, numbers: list[int]) -> Iterator[int]:
    given = table.raw.get("tiers")
    if "tiers" not in table or not isinstance(given, list):
        table.problem("'tiers' is missing: list the tiers whose practices get a hook, e.g. [1]")
        given = []
    for place, number in enumerate(given):
        if isinstance(number, bool) or number not in numbers:
            table.problem(f"expected one of {', '.join(map(str, numbers))}, found {number!r}", "tiers", place)
        else:
            yield number
    table.close()


def _signals(top: Table, card: Scorecard) -> Iterator[Signal]:
    names: list[str] = []
    items = list(top.items("signal"))
    for place, item in enumerate(items):
        signal = _signal(item, card, last=place == len(items) - 1)
        if signal.name in names:
            item.problem(f"the signal '{signal.name}' stands here a second time", "name")
        names.append(signal.name)
        yield signal
        item.close()
    if not items:
        top.problem("'signal' is missing: list the signals as [[signal]], in the order in which they are tried")


def _signal(item: Table, card: Scorecard, *, last: bool) -> Signal:
    name, hook = item.text("name"), item.text("hook")
    patterns = item.texts("notes")
    band = item.text("band", "")
    bands = [f"{rule.code}.{band.name}" for rule in card.characteristics for band in rule.bands]
    if band and band not in bands:
        item.problem(f"scorecard {card.id} has no band '{band}'{did_you_mean(band, bands)}", "band")
    if patterns and band:
        item.problem("give 'notes' or 'band', not both", "band")
    if last and (patterns or band):
        item.problem("the last signal takes whoever is left: give it neither 'notes' nor 'band'", "name")
    if not last and not patterns and not band:
        item.problem("give 'notes' or 'band'; without either it always holds, and no later signal is tried", "name")
    known = [NAME] if last else list(_FIELDS)
    groups = [found for place, pattern in enumerate(patterns) if (found := _groups(item, place, pattern)) is not None]
    if len(groups) == len(patterns):
        shared = set.intersection(*groups) if groups else set()
        some = set.union(*groups) - shared if groups else set()
        _placeholders(item, "hook", hook, [*known, *sorted(shared)], some, last=last)
    return Signal(name, hook, patterns, band)


def _groups(item: Table, place: int, pattern: str) -> set[str] | None:
    """Return the named groups of a pattern; None, noted, where it is none that the engine can match."""
    try:
        matched = pl.Series([""]).str.extract_groups(_any_case(pattern))
    except pl.exceptions.ComputeError as error:
        message = str(error).strip().splitlines()[-1].removeprefix("error: ").strip() or first_line(error)
        item.problem(f"{pattern!r} is not a regular expression: {message}", "notes", place)
        return None
    fields = matched.dtype.fields if isinstance(matched.dtype, pl.Struct) else []
    return {field.name for field in fields if not field.name.isdecimal()}


def _placeholders(
    table: Table,
    key: str,
    text: str,
    known: list[str],
    some: Collection[str] = (),
    *,
    last: bool = False,
) -> None:
    """Note every `{...}` of a text that nothing can be put in for."""
    try:
        found = [item for item in Formatter().parse(text) if item[1] is not None]
    except ValueError as error:
        table.problem(f"the braces do not pair up ({error}); write a brace itself twice", key)
        return
    if any(form or conversion for _, _, form, conversion in found):
        table.problem("a placeholder is a name in braces and nothing else", key)
    for name in dict.fromkeys(str(name) for _, name, _, _ in found):
        if name in known:
            continue
        if name in some:
            table.problem(f"'{{{name}}}' is captured by some patterns of 'notes', but not by all of them", key)
        elif last and name in _FIELDS:
            table.problem(f"'{{{name}}}' may be unknown, and the last signal has to hold for everybody", key)
        else:
            table.problem(
                f"unknown placeholder '{{{name}}}'{did_you_mean(name, known)}; known: {', '.join(known)}", key
            )


def action_expr(outreach: Outreach, tier: str) -> pl.Expr:
    """Return what to do next (text). Source: the tier's number, and the notes, missing where blank.

    The lead is what the notes say up to the first semicolon, without a final dot; notes such as `none` say nothing.
    """
    lead = pl.col(NOTES).str.splitn(";", 2).struct[0].str.strip_chars().str.strip_suffix(".").str.strip_chars()
    known = ((lead != "") & ~lead.is_in(ABSENT_IN_ANY_CASE)).fill_null(value=False)
    return pl.coalesce(
        pl.when(pl.col(tier) == number).then(
            pl.when(known).then(_filled(action.lead, {"lead": lead})).otherwise(pl.lit(action.text))
        )
        for number, action in outreach.actions.items()
    )


def with_hooks(frame: pl.LazyFrame, outreach: Outreach, card: Scorecard, tier: str) -> pl.LazyFrame:
    """Return the practices that get a hook with `SIGNAL` (text) and `HOOK` (text, one line). Lazy in, lazy out.

    Source: the fields of practices, the bands of the scorecard, and the tier's number.
    """
    frame = frame.filter(pl.col(tier).is_in(list(outreach.tiers))).with_columns(in_figures(pl.col(NOTES)).alias(_TEXT))
    tried = [(signal.name, hook) for signal in outreach.signals for hook in _hooks(signal, card)]
    names = [pl.when(hook.is_not_null()).then(pl.lit(name)) for name, hook in tried]
    return frame.with_columns(
        pl.coalesce(names).alias(SIGNAL),
        pl.coalesce(hook for _, hook in tried).alias(HOOK),
    ).drop(_TEXT)


def _hooks(signal: Signal, card: Scorecard) -> Iterator[pl.Expr]:
    """Yield the hook of a signal, missing where it does not hold, once per pattern."""
    fields = {name: _on_one_line(pl.col(name).cast(pl.String)) for name in _FIELDS}
    if signal.band:
        part = next(part for part in outcome_table(card).parts if signal.band.startswith(f"{part.code}."))
        numbers = part.landing_in([signal.band.removeprefix(f"{part.code}.")])
        yield pl.when(band_of(part.rule).is_in(numbers)).then(_filled(signal.hook, fields))
    elif not signal.patterns:
        yield _filled(signal.hook, fields)
    for pattern in signal.patterns:
        text, cased = pl.col(_TEXT), _any_case(pattern)
        used = [name for _, name, _, _ in Formatter().parse(signal.hook) if name and name not in fields]
        groups = {name: _on_one_line(text.str.extract_groups(cased).struct.field(name)) for name in used}
        yield pl.when(text.str.contains(cased)).then(_filled(signal.hook, fields | groups))


def _any_case(pattern: str) -> str:
    return f"(?i){pattern}"


def _on_one_line(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.replace_all(r"\s+", " ")


def _filled(template: str, values: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return a template with expressions put in for its placeholders; missing where one of them is."""
    parts: list[pl.Expr] = []
    for text, name, _, _ in Formatter().parse(re.sub(r"\s+", " ", template)):
        parts += [pl.lit(text)] if text else []
        parts += [values[name]] if name else []
    return pl.concat_str(parts)
