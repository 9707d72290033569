"""Texts and items of lists as rules compare them, in SQL.

Characters that a text is compared by stand in columns of one row, `signs`, so that the statement says each once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from icp_engine.errors import InputError
from icp_engine.extract.states import STATES
from icp_engine.scorecard.model import Characteristic, Match, Scorecard, leaves
from icp_engine.scorecard.outcomes import SharePoints, outcome_table
from icp_engine.statements.dialects import Dialect
from icp_engine.statements.expressions import (
    PLAIN,
    Sql,
    case,
    column,
    every,
    fits,
    holds,
    number,
    replaced,
    some,
    text,
    translated,
    trimmed,
)
from icp_engine.statements.spelling import (
    FINAL_SIGMA,
    SPACE,
    Spelling,
    accented,
    has_sigma,
    spelling_of_items,
    spelling_of_names,
    spelling_of_phrases,
)
from icp_engine.text import WIDTHLESS

_CASED = r"\p{Lu}\p{Ll}\p{Lt}"
_BETWEEN = r"\p{Mn}\p{Me}\p{Cf}\p{Lm}\p{Sk}'.:\x{b7}\x{387}\x{2018}\x{2019}\x{2024}\x{2027}"
_SIGMA_AT_END = rf"([{_CASED}][{_BETWEEN}]*)\x{{3a3}}([{_BETWEEN}]*)([^{_CASED}{_BETWEEN}]|$)"
_NO_LETTER = "\x1f"  # in place of a letter that is in no phrase; it keeps its neighbours apart
SEPARATOR = "\x1f"  # of the items of a list, which no item has


@dataclass(frozen=True, slots=True)
class SignColumns:
    """The columns of `signs`."""

    spaces: str = "all_spaces"
    between_items: str = "between_items"
    widthless: str = "zero_width"
    accented: str = "accented_letters"
    odd: str = "odd_letters"
    plain: str = "plain_letters"
    odd_items: str = "odd_in_items"
    plain_items: str = "plain_in_items"
    odd_names: str = "odd_in_names"
    plain_names: str = "plain_in_names"


SIGNS = SignColumns()


@dataclass(frozen=True, slots=True)
class Texts:
    """How the texts of a scorecard are compared in a dialect."""

    dialect: Dialect
    phrases: frozenset[str]
    items: frozenset[str]
    of_phrases: Spelling
    of_items: Spelling

    @property
    def signs(self) -> dict[str, str]:
        """What stands in each column of `signs`."""
        names = spelling_of_names(STATES)
        return {
            SIGNS.spaces: SPACE,
            SIGNS.between_items: SEPARATOR,
            SIGNS.widthless: WIDTHLESS,
            SIGNS.accented: accented(self.phrases)[0],
            SIGNS.odd: self.of_phrases.odd,
            SIGNS.plain: self.of_phrases.plain,
            SIGNS.odd_items: self.of_items.odd,
            SIGNS.plain_items: self.of_items.plain,
            SIGNS.odd_names: names.odd,
            SIGNS.plain_names: names.plain,
        }


def texts_of(card: Scorecard, dialect: Dialect) -> Texts:
    """Return how the texts of a scorecard are compared in a dialect."""
    tests = [leaf for rule in card.characteristics for leaf in _tests(rule) if isinstance(leaf, Match)]
    phrases = frozenset(phrase for test in tests if test.test != "includes" for phrase in test.phrases)
    items = {phrase for test in tests if test.test == "includes" for phrase in test.phrases} | set(card.aliases)
    forms = [outcome.points for part in outcome_table(card).parts for outcome in part.outcomes]
    items |= {phrase for form in forms if isinstance(form, SharePoints) for phrase in form.phrases}
    return Texts(dialect, phrases, frozenset(items), spelling_of_phrases(phrases), spelling_of_items(items))


def _tests(rule: Characteristic) -> Iterable[object]:
    for condition in (*(band.condition for band in rule.bands), rule.bonus.condition if rule.bonus else None):
        yield from leaves(condition)


def searched(value: Sql, texts: Texts) -> Sql:
    """Return a text as phrases are searched in it: in lower case and trimmed, and cleaned where it has to be."""
    simple = every([fits(value, PLAIN), exp.not_(holds(value, text("  ")))])
    clean = _spelled(_with_final_sigma(value, texts, texts.phrases), SIGNS.odd, SIGNS.plain, texts.of_phrases)
    composes = texts.dialect.composes
    if composes:
        clean = exp.Anonymous(this=composes[0], expressions=[clean, *(exp.var(part) for part in composes[1:])])
    elif texts.dialect.escapes:
        pattern, pairs = accented(texts.phrases)
        for pair, letter in pairs:
            clean = replaced(clean, pair, letter)
        if pattern:
            clean = exp.RegexpReplace(this=clean, expression=column(SIGNS.accented), replacement=text(_NO_LETTER))
    clean = _single_spaced(translated(clean, column(SIGNS.widthless), text("")))
    return case([(simple, exp.Lower(this=value))], clean)


def items_compared(value: Sql, texts: Texts) -> Sql:
    """Return the items of a list as they are compared: in lower case, without spaces."""
    value = _with_final_sigma(value, texts, texts.items)
    bare = translated(value, column(SIGNS.spaces), text(""))
    return _spelled(bare, SIGNS.odd_items, SIGNS.plain_items, texts.of_items)


def plain_name(value: Sql) -> Sql:
    """Return the name of a state in plain capitals."""
    return _single_spaced(
        _spelled(value, SIGNS.odd_names, SIGNS.plain_names, spelling_of_names(STATES)),
    )


def includes(items: Sql, phrase: str, card: Scorecard) -> Sql:
    """Return whether a list has an item, by its own name or another. Source: what `items_compared` returned."""
    names = [name for name in dict.fromkeys([phrase, *card.aliases]) if card.aliases.get(name, name) == phrase]
    separator = column(SIGNS.between_items)
    parts = [exp.DPipe(this=exp.DPipe(this=separator, expression=text(name)), expression=separator) for name in names]
    return some([holds(items, part) for part in parts]) if parts else exp.false()


def _spelled(value: Sql, odd: str, plain: str, spelling: Spelling) -> Sql:
    for sign, other in spelling.several:
        value = replaced(value, sign, other)
    return translated(value, column(odd), column(plain))


def _single_spaced(value: Sql) -> Sql:
    """Return a text with one space where there were several, and none at its ends."""
    spaced = exp.RegexpReplace(this=value, expression=text(" +"), replacement=text(" "))
    return trimmed(spaced, text(" "))


def _with_final_sigma(value: Sql, texts: Texts, phrases: Iterable[str]) -> Sql:
    """Return a text whose capital sigmas at the end of words are small ones: they have a form of their own."""
    if not has_sigma(phrases):
        return value
    group = texts.dialect.group
    if group is None:
        raise InputError(
            f"A phrase of the scorecard has a Greek sigma, which {texts.dialect.name} cannot read rightly."
        )
    into = f"{group}1{FINAL_SIGMA}{group}2{group}3"
    return exp.RegexpReplace(this=value, expression=text(_SIGMA_AT_END), replacement=text(into))


def is_matched(value: Sql, match: Match, card: Scorecard) -> Sql:
    """Return whether a text mentions one of the phrases or equals one, or a list includes one."""
    if match.test == "includes":
        return some([includes(value, phrase, card) for phrase in match.phrases])
    if match.test == "mentions":
        return some([holds(value, text(phrase)) for phrase in match.phrases])
    return value.isin(*(text(phrase) for phrase in match.phrases))


def count_shared(value: Sql, phrases: Iterable[str], card: Scorecard) -> Sql:
    """Return how many of the phrases a list includes."""
    found = [case([(includes(value, phrase, card), number(1))], number(0)) for phrase in dict.fromkeys(phrases)]
    result = found[0]
    for part in found[1:]:
        result = result + part
    return result
