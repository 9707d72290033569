"""Find the files of an extract and open each of them: Parquet as it is, CSV as text, nothing guessed."""

import csv
import gzip
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import TextIO, cast
from urllib.parse import unquote

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from icp_engine.errors import InputError, first_line
from icp_engine.extract.names import check_names, check_types, said_of, widened
from icp_engine.extract.public.kinds import MATCHES

_PARQUET = (".parquet", ".pq")
_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
_SUFFIXES = (*_PARQUET, *_CSV)
_BLOCK = 16 << 20  # bytes of CSV read at once; a single row has to fit
_TABLES = {"Delta Lake": "_delta_log", "Apache Iceberg": "metadata/*.metadata.json", "Apache Hudi": ".hoodie"}
_HIVE = re.compile(r"^([^=/]+)=([^/]*)$")


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of an extract, nothing conformed yet: its rows in file order, and the columns as they stand there."""

    path: str
    frame: pl.LazyFrame
    schema: dict[str, pl.DataType]
    rows: int
    bytes: int


def open_files(patterns: Iterable[str], temp: Path) -> list[RawFile]:
    """Return every file that the paths, folders, globs or addresses (`s3://...`) stand for, sorted by path.

    Args:
        patterns: as given on the command line.
        temp: a folder for CSV files, which are turned into Parquet once, as text.

    Raises:
        InputError: nothing is there, or a file is neither Parquet nor CSV, truncated or ragged, or one of a table.
    """
    return [_open(path, temp / f"csv-{number}.parquet") for number, path in enumerate(find_files(patterns))]


def find_files(patterns: Iterable[str]) -> list[str]:
    """Return every file that the paths, folders and globs stand for, once, and addresses as they are.

    Raises:
        InputError: nothing is there, or a file is one of a table.
    """
    paths = list(dict.fromkeys(path for pattern in patterns for path in _find(pattern)))
    _refuse_tables(paths)
    return paths


def _find(pattern: str) -> list[str]:
    if "://" in pattern:
        return [pattern]
    path = Path(pattern)
    if path.is_dir():
        found = sorted(str(file) for file in path.rglob("*") if _is_data(file, path))
        if not found:
            raise InputError(f"Folder {pattern} holds no {', '.join(_SUFFIXES)} file; name the folder of the extract.")
        return found
    if path.exists():
        if not path.is_file():
            raise InputError(f"{pattern} is a pipe or a device, which is read only once; write it into a file first.")
        return [pattern]
    if not has_magic(pattern):
        raise InputError(f"{pattern} does not exist; check the path.")
    there = glob(pattern, recursive=True)  # noqa: PTH207 (absolute too)
    found = sorted(file for file in there if Path(file).is_file() and Path(file).name != MATCHES)
    if not found:
        raise InputError(f"No file matches {pattern}; check the pattern, and quote it if the shell expands it.")
    return found


def _refuse_tables(paths: Iterable[str]) -> None:
    """Make sure that no file is one of a table whose rows are what a log beside the files says."""
    for folder in {parent for path in paths if "://" not in path for parent in Path(path).parents}:
        kind = next((kind for kind, sign in _TABLES.items() if next(folder.glob(sign), None)), None)
        if kind:
            raise InputError(
                f"{folder} is a table of {kind}, whose files hold deleted and older rows too; "
                "export the table as Parquet or CSV, and name the export."
            )


def _is_data(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    ours = ((".current",), (".partners",))  # results, not an extract
    published = path.is_symlink() and path.readlink().parts[:1] in ours
    ours_beside = path.name == MATCHES
    return path.name.lower().endswith(_SUFFIXES) and path.is_file() and not (hidden or published or ours_beside)


def _open(path: str, staged: Path) -> RawFile:
    name = path.lower()
    if "://" in path:
        return _remote(path)
    if name.endswith(_CSV):
        _stage_csv(path, staged)
        return _parquet(path, staged)
    if not name.endswith(_PARQUET):
        raise InputError(f"{path} is neither Parquet nor CSV by its name; expected one of {', '.join(_SUFFIXES)}.")
    return _parquet(path, Path(path))


def _remote(path: str) -> RawFile:
    try:
        frame = pl.scan_parquet(path)
        schema = dict(frame.collect_schema())
        rows = int(frame.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet ({first_line(error)}).") from error
    return RawFile(path, frame, schema, rows, 0)


def _parquet(path: str, where: Path) -> RawFile:
    try:
        metadata = pq.read_metadata(where)
        found = metadata.schema.to_arrow_schema()
        check_names(path, found.names)
        check_types(path, found)
        rows = metadata.num_rows
        frame = pl.scan_parquet(where, glob=False, hive_partitioning=False)
        schema = dict(frame.collect_schema())
    except (pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise InputError(said_of(path, first_line(error))) from error
    except OSError as error:
        if "ncrypt" in str(error):
            raise InputError(said_of(path, first_line(error))) from error
        raise InputError(f"{path} cannot be read ({error.strerror or first_line(error)}).") from error
    wide = widened(schema)
    frame, schema = frame.cast(wide) if wide else frame, schema | wide  # type: ignore[arg-type]
    for key, value in _hive(path):
        if key not in schema:
            frame = frame.with_columns(pl.lit(value, pl.String).alias(key))
            schema[key] = pl.String()
    return RawFile(path, frame, schema, rows, Path(path).stat().st_size)


def _hive(path: str) -> Iterator[tuple[str, str | None]]:
    """Yield the columns that folder names such as `state_code=TX` carry."""
    for part in Path(path).parts[:-1]:
        if match := _HIVE.match(part):
            value = unquote(match[2])
            yield unquote(match[1]), None if value == "__HIVE_DEFAULT_PARTITION__" else value


def _stage_csv(path: str, staged: Path) -> None:
    """Write a CSV file as Parquet with text columns, block by block, so that every later pass reads columns.

    Raises:
        InputError: it is empty, not UTF-8, or a row has more or fewer values than the header; the line is named.
    """
    header, delimiter, alone = _header(path)
    if alone:  # without a line end pyarrow takes the header for a broken file
        pq.write_table(pa.table({name: pa.array([], pa.string()) for name in header}), staged)
        return
    options = {
        "read_options": arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK),
        "parse_options": arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    }
    try:
        reader = arrow_csv.open_csv(path, **options)
        with pq.ParquetWriter(staged, reader.schema, compression="lz4") as writer:
            for batch in reader:
                writer.write_batch(batch)
    except pa.ArrowInvalid as error:
        raise InputError(_csv_message(path, str(error), delimiter)) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read to its end ({first_line(error)}); was it cut off?") from error
    if _count(path, b'"') % 2 and (line := _open_quote(path, delimiter)):
        raise InputError(_never_closed(path, line))


def _header(path: str) -> tuple[list[str], str, bool]:
    """Return the column names of a CSV file, what separates them, and whether nothing follows."""
    try:
        with _text(path) as file:
            line = next((line for line in file if line.strip()), "")
            delimiter = max(",\t;|", key=re.sub('"[^"]*"', "", line).count)
            file.seek(0)
            header = next((row for row in csv.reader(file, delimiter=delimiter) if row), [])
            alone = not file.read(1)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({first_line(error)}); save it as UTF-8.") from error
    except EOFError as error:
        raise InputError(f"{path} cannot be read to its end; was it cut off?") from error
    except (OSError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV ({first_line(error)}).") from error
    if not header:
        raise InputError(f"{path} is empty; a CSV file starts with a line of column names.")
    check_names(path, header)
    return header, delimiter, alone


def _text(path: str) -> TextIO:
    if path.lower().endswith(".gz"):
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return Path(path).open(encoding="utf-8-sig", newline="")


def _csv_message(path: str, text: str, delimiter: str) -> str:
    """Return what is wrong with a CSV file in a sentence of ours, from what pyarrow says of it."""
    if match := re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", text):
        record, expected, found = map(int, match.groups())
        return (
            f"{path}, line {_line_of(path, record, delimiter)}: {found} value{'s' if found != 1 else ''} "
            f"where the header names {expected} columns; is a quote or a separator missing?"
        )
    if "UTF8" in text:
        return f"{path} is not UTF-8 text; save it as UTF-8."
    if "straddl" in text and (line := _open_quote(path, delimiter)):
        return _never_closed(path, line)
    if "straddl" in text:
        return f"{path} has a row of more than {_BLOCK >> 20} MB; is a line end missing? Else leave that column out."
    return f"{path} cannot be read as CSV ({text.splitlines()[0].rstrip('.')})."


def _never_closed(path: str, line: int) -> str:
    return f"{path}, line {line}: a quote is opened and never closed; close it, or double one that belongs to a value."


def _count(path: str, sign: bytes) -> int:
    with gzip.open(path) if path.lower().endswith(".gz") else Path(path).open("rb") as file:
        return sum(block.count(sign) for block in iter(lambda: file.read(_BLOCK), b""))


def _records(path: str, delimiter: str) -> Iterator[tuple[int, int, bool]]:
    """Yield the lines on which each record starts and the next one does, and whether it holds anything.

    Values may hold line ends, and blank lines are no records to pyarrow.

    Raises:
        csv.Error: the file ends within quotes.
    """
    csv.field_size_limit(sys.maxsize)
    with _text(path) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        start = 1
        for row in reader:
            yield start, reader.line_num + 1, bool(row)
            start = reader.line_num + 1


def _line_of(path: str, record: int, delimiter: str) -> int:
    """Return the line on which a record starts, both counted from 1, or the one before it whose quotes are astray."""
    following, seen = 1, 0
    with suppress(csv.Error):  # this reader is stricter about quotes than pyarrow: the trouble begins there
        for start, after, filled in _records(path, delimiter):
            following, seen = after, seen + filled
            if seen == record:
                return start
    return following


def _open_quote(path: str, delimiter: str) -> int | None:
    """Return the line of the record whose quotes are never closed, None where there is none."""
    following = 1
    try:
        for _, after, _ in _records(path, delimiter):
            following = after
    except csv.Error as error:
        return following if "end of data" in str(error) else None
    return None
