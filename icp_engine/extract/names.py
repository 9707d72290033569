"""Columns that no table of results can carry as they are: what is the matter with them, and what is read instead."""

from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl
import pyarrow as pa

from icp_engine.errors import InputError

_MOST_DIGITS = 38  # of a decimal, in Polars and in DuckDB


def check_names(path: str, names: Sequence[str]) -> None:
    """Make sure that every column can be named.

    Raises:
        InputError: a name stands twice, holds a NUL character, or is read as a pattern over other names.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{path} has {len(twice)} column names more than once, first '{twice[0]}'; rename them.")
    for name in names:
        if "\0" in name:
            raise InputError(f"{path} has a NUL character in the column name {name!r}; rename it.")
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            raise InputError(f"{path} has a column named '{name}', which stands for several columns; rename it.")


def check_types(path: str, schema: pa.Schema) -> None:
    """Make sure that every column can be calculated with.

    Raises:
        InputError: a decimal has more digits than that.
    """
    for field in schema:
        if pa.types.is_decimal(field.type) and field.type.precision > _MOST_DIGITS:
            raise InputError(
                f"{path}, column '{field.name}': decimals of {field.type.precision} digits are more than the "
                f"{_MOST_DIGITS} that can be calculated with; write it as text, or with fewer digits."
            )


def said_of(path: str, message: str) -> str:
    """Return what is the matter with a file that is no Parquet file to the reader, from what it says."""
    if "more than 64 bits" in message:
        return f"{path} holds integers of 128 bits, which few readers know; write them as text, or in 64 bits."
    if "ncrypt" in message:
        return f"{path} is encrypted ({message}); decrypt it first."
    return f"{path} is not a whole Parquet file ({message}); was it cut off, or is it CSV?"


def name_that_is_no_text(path: str, error: UnicodeDecodeError) -> str:
    """Return what is the matter with a Parquet file that has a name of a column that is not UTF-8."""
    name = error.object.decode("utf-8", "backslashreplace")
    return f"{path} has a column whose name is not UTF-8 text, '{name}'; rename it, or write the file anew."


def widened(schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
    """Return the columns with numbers of 16 bits, which DuckDB does not know, and the types that hold their values."""
    wide = {name: _wide(dtype) for name, dtype in schema.items()}
    return {name: dtype for name, dtype in wide.items() if dtype != schema[name]}


def _wide(dtype: pl.DataType) -> pl.DataType:
    if isinstance(dtype, pl.List):
        return pl.List(_wide(dtype.inner))  # type: ignore[arg-type]
    if isinstance(dtype, pl.Array):
        return pl.Array(_wide(dtype.inner), dtype.size)  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: _wide(field.dtype) for field in dtype.fields})  # type: ignore[arg-type]
    return pl.Float32() if dtype == pl.Float16 else dtype
