"""Find the files of an extract and open each of them: Parquet as it is, CSV as text, nothing guessed."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from glob import glob, has_magic
from pathlib import Path
from urllib.parse import unquote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from icp_engine.errors import InputError, first_line
from icp_engine.extract.conform import Convention
from icp_engine.extract.csv_file import SUFFIXES as CSV
from icp_engine.extract.csv_file import Staged, line_of_row, stage_csv
from icp_engine.extract.lake import is_delta, refuse_remote_table, refuse_tables, stage_delta
from icp_engine.extract.names import check_names, check_types, name_that_is_no_text, said_of, widened
from icp_engine.extract.public.kinds import MATCHES
from icp_engine.extract.streams import live_files, refuse_dead_files
from icp_engine.named_files import check_no_pipe

_PARQUET = (".parquet", ".pq")
_SUFFIXES = (*_PARQUET, *CSV)
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar")
_HIVE = re.compile(r"^([^=/]+)=([^/]*)$")


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of an extract, nothing conformed yet: its rows in file order, and the columns as they stand there.

    `staged` says what a CSV file became on its way here; it is None for Parquet. `notes` are what is said of the file,
    `conventions` how the text of fields is read, `headers` the rows that hold the header again, from 0.
    """

    path: str
    frame: pl.LazyFrame
    schema: dict[str, pl.DataType]
    rows: int
    bytes: int
    staged: Staged | None = None
    notes: tuple[str, ...] = ()
    conventions: Mapping[str, Convention] = field(default_factory=dict)
    headers: tuple[int, ...] = ()


def place_of_row(file: RawFile, row: int) -> str:
    """Return where a row stands, which counts from 0: a line of CSV, a row of Parquet."""
    if file.staged is None:
        return f"{file.path}, row {row + 1}"
    return f"{file.path}, line {line_of_row(file.path, file.staged, row)}"


def open_files(
    patterns: Iterable[str], temp: Path, known: Collection[str] = (), header_line: int | None = None
) -> list[RawFile]:
    """Return every file that the paths, folders, globs or addresses (`s3://...`) stand for, sorted by path.

    Args:
        patterns: as given on the command line; a folder may be a table of Delta Lake.
        temp: a folder for CSV files, which are turned into Parquet once, as text.
        known: names of columns that fields are read from, in plain form, which tell a header of CSV from a title.
        header_line: the line of the header of each CSV file, from 1; found unless given.

    Raises:
        InputError: nothing is there, or a file is neither Parquet nor CSV, truncated or ragged, or one of a table.
    """
    paths = enumerate(find_files(patterns))
    return [_open(path, temp / f"csv-{number}.parquet", known, header_line) for number, path in paths]


def find_files(patterns: Iterable[str]) -> list[str]:
    """Return every file that the paths, folders and globs stand for, once, and addresses as they are.

    Raises:
        InputError: nothing is there, or a file is one of a table.
    """
    paths = list(dict.fromkeys(path for pattern in patterns for path in _find(pattern)))
    refuse_tables(paths)
    return paths


def _find(pattern: str) -> list[str]:
    if "://" in pattern:
        return [pattern]
    path = Path(pattern)
    if is_delta(pattern):
        return [pattern]
    if path.is_dir():
        found = live_files(sorted(str(file) for file in path.rglob("*") if _is_data(file, path)), path)
        if not found:
            raise InputError(f"Folder {pattern} holds no {', '.join(_SUFFIXES)} file; name the folder of the extract.")
        return found
    if path.exists():
        check_no_pipe(path)
        refuse_dead_files([pattern])
        return [pattern]
    if not has_magic(pattern):
        raise InputError(f"{pattern} does not exist; check the path.")
    there = glob(pattern, recursive=True)  # noqa: PTH207 (absolute too)
    found = sorted(file for file in there if Path(file).is_file() and Path(file).name != MATCHES)
    if not found:
        raise InputError(f"No file matches {pattern}; check the pattern, and quote it if the shell expands it.")
    refuse_dead_files(found)
    return found


def _is_data(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    ours = ((".current",), (".partners",), (".handoff",))  # results, not an extract
    published = path.is_symlink() and path.readlink().parts[:1] in ours
    ours_beside = path.name == MATCHES
    return path.name.lower().endswith(_SUFFIXES) and path.is_file() and not (hidden or published or ours_beside)


def _open(path: str, where: Path, known: Collection[str], header_line: int | None) -> RawFile:
    name = path.lower()
    if is_delta(path):
        stage_delta(path, where)
        return replace(_parquet(path, where), bytes=where.stat().st_size)
    if "://" in path:
        return _remote(path)
    if name.endswith(CSV):
        staged = stage_csv(path, where, known, header_line)
        file = _parquet(path, where)
        names = {name: staged.names.get(name, name) for name in file.schema}
        kept = {new: file.schema[name] for name, new in names.items() if new is not None}
        frame = file.frame.select(pl.col(name).alias(new) for name, new in names.items() if new is not None)
        frame = frame if staged.names else file.frame
        return replace(file, frame=frame, schema=kept, staged=staged, notes=staged.notes)
    if not name.endswith(_PARQUET):
        raise InputError(_other_kind(path))
    return _parquet(path, Path(path))


def _other_kind(path: str) -> str:
    """Return what to do with a file that is neither Parquet nor CSV by its name."""
    suffix = Path(path).suffix.lower()
    if suffix in _WORKBOOKS:
        instead = str(Path(path).with_suffix(".csv").name)
        return f"{path} is neither Parquet nor CSV but a workbook; save its sheet as {instead} (in Excel: CSV UTF-8)."
    if suffix in _ARCHIVES:
        return f"{path} is neither Parquet nor CSV but an archive; unpack it, and name what is in it."
    return f"{path} is neither Parquet nor CSV by its name; expected one of {', '.join(_SUFFIXES)}."


def _remote(path: str) -> RawFile:
    refuse_remote_table(path)
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
    except UnicodeDecodeError as error:
        raise InputError(name_that_is_no_text(path, error)) from error
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise InputError(said_of(path, first_line(error))) from error
    except OSError as error:
        if "ncrypt" in str(error):
            raise InputError(said_of(path, first_line(error))) from error
        damaged = "" if error.strerror else "; is the file damaged?"
        raise InputError(f"{path} cannot be read ({error.strerror or first_line(error)}){damaged or '.'}") from error
    wide = widened(schema)
    frame, schema = frame.cast(wide) if wide else frame, schema | wide  # type: ignore[arg-type]
    for key, value in partitions(path):
        if key not in schema:
            frame = frame.with_columns(pl.lit(value, pl.String).alias(key))
            schema[key] = pl.String()
    return RawFile(path, frame, schema, rows, 0 if "://" in path else Path(path).stat().st_size)


def partitions(path: str) -> Iterator[tuple[str, str | None]]:
    """Yield the columns that folder names such as `state_code=TX` carry."""
    for part in Path(path).parts[:-1]:
        if match := _HIVE.match(part):
            value = unquote(match[2])
            yield unquote(match[1]), None if value == "__HIVE_DEFAULT_PARTITION__" else value
