"""What is printed, for people and for machines, on streams of every kind."""

import io
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from faults import as_parquet, clinics, flipped

from icp_engine.cli import cli, show
from icp_engine.cli.streams import without_panics
from icp_engine.errors import InputError, Problem, printable
from icp_engine.pipeline.run import RunOptions, run

PROGRAM = Path(sys.executable).with_name("icp-engine")
EVIL = "\x1b]0;pwned\x07 \x1b[31mRed\x9b0m\x00\x7f"
NAME = f"Zoë 木 {EVIL}"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    rows = {"clinic_id": ["a", "b", "c"], "account_name": [NAME] * 3, "state_code": ["TX", "TX", "TX"]}
    pl.DataFrame({**rows, "segment_label": ["Behavioral Health"] * 3, "col \x1b[31m\x9b": ["x"] * 3}).write_parquet(
        folder / "c.parquet"
    )
    run([str(folder / "c.parquet")], folder / "w", RunOptions(charts=False))
    return folder / "w"


def call(*args: object, encoding: str = "utf-8", **streams: Any) -> subprocess.CompletedProcess[bytes]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run([PROGRAM, *map(str, args)], check=False, env=env, timeout=120, **streams)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("command", ["stats", "explain a", "networks list"])
def test_an_encoding_without_a_character_replaces_it(warehouse: Path, encoding: str, command: str) -> None:
    done = call(*command.split(), "-w", warehouse, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode(encoding).partition("What to say")[0]  # below which there are questions
    assert ("?" in shown) == (encoding != "utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_data_loses_nothing_to_an_encoding(warehouse: Path, encoding: str) -> None:
    asked = ("sql", "select account_name from clinics", "--json", "-w", warehouse)
    rows = json.loads(call(*asked, encoding=encoding).stdout.decode(encoding))
    assert rows == [{"account_name": NAME}] * 3
    listed = call("export", "--columns", "account_name", "-w", warehouse, encoding=encoding).stdout.decode()
    assert listed.count(NAME) == 3


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "a"),
        ("networks", "list"),
        ("sql", "from clinics"),
        ("sql", "select chr(27) || '[2J' as a"),
        ("explain", f"nobody {EVIL}"),
        ("export", "--tier", EVIL),
        ("stats", f"--{EVIL}"),
        ("scorecard", "show", f"{EVIL}.toml"),
        ("run", f"{EVIL}.csv"),
    ],
    ids=repr,
)
def test_people_see_control_characters_and_are_not_steered_by_them(warehouse: Path, command: tuple[str, ...]) -> None:
    at = [] if command[0] in ("run", "scorecard") else ["-w", str(warehouse)]
    if "\x00" in "".join(command):
        command = tuple(word.replace("\x00", "") for word in command)
    done = call(*command, *at)
    shown = (done.stdout + done.stderr).decode()
    assert not {sign for sign in shown if ord(sign) < 32 or 127 <= ord(sign) < 160} - {"\n"}
    assert "\\x1b" in shown


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_data_on_a_terminal_steers_nothing(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = call("sql", "select account_name from clinics", "--json", "-w", warehouse).stdout.decode()
    assert not {sign for sign in written if ord(sign) < 32 or 127 <= ord(sign) < 160} - {"\n"}
    terminal = _Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    show.csv(f"account_name\n{NAME}\n".encode())
    assert terminal.getvalue() == f"account_name\n{printable(NAME)}\n"
    assert "\x1b" not in terminal.getvalue()


def test_the_words_of_a_card_are_shown_and_steer_nothing(tmp_path: Path) -> None:
    card = tmp_path / "mine.toml"
    card.write_text('extends = "icp"\nid = "mine"\nversion = "1.0.0"\ntitle = "My \\u001b[31mcard\\u009b"\n')
    done = call("scorecard", "show", card)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("My \\x1b[31mcard\\x9b\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 🦷", "plain ü 🦷"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x00\x1b\x7f\x80\x9f\xa0", "\\x00\\x1b\\x7f\\x80\\x9f\xa0"),
        ("\r\x08", "\\r\\x08"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert "\n" not in printable(text, keep="")


def test_a_problem_is_one_line() -> None:
    assert str(Problem("a.toml", 3, "no field 'x\ny\x1b'")) == "a.toml:3: no field 'x\\ny\\x1b'"


SHELL = {"stdout": ">&-", "stderr": "2>&-", "both": ">&- 2>&-", "all three": "<&- >&- 2>&-"}


@pytest.mark.skipif(os.name == "nt", reason="closes streams by the shell")
@pytest.mark.parametrize("closed", SHELL)
def test_a_closed_stream_changes_nothing_but_what_is_printed(tmp_path: Path, closed: str) -> None:
    (tmp_path / "c.csv").write_text("clinic_id,account_name\na,A\n")
    words = f"'{PROGRAM}' run '{tmp_path}/c.csv' -o '{tmp_path}/w' --no-charts {SHELL[closed]}"
    assert subprocess.run(["sh", "-c", words], check=False).returncode == 0
    made = {path.name: path.stat().st_size for path in (tmp_path / "w").iterdir()}
    assert made["run.json"] > 0
    assert (tmp_path / "w" / ".runs" / "lock").read_bytes() == b""
    assert pl.read_csv(tmp_path / "w" / "icp_scores.csv").height == 1
    wrong = f"'{PROGRAM}' run '{tmp_path}/none.csv' -o '{tmp_path}/w' {SHELL[closed]}"
    assert subprocess.run(["sh", "-c", wrong], check=False, capture_output=True).returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_room_for_what_is_printed_is_said(warehouse: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = call("stats", "-w", warehouse, stdout=full)
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
        assert done.stderr.startswith(b"Error: No space left on device")
        assert call("run", "none.csv", stderr=full).returncode == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("name", ["f.csv", "f.parquet", "f.csv.gz", "/dev/zero", "/dev/stdin", "/dev/null"])
@pytest.mark.parametrize("command", ["run", "validate"])
def test_pipes_and_devices_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if not name.startswith("/"):
        os.mkfifo(name)
    if Path(name).is_file():
        pytest.skip("stdin is a file here")
    done = CliRunner().invoke(cli, [command, name])
    assert isinstance(done.exception, InputError)
    assert str(done.exception).startswith(f"{name} is a pipe or a device")


PANIC = """
thread 'async-executor-0' (12175) panicked at crates/polars-stream/src/row_group_decode.rs:418:9:
assertion `left == right` failed
  left: 0
 right: 7
"""
SHORT = PANIC + "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
TRACE = PANIC + "stack backtrace:\n   0: __rustc::rust_begin_unwind\n"
TRACE += "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("", ""),
        ("a library warns\n", "a library warns\n"),
        (SHORT, ""),
        (TRACE * 2, ""),
        (SHORT + PANIC, ""),
        (f"before\n{TRACE}after\n", "before\nafter\n"),
        ("thread 'main' is busy\nnote: nothing panicked\n", "thread 'main' is busy\nnote: nothing panicked\n"),
    ],
    ids=["nothing", "no panic", "one", "with traces", "a second one without a note", "among others", "not a panic"],
)
@pytest.mark.parametrize("variable", [None, "1", "full"])
def test_what_polars_says_of_a_panic_is_left_out(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, written: str, shown: str, variable: str | None
) -> None:
    monkeypatch.delenv("RUST_BACKTRACE", raising=False)
    if variable:
        monkeypatch.setenv("RUST_BACKTRACE", variable)
    with without_panics():
        os.write(2, written.encode())
        print("Error: one sentence", file=sys.stderr)
    assert capfd.readouterr().err.replace("Error: one sentence\n", "") == (written if variable == "full" else shown)


@pytest.mark.parametrize("seed", [10, 47, 228], ids=["while decoding", "in a header", "in the footer"])
@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_file_that_makes_polars_panic_is_told_in_one_sentence(tmp_path: Path, command: str, seed: int) -> None:
    rng = random.Random(f"panic {seed}")
    many = pl.concat([clinics(rng, f"{part}-") for part in range(30)])
    (tmp_path / "bad.parquet").write_bytes(flipped(rng, as_parquet(rng, many), 20))
    done = call(command, tmp_path / "bad.parquet", *(["--out", tmp_path / "out"] if command == "run" else []))
    assert (done.returncode, done.stdout) == (1, b"")
    assert re.fullmatch(rf"Error: {re.escape(str(tmp_path))}/bad\.parquet [^\n]+\n", done.stderr.decode())
