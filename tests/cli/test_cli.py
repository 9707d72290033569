"""The command line: help with an example everywhere, JSON that parses, nothing but text where nobody looks."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest
from click.testing import CliRunner, Result
from frozen import shipped_version

from icp_engine.cli import cli, show
from icp_engine.distribution import engine_version
from icp_engine.pipeline.run import RunOptions, run

PROGRAM = Path(sys.executable).with_name("icp-engine")
LONG = ["--threads", "--memory-limit", "--temp-dir", "--quiet", "--json"]


def commands(group: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of the program with the words that call it, groups included."""
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command, (*path, name))


ALL = [pytest.param(path, command, id=" ".join(path) or "icp-engine") for path, command in commands()]


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="icp-engine")


def program(*args: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call the installed program with its output going nowhere that looks like a terminal."""
    words = [PROGRAM, *map(str, args)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **variables})


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extract with a bit of everything that a run has to say."""
    path = tmp_path_factory.mktemp("extract") / "clinics.csv"
    path.write_text(
        "clinic_id,account_name,state_code,segment_label,npi_count,denial_pressure,icp_tier,mine\n"
        'caprock,"CAPROCK HOME HEALTH SERVICES, INC.",TX,Home Health / Post-Acute,55,5.0,1,x\n'
        "second,NAÏVE CLINIC,ca,Primary Care,many,12,,y\n"
        "second,NAÏVE CLINIC,ca,Primary Care,7,,,z\n"
        ",NOBODY,,,,,,\n"
    )
    return path


@pytest.fixture(scope="module")
def warehouse(extract: Path) -> Path:
    out = extract.with_name("warehouse")
    run([str(extract)], out, RunOptions(duplicates="first"))
    return out


@pytest.mark.parametrize(("path", "command"), ALL)
def test_help_has_an_example_that_starts_with_the_command(path: tuple[str, ...], command: click.Command) -> None:
    done = call(*path, "--help")
    assert done.exit_code == 0
    assert done.output == call(*path, "-h").output
    examples = re.findall(r"^\s+(icp-engine .*)$", done.output, flags=re.MULTILINE)
    assert examples
    for one in examples if not isinstance(command, click.Group) else []:
        assert one.startswith(" ".join(["icp-engine", *path])), one
    assert command.get_short_help_str(200).rstrip(".")


@pytest.mark.parametrize(("path", "command"), ALL)
def test_examples_of_the_help_can_be_parsed(path: tuple[str, ...], command: click.Command) -> None:
    examples = re.findall(r"^\s+icp-engine (.*)$", call(*path, "--help").output, flags=re.MULTILINE)
    for example in examples:
        words, found = shlex.split(example), cli
        while isinstance(found, click.Group):
            found = found.get_command(click.Context(found), words.pop(0))
        assert isinstance(found, click.Command)
        before = os.environ.get("POLARS_MAX_THREADS")
        code = 0
        try:
            assert found.make_context(found.name, words).params
        except click.exceptions.Exit as done:  # an option such as --sources, which answers at once
            code = done.exit_code
        assert code == 0
        assert os.environ.get("POLARS_MAX_THREADS") == before
    assert command.get_short_help_str(200).rstrip(".")


@pytest.mark.parametrize(("path", "command"), ALL)
def test_every_option_is_explained(path: tuple[str, ...], command: click.Command) -> None:
    text = call(*path, "--help").output
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.help.endswith((".", ")")) or option.name == "help"
            for name in option.opts:
                assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), name
        else:
            assert option.human_readable_name.upper().split("|")[0].rstrip(".") in text


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["run"], [*LONG, "--out", "--scorecard", "--map", "--format", "--bibliography", "--duplicates", "--strict"]),
        (["run"], ["--no-networks", "--no-charts", "--keep"]),
        (["validate"], ["--scorecard", "--map", "--threads", "--temp-dir", "--json"]),
        (["explain"], ["--warehouse", "--json"]),
        (["stats"], ["--warehouse", "--json"]),
    ],
)
def test_options_of_the_contract_are_there(words: list[str], options: list[str]) -> None:
    text = call(*words, "--help").output
    assert [name for name in options if name not in text] == []


@pytest.mark.parametrize(
    "words",
    [
        ["rnu"],
        ["run"],
        ["run", "a.csv", "--nope"],
        ["run", "a.csv", "--threads", "0"],
        ["run", "a.csv", "--threads", "two"],
        ["run", "a.csv", "--memory-limit", "much"],
        ["run", "a.csv", "--memory-limit", "0"],
        ["run", "a.csv", "--format", "xlsx"],
        ["run", "a.csv", "--duplicates", "last"],
        ["run", "a.csv", "--keep", "0"],
        ["run", "a.csv", "--map", "npi_count"],
        ["run", "a.csv", "--map", "npi_count=a", "--map", "npi_count=b"],
        ["explain"],
        ["validate"],
        ["scorecard", "chekc", "icp"],
    ],
    ids=" ".join,
)
def test_words_that_the_program_does_not_know_end_with_2(words: list[str]) -> None:
    done = call(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")
    assert done.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("word", "near"), [("rum", "'run'"), ("scorcard", "'scorecard'"), ("explian", "'explain'"), ("xyzzy", None)]
)
def test_a_command_that_does_not_exist_is_told_by_its_near_names(word: str, near: str | None) -> None:
    result = CliRunner().invoke(cli, [word])
    assert result.exit_code == 2
    assert f"No such command '{word}'." in result.stderr
    assert ("Did you mean" in result.stderr) == (near is not None)
    assert (near or "") in result.stderr


@pytest.mark.parametrize("variables", [{}, {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "60"}])
def test_the_installed_program_from_run_to_explain(extract: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    out = tmp_path / "out"
    said = [
        program("--version", **variables),
        program("validate", extract, **variables),
        program("run", extract, "--out", out, "--duplicates", "first", "--threads", "1", **variables),
        program("stats", "--warehouse", out, **variables),
        program("explain", "caprock", "--warehouse", out, **variables),
        program("scorecard", "show", **variables),
    ]
    for done in said:
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("\n")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", done.stdout)  # no escape codes, no carriage returns
    names, checked, ran, stats, explained, _ = (done.stdout for done in said)
    assert names == f"icp-engine, version {engine_version()}\n"
    for word in (
        "4 rows",
        "clinic_id",
        "'many'",
        "1 above scale",
        "mine",
        "second",
        "no clinic_id",
    ):
        assert word in checked
    scored = f"2 clinics scored with icp {shipped_version()}"
    for word in (scored, "Tier 2 - Qualified", "Segment A", "'many'", "2 of 4 rows", "icp_tier"):
        assert word in ran
    assert "2 clinics" in stats
    assert "CAPROCK HOME HEALTH SERVICES, INC., TX  (caprock)" in explained
    assert "Not known:" in explained


def test_validate_publishes_nothing(extract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("validate", extract)
    assert (done.exit_code, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


JSON: list[tuple[list[str], set[str]]] = [
    (
        ["run", "EXTRACT", "--out", "OUT", "--duplicates", "first"],
        {"run_id", "inputs", "rows", "tiers", "outputs", "seconds"},
    ),
    (["validate", "EXTRACT"], {"rows", "fields", "carried_columns", "out_of_reach", "reachable", "duplicate_examples"}),
    (
        ["stats", "--warehouse", "WAREHOUSE"],
        {"total_clinics", "score_distribution", "tiers", "segments", "data_quality"},
    ),
    (["explain", "caprock", "--warehouse", "WAREHOUSE"], {"clinic_id", "bibliography", "sources"}),
    (["scorecard", "list"], {"id", "version", "title", "extends"}),
    (["scorecard", "show", "icp-2025-11"], {"id", "version", "hash", "category", "tier"}),
]


@pytest.mark.parametrize(("words", "keys"), JSON, ids=[" ".join(words[:2]) for words, _ in JSON])
def test_json_is_all_that_is_printed(
    extract: Path, warehouse: Path, tmp_path: Path, words: list[str], keys: set[str]
) -> None:
    places = {"EXTRACT": str(extract), "WAREHOUSE": str(warehouse), "OUT": str(tmp_path / "out")}
    done = call(*(places.get(word, word) for word in words), "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    for one in found if isinstance(found, list) else [found]:
        assert keys <= set(one)
    assert "NaN" not in done.stdout
    assert "\\u" not in done.stdout  # people read it too


def test_json_of_a_run_is_its_manifest(extract: Path, tmp_path: Path) -> None:
    printed = json.loads(call("run", extract, "--out", tmp_path, "--duplicates", "first", "--json").stdout)
    kept = json.loads((tmp_path / "run.json").read_text())
    taken = {"seconds": None, "elapsed_seconds": None}  # publishing takes time after the manifest is written
    assert printed | taken == kept | taken


@pytest.mark.parametrize("flag", ["--quiet", "-q"])
def test_quiet_prints_nothing_but_errors(extract: Path, tmp_path: Path, flag: str) -> None:
    done = program("run", extract, "--out", tmp_path, "--duplicates", "first", flag)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(pl.read_parquet(tmp_path / "clinics_icp.parquet")) == 2
    done = program("run", extract, "--out", tmp_path, flag)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def explained(out: Path, **row: Any) -> str:
    frame = pl.DataFrame({"clinic_id": ["one"], **{name: [value] for name, value in row.items()}})
    frame.write_parquet(out.with_suffix(".parquet"))
    run([str(out.with_suffix(".parquet"))], out, RunOptions(format="parquet"))
    return call("explain", "one", "--warehouse", out).stdout


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, ["No name", "(one)", "10 of 100", "\nNot known: "]),
        ({"account_name": "A\nB 🦷" + "x" * 10_000}, ["A B 🦷xxx", "…"]),
        ({"npi_count": 0}, ["+0.0"]),
        ({"oig_leie_flag": True}, ["+10.0"]),
    ],
)
def test_explain_copes_with_every_clinic(tmp_path: Path, row: dict[str, Any], words: list[str]) -> None:
    text = explained(tmp_path / "out", **row)
    assert [word for word in words if word not in text] == []
    lines = [line for line in text.splitlines() if not line.startswith("Not known: ")]  # which names every such field
    assert max(map(len, lines)) < 140


def test_a_reader_that_has_seen_enough_ends_the_program_quietly(warehouse: Path) -> None:
    with subprocess.Popen(
        [PROGRAM, "explain", "caprock", "--warehouse", warehouse], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        error = child.stderr.read()
    assert (child.returncode, error) == (0, b"")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_goes_on_while_a_stage_is_silent_and_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, plain = _Terminal(), io.StringIO()
    monkeypatch.setattr(show, "_TICK", 0.01)
    monkeypatch.setattr("sys.stderr", terminal)
    with show.Progress(quiet=False) as progress:
        progress("write", 500, 1000)
        while terminal.getvalue().count("write") < 3:
            pass
    shown = terminal.getvalue()
    assert "500 of 1,000 rows" in shown
    assert shown.endswith("\r\x1b[K")
    with show.Progress(quiet=True) as progress:
        progress("write", 500, 1000)
    assert terminal.getvalue() == shown
    monkeypatch.setattr("sys.stderr", plain)
    with show.Progress(quiet=False) as progress:
        progress("write", 500, 1000)
    assert plain.getvalue() == ""


def test_the_summary_of_a_run_fits_a_screen_and_names_what_matters(tmp_path: Path) -> None:
    extract = tmp_path / "clinics.parquet"
    names = [f"Hope Hospice {number}" for number in range(8)] + ["Shared Name"] * 4
    pl.DataFrame(
        {
            "clinic_id": [f"it's {number}" for number in range(12)],
            "account_name": names,
            "state_code": ["TX"] * 12,
            "segment_label": ["Hospice"] * 12,
            "denial_pressure": [number / 2 for number in range(12)],
            "allowed_amt": [1e6] * 12,
            "bene_count": [3000] * 12,
            "npi_count": list(range(0, 120, 10)),
            "site_count": [3] * 12,
        }
    ).write_parquet(extract)
    done = call("run", str(extract), "--out", str(tmp_path / "out"))
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert len(lines) <= 27
    assert lines[0].startswith("12 clinics scored with icp")
    for said in (
        "Tier 1 - HOT",
        "Segment A",
        "1 network of 4 clinics",
        "Top  score  state  clinic",
        "Not there",
        "Results",
    ):
        assert said in done.output
    assert [line.split()[0] for line in lines[lines.index("Top  score  state  clinic") + 1 :][:5]] == list("12345")
    assert ["Report", f"{tmp_path}/out/report.html:"] in [line.split()[:2] for line in lines]
    why = next(line for line in lines if line.startswith("Why"))
    arguments = shlex.split(why.removeprefix("Why"))
    assert call(*arguments[1:]).exit_code == 0
    assert arguments[-1].startswith("it's ")
