"""Where the table of a CSV file begins and ends: titles above the header, columns without a name, a footer below."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from icp_engine.columns import HELPERS
from icp_engine.errors import InputError
from icp_engine.extract.headers import plain
from icp_engine.extract.names import check_names

SAMPLE = 64  # lines that are looked at for a header
UNNAMED = f"{HELPERS}unnamed_"  # and the number of the column, from 1
FOOTER = 16  # rows at the end that are looked at for a footer
_DELIMITERS = ",\t;|"
_SEPARATOR = re.compile(r'^"?sep=(.)"?[,;\t|]*\s*$', re.IGNORECASE)
_SINGLE_QUOTED = re.compile(r"\s*'[^']*'\s*")
_THINGS = "(?:records?|rows?|results?|accounts?|items?|entries|clinics?|practices?|contacts?|lines?)"
_FOOTER = re.compile(
    rf"""\W*(?:
        (?:strictly\ |private\ and\ |company\ )?confidential
            (?:\s*[^\w\s].*|\s+(?:information|data|and|property|document|report|do\ not)\b.*)?
        | (?:copyright|©|\(c\)|all\ rights\ reserved).*
        | (?:\w+\ )?(?:generated|exported|printed|downloaded|prepared|extracted|created|run)
            (?:\ (?:by|on|at|from)\b|\s*:).*
        | end\ of\ (?:report|file|list|data|export|document).*
        | page\ \d+(?:\ of\ \d+)?
        | (?:source|notes?|disclaimer|(?:report|run)\ date)\s*:.*
        | as\ of:?\ .*\d.*
        | (?:total\ |number\ of\ )?(?:{_THINGS}|{_THINGS}\ count|count)\s*[:=]?\s*[\d,.]+
        | [\d,.]+\ (?:total\ )?{_THINGS}\b.*
        | (?:grand\ |sub-?)?totals?\W*(?:[\d,.]+\s*\w*\W*)?
    )""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a CSV file is laid out.

    Attributes:
        names: of the columns; those without one are `UNNAMED` and their number.
        delimiter: what separates the values.
        skipped: lines up to the end of the header.
        alone: whether nothing follows the header.
        notes: what is out of the ordinary, in sentences.
    """

    names: tuple[str, ...]
    delimiter: str
    skipped: int
    alone: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a CSV file: its first line, from 1, the line after its last, and its values."""

    line: int
    after: int
    values: list[str]

    @property
    def filled(self) -> int:
        """How many values are not blank."""
        return sum(bool(value.strip()) for value in self.values)


def find_layout(
    path: str, lines: Sequence[str], known: Collection[str], header_line: int | None, *, whole: bool
) -> Layout:
    """Return the layout of a CSV file by its first lines.

    The header is the first line, unless a line below names two fields more.

    Args:
        path: the file.
        lines: the first lines, with their ends.
        known: names of columns that fields are read from, in plain form.
        header_line: the line of the header where the user says so, from 1.
        whole: whether these are all lines of the file.

    Raises:
        InputError: there is no header, or two columns have one name.
    """
    separator = next((match for line in lines if line.strip() for match in [_SEPARATOR.match(line)]), None)
    if not lines or not any(line.strip() for line in lines):
        raise InputError(f"{path} is empty; a CSV file starts with a line of column names.")
    start = 0
    if separator:
        start = next(number for number, line in enumerate(lines) if line.strip()) + 1
    if header_line is not None:
        if header_line > len(lines) or not lines[header_line - 1].strip():
            raise InputError(f"{path} has nothing on line {header_line}, where --header-line looks for the header.")
        start = header_line - 1
    delimiter, header = _header(lines, start, separator[1] if separator else "", known, below=header_line is None)
    if header is None:
        raise InputError(f"{path} has no line of column names below 'sep={delimiter}'.")
    if all(_SINGLE_QUOTED.fullmatch(value) for value in header.values):
        raise InputError(
            f"{path} has its values between single quotes, as {header.values[0].strip()} on line {header.line}; write "
            "them between double quotes, or without any."
        )
    below = list(_records(lines, header.after - 1, delimiter))
    if not whole:
        below = below[:-1]  # which may go on
    cells = _fitted(header.values, [record.values for record in below])
    names = [_one_line(cell) for cell in cells]
    check_names(path, [name for name in names if name])
    return Layout(
        tuple(name or f"{UNNAMED}{number}" for number, name in enumerate(names, 1)),
        delimiter,
        header.after - 1,
        whole and not below,
        tuple(_notes(lines, start if header_line is None else header.line - 1, header, separator, cells, names)),
    )


def _one_line(cell: str) -> str:
    """Return a cell of the header without line breaks, empty where it is blank."""
    if not cell.strip():
        return ""
    return re.sub(r"\s*[\r\n]+\s*", " ", cell).strip() if "\n" in cell or "\r" in cell else cell


def _header(
    lines: Sequence[str], start: int, separator: str, known: Collection[str], *, below: bool
) -> tuple[str, Record | None]:
    """Return what separates values, and the header: the first record, or one below it that is told by its names."""
    first_line = next((line for line in lines[start:] if line.strip()), "")
    usual = separator or max(_DELIMITERS, key=re.sub('"[^"]*"', "", first_line).count)
    first = next(_records(lines, start, usual), None)
    if first is None or not below:
        return usual, first
    hits = _hits(first, known)
    candidates = [(sign, record) for sign in separator or _DELIMITERS for record in _records(lines, start, sign)]
    told = [(_hits(record, known), sign, record) for sign, record in candidates if record.line > first.line]
    best = max(told, key=lambda found: found[0], default=None)
    if best is not None and best[0] > (hits + 1 if first.filled > 1 else 1):  # headings of people may stand above names
        return best[1:]
    if hits or first.filled > 1:
        return usual, first
    tables = [found for sign in separator or _DELIMITERS for found in _table(lines, start, sign)]
    return max(tables, key=lambda found: found[1].filled, default=(usual, first))


def _hits(record: Record, known: Collection[str]) -> int:
    return len({plain(value) for value in record.values if value.strip()} & set(known))


def _table(lines: Sequence[str], start: int, delimiter: str) -> Iterator[tuple[str, Record]]:
    """Yield the first record of several texts, all different, where the one below it is as wide."""
    records = list(_records(lines, start, delimiter))
    for record, after in pairwise(records):
        if record.filled > 1:
            texts = [value.strip() for value in record.values if value.strip()]
            if len(set(texts)) == len(texts) == len(record.values) == len(after.values) and not any(
                text[0].isdigit() for text in texts
            ):
                yield delimiter, record
            return


def _records(lines: Sequence[str], start: int, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(lines[start:], delimiter=delimiter)
    line = start + 1
    for values in reader:
        after = start + reader.line_num + 1
        if values and (len(values) > 1 or values[0].strip()):
            yield Record(line, after, values)
        line = after


def _fitted(header: list[str], rows: list[list[str]]) -> list[str]:
    """Return the header as wide as the rows below, where the columns that differ have neither name nor value."""
    if not rows:
        return header
    width = Counter(map(len, rows)).most_common(1)[0][0]
    extra = [value for row in rows if len(row) == width for value in row[len(header) :]]
    if width > len(header) and not any(value.strip() for value in extra):
        return [*header, *[""] * (width - len(header))]
    if 1 < width < len(header) and not any(name.strip() for name in header[width:]):
        return header[:width]
    return header


def _notes(
    lines: Sequence[str],
    start: int,
    header: Record,
    separator: re.Match[str] | None,
    cells: Iterable[str],
    names: Iterable[str],
) -> Iterator[str]:
    if separator:
        yield f"its first line, 'sep={separator[1]}', names the separator"
    titles = [number for number in range(start, header.line - 1) if lines[number].strip(' \r\n\t",;|')]
    if titles:
        text = lines[titles[0]].strip(' \r\n\t",;|')
        which = f"line {titles[0] + 1} ('{text[:60]}') looks like a title"
        if titles[1:]:
            which = f"lines {titles[0] + 1} to {titles[-1] + 1} ('{text[:60]}', ...) look like titles"
        yield f"{which}; the header is line {header.line}"
    for cell, name in zip(cells, names, strict=True):
        if name not in ("", cell):
            yield f"a cell of the header has a line break; its column is called '{name}'"
    gone = len(header.values) - sum(1 for _ in names)
    if gone > 0:
        yield empty_columns(gone)


def empty_columns(count: int) -> str:
    """Return that columns were left out."""
    if count == 1:
        return "1 column without a name and without values is left out"
    return f"{count:,} columns without a name and without values are left out"


def is_footer(text: str) -> bool:
    """Return whether a text says what a footer does and no row of a table."""
    return _FOOTER.fullmatch(text) is not None


def footer_rows(rows: Sequence[Sequence[str]], *, narrow: bool = False) -> int:
    """Return how many of the last rows are a footer: one value each, one of which says what no row of a table does.

    Args:
        rows: the last rows of a file.
        narrow: whether the table has one column, so that every row has one value: each has to say so.
    """
    found = 0
    for number, row in enumerate(reversed(rows), 1):
        values = [value.strip() for value in row if value.strip()]
        says = len(values) == 1 and is_footer(values[0])
        if len(values) > 1 or (narrow and values and not says):
            break
        found = number if says else found
    return found


def footer_note(rows: Sequence[Sequence[str]]) -> str:
    """Return that the last rows were left out, and what they say."""
    texts = [value.strip() for row in rows for value in row if value.strip()]
    said = ", ".join(f"'{text[:60]}'" for text in texts[:3]) + (", ..." if texts[3:] else "")
    which = "the last row is a footer" if len(rows) == 1 else f"the last {len(rows)} rows are a footer"
    return f"{which} and left out: {said}"
