"""Bad input through the command line: the exit code, one clear sentence, and the results of before still whole."""

import gzip
import hashlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from icp_engine import cli
from icp_engine.pipeline.run import RunOptions, run

PROGRAM = Path(sys.executable).with_name("icp-engine")
HEAD = "clinic_id,account_name\n"


@dataclass(frozen=True)
class Outcome:
    """How the program ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What follows `Error: `; there is nothing else."""
        lines = self.err.splitlines()
        assert self.out == ""
        assert len(lines) == 1, self.err
        assert lines[0].startswith("Error: ")
        return lines[0].removeprefix("Error: ")


@pytest.fixture
def icp(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Calls the program's entry point in this process: exit code and output are those of the program."""
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)  # the test runner keeps its own

    def call(*args: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["icp-engine", *map(str, args)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else int(code is not None), *capfd.readouterr())

    return call


def program(*args: object, limit: int | None = None) -> Outcome:
    """Call the installed program; no file that it writes may grow beyond `limit` bytes."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, check=False, preexec_fn=limited)
    return Outcome(done.returncode, done.stdout, done.stderr)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def parquet(path: Path, **columns: list[Any]) -> Path:
    pl.DataFrame(columns).write_parquet(path)
    return path


def whole(out: Path) -> dict[str, str]:
    """Every name in a warehouse with a hash of what it leads to; the tables among them are read."""
    tables = {path.stem: pl.read_parquet(path) for path in out.glob("*.parquet")}
    assert all(len(table) for name, table in tables.items() if name != "networks_icp")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with results, made once."""
    folder = tmp_path_factory.mktemp("once")
    run([str(write(folder / "before.csv", HEAD + "old,OLD CLINIC\n"))], folder / "warehouse", RunOptions())
    return folder / "warehouse"


@pytest.fixture
def published(once: Path, tmp_path: Path) -> Path:
    """A warehouse with results, for one test."""
    return Path(shutil.copytree(once, tmp_path / "warehouse", symlinks=True))


LONG = "".join(f"{number},NAME OF CLINIC {number}\n" for number in range(20_000))
QUOTED = HEAD + 'a,"two\nlines"\n\nb,"three\n\nlines"\n'
BAD_CSV: dict[str, tuple[str | bytes, list[str]]] = {
    "too_many.csv": (HEAD + "a,x\nb,y,z\nc,x\n", ["line 3", "3 values", "2 columns"]),
    "too_few.csv": (HEAD + "a,x\nb\n", ["line 3", "1 value", "2 columns"]),
    "after_newlines.csv": (QUOTED + "c\n", ["line 8", "1 value", "2 columns"]),
    "many_after_newlines.csv": (QUOTED + "c,d,e\n", ["line 8", "3 values", "2 columns"]),
    "carriage_returns.csv": ((QUOTED + "c\n").replace("\n", "\r\n"), ["line 8", "1 value", "2 columns"]),
    "first.csv": (HEAD + "a,b,c\n", ["line 2", "3 values"]),
    "stray_quotes.csv": (HEAD + 'a,x\nb,y,"cut,"x', ["line 3", "3 values", "2 columns"]),
    "stray_quotes_before.csv": (HEAD + 'a,x\nb,"y,"x\nc,d,e\n', ["line 3", "3 values", "2 columns"]),
    "last.csv": (HEAD + LONG + "a,b,c", ["line 20002", "3 values"]),
    "semicolons.csv": ("clinic_id;account_name\na;b;c\n", ["line 2", "3 values"]),
    "packed.csv.gz": (gzip.compress((QUOTED + "c\n").encode()), ["line 8", "1 value"]),
    "empty.csv": ("", ["empty", "column names"]),
    "empty.csv.gz": (gzip.compress(b""), ["empty", "column names"]),
    "only_bom.csv": ("\ufeff", ["empty"]),
    "header_only.csv": (HEAD, ["no rows"]),
    "latin.csv": ((HEAD + "a,café\n").encode("latin-1"), ["UTF-8", "first on line 2"]),
    "latin_header.csv": ("clinic_id,café\na,b\n".encode("latin-1"), ["UTF-8"]),
    "utf16.csv": ((HEAD + "a,b\n").encode("utf-16")[:-1], ["UTF-16", "UTF-8"]),
    "sheet.csv": (b"PK\x03\x04\x14\x00\xff", ["not CSV but a workbook or an archive", "CSV UTF-8"]),
    "old_sheet.csv": (b"\xd0\xcf\x11\xe0", ["not CSV but an old workbook"]),
    "packed.csv": (b"\x1f\x8b\x08\x00", ["not CSV but packed by gzip", ".csv.gz"]),
    "archive.zip": (b"PK", ["neither Parquet nor CSV but an archive", "unpack it"]),
    "twice.csv": ("clinic_id,name,name\na,b,c\n", ["'name'", "more than once", "rename"]),
    "not_packed.csv.gz": (HEAD + "a,b\n", ["gzip"]),
}
BAD_CSV_YET: dict[str, tuple[str | bytes, list[str]]] = {
    "header_only_no_end.csv": ("clinic_id,account_name", ["no rows"]),
    "latin_late.csv": (HEAD.encode() + LONG.encode() + "a,café\n".encode("latin-1"), ["UTF-8", "first on line"]),
    "cut.csv.gz": (gzip.compress((HEAD + LONG).encode())[:30], ["cut"]),
    "cut_late.csv.gz": (gzip.compress((HEAD + LONG).encode())[:40_000], ["cut_late.csv.gz", "cut off"]),
    "quote_never_closed.csv": (HEAD + 'a,"x\n' + LONG, ["line 2", "quote"]),
    "after_a_long_value.csv": (HEAD + f'a,"{"x" * 200_000}\n"\nb\n', ["line 4", "1 value"]),
    "quote_never_closed_long.csv": (HEAD + 'a,"x\n' + LONG * 40, ["line 2", "quote"]),
}
BAD_PARQUET: dict[str, tuple[str | bytes, list[str]]] = {
    "zero.parquet": (b"", ["not a whole Parquet file"]),
    "csv.parquet": (HEAD + "a,b\n", ["not a whole Parquet file", "CSV?"]),
    "magic.parquet": (b"PAR1" + b"\0" * 100 + b"PAR1", ["cannot be read"]),
    "table.xlsx": (b"PK", ["neither Parquet nor CSV", ".csv"]),
}
BROKEN = [*(BAD_CSV | BAD_PARQUET).items(), *BAD_CSV_YET.items()]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [pytest.param(name, *case, id=name) for name, case in BROKEN],
)
def test_broken_files_are_named_with_what_is_wrong(
    tmp_path: Path, icp: Callable[..., Outcome], name: str, content: str | bytes, words: list[str]
) -> None:
    file = write(tmp_path / name, content)
    good = write(tmp_path / "good.csv", HEAD + "a,b\n")
    files = [file] if name.startswith("header_only") else [good, file]
    done = icp("run", *files, "--out", tmp_path / "out")
    assert done.code == 1
    for word in (str(file), *words):
        assert word in done.sentence
    assert "csv-" not in done.sentence  # no name of an intermediate file


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_parquet_file_that_was_cut_off(
    tmp_path: Path, published: Path, icp: Callable[..., Outcome], share: float
) -> None:
    file = parquet(tmp_path / "cut.parquet", clinic_id=[str(number) for number in range(1000)])
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    before = whole(published)
    done = icp("run", file, "--out", published)
    assert (done.code, str(file) in done.sentence, "cut off" in done.sentence) == (1, True, True)
    assert whole(published) == before


def test_a_parquet_file_whose_data_is_damaged_names_no_traceback(
    tmp_path: Path, published: Path, icp: Callable[..., Outcome]
) -> None:
    file = parquet(tmp_path / "hurt.parquet", clinic_id=[f"clinic {number}" for number in range(5000)])
    content = bytearray(file.read_bytes())
    content[4:2000] = os.urandom(1996)
    file.write_bytes(content)
    before = whole(published)
    done = icp("run", file, "--out", published)
    assert done.code == 1
    assert done.sentence
    assert whole(published) == before


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("nowhere.csv", ["does not exist"]),
        ("nowhere/*.csv", ["No file matches", "pattern"]),
        ("nothing?.parquet", ["No file matches"]),
        ("empty", ["holds no", ".parquet", ".csv"]),
        ("others", ["holds no", ".parquet", ".csv"]),
    ],
)
def test_nothing_to_read(tmp_path: Path, icp: Callable[..., Outcome], pattern: str, words: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "others" / "readme.md", "nothing")
    for command in (["run", "--out", tmp_path / "out"], ["validate"]):
        done = icp(*command, tmp_path / pattern)
        assert done.code == 1
        for word in (str(tmp_path / pattern), *words):
            assert word in done.sentence


@pytest.mark.parametrize(
    ("column", "near"),
    [
        ("clinicid", "did you mean 'clinicid'"),
        ("CLINIC_IDS", "did you mean 'CLINIC_IDS'"),
        ("Number", "it has Number, account_name"),
    ],
)
def test_no_clinic_id(tmp_path: Path, icp: Callable[..., Outcome], column: str, near: str) -> None:
    file = write(tmp_path / "a.csv", f"{column},account_name\na,b\n")
    done = icp("run", file, "--out", tmp_path / "out")
    assert done.code == 1
    for word in (str(file), "'clinic_id'", near, "--map clinic_id="):
        assert word in done.sentence
    assert icp("run", file, "--out", tmp_path / "out", "--map", f"clinic_id={column}", "-q").code == 0


def test_types_that_cannot_be_read_or_united(tmp_path: Path, icp: Callable[..., Outcome]) -> None:
    one = parquet(tmp_path / "a.parquet", clinic_id=["a"], own=[1])
    other = parquet(tmp_path / "b.parquet", clinic_id=["b"], own=[[1]])
    dated = parquet(tmp_path / "c.parquet", clinic_id=["c"], npi_count=[date(2026, 1, 2)])
    cases = [([one, other], ["'own'", str(one), str(other), "Int64", "List"])]
    cases += [([one, dated], ["'npi_count'", str(dated), "Date", "integer is due"])]
    for files, words in cases:
        done = icp("run", *files, "--out", tmp_path / "out")
        assert done.code == 1
        assert [word for word in words if word not in done.sentence] == []


BLANKS = HEAD + "a,first\n,blank\nb,x\n  ,blank too\na,second\n"
DOUBLE = HEAD + "a,1\n" + "".join(f"c{number % 7},Clinic {number % 7}\n" for number in range(21))


def test_duplicate_ids_stop_a_run_with_count_and_five_examples(
    tmp_path: Path, published: Path, icp: Callable[..., Outcome]
) -> None:
    before = whole(published)
    done = icp("run", write(tmp_path / "a.csv", DOUBLE), "--out", published)
    assert done.code == 1
    for word in ("7 clinic_id", "14 rows", "c0, c1, c2, c3, c4,", "--duplicates first"):
        assert word in done.sentence
    assert whole(published) == before


def test_duplicates_first_keeps_the_first_by_file_then_row_and_rejects_the_rest(
    tmp_path: Path, published: Path, icp: Callable[..., Outcome]
) -> None:
    one, other = write(tmp_path / "a.csv", BLANKS), tmp_path / "b.parquet"
    parquet(other, clinic_id=["new", "b", "a", None, "new"], npi_count=[1, 2, 3, 4, 5])
    done = icp("run", one, other, "--out", published, "--duplicates", "first")
    assert done.code == 0
    assert done.out.startswith("Rejected 7 of 10 rows (70.0%): duplicate clinic_id 4, blank clinic_id 3\n")
    kept = pl.read_parquet(published / "clinics_icp.parquet").select("clinic_id", "account_name", "npi_count")
    assert sorted(kept.rows()) == [("a", "first", None), ("b", "x", None), ("new", None, 1)]
    rejects = pl.read_parquet(published / "rejects.parquet")
    names = ["clinic_id", "account_name", "npi_count", "reject_reason", "source_file", "source_row"]
    assert rejects.select(names).rows() == [
        ("", "blank", None, "blank clinic_id", str(one), 2),
        ("  ", "blank too", None, "blank clinic_id", str(one), 4),
        ("a", "second", None, "duplicate clinic_id", str(one), 5),
        ("b", None, 2, "duplicate clinic_id", str(other), 2),
        ("a", None, 3, "duplicate clinic_id", str(other), 3),
        (None, None, 4, "blank clinic_id", str(other), 4),
        ("new", None, 5, "duplicate clinic_id", str(other), 5),
    ]


@pytest.mark.parametrize("extra", ["npi_count", "reject_reason", "source_row"])
def test_rejects_hold_the_row_as_it_was_and_then_reason_file_and_row(
    tmp_path: Path, published: Path, icp: Callable[..., Outcome], extra: str
) -> None:
    one = write(tmp_path / "a.csv", BLANKS)
    other = parquet(tmp_path / "b.parquet", clinic_id=["b"], **{extra: [7]})
    assert icp("run", one, other, "--out", published, "--duplicates", "first", "-q").code == 0
    columns = pl.read_parquet(published / "rejects.parquet").columns
    assert columns[-3:] == ["reject_reason", "source_file", "source_row"]
    assert set(columns[:-3]) <= {"clinic_id", "account_name", extra}


def test_a_rejected_list_is_text_where_another_file_has_text(
    tmp_path: Path, published: Path, icp: Callable[..., Outcome]
) -> None:
    one = write(tmp_path / "a.csv", "clinic_id,insurance_networks\n,Aetna;Cigna\na,Aetna\n")
    other = parquet(tmp_path / "b.parquet", clinic_id=["b", None], insurance_networks=[["BCBS"], ["Aetna", None, "x"]])
    assert icp("run", one, other, "--scorecard", "rula", "--out", published, "-q").code == 0
    rejects = pl.read_parquet(published / "rejects.parquet")
    assert rejects["insurance_networks"].to_list() == ["Aetna;Cigna", "Aetna;x"]


def test_blank_ids_are_rejected_and_said_and_stop_a_strict_run(
    tmp_path: Path, published: Path, icp: Callable[..., Outcome]
) -> None:
    file = write(tmp_path / "a.csv", BLANKS.replace("a,second\n", ""))
    done = icp("run", file, "--out", published)
    assert (done.code, "2 of 4 rows (50.0%): blank clinic_id; see rejects.parquet" in done.out) == (0, True)
    assert pl.read_parquet(published / "rejects.parquet")["source_row"].to_list() == [2, 4]
    before = whole(published)
    done = icp("run", file, "--out", published, "--strict")
    assert (done.code, "2 blank in clinic_id" in done.sentence) == (1, True)
    assert whole(published) == before
    done = icp("run", write(tmp_path / "b.csv", HEAD + ",x\n ,y\n"), "--out", published)
    assert (done.code, "no row with a clinic_id" in done.sentence) == (1, True)


INVALID = "clinic_id,npi_count,bene_count,aco_member,state_code,denial_pressure\n"
INVALID += 'a,many,-5,perhaps,Texass,11\nb,"1,234",$55,Y,tx,-1\nc,5.5,55.0,NA,,inf\nd,few,-5,,,\n'


def test_invalid_values_are_reported_per_column_and_stop_a_strict_run(
    tmp_path: Path, published: Path, icp: Callable[..., Outcome]
) -> None:
    file = write(tmp_path / "a.csv", INVALID)
    done = icp("run", file, "--out", published)
    assert done.code == 0
    for line in (
        "npi_count: 3 values such as '5.5', 'few', 'many'; counted as missing",
        "bene_count: 2 values such as '-5'; counted as missing",
        "aco_member: 1 values such as 'perhaps'; counted as missing",
        "state_code: 1 values such as 'Texass'; counted as missing",
        "denial_pressure: 1 values such as '-1'; counted as missing",
        "denial_pressure: 1 values above the scale",
    ):
        assert line in done.out
    rows = pl.read_parquet(published / "clinics_icp.parquet").sort("clinic_id").rows()
    assert [row[1:6] for row in rows] == [
        (None, None, None, None, 10.0),
        (1234, 55, True, "TX", None),
        (None, 55, None, None, None),
        (None, None, None, None, None),
    ]
    before = whole(published)
    done = icp("run", file, "--out", published, "--strict")
    assert done.code == 1
    for word in ("3 in npi_count (such as '5.5'", "2 in bene_count", "aco_member", "state_code", "denial_pressure"):
        assert word in done.sentence
    assert whole(published) == before


@pytest.mark.parametrize(("text", "strict"), [(DOUBLE, []), (INVALID, ["--strict"]), (BLANKS, ["--strict"])])
def test_what_is_wrong_in_a_column_names_the_file(
    tmp_path: Path, icp: Callable[..., Outcome], text: str, strict: list[str]
) -> None:
    good, bad = write(tmp_path / "a.csv", HEAD + "good,x\n"), write(tmp_path / "b.csv", text)
    assert str(bad) in icp("run", good, bad, "--out", tmp_path / "out", *strict).sentence


def test_an_output_folder_that_cannot_be_written_to(tmp_path: Path, icp: Callable[..., Outcome]) -> None:
    file = write(tmp_path / "a.csv", HEAD + "a,b\n")
    done = icp("run", file, "--out", file / "warehouse")
    assert done.code == 1
    assert f"{file / 'warehouse'} cannot be written to" in done.sentence
    assert "--out" in done.sentence
    assert icp("run", file, "--out", file).code == 2  # click knows that a file is no folder
    if os.geteuid() != 0:  # permissions do not bind root
        (tmp_path / "shut").mkdir(mode=0o500)
        assert "cannot be written to" in icp("run", file, "--out", tmp_path / "shut").sentence


@pytest.mark.parametrize("limit", [1_000, 200_000, 2_500_000])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_full_disk_leaves_the_results_of_before(tmp_path: Path, published: Path, limit: int, kind: str) -> None:
    file = write(tmp_path / "a.csv", HEAD + LONG)
    if kind == "parquet":
        file = tmp_path / "a.parquet"
        pl.read_csv(tmp_path / "a.csv").write_parquet(file)
    before = whole(published)
    done = program("run", file, "--out", published, "--quiet", limit=limit)
    assert done.code == 1
    assert "too large" in done.sentence  # what a full disk says is "No space left on device"
    assert whole(published) == before
    assert [path.name for path in (published / ".runs").glob("*.unfinished")] == []


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    done = program("run", write(tmp_path / "a.csv", HEAD + LONG), "--out", tmp_path / "out", limit=500_000)
    assert str(tmp_path / "out") in done.sentence


NAMES = [
    'THE "BEST" CLINIC, INC.', "'single'", '"', '""', ",", "a,b,,c", "line\nbreak", "carriage\r\nreturn", "\n",
    "tab\there", "semi;colon|pipe", "naïve Ünïcödé 诊所 عيادة", "🦷🏥👩🏽‍⚕️", "x" * 10_000, 'long "🦷", ' * 1000,
    "=1+1", "NULL", " padded ", "back\\slash", "nul\0byte",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_odd_names_are_carried_through_unchanged(tmp_path: Path, icp: Callable[..., Outcome], kind: str) -> None:
    given = pl.DataFrame({"clinic_id": [f"{n:02}" for n in range(len(NAMES))], "account_name": NAMES, "carried": NAMES})
    given.write_parquet(tmp_path / "a.parquet")
    given.write_csv(tmp_path / "a.csv")
    out = tmp_path / "out"
    assert icp("run", tmp_path / f"a.{kind}", "--out", out, "-q") == Outcome(0, "", "")
    due = {f"{n:02}": (name if name.strip() and name != "NULL" else None) for n, name in enumerate(NAMES)}
    for table in ("clinics_icp", "icp_scores"):
        from_csv = pl.read_csv(out / f"{table}.csv", schema_overrides={"clinic_id": pl.String})
        for frame in (pl.read_parquet(out / f"{table}.parquet"), from_csv):
            assert dict(frame.select("clinic_id", "account_name").rows()) == due
            if "carried" in frame.columns:
                assert dict(frame.select("clinic_id", "carried").rows()) == dict(
                    given.select("clinic_id", "carried").rows()
                )


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["explain", "nobody"], "'nobody'"),
        (["explain", "x", "--warehouse", "nowhere"], "nowhere holds no published run"),
        (["stats", "--warehouse", "nowhere"], "nowhere holds no published run"),
        (["validate", "a.csv", "--temp-dir", "nowhere"], "nowhere is not a folder"),
        (["run", "a.csv", "--temp-dir", "nowhere"], "nowhere is not a folder"),
        (["run", "a.csv", "--scorecard", "ipc"], "'ipc'"),
        (["run", "a.csv", "--scorecard", "ipc.toml"], "ipc.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_places_and_ids_that_are_not_there(
    published: Path, icp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, args: list[str], word: str
) -> None:
    monkeypatch.chdir(published.parent)
    write(Path("a.csv"), HEAD + "a,b\n")
    done = icp(*args)
    assert done.code == 1
    assert word in done.sentence


def test_the_installed_program_says_one_sentence_too(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", HEAD + "a,b,c\n")
    done = program("run", file, "--out", tmp_path / "out", "--threads", "1")
    assert done.code == 1
    assert done.sentence.startswith(f"{file}, line 2: 3 values")
    write(file, HEAD + "a,b\n")
    done = program("run", file, "--out", tmp_path / "out", "--threads", "1")
    assert (done.code, done.err) == (0, "")
    assert "1 clinics scored" in done.out or "1 clinic scored" in done.out
