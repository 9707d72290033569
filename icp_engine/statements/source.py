"""The table that a statement reads: which column each field is in, and of which type."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlglot
from sqlglot import exp

from icp_engine.columns import FIELDS, KEY, Field, FieldType
from icp_engine.errors import InputError, did_you_mean
from icp_engine.named_files import read_text
from icp_engine.scorecard.model import Scorecard
from icp_engine.statements.dialects import Dialect

Kind = Literal["text", "integer", "number", "flag", "list"]

DECIMAL_COMMA = "decimal comma"
SEPARATORS = {";": ";", ",": ",", "|": "|", "line": "\n"}
HEADER = ["column", "type", "field", "reading"]
_NEEDED = 2  # of the header: column and type

_KINDS: dict[Kind, set[str]] = {
    "text": {"TEXT", "VARCHAR", "CHAR", "NCHAR", "NVARCHAR", "BPCHAR", "NAME"},
    "integer": {type_.name for type_ in (exp.DataType.SIGNED_INTEGER_TYPES | exp.DataType.UNSIGNED_INTEGER_TYPES)},
    "number": {"FLOAT", "DOUBLE", "REAL", "DECIMAL", "BIGDECIMAL", "UDECIMAL", "DECFLOAT"},
    "flag": {"BOOLEAN"},
    "list": {"ARRAY", "LIST"},
}
_FITTING: dict[FieldType, tuple[Kind, ...]] = {
    "text": ("text", "integer", "flag"),
    "integer": ("text", "integer", "number", "flag"),
    "number": ("text", "integer", "number", "flag"),
    "flag": ("text", "integer", "number", "flag"),
    "list": ("text", "list"),
}
_PLAIN_TYPES: dict[str, Kind] = {"text": "text", "integer": "integer", "number": "number", "flag": "flag"}


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of the table.

    `separator` stands between the items of a list that is text; with `decimal_comma` the numbers of a text are written
    so. Neither shows in a single value, so that somebody has to say it.
    """

    name: str
    kind: Kind
    separator: str = ";"
    decimal_comma: bool = False


def usual_columns(card: Scorecard) -> dict[str, SourceColumn]:
    """Return the columns that a table has which was made for a scorecard: its fields, in their types."""
    return {name: SourceColumn(name, _kind_of(card.fields[name])) for name in (KEY, *card.reads) if name in card.fields}


def _kind_of(field: Field) -> Kind:
    return "list" if field.type == "list" else _PLAIN_TYPES[field.type]


def read_columns(path: Path, card: Scorecard, dialect: Dialect) -> dict[str, SourceColumn]:
    """Return the column of each field that a file of columns and types names; other columns are left out.

    The file is CSV with the header `column,type`, and where needed `field` and `reading`.

    Raises:
        InputError: the file is not there or says something else, a type cannot become its field, or no column has ids.
    """
    fields = {KEY: FIELDS[KEY]} | {name: card.fields[name] for name in card.reads}
    found: dict[str, SourceColumn] = {}
    for where, row in _rows(path):
        name = row["field"] or _field_of(row["column"], fields)
        if name is None:
            continue
        if name not in fields:
            raise InputError(f"{where}: {card.id} reads no field '{name}'{did_you_mean(name, fields)}.")
        if name in found:
            raise InputError(
                f"{where}: '{found[name].name}' and '{row['column']}' are both the field {name}; keep one."
            )
        found[name] = _column(where, row, fields[name], dialect)
    if KEY not in found:
        raise InputError(f"{path} names no column for {KEY}; add a line such as my_id,varchar,{KEY}.")
    return found


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each line of the file with where it stands."""
    reader = csv.reader(read_text(path, "--types").splitlines())
    header = [cell.strip().lower() for cell in next(reader, [])]
    header = ["column" if cell == "column_name" else "type" if cell == "data_type" else cell for cell in header]
    if not set(HEADER[:_NEEDED]) <= set(header) <= set(HEADER):
        raise InputError(f"{path} begins with '{','.join(header)}', but column,type is due, then field and reading.")
    for cells in reader:
        if any(cell.strip() for cell in cells):
            row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            yield f"{path}, line {reader.line_num}", {name: row.get(name, "") for name in HEADER}


def _field_of(column: str, fields: Mapping[str, Field]) -> str | None:
    """Return the field that a column is called like, in any case."""
    return column if column in fields else next((name for name in fields if name.lower() == column.lower()), None)


def _column(where: str, row: Mapping[str, str], field: Field, dialect: Dialect) -> SourceColumn:
    kind = _kind(where, row["type"], dialect)
    if kind not in _FITTING[field.type] and field.name != KEY:
        due = {"text": "text or whole numbers", "list": "text or a list of texts"}.get(field.type, field.type)
        raise InputError(f"{where}: {row['column']} is {row['type']}, but {due} is due; convert it in a view.")
    column, reading = SourceColumn(row["column"], kind), row["reading"].lower()
    if not reading:
        return column
    if reading in SEPARATORS and field.type == "list" and kind == "text":
        return SourceColumn(row["column"], kind, separator=SEPARATORS[reading])
    if reading == DECIMAL_COMMA and field.type in ("integer", "number") and kind == "text":
        return SourceColumn(row["column"], kind, decimal_comma=True)
    raise InputError(
        f"{where}: '{row['reading']}' does not say how {row['column']} is read: a text with numbers may be "
        f"'{DECIMAL_COMMA}', a text with lists {', '.join(map(repr, SEPARATORS))}."
    )


def _kind(where: str, type_: str, dialect: Dialect) -> Kind:
    """Return the kind of a type of the dialect."""
    if type_.lower() in ("list", "flag", "number", "text", "integer"):
        return "list" if type_.lower() == "list" else _PLAIN_TYPES[type_.lower()]
    try:
        built = exp.DataType.build(type_, dialect=dialect.name)
    except sqlglot.ParseError as error:
        raise InputError(f"{where}: '{type_}' is no type of {dialect.name}.") from error
    name = built.this.name if isinstance(built.this, exp.DataType.Type) else str(built.this)
    for kind, names in _KINDS.items():
        if name in names:
            return kind
    raise InputError(f"{where}: a column of type {type_} can become no field; convert it in a view, or leave it out.")
