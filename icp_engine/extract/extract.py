"""An extract: its files united by column name, its fields conformed, its mistakes counted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import polars as pl

from icp_engine.columns import FIELDS, HELPERS, KEY, NAME, Field
from icp_engine.errors import InputError, did_you_mean
from icp_engine.extract.conform import conform, conformed
from icp_engine.extract.conventions import with_conventions
from icp_engine.extract.files import RawFile, open_files
from icp_engine.extract.headers import Headers, Match, known_names, matched, united
from icp_engine.extract.ids import HEADER, TOTALS, check_exact, is_totals_row, last_row_is_total, whole_ids
from icp_engine.extract.number_signs import without_number_signs
from icp_engine.extract.reading import AS_IT_STANDS, Reading, check_zone, summed_notes
from icp_engine.extract.repeated_headers import without_headers
from icp_engine.extract.unmarked_texts import with_texts

FILE = f"{HELPERS}file"
ROW = f"{HELPERS}row"
REASON = f"{HELPERS}reason"
_FORMULA, _TEXT_OF_FORMULA = '="', r'^="((?:[^"]|"")*)"\s*$'


@dataclass(frozen=True, slots=True)
class Extract:
    """The files of an extract under the engine's field names; `columns` is their union, in order.

    `matches` has what told the columns of each field, `renamed` the new names of other columns by their old ones. A
    row without `key` is no row.
    """

    files: tuple[RawFile, ...]
    fields: dict[str, Field]
    columns: tuple[str, ...]
    matches: dict[str, tuple[Match, ...]]
    renamed: dict[str, str]
    key: str = KEY

    @property
    def rows(self) -> int:
        """Rows of all files together."""
        return sum(file.rows for file in self.files)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of how the files were read, in sentences."""
        return summed_notes((file.path, note) for file in self.files for note in file.notes)


@dataclass(frozen=True, slots=True)
class Rejects:
    """Rows that are left out of the result, by file number and row number, with the reason of each."""

    positions: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={FILE: pl.UInt32, ROW: pl.UInt32, REASON: pl.String})
    )

    def __len__(self) -> int:
        """Return the number of rejected rows."""
        return len(self.positions)

    @property
    def reasons(self) -> dict[str, int]:
        """Rejected rows by reason, the most frequent first."""
        counts = self.positions.group_by(REASON).len().sort("len", REASON, descending=[True, False])
        return dict(counts.iter_rows())


def open_extract(
    patterns: Iterable[str],
    fields: Mapping[str, Field] = FIELDS,
    mapping: Mapping[str, str] | None = None,
    *,
    temp: Path,
    key: str = KEY,
    option: str = "--map",
    reading: Reading = AS_IT_STANDS,
) -> Extract:
    """Open an extract.

    Args:
        patterns: paths, folders, globs or addresses.
        fields: the fields that are known, the scorecard's own among them.
        mapping: field name to the column that holds it, where the extract calls it otherwise.
        temp: a folder for what has to be turned into Parquet first.
        key: the one field that every file has to have.
        option: where a user says `mapping` on the command line.
        reading: what the user says of the files.

    Raises:
        InputError: a file cannot be read, has no column for the key, or its types cannot be united with the others'.
    """
    check_zone(reading.zone)
    mapping = dict(mapping or {})
    known = known_names(fields, mapping)
    files = tuple(open_files(patterns, temp, known, reading.header_line))
    _check_mapping(files, mapping, fields, option)
    headers = [matched(file.path, file.schema, fields, mapping, option) for file in files]
    headers = united(headers, fields)
    files = tuple(_renamed(file, header.names) for file, header in zip(files, headers, strict=True))
    for file, header in zip(files, headers, strict=True):
        if key not in file.schema:
            near = did_you_mean(key, header.names) or f"; it has {', '.join(list(header.names)[:8])}"
            raise InputError(f"{file.path} has no column '{key}'{near}; map it with {option} {key}=COLUMN.")
        reserved = next((name for name in file.schema if name.startswith(HELPERS)), None)
        if reserved:
            raise InputError(f"{file.path} has a column '{reserved}'; rename it, {HELPERS}... is the engine's.")
    if not any(file.rows for file in files):
        raise InputError(f"{files[0].path} has no rows; there is nothing to score.")
    columns = tuple(dict.fromkeys(name for file in files for name in file.schema))
    files = tuple(_spelled_out(file, fields) for file in with_texts(files, fields))
    pairs = zip(files, headers, strict=True)
    files = tuple(without_headers(file, header.names, key, fields, known) for file, header in pairs)
    files = tuple(_out_of_formulas(file, fields) for file in files)
    _check_types(files, fields)
    files = without_number_signs([_exact(file, fields) for file in files], fields)
    files = with_conventions(files, fields, reading)
    return Extract(files, dict(fields), columns, _matches(headers), _renames(headers), key)


def _matches(headers: Iterable[Headers]) -> dict[str, tuple[Match, ...]]:
    found: dict[str, dict[Match, None]] = {}
    for match in (match for header in headers for match in header.matches):
        found.setdefault(match.field, {})[match] = None
    return {name: tuple(matches) for name, matches in found.items()}


def _renames(headers: Iterable[Headers]) -> dict[str, str]:
    return {
        old: new
        for header in headers
        for old, new in header.names.items()
        if old != new and old not in {match.column for match in header.matches}
    }


def _check_mapping(
    files: tuple[RawFile, ...], mapping: dict[str, str], fields: Mapping[str, Field], option: str
) -> None:
    known = list(dict.fromkeys(name for file in files for name in file.schema))
    for new, old in mapping.items():
        if old not in known:
            raise InputError(f"{option} {new}={old}: no file has a column '{old}'{did_you_mean(old, known)}.")
        if new not in fields:
            raise InputError(f"{option} {new}={old}: there is no field '{new}'{did_you_mean(new, fields)}.")
    twice = [old for old in mapping.values() if list(mapping.values()).count(old) > 1]
    if twice:
        raise InputError(f"{option} uses column '{twice[0]}' twice; a column can become one field only.")


def _renamed(file: RawFile, names: Mapping[str, str]) -> RawFile:
    schema = {names[name]: dtype for name, dtype in file.schema.items()}
    return replace(file, frame=file.frame.rename({old: new for old, new in names.items() if old != new}), schema=schema)


def _spelled_out(file: RawFile, fields: Mapping[str, Field]) -> RawFile:
    """Return the file with fields of text as text where a dictionary holds them, so that they are read as any text."""
    coded = {
        name: pl.String()
        for name, dtype in file.schema.items()
        if name in fields and isinstance(dtype, pl.Categorical | pl.Enum)
    }
    if not coded:
        return file
    return replace(file, frame=file.frame.cast(coded), schema=file.schema | coded)  # type: ignore[arg-type]


def _out_of_formulas(file: RawFile, fields: Mapping[str, Field]) -> RawFile:
    """Return the file with `0012345` in its fields where CSV holds `="0012345"`, which Excel leaves alone."""
    if file.staged is None:
        return file
    texts = [name for name, dtype in file.schema.items() if name in fields and dtype == pl.String]
    row = file.frame.select(pl.col(texts).str.starts_with(_FORMULA).any()).collect().row(0, named=True) if texts else {}
    some = [name for name, found in row.items() if found]
    if not some:
        return file
    plain = pl.col(some).str.replace(_TEXT_OF_FORMULA, "$1").str.replace_all('""', '"', literal=True)
    there = pl.col(some).str.contains(_TEXT_OF_FORMULA)
    note = f'{", ".join(some)}: a text that is written ="..." for Excel is read without these signs'
    frame = file.frame.with_columns(pl.when(there).then(plain).otherwise(pl.col(some)))
    return replace(file, frame=frame, notes=(*file.notes, note))


def _check_types(files: tuple[RawFile, ...], fields: Mapping[str, Field]) -> None:
    """Say which two files disagree on the type of a column, before anything is read."""
    for file in files:
        for name, dtype in file.schema.items():
            if name in fields:
                try:
                    conformed(fields[name], dtype)
                except InputError as error:
                    raise InputError(f"{file.path}: {error}") from error
    first: dict[str, RawFile] = {}
    for file in files:
        for name, dtype in file.schema.items():
            if first.setdefault(name, file).schema[name] == pl.Null:
                first[name] = file
            before = first[name]
            if name not in fields and not _unites(before.schema[name], dtype):
                raise InputError(
                    f"Column '{name}' is {before.schema[name]} in {before.path} and {dtype} in {file.path}; "
                    "make the types agree."
                )


def _exact(file: RawFile, fields: Mapping[str, Field]) -> RawFile:
    check_exact(file.path, file.frame, file.schema, fields)
    return replace(file, frame=whole_ids(file.frame, file.schema, fields))


def _unites(data_type: pl.DataType, other: pl.DataType) -> bool:
    """Return whether two types have a common one that keeps their values: numbers, dates, text with anything flat."""
    if data_type == other or pl.Null in (data_type, other):
        return True
    kinds = {_kind(data_type), _kind(other)}
    return len(kinds) == 1 and "nested" not in kinds if "text" not in kinds else "nested" not in kinds


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return "nested"
    if dtype.is_numeric():
        return "number"
    if dtype in (pl.Date, pl.Datetime):
        return "date"
    return "text" if dtype in (pl.String, pl.Categorical, pl.Enum) else str(dtype)


def with_positions(extract: Extract) -> list[pl.LazyFrame]:
    """Return the raw frame of every file with the number of the file and of the row, both from 0."""
    return [
        file.frame.with_row_index(ROW).with_columns(pl.lit(number, pl.UInt32).alias(FILE))
        for number, file in enumerate(extract.files)
    ]


def conformed_rows(extract: Extract, rejects: Rejects, needed: Iterable[str] = ()) -> pl.LazyFrame:
    """Return the rows that are not rejected, conformed and marked: the extract's columns, and needed ones it lacks.

    Files of one run may hold a field in different types. Those that follow each other and are alike are conformed
    together: the plan of a thousand part files costs more than their rows.
    """
    raw = with_positions(extract) if len(rejects) else [file.frame for file in extract.files]
    known = [column for name, column in extract.fields.items() if name in extract.columns or name in set(needed)]
    alike = groupby(
        zip(extract.files, raw, strict=True), lambda pair: (list(pair[0].schema.items()), dict(pair[0].conventions))
    )
    frames = [
        conform(pl.concat([frame for _, frame in group]), known, marks=True, conventions=conventions)
        for (_, conventions), group in alike
    ]
    united = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
    if len(rejects):
        united = united.join(rejects.positions.lazy(), on=[FILE, ROW], how="anti").drop(FILE, ROW)
    return united


def ids(extract: Extract) -> pl.LazyFrame:
    """Return the id of every row as text, missing where it is blank, its position and whether it holds totals."""
    frames = []
    last = totals_at_the_end(extract)
    for number, (file, frame) in enumerate(zip(extract.files, with_positions(extract), strict=True)):
        named = [extract.fields[name] for name in (extract.key, NAME) if name in file.schema]
        rows = conform(frame.select(FILE, ROW, *(column.name for column in named)), named)
        total = is_totals_row(column.name for column in named)
        if number in last:
            total |= pl.col(ROW) == file.rows - 1
        frames.append(rows.select(FILE, ROW, pl.col(extract.key).alias(KEY), total.alias(TOTALS)))
    return pl.concat(frames)


def totals_at_the_end(extract: Extract) -> list[int]:
    """Return the numbers of the files whose last row holds the sums of their columns."""
    found = []
    for number, file in enumerate(extract.files):
        amounts = [
            column
            for name, column in extract.fields.items()
            if name in file.schema and column.type in ("integer", "number")
        ]
        amounts = [amount for amount in amounts if amount.scale is None]
        rows = conform(file.frame, amounts, conventions=file.conventions)
        if last_row_is_total(rows, [amount.name for amount in amounts], file.rows):
            found.append(number)
    return found


def find_rejects(extract: Extract, *, blanks: bool = True, totals: bool = False, duplicates: bool = False) -> Rejects:
    """Return the rows that are left out, each with one reason.

    Args:
        extract: where the rows stand.
        blanks: leave rows with a blank id out.
        totals: leave rows out that hold totals, whatever their id.
        duplicates: leave every row out whose id stood before (by file, then row).
    """
    return rejects_among(ids(extract), extract, blanks=blanks, totals=totals, duplicates=duplicates)


def rejects_among(placed: pl.LazyFrame, extract: Extract, *, blanks: bool, totals: bool, duplicates: bool) -> Rejects:
    """Return the rows of `ids`, or of those that may be left out, that are: what `find_rejects` says."""
    is_total, reasons = pl.col(TOTALS) & totals, []
    if totals:
        reasons.append(placed.filter(is_total).with_columns(pl.lit(TOTALS).alias(REASON)))
    placed = placed.filter(~is_total)
    if blanks:
        blank = placed.filter(pl.col(KEY).is_null())
        headers = pl.LazyFrame(
            [(number, row, HEADER) for number, file in enumerate(extract.files) for row in file.headers],
            Rejects().positions.schema,
            orient="row",
        )
        blank = blank.join(headers, on=[FILE, ROW], how="left")
        reasons.append(blank.with_columns(pl.col(REASON).fill_null(f"blank {extract.key}")))
    if duplicates:
        twice = placed.drop_nulls(KEY).group_by(KEY).len().filter(pl.col("len") > 1)
        again = placed.join(twice, on=KEY, how="semi").sort(FILE, ROW).filter(~pl.col(KEY).is_first_distinct())
        reasons.append(again.with_columns(pl.lit(f"duplicate {extract.key}").alias(REASON)))
    return Rejects(pl.concat(reasons).select(FILE, ROW, REASON).sort(FILE, ROW).collect())


def rejected_rows(extract: Extract, rejects: Rejects, placed: Iterable[pl.LazyFrame] | None = None) -> pl.DataFrame:
    """Return the rejected rows as they were, with `reject_reason`, `source_file` and `source_row` (from 1).

    Args:
        extract: where the rows stand.
        rejects: which rows.
        placed: frames of `with_positions` with those rows at least, where somebody has looked for them already.
    """
    names = [file.path for file in extract.files]
    frames = with_positions(extract)
    if placed is not None:
        frames = [*(frame.head(0) for frame in frames), *placed]
    found = [
        frame.join(rejects.positions.lazy(), on=[FILE, ROW], how="inner", maintain_order="left") for frame in frames
    ]
    rows = pl.concat(_lists_as_text(found), how="diagonal_relaxed").sort(FILE, ROW).collect()
    source = pl.col(FILE).replace_strict(range(len(names)), names, return_dtype=pl.String)
    described = [
        pl.col(REASON).alias("reject_reason"),
        source.alias("source_file"),
        (pl.col(ROW) + 1).alias("source_row"),
    ]
    own = [FILE, ROW, REASON, *(column.meta.output_name() for column in described)]
    return rows.select(pl.exclude(own), *described)


def _lists_as_text(frames: list[pl.LazyFrame]) -> list[pl.LazyFrame]:
    """Return frames in which a list is text, as CSV has it, where another of them holds its column as text."""
    schemas = [frame.collect_schema() for frame in frames]
    texts = {name for schema in schemas for name, dtype in schema.items() if dtype == pl.String}
    lists = [
        [name for name, dtype in schema.items() if isinstance(dtype, pl.List) and name in texts] for schema in schemas
    ]
    return [
        frame.with_columns(pl.col(names).cast(pl.List(pl.String)).list.join(";", ignore_nulls=True))
        for frame, names in zip(frames, lists, strict=True)
    ]


def file_of(extract: Extract, rejects: Rejects) -> str:
    """Return the path of the file that the first rejected row stands in."""
    number: int = rejects.positions[FILE][0]
    return extract.files[number].path
