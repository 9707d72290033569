"""CSV as spreadsheets and reports write it: titles above the header, `sep=`, columns without a name, footers."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.columns import FIELDS
from icp_engine.errors import InputError
from icp_engine.extract.extract import Extract, open_extract
from icp_engine.extract.reading import Reading

Opened = Callable[..., Extract]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    def opens(text: str | bytes, reading: Reading | None = None, name: str = "a.csv", **mapping: str) -> Extract:
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return open_extract([str(tmp_path / name)], FIELDS, mapping, temp=tmp_path, reading=reading or Reading())

    return opens


def rows_of(extract: Extract) -> list[tuple[object, ...]]:
    return extract.files[0].frame.collect().rows()


def notes_of(extract: Extract) -> list[str]:
    return [note.split(": ", 1)[1] for note in extract.notes]


HEADER = "clinic_id,account_name,npi_count\n"
ROWS = "S1,Alpha,5\nS2,Beta,6\n"
READ = [("S1", "Alpha", "5"), ("S2", "Beta", "6")]
TITLES = {
    "Accounts report,,\nAs of 2026-03-16,,\n,,\n": (
        "lines 1 to 2 ('Accounts report', ...) look like titles; the header is line 4"
    ),
    "Accounts report\n": "line 1 ('Accounts report') looks like a title; the header is line 2",
    "\n\nAccounts report\n\n": "line 3 ('Accounts report') looks like a title; the header is line 5",
    '"Accounts, by\nstate"\n': "lines 1 to 2 ('Accounts, by', ...) look like titles; the header is line 3",
    "Report:,Accounts\nOwner:,Dana\n": (
        "lines 1 to 2 ('Report:,Accounts', ...) look like titles; the header is line 3"
    ),
    "Name\n": "line 1 ('Name') looks like a title; the header is line 2",
    "Clinics; all of them; by size\n": (
        "line 1 ('Clinics; all of them; by size') looks like a title; the header is line 2"
    ),
}


@pytest.mark.parametrize("above", TITLES)
def test_titles_above_the_header_are_left_out_and_said(opened: Opened, above: str) -> None:
    extract = opened(above + HEADER + ROWS)
    assert extract.columns == ("clinic_id", "account_name", "npi_count")
    assert rows_of(extract) == READ
    assert notes_of(extract) == [TITLES[above]]


def test_a_title_does_not_say_what_separates_values(opened: Opened) -> None:
    extract = opened("Clinics, all of them, by size\n" + (HEADER + ROWS).replace(",", ";"))
    assert rows_of(extract) == READ


def test_a_header_of_names_that_only_a_mapping_knows_is_found_below_titles(opened: Opened) -> None:
    extract = opened("Accounts report\n\nkey,label\nS1,5\n", clinic_id="key", npi_count="label")
    assert rows_of(extract) == [("S1", "5")]


def test_a_line_that_names_more_fields_is_the_header_below_one_of_headings(opened: Opened) -> None:
    extract = opened("ID,Organisation,Size\n" + HEADER + ROWS)
    assert rows_of(extract) == READ
    assert notes_of(extract) == ["line 1 ('ID,Organisation,Size') looks like a title; the header is line 2"]


def test_a_header_that_names_one_field_is_found_by_its_shape(opened: Opened) -> None:
    assert rows_of(opened("Accounts report,\n,\nclinic_id,colour\nS1,red\n")) == [("S1", "red")]


AGAIN = "1 row holds the header again, line 2; it is no clinic and rejected"


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("clinic_id\nclinic_id\naccount_name\n", [AGAIN]),
        ("clinic_id,note\nS1,a\nS2,account_name\n", []),
        ("clinic_id,note,a\nS1,account_name,npi_count\n", []),
    ],
)
def test_a_first_line_that_names_a_field_is_the_header(opened: Opened, text: str, notes: list[str]) -> None:
    extract = opened(text)
    assert extract.columns == tuple(text.splitlines()[0].split(","))
    assert extract.rows == len(text.splitlines()) - 1
    assert notes_of(extract) == notes


@pytest.mark.parametrize("sign", [";", ",", "\t", "|"])
@pytest.mark.parametrize("line", ["sep={}\n", '"sep={}"\r\n', "SEP={}\n"])
def test_the_line_of_excel_that_names_the_separator(opened: Opened, sign: str, line: str) -> None:
    extract = opened(line.format(sign) + (HEADER + ROWS).replace(",", sign))
    assert rows_of(extract) == READ
    assert notes_of(extract) == [f"its first line, 'sep={sign}', names the separator"]


def test_sep_before_titles(opened: Opened) -> None:
    extract = opened("\ufeffsep=;\nAccounts, report\n" + (HEADER + ROWS).replace(",", ";"))
    assert rows_of(extract) == READ
    assert len(extract.notes) == 2


EMPTY = {
    "both": ("clinic_id,account_name,npi_count,,\n", "S1,Alpha,5,,\nS2,Beta,6,,\n", 2),
    "header alone": ("clinic_id,account_name,npi_count,,\n", ROWS, 2),
    "rows alone": (HEADER, "S1,Alpha,5,\nS2,Beta,6,\n", 1),
    "blanks": ("clinic_id,account_name,npi_count, \n", "S1,Alpha,5,\nS2,Beta,6, \n", 1),
    "in the middle": ("clinic_id,account_name,,npi_count\n", "S1,Alpha,,5\nS2,Beta,,6\n", 1),
}


@pytest.mark.parametrize("case", EMPTY)
def test_columns_without_name_and_values_are_left_out(opened: Opened, case: str) -> None:
    header, rows, count = EMPTY[case]
    extract = opened(header + rows)
    assert extract.columns == ("clinic_id", "account_name", "npi_count")
    assert rows_of(extract) == READ
    start = "1 column" if count == 1 else f"{count} columns"
    assert [note.startswith(start) for note in notes_of(extract)] == [True]


def test_a_column_without_a_name_is_called_by_its_place_where_it_has_a_value(opened: Opened) -> None:
    extract = opened(",clinic_id,column_1,\n0,S1,x,\n1,S2,y,\n")
    assert extract.columns == ("column_1_2", "clinic_id", "column_1")
    assert rows_of(extract) == [("0", "S1", "x"), ("1", "S2", "y")]
    assert notes_of(extract) == [
        "column 1 has values and no name; it is called 'column_1_2'",
        "1 column without a name and without values is left out",
    ]


def test_a_line_break_inside_a_cell_of_the_header(opened: Opened) -> None:
    extract = opened('"clinic\nid","account_name\r\n",npi_count\nS1,Alpha,5\nS2,Beta,6\n')
    assert rows_of(extract) == READ
    assert [match.column for matches in extract.matches.values() for match in matches] == [
        "account_name", "npi_count", "clinic id",
    ]  # fmt: skip
    assert notes_of(extract)[0] == "a cell of the header has a line break; its column is called 'clinic id'"


FOOTERS = {
    "Confidential\n": "the last row is a footer and left out: 'Confidential'",
    "Confidential,,\n": "the last row is a footer and left out: 'Confidential'",
    "2 records\n": "the last row is a footer and left out: '2 records'",
    "Records: 2,,\n": "the last row is a footer and left out: 'Records: 2'",
    '\n\n"Grand Totals (2 records)"\nCopyright (c) 2026 Acme\nAcme Inc\nConfidential Information - Do Not Share\n': (
        "the last 4 rows are a footer and left out: 'Grand Totals (2 records)', 'Copyright (c) 2026 Acme', "
        "'Acme Inc', ..."
    ),
    "Copyright (c) 2026 Acme, all rights reserved\n": (
        "the last row is a footer and left out: 'Copyright (c) 2026 Acme, all rights reserved'"
    ),
    "Total,11\n": "the last row is a footer and left out: 'Total,11'",
    ",,\nGenerated by: Dana 3/16/2026,,\n": ("the last row is a footer and left out: 'Generated by: Dana 3/16/2026'"),
    "End of report,,\nPage 1 of 1\n": "the last 2 rows are a footer and left out: 'End of report', 'Page 1 of 1'",
}


@pytest.mark.parametrize("below", FOOTERS)
def test_footers_are_left_out_and_said(opened: Opened, below: str) -> None:
    extract = opened(HEADER + ROWS + below)
    assert rows_of(extract)[:2] == READ
    assert extract.rows == 2 + below.startswith(",,")  # a blank row is rejected as one
    assert notes_of(extract) == [FOOTERS[below]]


@pytest.mark.parametrize(
    "below",
    [
        "Totals Home Care,,\n",
        "Confidential Care Clinic,,\n",
        "S3,,\n",
        "As of now clinic,,\n",
        "Page Family Practice,,\n",
        "Records,Inc.,4\n",
    ],
)
def test_a_last_row_that_may_be_a_clinic_stays(opened: Opened, below: str) -> None:
    extract = opened(HEADER + ROWS + below)
    assert extract.rows == 3
    assert not extract.notes


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEADER + ROWS + "S3\n", 4),  # cut off
        (HEADER + "Confidential\n" + ROWS, 2),
        (HEADER + ROWS + "Sum of them,11\n", 4),
        ("Report\n\n" + HEADER + ROWS + 'S3,"Be\nta"\n', 6),
        (HEADER + ROWS + "Confidential\nS3,a,b,c\n", 4),
        (HEADER + ROWS + "Confidential\n" * 17, 4),
    ],
)
def test_lines_of_another_width_that_are_no_footer_are_refused(opened: Opened, text: str, line: int) -> None:
    with pytest.raises(InputError, match=rf"a\.csv, line {line}: \d value.* --header-line"):
        opened(text)


def test_the_line_of_the_header_may_be_given(opened: Opened) -> None:
    text = "Report,Accounts\nOwner,Dana\nkey,label\nS1,red\n"
    with pytest.raises(InputError, match="no column 'clinic_id'"):
        opened(text)
    extract = opened(text.replace("key", "Key"), Reading(header_line=3), clinic_id="Key")
    assert rows_of(extract) == [("S1", "red")]
    first = opened("clinic_id,clinic_name\naccount_name,npi_count\n", Reading(header_line=1))
    assert first.columns[0] == "clinic_id"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "'clinic_id','npi_count'\n'a','5'\n",
            "its values between single quotes, as 'clinic_id' on line 1; write them",
        ),
        (HEADER.encode("utf-16-le"), "two or four bytes a character without a mark; save it as UTF-8"),
        (HEADER.encode("utf-32-be"), "two or four bytes a character without a mark; save it as UTF-8"),
    ],
)
def test_other_ways_to_write_text_are_refused_by_what_they_are(opened: Opened, text: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        opened(text)


@pytest.mark.parametrize("line", [2, 5, 100])
def test_a_line_without_a_header_is_said(opened: Opened, line: int) -> None:
    with pytest.raises(InputError, match=f"nothing on line {line}"):
        opened("clinic_id\n\nS1\nS2\n", Reading(header_line=line))


def test_files_of_one_layout_say_it_once(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text(f"sep=,\nclinic_id\n{name}\n")
    extract = open_extract([str(tmp_path)], temp=tmp_path)
    assert extract.notes == (f"{tmp_path / 'a.csv'} and 2 more files: its first line, 'sep=,', names the separator",)


@pytest.mark.parametrize("suffix", ["csv.gz", "CSV.GZ", "csv.zst", "tsv.gz", "tsv.zst", "txt.zst"])
def test_compressed_files_are_read_with_all_of_it(opened: Opened, suffix: str) -> None:
    text = "Accounts report\n" + HEADER + ROWS + "Confidential\n"
    text = text.replace(",", "\t") if suffix.startswith("tsv") else text
    packed = pa.compress(text.encode(), codec="gzip" if suffix.lower().endswith("gz") else "zstd", asbytes=True)
    extract = opened(packed, name=f"a.{suffix}")
    assert rows_of(extract) == READ
    assert len(extract.notes) == 2


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.csv.gz"])
def test_text_of_two_bytes_a_character_is_read_where_its_mark_says_so(opened: Opened, encoding: str, name: str) -> None:
    text = f"\ufeffReport\n{HEADER}S1,\u2202 Ä \u4e22,5\nS2,Beta,6\nTotal,,\n".replace(",", "\t").encode(encoding)
    extract = opened(gzip.compress(text) if name.endswith("gz") else text, name=name)
    assert rows_of(extract)[:2] == [("S1", "\u2202 Ä \u4e22", "5"), ("S2", "Beta", "6")]
    assert notes_of(extract)[0] == "line 1 ('Report') looks like a title; the header is line 2"


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_compressed_files_that_are_cut_off_or_something_else_are_refused(opened: Opened, codec: str) -> None:
    name = "a.csv.gz" if codec == "gzip" else "a.csv.zst"
    packed = pa.compress((HEADER + ROWS * 5000).encode(), codec=codec, asbytes=True)
    with pytest.raises(InputError, match=r"cut off|cannot be read as CSV"):
        opened(packed[: len(packed) // 2], name=name)
    with pytest.raises(InputError, match="cannot be read as CSV"):
        opened(HEADER + ROWS, name=name)


def test_commands_say_how_a_file_was_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Accounts report,,\n" + HEADER + ROWS)
    runner = CliRunner()
    note = "line 1 ('Accounts report') looks like a title; the header is line 2"
    assert note in runner.invoke(cli, ["validate", str(file)]).output
    ran = runner.invoke(cli, ["run", str(file), "--out", str(tmp_path / "out"), "--no-charts"])
    assert note in ran.output
    assert note in (tmp_path / "out" / "run.json").read_text()
    refused = runner.invoke(cli, ["validate", str(file), "--header-line", "1"])
    assert refused.exit_code == 1
    practices = tmp_path / "practices.csv"
    practices.write_text("Practices,\n\nname,provider_count\nNorth,25\n")
    scored = runner.invoke(cli, ["partners", "score", str(practices), "--out", str(tmp_path / "partners")])
    assert "the header is line 3" in scored.stderr
    given = ["partners", "sla", str(practices), "--out", str(tmp_path / "partners"), "--header-line", "3"]
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("name,contacted_at\nNorth,2026-03-16\n")  # its header is line 1 all the same
    assert runner.invoke(cli, [*given, "--contacts", str(contacts)]).exit_code == 0
