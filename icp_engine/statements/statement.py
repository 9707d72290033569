"""A scorecard as one statement over a table, one step after the other."""

import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from icp_engine.columns import KEY
from icp_engine.errors import InputError
from icp_engine.scorecard.model import Scorecard
from icp_engine.statements.bands import Inside, band_stages
from icp_engine.statements.dialects import Dialect
from icp_engine.statements.expressions import LARGEST, Sql, column, every, looked_up, number, only_where, spelled
from icp_engine.statements.fields import field_value, raw_value, read_value
from icp_engine.statements.header import header
from icp_engine.statements.names import Names
from icp_engine.statements.points import (
    category_columns,
    codes_column,
    driver_columns,
    in_points,
    measured_columns,
    points_columns,
    segment_column,
    tier_column,
    total_column,
)
from icp_engine.statements.source import SourceColumn, usual_columns
from icp_engine.statements.texts import Texts, items_compared, searched, texts_of

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGNS = "signs"
_WIDTH = 120


def statement(
    card: Scorecard, dialect: Dialect, *, table: str = "clinics", columns: Mapping[str, SourceColumn] | None = None
) -> str:
    """Return one statement that scores a table, with a header that says what it does and does not do.

    A row comes out for each that goes in: the id as it is, the score columns of the scorecard, the number of each band
    and the reason codes.

    Args:
        card: what `load_scorecard` returned.
        dialect: where the statement runs.
        table: the table as the statement names it, with its schema where it needs one.
        columns: the column of each field; all fields in their types unless given. A field without one is missing.

    Raises:
        InputError: the table has no such name, or the dialect cannot do what the scorecard asks for.
    """
    columns = usual_columns(card) if columns is None else columns
    if not dialect.lists and (joined := [column.name for column in columns.values() if column.kind == "list"]):
        raise InputError(
            f"{joined[0]} is a list, and lists cannot be joined in {dialect.name}; make it a text in a view."
        )
    inside, texts = Inside(card, Names()), texts_of(card, dialect)
    steps = {"given": _given(columns, inside, dialect)} | _steps(columns, inside, texts)
    steps = {name: selected for name, selected in steps.items() if selected}
    query = exp.select(*_result(inside, dialect)).from_(list(steps)[-1])
    query = query.with_(_SIGNS, as_=exp.select(*_signs(texts, steps, dialect)))
    before = None
    for name, selected in steps.items():
        step = exp.select(*(_as(value, alias) for alias, value in selected.items()))
        if before is None:
            step = step.select(exp.Column(this=exp.Star(), table=exp.to_identifier(_SIGNS)), append=True)
            step = step.from_(_table(table, dialect)).join(_SIGNS, join_type="cross")
        else:
            step = exp.select("*", *step.expressions).from_(before)
        query = query.with_(name, as_=step)
        before = name
    return (
        f"{header(card, dialect, table, columns)}\n{query.sql(dialect.name, pretty=True, max_text_width=_WIDTH)}\n;\n"
    )


def _table(table: str, dialect: Dialect) -> exp.Table:
    """Return a table by what a query calls it; nothing else that a query can read from will do."""
    try:
        found = sqlglot.parse_one(f"select 1 from {table}", dialect=dialect.name)
    except sqlglot.ParseError:
        found = exp.null()
    source = found.find(exp.Table)
    if source is None or found != exp.select("1").from_(exp.table_(*map(source.args.get, ("this", "db", "catalog")))):
        raise InputError(f"'{table}' is no name of a table in {dialect.name}; quote it as a query there does.")
    return source


def _as(value: Sql, name: str, *, quoted: bool = False) -> exp.Alias:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=quoted))


def _quoted(name: str, dialect: Dialect) -> bool:
    """Return whether a name has to be quoted to be that name."""
    known = sqlglot.Dialect.get_or_raise(dialect.name).tokenizer_class.KEYWORDS
    return not _SIMPLE.fullmatch(name) or name.upper() in {word for key in known for word in key.split()}


def _given(columns: Mapping[str, SourceColumn], inside: Inside, dialect: Dialect) -> dict[str, Sql]:
    """Return the columns of the table that are read, and the id."""
    read = [name for name in inside.card.reads if name in columns]
    raw = {inside.names.of("raw", name): _raw(columns[name], dialect) for name in read}
    key = columns[KEY].name
    return {inside.names.of("id", KEY): column(key, quoted=_quoted(key, dialect))} | raw


def _raw(source: SourceColumn, dialect: Dialect) -> Sql:
    return raw_value(source, dialect, quoted=_quoted(source.name, dialect))


def _steps(columns: Mapping[str, SourceColumn], inside: Inside, texts: Texts) -> dict[str, dict[str, Sql]]:
    """Return the columns that each step adds to those of the one before, by their names."""
    steps = {
        "read": _read(columns, inside),
        "conformed": _conformed(columns, inside),
        "compared": _compared(inside, texts),
    }
    steps |= {f"bands_{place}": stage for place, stage in enumerate(band_stages(inside), start=1)}
    steps |= {"measured": measured_columns(inside), "worth": points_columns(inside)}
    steps |= {"scored": category_columns(inside, texts.dialect)}
    steps |= {"totalled": {inside.names.of("total", ""): total_column(inside, texts.dialect)}}
    return steps | {"ranked": {inside.names.of("tier", ""): tier_column(inside)}}


def _read(columns: Mapping[str, SourceColumn], inside: Inside) -> dict[str, Sql]:
    found = {}
    for name in inside.card.reads:
        if name in columns:
            value = read_value(inside.card.fields[name], columns[name], inside.names.of("raw", name))
            if value is not None:
                found[inside.names.of("read", name)] = value
    return found


def _conformed(columns: Mapping[str, SourceColumn], inside: Inside) -> dict[str, Sql]:
    read = _read(columns, inside)
    found: dict[str, Sql] = {}
    for name in inside.card.reads:
        field = inside.card.fields[name]
        kind = "value" if field.type in ("text", "list") else "field"
        if name not in columns:
            type_ = {"text": "varchar", "list": "varchar", "flag": "boolean"}.get(field.type, "double")
            found[inside.names.of(kind, name)] = exp.cast(exp.null(), type_)
            continue
        before = inside.names.of("read", name)
        before = before if before in read else inside.names.of("raw", name)
        found[inside.names.of(kind, name)] = field_value(field, columns[name], before)
    return found


def _compared(inside: Inside, texts: Texts) -> dict[str, Sql]:
    """Return texts and lists as rules compare them, and ratios."""
    found: dict[str, Sql] = {}
    for name in inside.card.reads:
        value = column(inside.names.of("value", name))
        if inside.card.fields[name].type == "text":
            found[inside.names.of("field", name)] = searched(value, texts)
        elif inside.card.fields[name].type == "list":
            found[inside.names.of("field", name)] = items_compared(value, texts)
    for name, parts in inside.card.derived.items():
        top, bottom = (inside.compared(part) for part in parts)
        if all(part in inside.card.reads for part in parts):
            found[inside.names.of("field", name)] = _ratio(top, bottom)
    return found


def _ratio(top: Sql, bottom: Sql) -> Sql:
    """Return a ratio, missing unless both of its parts are positive, and where it is too large for a number."""
    ratio = exp.Div(this=top, expression=bottom)
    finite = only_where(exp.paren(ratio) <= exp.Literal.number(repr(LARGEST)), ratio)
    return only_where(every([top > number(0), bottom > number(0)]), finite)


def _result(inside: Inside, dialect: Dialect) -> list[exp.Alias]:
    card, names = inside.card, inside.names
    tier = column(names.of("tier", ""))
    results = {KEY: column(names.of("id", KEY)), card.column("total_score"): in_points(column(names.of("total", "")))}
    results[card.column("tier")] = tier
    results[card.column("tier_label")] = looked_up(tier, {level.number: level.label for level in card.tiers})
    if card.segment_source:
        results[card.column("segment")] = segment_column(inside)
    results |= {category.column: in_points(column(names.of("score", category.name))) for category in card.categories}
    results |= driver_columns(inside)
    results |= {rule.column: inside.band(rule) for rule in card.characteristics}
    results[card.column("reason_codes")] = codes_column(inside)
    if len({name.lower() for name in results}) < len(results):
        raise InputError(
            f"Two results of {card.id} differ in capitals alone, which SQL does not tell apart; rename one."
        )
    return [_as(value, name, quoted=_quoted(name, dialect)) for name, value in results.items()]


def _signs(texts: Texts, steps: Mapping[str, Mapping[str, Sql]], dialect: Dialect) -> list[exp.Alias]:
    """Return the characters that some step names, each set of them a column."""
    named = {
        found.name for selected in steps.values() for value in selected.values() for found in value.find_all(exp.Column)
    }
    used = {name: signs for name, signs in texts.signs.items() if name in named}
    return [_as(spelled(signs, escapes=dialect.escapes), name) for name, signs in (used or texts.signs).items()]
