"""Frames of Polars, PyArrow and pandas: taken in as lazy Polars frames, and given back as what they were.

Columns that the scorecard does not look at, and the id, never go through a conversion.
"""

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

import polars as pl
import pyarrow as pa

from icp_engine.columns import HELPERS, KEY
from icp_engine.errors import InputError

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame, IntoFrameT

_ROW = f"{HELPERS}row"  # a frame of other columns alone has rows too
_OLDEST = pl.CompatLevel.oldest()  # text that every version of PyArrow and pandas can read


def taken_in(frame: "IntoFrame", fields: Collection[str]) -> pl.LazyFrame:
    """Return a frame as a lazy one: a Polars frame as it is, of others the fields alone, whose nulls are missing.

    Raises:
        InputError: it is no frame, its columns have no names of their own, or a field cannot be read.
    """
    if isinstance(frame, pl.LazyFrame | pl.DataFrame):
        return frame.lazy()
    from narwhals.dependencies import is_pandas_dataframe, is_pyarrow_table

    if not is_pandas_dataframe(frame) and not is_pyarrow_table(frame):
        raise InputError(f"A frame is due, but found {_kind(frame)}: give a Polars, PyArrow or pandas frame.")
    names = _checked(_names(frame))
    found = {name: _column(frame, name) for name in names if name in fields}
    return pl.LazyFrame({_ROW: pl.int_range(len(frame), eager=True), **found})


def given_back(frame: "IntoFrameT", scored: pl.LazyFrame, results: Collection[str]) -> "IntoFrameT":
    """Return what was scored as the kind of frame that was given: rows, order and index, other columns and id the same.

    Source: what came of `taken_in`, every row in its place, with `results` added.
    """
    if isinstance(frame, pl.LazyFrame):
        return cast("IntoFrameT", scored)
    made = scored.collect()
    if isinstance(frame, pl.DataFrame):
        return cast("IntoFrameT", made)
    names: list[str] = [*(name for name in _names(frame) if name not in results), *results]
    new = made.select(name for name in names if name in made.columns and name != KEY).to_arrow(compat_level=_OLDEST)
    return cast("IntoFrameT", (_into_arrow if isinstance(frame, pa.Table) else _into_pandas)(frame, new, names))


def _into_arrow(frame: Any, new: Any, names: list[str]) -> Any:
    columns = [(new if name in new.column_names else frame).column(name) for name in names]
    return pa.table(columns, names=names).replace_schema_metadata(frame.schema.metadata)


def _into_pandas(frame: Any, new: Any, names: list[str]) -> Any:
    """Whole numbers and flags become pandas' nullable types, in which a missing one stays missing."""
    from narwhals import get_native_namespace

    pandas = get_native_namespace(frame)
    nullable = {pa.int64(): pandas.Int64Dtype(), pa.bool_(): pandas.BooleanDtype()}
    made = new.to_pandas(types_mapper=nullable.get, ignore_metadata=True).set_index(frame.index)
    kept = frame[[name for name in names if name not in made.columns]]
    return pandas.concat([kept, made], axis="columns")[names]


def _names(frame: Any) -> list[Any]:
    return list(frame.column_names if isinstance(frame, pa.Table) else frame.columns)


def _checked(names: list[Any]) -> list[str]:
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"Names of columns are text, but found {name!r} ({_kind(name)}); rename the column first.")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise InputError(f"More than one column is called '{twice[0]}'; rename or drop all but one.")
    return names


def _column(frame: Any, name: str) -> pl.Series:
    try:
        column = frame.column(name) if isinstance(frame, pa.Table) else pa.array(frame[name], from_pandas=True)
        return pl.Series(name, column)
    except (pa.ArrowException, pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"Column '{name}' cannot be read ({error}); make it all text or all numbers first.") from None


def _kind(thing: object) -> str:
    """Return what a thing is called where it comes from: `list`, `numpy.ndarray`, `None`."""
    kind = type(thing)
    return "None" if thing is None else f"{kind.__module__}.{kind.__name__}".removeprefix("builtins.")
