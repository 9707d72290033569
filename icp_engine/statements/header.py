"""What stands above a statement: what it scores, what it does not do, and where its dialect differs."""

from collections.abc import Iterator, Mapping
from textwrap import wrap

from icp_engine.columns import KEY
from icp_engine.distribution import NAME, engine_version
from icp_engine.scorecard.model import Scorecard
from icp_engine.statements.dialects import Dialect
from icp_engine.statements.source import SourceColumn

_WIDTH = 116


def header(card: Scorecard, dialect: Dialect, table: str, columns: Mapping[str, SourceColumn]) -> str:
    """Return the comment that a statement begins with."""
    lines = ["-- " + ("Executed in the tests of " + NAME if dialect.executed else "not executed by us") + "."]
    for sentences in _paragraphs(card, dialect, table, columns):
        lines += ["--", *(f"-- {line}" for line in wrap(" ".join(sentences.split()), _WIDTH))]
    return "\n".join(lines)


def _paragraphs(card: Scorecard, dialect: Dialect, table: str, columns: Mapping[str, SourceColumn]) -> Iterator[str]:
    yield (
        f"Scores the rows of {table} by {card.id} {card.version} (hash {card.hash[:12]}), in the SQL of "
        f"{dialect.name}, made by {NAME} {engine_version()}. One row comes out for each row: the id, the scores in "
        "points, tier and segment, the number of each band, and the reason codes."
    )
    yield from _reading(columns)
    absent = [name for name in card.reads if name not in columns]
    if absent:
        yield f"These fields have no column and are missing for every clinic: {', '.join(absent)}."
    yield (
        "A run also rejects rows without an id, with the id of another row, or with totals; this statement scores "
        "them. A sign that stands for several letters is read as them only where a phrase has all of them."
    )
    yield from dialect.notes


def _reading(columns: Mapping[str, SourceColumn]) -> Iterator[str]:
    """Yield how texts are read that a single value cannot tell."""
    texts = {name: column for name, column in columns.items() if column.kind == "text" and name != KEY}
    commas = [column.name for column in texts.values() if column.decimal_comma]
    yield (
        "A run looks at a column as a whole to see whether its numbers have decimal commas, or blanks and currencies, "
        "and what separates the items of its lists; a statement has to be told. Here numbers in text have no blanks "
        "and a decimal " + (f"comma in {', '.join(commas)}, and a decimal point elsewhere." if commas else "point.")
    )
    renamed = [f"{name} is {column.name}" for name, column in columns.items() if column.name.lower() != name.lower()]
    if renamed:
        yield f"Columns by other names: {', '.join(renamed)}."
