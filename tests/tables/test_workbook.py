"""A workbook holds what the list holds: names that differ in case alone, addresses, signs of formulas, long texts."""

import io
import zipfile

import polars as pl
import pytest

from icp_engine.errors import InputError
from icp_engine.tables.workbook import CELL, write_workbook


def written(frame: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """What a reader finds in the workbook of a frame, and the text of its sheet."""
    file = io.BytesIO()
    write_workbook(frame, file)
    with zipfile.ZipFile(file) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    file.seek(0)
    return pl.read_excel(file, infer_schema_length=0), sheet


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["Founded", "founded"], ["Founded", "founded_1"]),
        (["a", "A", "á", "Á", "a_1"], ["a", "A_1", "á", "Á_1", "a_1_1"]),
        (["x" * 300, "x" * 299], ["x" * 255, "x" * 250 + "_1"]),
        (["one", "two"], ["one", "two"]),
    ],
)
def test_columns_that_excel_takes_for_one_have_names_of_their_own(columns: list[str], names: list[str]) -> None:
    found, _ = written(pl.DataFrame({name: [str(place)] for place, name in enumerate(columns)}))
    assert found.columns == names
    assert found.row(0) == tuple(str(place) for place in range(len(columns)))


def test_texts_are_neither_formulas_nor_links_nor_shortened() -> None:
    texts = ["=1+1", "@SUM(A1)", "{=1}", "http://clinic.example/", "mailto:a@b.example", "internal:x", "file:///etc"]
    texts += ["https://clinic.example/" + "x" * 2_100, "00123", "1E5", "x" * CELL]
    found, sheet = written(pl.DataFrame({"text": texts}))
    assert found["text"].to_list() == texts
    assert "<f" not in sheet
    assert "hyperlink" not in sheet


@pytest.mark.parametrize("length", [CELL + 1, CELL * 3])
def test_a_text_that_no_cell_holds_is_refused(length: int) -> None:
    with pytest.raises(InputError, match=rf"Column name has a text of {length:,} characters, and a cell of a workbook"):
        write_workbook(pl.DataFrame({"id": ["a"], "name": ["x" * length]}), io.BytesIO())
