"""Raw columns as the values of fields, in SQL: what `icp_engine.extract.conform` does to a single value.

A value that is invalid is missing here too; numbers, whole ones as well, are doubles.
"""

from sqlglot import exp

from icp_engine.columns import STATE, Field
from icp_engine.extract.states import STATES
from icp_engine.statements.dialects import Dialect
from icp_engine.statements.expressions import (
    LARGEST,
    PLAIN,
    Sql,
    case,
    column,
    double,
    every,
    fits,
    holds,
    is_null,
    is_one_of,
    joined,
    number,
    only_where,
    replaced,
    some,
    spelled,
    text,
    translated,
    trimmed,
)
from icp_engine.statements.source import SourceColumn
from icp_engine.statements.texts import SEPARATOR, SIGNS, plain_name
from icp_engine.text import ABSENT_WORDS, LONE_DASHES

_TRUE = ("1", "1.0", "true", "t", "yes", "y")
_FALSE = ("0", "0.0", "false", "f", "no", "n")
_SIGN = "^([+-]?[$]?|[$][+-])"
_NUMBER = _SIGN + "([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
_GROUPED = _SIGN + "[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?$"
_BEYOND = 2**63  # the first number that no whole number of 64 bits holds


def raw_value(source: SourceColumn, dialect: Dialect, *, quoted: bool) -> Sql:
    """Return a column as the next steps read it: text trimmed, numbers as doubles, lists joined."""
    raw = column(source.name, quoted=quoted)
    if source.kind == "text":
        return trimmed(raw, column(SIGNS.spaces))
    if source.kind == "list":
        items = exp.ArrayToString(this=raw, expression=spelled(SEPARATOR, escapes=dialect.escapes))
        return only_where(exp.not_(is_null(raw)), exp.func("coalesce", items, text("")))  # null where all items are
    return double(raw) if source.kind == "number" else raw


def read_value(field: Field, source: SourceColumn, raw: str) -> Sql | None:
    """Return a text as the number that it spells, or as the name of a state; None where there is nothing to read.

    Source: the column of `raw_value`.
    """
    if source.kind != "text":
        return None
    if field.type in ("integer", "number"):
        return _parsed(source, column(raw))
    return plain_name(column(raw)) if field.name == STATE else None


def _parsed(source: SourceColumn, value: Sql) -> Sql:
    """Read a number from text: thousands separators in their places, a dollar sign in front."""
    if source.decimal_comma:
        value = translated(value, text(",."), text(".,"))
    bare = replaced(replaced(replaced(value, "$", ""), ",", ""), "+", "")
    cast = exp.TryCast(this=bare, to=exp.DataType.build("double"), requires_string=True)
    return only_where(some([fits(value, _NUMBER), fits(value, _GROUPED)]), cast)


def field_value(field: Field, source: SourceColumn, raw: str) -> Sql:
    """Return the value of a field; null where it is missing or invalid. Source: the column of `read_value`."""
    value = column(raw)
    if field.type == "text":
        return _text(field, source, value)
    if field.type == "list":
        return _items(source, value)
    if source.kind == "flag":
        return value if field.type == "flag" else exp.null()
    return _flag(source, value) if field.type == "flag" else _number(field, source, value)


def _text(field: Field, source: SourceColumn, value: Sql) -> Sql:
    if source.kind == "integer":
        return exp.cast(value, "varchar")
    if source.kind == "flag":
        return case([(value, text("true")), (exp.not_(value), text("false"))])
    if field.name == STATE:
        return _state(value)
    given: Sql = value.neq(text(""))
    if field.absent_words:
        given = every([given, exp.not_(_is_absent(value))])
    return only_where(given, value)


def _is_absent(value: Sql) -> Sql:
    """Return whether a text is a word for nothing: in letters of ASCII, whatever `lower` makes of others."""
    word = every([fits(value, PLAIN), is_one_of(exp.Lower(this=value), ABSENT_WORDS)])
    widthless = every([exp.Length(this=value).eq(number(1)), holds(column(SIGNS.widthless), value)])
    return some([word, is_one_of(value, LONE_DASHES), widthless])


def _items(source: SourceColumn, value: Sql) -> Sql:
    """Return the items of a list with a separator before, between and after them."""
    separator = column(SIGNS.between_items)
    if source.kind == "list":
        return only_where(exp.not_(is_null(value)), joined([separator, value, separator]))
    given = every([value.neq(text("")), exp.not_(_is_absent(value))])
    apart = translated(value, text(source.separator), separator)
    return only_where(given, joined([separator, apart, separator]))


def _flag(source: SourceColumn, value: Sql) -> Sql:
    if source.kind == "text":
        word = exp.Lower(this=value)
        return case([(is_one_of(word, _TRUE), exp.true()), (is_one_of(word, _FALSE), exp.false())])
    return case([(value.eq(number(1)), exp.true()), (value.eq(number(0)), exp.false())])


def _number(field: Field, source: SourceColumn, value: Sql) -> Sql:
    """Return a number that is not below 0, clipped to its scale; of a whole one nothing with a fraction."""
    clipped = double(value) if source.kind == "integer" else value
    if field.scale is not None:
        clipped = case([(value > number(field.scale), number(field.scale))], clipped)
    high = exp.Literal.number(_BEYOND - 1) if source.kind == "integer" else exp.Literal.number(repr(LARGEST))
    if field.type == "number" or source.kind == "integer":
        bounded = [value <= high] if field.type == "integer" or source.kind != "integer" else []
        return only_where(every([value >= number(0), *bounded]), clipped)
    whole = only_where(exp.Floor(this=value).eq(value), clipped)  # only within bounds: elsewhere floor is an error
    return only_where(every([value >= number(0), value < exp.Literal.number(_BEYOND)]), whole)


def _state(value: Sql) -> Sql:
    names: dict[str, list[str]] = {}
    for name, code in STATES.items():
        names.setdefault(code, []).append(name)
    return case((is_one_of(value, spelled), text(code)) for code, spelled in names.items())
