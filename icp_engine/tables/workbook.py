"""A list as a workbook: every text as it is, neither a formula nor a link, and nothing left out in silence."""

from collections.abc import Iterable, Mapping
from typing import IO, Any

import polars as pl

from icp_engine.distribution import install_extra
from icp_engine.errors import InputError
from icp_engine.tables.writer import flat

CELL = 32_767  # characters that a cell of Excel holds; the writer leaves longer ones out
HEAD = 255  # characters of a name of a column
_AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}


def write_workbook(frame: pl.DataFrame, file: IO[bytes], widths: Mapping[Any, int] | None = None) -> None:
    """Write a list as a workbook of one sheet; widths of columns in pixels.

    Excel tells no columns apart by their case: the second one of two that differ in it alone gets a number after its
    name.

    Raises:
        InputError: a text is longer than a cell holds, or the workbook extra is not installed.
    """
    frame = flat(frame)
    longest = frame.select(pl.col(pl.String).str.len_chars().max())
    for column in longest:
        if (column.item() or 0) > CELL:
            raise InputError(
                f"Column {column.name} has a text of {column.item():,} characters, and a cell of a workbook holds "
                f"{CELL:,}; leave the column out, or take CSV."
            )
    try:
        from xlsxwriter import Workbook  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise InputError(f"Workbooks need one more package: {install_extra('xlsx')}.") from error
    with Workbook(file, _AS_TEXT) as workbook:
        sheet = frame.rename(dict(zip(frame.columns, _names(frame.columns), strict=True)))
        sheet.write_excel(workbook, freeze_panes=(1, 0), column_widths=dict(widths or {}))


def _names(columns: Iterable[str]) -> list[str]:
    """Return the names that columns have in a workbook, in order."""
    names: dict[str, str] = {}
    for column in columns:
        name, number = column[:HEAD], 0
        while name.lower() in names:
            number += 1
            name = f"{column[: HEAD - 5]}_{number}"
        names[name.lower()] = name
    return list(names.values())
