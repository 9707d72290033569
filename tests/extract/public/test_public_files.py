"""Public files are found, told apart, decoded and read as text, whatever stands around their header."""

import errno
import gzip
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from icp_engine.errors import InputError
from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout

SITES = layout(
    "sites",
    "a list of sites",
    {"npi": ("Site NPI Number", "NPI"), "name": "Site Name"},
    {"city": "Site City"},
)
ROWS = [{"npi": "1003000126", "name": "Elm Clinic", "city": "Austin"}]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(b"Site NPI Number,Site Name,Site City\n1003000126,Elm Clinic,Austin\n", ROWS, id="as published"),
        pytest.param(b"\xef\xbb\xbfNPI,Site Name,Site City\n1003000126,Elm Clinic,Austin\n", ROWS, id="UTF-8, marked"),
        pytest.param(b"npi,site_name,SITE-CITY\r\n1003000126, Elm Clinic ,Austin\r\n", ROWS, id="other spelling"),
        pytest.param(b",,\n,,\nNPI,Site Name,Site City\n1003000126,Elm Clinic,Austin", ROWS, id="commas before it"),
        pytest.param(
            b'"Sites, as of May"\nNPI,Site Name,Site City\n1003000126,Elm Clinic,Austin\n', ROWS, id="title before it"
        ),
        pytest.param(b"NPI,Site Name,Site City,\n1003000126,Elm Clinic,Austin\n", ROWS, id="header one field longer"),
        pytest.param(b"NPI,Site Name,Site City\n1003000126,Elm Clinic,Austin,\n", ROWS, id="header one field shorter"),
        pytest.param(b"NPI,X,Site Name,X,Site City\n1003000126,,Elm Clinic,,Austin\n", ROWS, id="a header twice"),
        pytest.param(b"NPI\tSite Name\tSite City\n1003000126\tElm Clinic\tAustin\n", ROWS, id="tabs"),
        pytest.param(
            b'NPI,Site Name,Site City\n1003000126,"Elm ""A"", 2\nClinic",Austin\n',
            [{"npi": "1003000126", "name": 'Elm "A", 2\nClinic', "city": "Austin"}],
            id="quotes, separators and line ends in values",
        ),
        pytest.param(
            "NPI,Site Name,Site City\n1003000126,Clínica Olmo,Añasco\n".encode("iso8859-1"),
            [{"npi": "1003000126", "name": "Clínica Olmo", "city": "Añasco"}],
            id="ISO-8859-1",
        ),
        pytest.param(
            "NPI,Site Name,Site City\n1003000126,Mercy’s – Añasco,\n".encode("cp1252"),
            [{"npi": "1003000126", "name": "Mercy’s – Añasco", "city": None}],
            id="quotes and dashes of Windows",
        ),
        pytest.param(
            b"NPI,Site Name,Site City\n1003000126,A\xf1asco \x81,\n",
            [{"npi": "1003000126", "name": "Añasco \x81", "city": None}],
            id="a byte that Windows does not know",
        ),
        pytest.param(b"NPI,Site Name,Site City\r1003000126,Elm Clinic,Austin\r", ROWS, id="ends of lines of old Macs"),
        pytest.param(b'NPI,"Site\nName",Site City\n1003000126,Elm Clinic,Austin\n', ROWS, id="header of two lines"),
        pytest.param(b"t\n" * 20 + b"NPI,Site Name,Site City\n1003000126,Elm Clinic,Austin\n", ROWS, id="titles"),
        pytest.param(
            "NPI,Site Name,Site City\n1003000126,Clínica Olmo,Añasco\n".encode(),
            [{"npi": "1003000126", "name": "Clínica Olmo", "city": "Añasco"}],
            id="UTF-8",
        ),
        pytest.param(
            b'NPI,Site Name,Site City\n"","<UNAVAIL>"," "\n', [{"npi": None, "name": None, "city": None}], id="missing"
        ),
        pytest.param(
            b"NPI,Site Name\n1003000126,Elm Clinic\n",
            [{"npi": "1003000126", "name": "Elm Clinic", "city": None}],
            id="an optional column is not there",
        ),
        pytest.param(b"NPI,Site Name,Site City\n", [], id="no rows"),
    ],
)
def test_csv(tmp_path: Path, content: bytes, rows: list[dict[str, str | None]]) -> None:
    path = tmp_path / "sites.csv"
    path.write_bytes(content)
    opened = open_files(SITES, [str(path)], tmp_path)
    assert opened.rows.collect().to_dicts() == rows
    assert [(file.path, file.read, file.layout) for file in opened.files] == [(str(path), len(rows), SITES)]
    (tmp_path / "sites.csv.gz").write_bytes(gzip.compress(content))
    assert open_files(SITES, [str(tmp_path / "sites.csv.gz")], tmp_path).rows.collect().to_dicts() == rows


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(
            b"ccn,state,site_name\n013401,AL,Elm Clinic\n",
            "{} is not a list of sites: it has no column 'Site NPI Number'; the nearest header is 'site_name'.",
            id="a column is missing",
        ),
        pytest.param(
            b"A title\n\nNPI,Site Nam,Site City\n1003000126,Elm,Austin\n",
            "{} is not a list of sites: it has no column 'Site Name'; the nearest header is 'Site Nam'.",
            id="a column is missing, below a title",
        ),
        pytest.param(
            b"NPI,Site Name,Site City\n1003000126,Elm,Austin\n1003000134,Oak\n",
            "{}, line 3: 2 values where the header names 3 columns; is a quote or a separator missing?",
            id="a row is short",
        ),
        pytest.param(
            b"NPI,Site Name,Site City\n1003000126,Elm,Austin,1\n",
            "{}, line 2: 4 values where the header names 3 columns; is a quote or a separator missing?",
            id="rows are longer, and not by a separator",
        ),
        pytest.param(
            b"NPI,Site Name,Site City,Zip\n1003000126,Elm,Austin\n",
            "{}, line 2: 3 values where the header names 4 columns; is a quote or a separator missing?",
            id="rows are shorter, and not by a separator",
        ),
        pytest.param(
            b'NPI,Site Name,Site City\n1003000126,Elm,"Austin\n1003000134,Oak,Waco\n',
            "{}, line 2: unexpected end of data; is a quote missing, or one too many?",
            id="a quote stays open",
        ),
        pytest.param(
            b"t\n" * 21 + b"NPI,Site Name,Site City\n1003000126,Elm Clinic,Austin\n",
            "{} is not a list of sites: it has no column 'Site NPI Number'; the nearest header is 't'.",
            id="21 lines above",
        ),
        pytest.param(
            b'NPI,Site Name,Site City\n1,"' + b"x\n" * 5_000_000 + b'",\n',
            "{} has a row of more than 4 MB; is a line end or a quote missing?",
            id="a row without an end",
        ),
        pytest.param(
            b"NPI,Site Name,Site City\n" + b"1,Elm,Austin\n" * 100_000 + b'2,Oak,"Waco\n3,Ash,Waco\n',
            "{}, line 100002: unexpected end of data; is a quote missing, or one too many?",
            id="a quote stays open, late",
        ),
        pytest.param(b"\n\n", "{} is empty; a public file starts with a line of column names.", id="empty"),
        pytest.param(
            "NPI,Site Name\n".encode("utf-16"),
            "{} is not CSV: it is no text, or text in UTF-16; save it as CSV in UTF-8.",
            id="UTF-16",
        ),
    ],
)
def test_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "sites.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        open_files(SITES, [str(path)], tmp_path)
    assert str(error.value) == sentence.format(path)


def test_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "sites.zip").write_bytes(b"PK")
    (tmp_path / "sites.xlsx").write_bytes(b"PK")
    (tmp_path / "sites.parquet").write_bytes(b"PAR1")
    (tmp_path / "sites.csv.gz").write_bytes(gzip.compress(b"NPI,Site Name\n" + b"1,Elm\n" * 100_000)[:-20])
    pl.DataFrame({"NPI": [[1]], "Site Name": ["Elm"]}).write_parquet(tmp_path / "lists.parquet")
    for name, sentence in [
        (str(tmp_path / "sites.zip"), "is a ZIP archive; unpack it, and name the file inside."),
        (str(tmp_path / "sites.xlsx"), "cannot be read as a workbook"),
        (str(tmp_path / "sites.parquet"), "cannot be read as Parquet"),
        (str(tmp_path / "lists.parquet"), "column 'NPI' holds lists or records; one value a row is due."),
        (str(tmp_path / "sites.csv.gz"), "was it cut off?"),
        (str(tmp_path / "none.csv"), "does not exist; check the path."),
        ("https://data.example/sites.csv", "is an address; download the file, and name the copy."),
    ]:
        with pytest.raises(InputError, match=sentence):
            open_files(SITES, [name], tmp_path)


def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "sites.csv").write_text("NPI,Site Name\n1,Elm\n")
    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space left on device"):
        open_files(SITES, [str(tmp_path / "sites.csv")], tmp_path)


def test_parquet_of_other_types(tmp_path: Path) -> None:
    path = tmp_path / "sites.parquet"
    pl.DataFrame({"NPI": [1003000126, None], "Site Name": ["Elm Clinic", " "], "x": [[1], []]}).write_parquet(path)
    assert open_files(SITES, [str(path)], tmp_path).rows.collect().to_dicts() == [
        {"npi": "1003000126", "name": "Elm Clinic", "city": None},
        {"npi": None, "name": None, "city": None},
    ]


def test_workbook_with_a_title(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "sites.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([["Sites of May"], [], ["NPI", "Site Name"], [1003000126, "Elm"], ["", "Oak"]]):
            sheet.write_row(number, 0, row)
    (file,) = open_files(SITES, [str(tmp_path / "sites.xlsx")], tmp_path).files
    assert (file.read, file.rows.collect().to_dicts()) == (
        2,
        [{"npi": "1003000126", "name": "Elm", "city": None}, {"npi": None, "name": "Oak", "city": None}],
    )


def test_rows_of_several_layouts_are_kept_and_counted(tmp_path: Path) -> None:
    numbers = layout("numbers", "a list of numbers", {"number": "Number", "name": "Site Name"})
    (tmp_path / "a.csv").write_text("NPI,Site Name\n1,Elm\n2,Oak\n")
    (tmp_path / "b.csv").write_text("Number,Site Name\n3,Ash\n4,Oak\n")
    told: list[tuple[str, int]] = []
    keep = (pl.col("name") != "Oak") & pl.col("name").is_not_null()
    opened = open_files([SITES, numbers], [str(tmp_path / "*.csv")], tmp_path, keep, lambda *part: told.append(part))
    assert [(file.layout.name, file.read, file.has("npi")) for file in opened.files] == [
        ("sites", 2, True),
        ("numbers", 2, False),
    ]
    assert opened.rows.select("npi", "number", "name").collect().rows() == [("1", None, "Elm"), (None, "3", "Ash")]
    assert told == [(str(tmp_path / "a.csv"), 2), (str(tmp_path / "b.csv"), 2)]


def test_a_long_file_is_read_in_blocks_and_its_late_letters_too(tmp_path: Path) -> None:
    path, line = tmp_path / "sites.csv", "1003000126,Clinic of some length so that blocks fill,Austin\n"
    path.write_bytes(("NPI,Site Name,Site City\n" + line * 200_000).encode() + "1,Peñasco,Taos\n".encode("iso8859-1"))
    opened = open_files(SITES, [str(path)], tmp_path)
    assert opened.files[0].read == 200_001
    assert opened.rows.select(pl.col("name").last()).collect().item() == "Peñasco"


def test_a_workbook_needs_one_more_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    (tmp_path / "sites.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"pip install 'clinic-icp\[xlsx\]'; or save it as CSV"):
        open_files(SITES, [str(tmp_path / "sites.xlsx")], tmp_path)
