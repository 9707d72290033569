"""What a question is answered with, as a value: sentences, tables and pictures. Terminal, JSON and page show the same.

A document is small: whoever makes it has summed up already, and lists of clinics are cut to those worth reading.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import fill, wrap
from typing import TYPE_CHECKING, Any, Literal

from icp_engine.display import cut, listed, percent
from icp_engine.display import table as aligned
from icp_engine.errors import printable

if TYPE_CHECKING:
    from icp_engine.charts.catalogue import Chart

Kind = Literal["text", "count", "points", "share", "change", "number"]
_WIDEST = 48  # characters of a text in a terminal's table


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        key: its name in JSON.
        title: its heading for people.
        kind: how values read: `text`; `count` of things; `points` to 2 decimals; `share` of 0 to 1 as a percentage;
            `change` in points or in clinics, with its sign; `number` as it is.
    """

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading.

    Attributes:
        name: its name in JSON and on the page, such as `tier_moves`.
        title: its heading.
        columns: what stands in it.
        rows: a value for each column; None is shown as a dash.
        says: a sentence of what it shows or how to read it.
        empty: what is said where it has no rows.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]]
    says: str = ""
    empty: str = "There is nothing to list."


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart of a page, drawn only where a page is made: terminals need no Plotly."""

    draw: Callable[[], "Chart"]


@dataclass(frozen=True, slots=True)
class Document:
    """An answer.

    Attributes:
        title: what was asked, such as `What changes from icp 1.0.0 to mine 2.0.0`.
        headline: the answer in a sentence, with its numbers.
        sentences: what else has to be known before the tables are read: doubts, what was left out, what to do next.
        subtitle: what it was made from: scorecards, runs, files.
        parts: tables and pictures, in the order of reading.
        facts: numbers of the headline and the sentences by name, for JSON.
    """

    title: str
    headline: str
    sentences: tuple[str, ...] = ()
    subtitle: str = ""
    parts: tuple[Table | Picture, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The parts that are tables."""
        return tuple(part for part in self.parts if isinstance(part, Table))


def document_content(document: Document) -> dict[str, Any]:
    """Return a document for JSON: facts by name, and every table as a list of objects."""
    tables = {
        table.name: [
            {column.key: value for column, value in zip(table.columns, row, strict=True)} for row in table.rows
        ]
        for table in document.tables
    }
    return {
        "title": document.title,
        "headline": document.headline,
        "sentences": list(document.sentences),
        **document.facts,
        **tables,
    }


def document_text(document: Document, width: int) -> str:
    """Return a document for a terminal of so many characters."""
    sentences = [fill(sentence, width) for sentence in (document.headline, *document.sentences)]
    parts = ["\n".join(sentences), *(_table_text(table, width) for table in document.tables)]
    return "\n\n".join([*parts, document.subtitle] if document.subtitle else parts)


def _table_text(table: Table, width: int) -> str:
    heading = [table.title, *([fill(table.says, width)] if table.says else [])]
    if not table.rows:
        return "\n".join([*heading, table.empty])
    align = "".join("<" if column.kind == "text" else ">" for column in table.columns)
    rows = [
        [spelled(value, column.kind) for column, value in zip(table.columns, row, strict=True)] for row in table.rows
    ]
    rows = [[*(cut(cell, _WIDEST) for cell in cells), last] for *cells, last in rows]
    cells = [[column.title for column in table.columns], *_wrapped(rows, table.columns, width)]
    return "\n".join([*heading, aligned(cells, align, header=True)])


def _wrapped(rows: list[list[str]], columns: Sequence[Column], width: int) -> list[list[str]]:
    """Return rows with the last text on as many lines as it takes: what differs is read to its end."""
    used = sum(
        max(len(column.title), *(len(row[place]) for row in rows)) + 2 for place, column in enumerate(columns[:-1])
    )
    found = []
    for *cells, last in rows:
        first, *more = wrap(printable(last, keep=""), max(width - used, _WIDEST)) or [""]
        found += [[*cells, first], *([*[""] * len(cells), line] for line in more)]
    return found


def spelled(value: Any, kind: Kind = "text") -> str:
    """Return a value as people read it; what is missing is a dash."""
    if value is None or (isinstance(value, list | tuple) and not value):
        return "–"
    return _SPELLED[kind](value)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return listed([str(item) for item in value])
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _change(value: float) -> str:
    return _trimmed(f"{value:+,.2f}") if value else "0"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else _trimmed(f"{value:,.4f}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


_SPELLED: dict[Kind, Callable[[Any], str]] = {
    "text": _text,
    "count": "{:,}".format,
    "points": "{:,.2f}".format,
    "share": percent,
    "change": _change,
    "number": _number,
}
