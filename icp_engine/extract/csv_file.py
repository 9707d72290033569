"""A CSV file, compressed or not, becomes a Parquet file of text once, block by block: nothing guessed."""

import csv
import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any, TextIO, cast

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from icp_engine.errors import InputError, first_line
from icp_engine.extract.csv_layout import (
    FOOTER,
    SAMPLE,
    UNNAMED,
    Layout,
    empty_columns,
    find_layout,
    footer_note,
    footer_rows,
    is_footer,
)

BLOCK = 16 << 20  # bytes of CSV read at once; a single row has to fit
SUFFIXES = tuple(f".{kind}{packed}" for packed in ("", ".gz", ".zst") for kind in ("csv", "tsv", "txt"))
_UTF8 = "utf-8-sig"
_KINDS = {
    b"PK\x03\x04": "a workbook or an archive: save the sheet as CSV (in Excel: CSV UTF-8), or unpack it",
    b"\xd0\xcf\x11\xe0": "an old workbook: save the sheet as CSV (in Excel: CSV UTF-8)",
    b"\x1f\x8b": "packed by gzip: give it a name that ends in .csv.gz",
    b"\x28\xb5\x2f\xfd": "packed by zstd: give it a name that ends in .csv.zst",
    b"PAR1": "Parquet: give it a name that ends in .parquet",
}
_WIDE = 3  # where more than one character in so many is NUL, each is written in two bytes or four
_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that are no UTF-8, as Python keeps them
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


@dataclass(frozen=True, slots=True)
class Staged:
    """What became of a CSV file: new names of columns, None for those left out; what is said of it; where rows begin.

    `skipped` is the number of lines above the first row.
    """

    names: dict[str, str | None]
    notes: tuple[str, ...]
    delimiter: str
    skipped: int


@dataclass(slots=True)
class _Content:
    """What a pass over a file finds: rows, the last of them that are left out, and columns of no name with a value."""

    rows: int = 0
    footer: list[list[str]] = field(default_factory=list)
    valued: set[str] = field(default_factory=set)


def stage_csv(path: str, staged: Path, known: Collection[str], header_line: int | None = None) -> Staged:
    """Write a CSV file as Parquet with text columns, block by block, so that every later pass reads columns.

    Args:
        path: the file.
        staged: where to write.
        known: names of columns that fields are read from, in plain form, which tell a header from a title.
        header_line: the line of the header, from 1; found unless given.

    Raises:
        InputError: it is empty, not UTF-8, or a row has more or fewer values than the header; the line is named.
    """
    layout = _layout(path, known, header_line)
    if layout.alone:  # without a line end pyarrow takes the header for a broken file
        pq.write_table(pa.table({name: pa.array([], pa.string()) for name in layout.names}), staged)
        return Staged(*_named(layout, _Content()), layout.delimiter, layout.skipped)
    try:
        content = _copy(path, staged, layout)
    except pa.ArrowInvalid as error:
        content = _without_footer(path, staged, layout, error)
    except OSError as error:
        raise InputError(f"{path} cannot be read to its end ({first_line(error)}); was it cut off?") from error
    if _count(path, b'"') % 2 and (line := _open_quote(path, layout)):
        raise InputError(_never_closed(path, line))
    return Staged(*_named(layout, content), layout.delimiter, layout.skipped)


def line_of_row(path: str, staged: Staged, row: int) -> int:
    """Return the line on which a row starts; rows count from 0, lines from 1."""
    return _line_of(path, row + 1, staged.skipped, staged.delimiter)


def _named(layout: Layout, content: _Content) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Return the names of columns without one, and all that is said of the file."""
    names: dict[str, str | None] = {}
    notes = list(layout.notes)
    for unnamed in (name for name in layout.names if name.startswith(UNNAMED)):
        names[unnamed] = None
        if unnamed in content.valued:
            number = unnamed.removeprefix(UNNAMED)
            name = f"column_{number}"
            while name in layout.names:
                name += "_2"
            names[unnamed] = name
            notes.append(f"column {number} has values and no name; it is called '{name}'")
    empty = sum(name is None for name in names.values())
    if empty:
        notes.append(empty_columns(empty))
    if content.footer:
        notes.append(footer_note(content.footer))
    return names, tuple(notes)


def _layout(path: str, known: Collection[str], header_line: int | None) -> Layout:
    csv.field_size_limit(sys.maxsize)
    wanted = SAMPLE + (header_line or 0)
    try:
        with _text(path) as file:
            lines = _first_lines(file, wanted)
            whole = not file.read(1)
        if any(line.count("\0") * _WIDE > len(line) for line in lines[:1]):
            raise InputError(f"{path} is text of two or four bytes a character without a mark; save it as UTF-8.")
        return find_layout(path, lines, known, header_line, whole=whole)
    except UnicodeDecodeError as error:
        raise InputError(_no_text(path)) from error
    except (OSError, csv.Error) as error:
        packed = f"CSV packed by {_packed_by(path)}" if _packed_by(path) else "CSV"
        raise InputError(f"{path} cannot be read as {packed} ({first_line(error)}); was it cut off?") from error


def _first_lines(file: TextIO, wanted: int) -> list[str]:
    """Return so many lines, or fewer of a block in all."""
    lines, size = list[str](), 0
    while len(lines) < wanted and size < BLOCK and (line := file.readline(BLOCK - size)):
        lines.append(line)
        size += len(line)
    return lines


def _without_footer(path: str, staged: Path, layout: Layout, error: pa.ArrowInvalid) -> _Content:
    """Copy the rows once more, without a footer of lines that have too few values.

    Raises:
        InputError: the last lines are no footer, or something else is wrong.
    """
    wrong = InputError(_csv_message(path, str(error), layout))
    if not _RAGGED.search(str(error)) or "\ufffd" in str(error):
        raise wrong from error
    narrow: list[Any] = []

    def collect(row: Any) -> str:
        narrow.append(row)
        return "skip" if row.actual_columns < row.expected_columns and len(narrow) <= FOOTER else "error"

    try:
        content = _copy(path, staged, layout, collect)
    except pa.ArrowInvalid:
        raise wrong from error
    last = layout.skipped + content.rows + len(narrow)
    rows = [_values(row.text.strip(), layout.delimiter) for row in narrow]
    at_the_end = [row.number for row in narrow] == list(range(last - len(narrow) + 1, last + 1))
    if not at_the_end or footer_rows(rows) < len(rows):
        raise wrong from error
    content.footer += rows
    return content


def _values(line: str, delimiter: str) -> list[str]:
    """Return the values of a line; a sentence of a footer is one, whatever commas it has."""
    values = next(csv.reader([line], delimiter=delimiter), [])
    return [line] if len(values) > 1 and is_footer(line) else values


def _copy(path: str, staged: Path, layout: Layout, on_wrong_width: Callable[[Any], str] | None = None) -> _Content:
    """Copy the rows, but those of a footer that are as wide as the header.

    Raises:
        pa.ArrowInvalid: a row has more or fewer values than the header, and is not to be skipped.
        OSError: the file ends too soon.
    """
    content = _Content()
    held: pa.Table | None = None
    unnamed = [name for name in layout.names if name.startswith(UNNAMED)]
    with _binary(path) as file:
        reader = arrow_csv.open_csv(file, **_options(layout, _encoding(path), on_wrong_width))
        with pq.ParquetWriter(staged, reader.schema, compression="lz4") as writer:
            for batch in reader:
                table = pa.Table.from_batches([batch])
                content.rows += len(table)
                content.valued |= {name for name in unnamed if _has_values(table[name])}
                if held is None or len(table) < FOOTER:
                    held = table if held is None else pa.concat_tables([held, table])
                else:
                    writer.write_table(held)
                    held = table
            if held is not None:  # the footer is at its end
                rows = [list(row.values()) for row in held.slice(max(0, len(held) - FOOTER)).to_pylist()]
                count = footer_rows(rows, narrow=len(layout.names) == 1)
                content.footer = rows[len(rows) - count :]
                writer.write_table(held.slice(0, len(held) - count))
    return content


def _options(layout: Layout, encoding: str, on_wrong_width: Callable[[Any], str] | None) -> dict[str, Any]:
    return {
        "read_options": arrow_csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK,
            column_names=layout.names,
            skip_rows=layout.skipped,
            encoding="utf8" if encoding == _UTF8 else encoding,
        ),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=on_wrong_width
        ),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(layout.names, pa.string()), strings_can_be_null=False
        ),
    }


def _has_values(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.not_equal(pc.utf8_trim_whitespace(column), "")).as_py())


def _packed_by(path: str) -> str | None:
    return {".gz": "gzip", ".zst": "zstd"}.get(Path(path).suffix.lower())


def _binary(path: str) -> pa.NativeFile:
    """Return a file as it was before it was compressed."""
    return pa.input_stream(path, compression=_packed_by(path))


def _encoding(path: str) -> str:
    """Return how the text of a file is encoded: UTF-16 where the file begins with its mark, as Excel's Unicode text."""
    with _binary(path) as file:
        return "utf-16" if file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE) else _UTF8


def _text(path: str) -> TextIO:
    return TextIOWrapper(cast(IO[bytes], _binary(path)), encoding=_encoding(path), newline="")


def _no_text(path: str) -> str:
    """Return that a file is no text that can be read, and what to do: by its first bytes, or the line that is none."""
    with _binary(path) as file:
        start = file.read(4)
    kind = next((what for sign, what in _KINDS.items() if start.startswith(sign)), None)
    if kind:
        return f"{path} is not CSV but {kind}."
    if _encoding(path) != _UTF8:
        return f"{path} begins as UTF-16 and is no such text to its end; save it as UTF-8 (in Excel: CSV UTF-8)."
    with TextIOWrapper(cast(IO[bytes], _binary(path)), encoding="utf-8", errors="surrogateescape", newline="") as file:
        line = next((line for line, text in enumerate(file, 1) if _ESCAPED.search(text)), 1)
    return f"{path} is not UTF-8 text, first on line {line}; save it as UTF-8 (in Excel: CSV UTF-8)."


def _csv_message(path: str, text: str, layout: Layout) -> str:
    """Return what is wrong with a CSV file in a sentence of ours, from what pyarrow says of it."""
    if match := _RAGGED.search(text):
        record, expected, found = map(int, match.groups())
        start = _line_of(path, record - layout.skipped, layout.skipped, layout.delimiter)
        values = f"{found} value{'s' if found != 1 else ''}"
        return (
            f"{path}, line {start}: {values} where the header names {expected} columns; is a quote or a separator "
            "missing? Delete a line that is no row; --header-line says where the header is."
        )
    if "UTF8" in text:
        return _no_text(path)
    if "straddl" in text and (line := _open_quote(path, layout)):
        return _never_closed(path, line)
    if "straddl" in text:
        return f"{path} has a row of more than {BLOCK >> 20} MB; is a line end missing? Else leave that column out."
    return f"{path} cannot be read as CSV ({text.splitlines()[0].rstrip('.')})."


def _never_closed(path: str, line: int) -> str:
    return f"{path}, line {line}: a quote is opened and never closed; close it, or double one that belongs to a value."


def _count(path: str, sign: bytes) -> int:
    with _binary(path) as file:
        return sum(block.count(sign) for block in iter(lambda: file.read(BLOCK), b""))


def _records(path: str, skipped: int, delimiter: str) -> Iterator[tuple[int, int, bool]]:
    """Yield the lines on which each record below some lines starts and the next one does, and whether it is no blank.

    Values may hold line ends, and blank lines are no records to pyarrow.

    Raises:
        csv.Error: the file ends within quotes.
    """
    csv.field_size_limit(sys.maxsize)
    with _text(path) as file:
        reader = csv.reader(islice(file, skipped, None), delimiter=delimiter, strict=True)
        start = skipped + 1
        for row in reader:
            after = skipped + reader.line_num + 1
            yield start, after, bool(row)
            start = after


def _line_of(path: str, record: int, skipped: int, delimiter: str) -> int:
    """Return the line on which a record starts, both counted from 1, or the one before it whose quotes are astray."""
    following, seen = skipped + 1, 0
    with suppress(csv.Error):  # this reader is stricter about quotes than pyarrow: the trouble begins there
        for start, after, filled in _records(path, skipped, delimiter):
            following, seen = after, seen + filled
            if seen == record:
                return start
    return following


def _open_quote(path: str, layout: Layout) -> int | None:
    """Return the line of the record whose quotes are never closed, None where there is none."""
    following = layout.skipped + 1
    try:
        for _, after, _ in _records(path, layout.skipped, layout.delimiter):
            following = after
    except csv.Error as error:
        return following if "end of data" in str(error) else None
    return None
