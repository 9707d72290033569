"""Expressions of SQL as values, which sqlglot spells in any dialect."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add

from sqlglot import exp

Sql = exp.Expr

LARGEST = 1.7976931348623157e308
"""The largest double: what is at most that is neither infinite nor NaN, whether or not NaN is above all numbers."""

_EXACT = 15  # digits that a decimal literal keeps when a warehouse turns it into a double
PLAIN = "^[ -~]*$"  # printable ASCII
_FOUR_DIGITS = 0x10000
_VISIBLE = re.compile(r"[!-~]|[^\W\d_]")


def column(name: str, table: str | None = None, *, quoted: bool = False) -> Sql:
    """Return a column by its name."""
    return exp.column(exp.to_identifier(name, quoted=quoted), table=table)


def text(value: str) -> Sql:
    """Return a text literal."""
    return exp.Literal.string(value)


def spelled(signs: str, *, escapes: bool) -> Sql:
    """Return a text whose characters can all be seen: others are spelled by their numbers, in the text or by `chr`."""
    if escapes:
        seen = "".join(sign if _VISIBLE.fullmatch(sign) and sign not in "'\\" else _by_number(sign) for sign in signs)
        return exp.Var(this=f"'{seen}'") if seen != signs else text(signs)
    runs = re.findall(r"[!-~]+|[^\W\d_]+|.", signs, re.DOTALL)
    parts = [text(run) if _VISIBLE.fullmatch(run[0]) else exp.Chr(expressions=[number(ord(run))]) for run in runs]
    return joined(parts) if parts else text("")


def _by_number(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < _FOUR_DIGITS else f"\\U{ord(sign):08x}"


def number(value: float) -> Sql:
    """Return a number literal, with an exponent where a decimal of so many digits might become another double."""
    if value == int(value) and abs(value) < 10**_EXACT:
        return exp.Literal.number(int(value))
    plain = repr(float(value))
    digits = plain.replace(".", "").replace("-", "").lstrip("0")
    return exp.Literal.number(plain if "e" in plain or len(digits) <= _EXACT else f"{value:.16e}")


def double(value: Sql) -> Sql:
    """Return a value as a double."""
    return exp.cast(value, "double")


def case(ways: Iterable[tuple[Sql, Sql]], otherwise: Sql | None = None) -> Sql:
    """Return the value of the first condition that is true; null, or `otherwise`, where none is."""
    found = exp.Case()
    for condition, value in ways:
        found = found.when(condition, value)
    if not found.args.get("ifs"):
        return otherwise if otherwise is not None else exp.null()
    return found if otherwise is None else found.else_(otherwise)


def looked_up(value: Sql, texts: Mapping[int, str], otherwise: Sql | None = None) -> Sql:
    """Return the text of each number that a value can be."""
    found = exp.Case(this=value)
    for key, label in texts.items():
        found = found.when(number(key), text(label))
    return found if otherwise is None else found.else_(otherwise)


def is_number(value: Sql, numbers: Sequence[int]) -> Sql:
    """Return whether a value is one of some numbers."""
    return value.eq(number(numbers[0])) if len(numbers) == 1 else value.isin(*(number(part) for part in numbers))


def only_where(condition: Sql, value: Sql) -> Sql:
    """Return a value, null where a condition is not true."""
    return case([(condition, value)])


def is_null(value: Sql) -> Sql:
    """Return whether there is no value."""
    return exp.Is(this=value, expression=exp.null())


def every(conditions: Iterable[Sql]) -> Sql:
    """Return whether all of the conditions hold."""
    return exp.and_(*conditions)


def some(conditions: Iterable[Sql]) -> Sql:
    """Return whether one of the conditions holds."""
    return exp.or_(*conditions)


def is_one_of(value: Sql, texts: Sequence[str]) -> Sql:
    """Return whether a value is one of some texts."""
    return value.isin(*(text(part) for part in texts))


def holds(value: Sql, phrase: Sql) -> Sql:
    """Return whether a text has a phrase in it. `strpos`: sqlglot makes other things of `contains` in some dialects."""
    return exp.StrPosition(this=value, substr=phrase) > number(0)


def fits(value: Sql, pattern: str) -> Sql:
    """Return whether a text as a whole fits a pattern, which begins with `^` and ends with `$`."""
    return exp.RegexpLike(this=value, expression=text(pattern))


def trimmed(value: Sql, signs: Sql) -> Sql:
    """Return a text without certain signs at its ends."""
    return exp.Trim(this=value, expression=signs)


def translated(value: Sql, signs: Sql, into: Sql) -> Sql:
    """Return a text with each sign replaced by the one in its place; those beyond the end are left out."""
    return exp.func("translate", value, signs, into)


def replaced(value: Sql, found: str, into: str) -> Sql:
    """Return a text with every occurrence of a text replaced."""
    return exp.func("replace", value, text(found), text(into))


def joined(parts: Sequence[Sql]) -> Sql:
    """Return texts one after the other. `||`: sqlglot makes other things of `concat_ws` in some dialects."""
    return reduce(lambda left, right: exp.DPipe(this=left, expression=right, safe=False), parts)


def total(parts: Sequence[Sql]) -> Sql:
    """Return the sum of values, none of which is null."""
    return reduce(add, parts)


def half_to_even(above: Sql, below: int, whole: str) -> Sql:
    """Return a fraction of whole numbers, not below 0, rounded half to even: exactly, which division would not do.

    Args:
        above: the numerator.
        below: the denominator.
        whole: a type of whole numbers that holds twice the numerator.
    """
    if below == 1:
        return exp.cast(above, "bigint")
    rest = exp.Mod(this=exp.paren(above), expression=number(below))
    quotient = exp.cast(exp.Round(this=exp.Div(this=exp.paren(above - rest), expression=number(below))), "bigint")
    odd = exp.Mod(this=exp.paren(quotient), expression=number(2)).eq(number(1))
    twice = exp.cast(rest, whole) * number(2)
    up = some([twice > number(below), every([twice.eq(number(below)), odd])])
    return exp.paren(quotient) + case([(up, number(1))], number(0))
