"""Rows that hold the header again, as where files were put one behind the other: no clinics, and said."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.errors import InputError
from icp_engine.extract.files import RawFile, partitions, place_of_row
from icp_engine.extract.headers import plain

_ROW, _SAME, _NAMES, _FILLED = (f"{HELPERS}{name}" for name in ("row", "same", "names", "filled"))
_AROUND = 16  # bytes of what may stand around a name
_RULE = r"^\s*[-=]+\s*$"  # in every cell, of the line that databases draw below a header


def without_headers(
    file: RawFile, names: Mapping[str, str], key: str, fields: Collection[str], known: Collection[str]
) -> RawFile:
    """Return the file with blank fields in the rows that hold its header again, which are then no clinics.

    Every cell of such a row is blank or has the name of its column, that of the key among them. A line of dashes, as
    databases draw one below a header, is another such row.

    Args:
        file: under the names of fields.
        names: those by the columns of the file.
        key: the field that every row has to have.
        fields: the fields that are known.
        known: names of columns that fields are read from, in plain form.

    Raises:
        InputError: a row is the header of other columns, or of the same in another order.
    """
    if file.schema[key] != pl.String:
        return file
    header = {new: plain(old) for old, new in names.items()}
    rows = _rows_by_key(file, key, names)
    if not rows:
        return file
    around = {names.get(column) for column, _ in partitions(file.path)}  # no cells of the file
    filled = {name: _filled(name, dtype) for name, dtype in file.schema.items() if name not in around}
    cells = [name for name in filled if file.schema[name] == pl.String]
    same = {name: filled[name] & ((_plain(name) == header[name]) | pl.col(name).str.contains(_RULE)) for name in cells}
    named = [filled[name] & _plain(name).is_in([*header.values(), *known]) for name in cells]
    suspects = file.frame.with_row_index(_ROW).filter(pl.col(_ROW).is_in(rows))
    counted = suspects.with_columns(
        pl.sum_horizontal(same.values()).alias(_SAME),
        pl.sum_horizontal(named).alias(_NAMES),
        pl.sum_horizontal(filled.values()).alias(_FILLED),
    ).collect()
    whole = pl.col(_SAME) == pl.col(_FILLED)
    other = counted.filter(~whole & (pl.col(_NAMES) > 1) & (pl.col(_NAMES) * 2 > pl.col(_FILLED)))
    if len(other):
        raise InputError(_of_other_columns(file, other.row(0, named=True), header))
    found = tuple(counted.filter(whole)[_ROW])
    if not found:
        return file
    is_header = pl.all_horizontal(same[key], *(~there | same.get(name, False) for name, there in filled.items()))
    blank = [pl.when(~is_header).then(pl.col(name)).alias(name) for name in file.schema if name in fields]
    first = place_of_row(file, found[0]).removeprefix(f"{file.path}, ")
    ruled = counted.filter(whole & pl.col(key).str.contains(_RULE)).height
    what = "a line of dashes" if ruled == len(found) else "the header again, or dashes" if ruled else "the header again"
    note = f"1 row holds {what}, {first}; it is no clinic and rejected"
    if found[1:]:
        note = f"{len(found):,} rows hold {what}, the first {first}; they are no clinics and rejected"
    return replace(file, frame=file.frame.with_columns(blank), headers=found, notes=(*file.notes, note))


def _rows_by_key(file: RawFile, key: str, names: Collection[str]) -> list[int]:
    """Return the rows whose key is the name of a column, or a line of dashes."""
    text, plain_names = pl.col(key), [plain(name) for name in names]
    most = max(len(name.encode()) for name in names) + _AROUND
    words = sorted({max(name.split("_"), key=len) for name in plain_names if name})
    begins_so = pl.any_horizontal(text.str.starts_with(first) for first in "-= \t")
    rows = file.frame.select(key).with_row_index(_ROW).filter(begins_so | (text.str.len_bytes() <= most)).collect()
    rows = rows.filter(begins_so | text.str.contains_any(words, ascii_case_insensitive=True))  # cheap, and nearly never
    return rows.filter(_plain(key).is_in(plain_names) | text.str.contains(_RULE))[_ROW].to_list()


def _plain(name: str) -> pl.Expr:
    """Return the texts of a column as `plain` has names."""
    text = pl.col(name).str.normalize("NFKC").str.to_lowercase()
    return text.str.replace_all(r"[\W_]+", "_").str.strip_chars("_").fill_null("")


def _filled(name: str, dtype: pl.DataType) -> pl.Expr:
    text = pl.col(name)
    return (text.str.strip_chars() != "").fill_null(value=False) if dtype == pl.String else text.is_not_null()


def _of_other_columns(file: RawFile, row: Mapping[str, object], header: Mapping[str, str]) -> str:
    """Return that a row is the header of other columns, with the first cell that differs."""
    name, cell = next(
        (name, cell)
        for name in header
        if isinstance(cell := row[name], str) and cell.strip() and plain(cell) != header[name]
    )
    return (
        f"{place_of_row(file, int(str(row[_ROW])))}: a header of other columns, or in another order ('{cell.strip()}' "
        f"where the first has '{header[name]}'), below which rows would be misread; give the parts as files of their "
        "own."
    )
