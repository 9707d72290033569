"""Where the header of a public file stands, and what is wrong with a file that cannot be read."""

import codecs
import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import polars as pl

from icp_engine.errors import InputError, first_line
from icp_engine.extract.public.layout import Layout, missing, places

_START = 256 << 10  # bytes in which the header and the first rows stand
_JUNK = 20  # lines that may stand before the header, titles or commas
_SAMPLE = 20  # rows that tell how many values a row has
_DELIMITERS = ",\t;|"


@dataclass(frozen=True, slots=True)
class Head:
    """What has to be known to read a CSV file: its header, as wide as its rows, and how many lines that ends.

    `alone` says that no row follows.
    """

    header: tuple[str, ...]
    lines: int
    delimiter: str
    alone: bool

    @property
    def columns(self) -> list[str]:
        """Names for the columns by their places, as headers may repeat or be blank."""
        return [str(place) for place in range(len(self.header))]


def csv_head(path: str, kinds: Sequence[Layout]) -> Head:
    """Return the head of a CSV file: the first line that has all columns of a layout, else the one that comes closest.

    A header that ends in a separator may be one field longer than its rows, and rows that do so longer than it.

    Raises:
        InputError: the file is empty or no text.
    """
    start, complete = _start(path)
    found = [
        (record, place, records, delimiter)
        for delimiter in _DELIMITERS
        for records in [_records(start, delimiter)]
        for place, (record, _) in enumerate(records[: _JUNK + 1])
        if any(record)
    ]
    if not found:
        raise InputError(f"{path} is empty; a public file starts with a line of column names.")
    record, place, records, delimiter = max(found, key=lambda candidate: _fit(candidate[0], kinds))
    rows = [row for row, _ in records[place + 1 :] if row]
    return Head(tuple(_as_wide(record, rows[:_SAMPLE])), records[place][1], delimiter, complete and not rows)


def xlsx_head(path: str, kinds: Sequence[Layout]) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Return the header of the first sheet of a workbook, and the rows below it as text.

    Raises:
        InputError: the package that reads workbooks is missing, or this is none.
    """
    try:
        frame = pl.read_excel(
            path, engine="calamine", has_header=False, infer_schema_length=0, raise_if_empty=False, drop_empty_rows=True
        )
    except ImportError as error:
        raise InputError(
            f"{path} is a workbook, which needs one more package: pip install 'clinic-icp[xlsx]'; or save it as CSV."
        ) from error
    except Exception as error:  # the reader has errors of its own, which are not public
        raise InputError(f"{path} cannot be read as a workbook ({first_line(error)}).") from error
    if frame.is_empty():
        raise InputError(f"{path} is empty; a public file starts with a line of column names.")
    lines = [[value or "" for value in row] for row in frame.head(_JUNK + 1).rows()]
    place = max(range(len(lines)), key=lambda place: _fit(lines[place], kinds))
    return tuple(lines[place]), frame.slice(place + 1)


def odd_record(path: str, head: Head) -> str | None:
    """Return what is wrong with the first record that is not as wide as the header, or whose quotes stay open."""
    csv.field_size_limit(sys.maxsize)
    width, line = len(head.header), head.lines + 1
    with io.TextIOWrapper(open_bytes(path), encoding="iso8859-1", newline="") as file:
        for _ in islice(file, head.lines):
            pass
        reader = csv.reader(file, delimiter=head.delimiter, strict=True)
        try:
            for row in reader:
                if row and len(row) != width:
                    values = "value" if len(row) == 1 else "values"
                    return (
                        f"{path}, line {line}: {len(row)} {values} where the header names {width} columns; "
                        "is a quote or a separator missing?"
                    )
                line = head.lines + reader.line_num + 1
        except csv.Error as error:
            return f"{path}, line {line}: {first_line(error)}; is a quote missing, or one too many?"
    return None


def open_bytes(path: str) -> IO[bytes]:
    """Return a file as it is, or as it was before gzip."""
    return gzip.open(path) if path.lower().endswith(".gz") else Path(path).open("rb")  # type: ignore[return-value]


def _start(path: str) -> tuple[str, bool]:
    """Return the beginning of a file, up to its last whole line, and whether that is all of it."""
    try:
        with open_bytes(path) as file:
            start = file.read(_START)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read ({first_line(error)}).") from error
    if b"\0" in start:
        raise InputError(f"{path} is not CSV: it is no text, or text in UTF-16; save it as CSV in UTF-8.")
    complete = len(start) < _START
    if not complete:
        start = start[: start.rfind(b"\n") + 1] or start
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(start), complete
    except UnicodeDecodeError:
        return start.decode("iso8859-1"), complete


def _records(start: str, delimiter: str) -> list[tuple[list[str], int]]:
    """Return the first records, each with how many lines end with it."""
    return list(islice(_parsed(start, delimiter), _JUNK + 1 + _SAMPLE))


def _parsed(start: str, delimiter: str) -> Iterator[tuple[list[str], int]]:
    reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
    with suppress(csv.Error):  # where a value does not end: reading all of the file says on which line
        for record in reader:
            yield [value.strip() for value in record], reader.line_num


def _fit(record: Sequence[str], kinds: Sequence[Layout]) -> tuple[bool, int, int]:
    """Return how well a record would do as the header: all that is needed, how much of it, how many names."""
    whole = any(not missing(kind, record) for kind in kinds)
    return whole, max(len(places(kind, record)) for kind in kinds), sum(map(bool, record))


def _as_wide(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return a header that is as wide as its rows, where a separator at an end makes the difference."""
    if rows and not header[-1] and all(len(row) == len(header) - 1 for row in rows):
        return header[:-1]
    if rows and all(len(row) == len(header) + 1 and not row[-1] for row in rows):
        return [*header, ""]
    return header
