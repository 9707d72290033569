"""Files that a user names are never waited for: a pipe or a device gets one sentence, and nothing takes its place."""

import os
import stat
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import click
import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine import load_scorecard
from icp_engine.cli import _COMMANDS, _load, cli
from icp_engine.errors import InputError
from icp_engine.named_files import check_no_pipe, check_no_pipe_to_replace, read_text
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.tables.writer import whole

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")

READ = [
    "validate clinics.csv --mapping {}",
    "run clinics.csv --decisions {}",
    "run clinics.csv --exclude-names {}",
    "run clinics.csv --network-overrides {}",
    "partners run clinics.csv --sla {}",
    "partners run clinics.csv --owners {}",
    "partners run clinics.csv --hooks {}",
    "partners run clinics.csv --map name=account_name --contacts {}",
    "partners run {}",
    "run {}",
    "validate {}",
    "review decide merge 1 2 --decisions {}",
    "sql --file {}",
    "backtest --outcomes {}",
    "scorecard diff icp icf --extract {}",
    "scorecard usage icp --extract {}",
    "scorecard usage icp --extract clinics.csv --against {}",
    "scorecard sql icp --dialect duckdb --types {}",
    "enrich {} --leie leie.csv --out out.parquet",
    "enrich clinics.csv --leie {} --out out.parquet",
    "build --nppes {} --leie {}",
    "crm salesforce --suppress {}",
    "crm hubspot --crm-mapping {}",
    "crm salesforce --owners {}",
    "crm plan --owners {}",
]
BY_NAME = [
    "review import pipe.csv",
    "review import pipe.xlsx",
    "run clinics.csv --scorecard pipe.toml",
    "scorecard check pipe.toml",
    "scorecard show pipe.toml",
    "scorecard diff icp pipe.toml",
]
WRITTEN = {
    "export": ["--out"], "simulate": ["--out", "--html"], "gaps": ["--out", "--html"], "report": ["--out"],
    "backtest": ["--html"], "compare": ["--html"], "validate": ["--html", "--write-mapping"], "stats": ["--html"],
    "stability": ["--out", "--html"], "sql": ["--parquet"], "review export": ["--out"], "scorecard diff": ["--html"],
    "scorecard usage": ["--html"], "explain": ["--html"],
}  # fmt: skip
WAITING = {("serve", "--decisions")}  # read when somebody decides, as by review decide


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("named")
    pl.DataFrame({"clinic_id": ["1", "2"], "account_name": ["A", "B"], "state_code": ["TX", "TX"]}).write_parquet(
        folder / "clinics.parquet"
    )
    run([str(folder / "clinics.parquet")], folder / "warehouse", RunOptions(format="parquet", charts=False))
    return folder / "warehouse"


@pytest.mark.parametrize(
    ("command", "name"),
    [*product(READ, ["pipe", "/dev/zero", "/dev/null"]), *((command, command.split()[-1]) for command in BY_NAME)],
)
def test_a_pipe_or_device_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse: Path, command: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("warehouse").symlink_to(warehouse)
    Path("clinics.csv").write_text("clinic_id,account_name\n1,A\n", encoding="utf-8")
    Path("leie.csv").write_text("LASTNAME\n", encoding="utf-8")
    if not name.startswith("/"):
        os.mkfifo(name)
    done = CliRunner().invoke(cli, command.replace("{}", name).split())
    assert isinstance(done.exception, InputError), (done.output, done.exception)
    assert f"{name} is a pipe or a device" in str(done.exception)


def files_of(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every command and its options and arguments that name a file."""
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from files_of(child, (*words, name))
        return
    for param in command.params:
        if isinstance(param.type, click.Path) and param.type.dir_okay is False:
            yield " ".join(words), max(param.opts, key=len)


def test_every_file_that_a_command_names_is_tried_here() -> None:
    named = {pair for name in _COMMANDS for pair in files_of(_load(name), (name,))}
    tried = {(name, option) for name, options in WRITTEN.items() for option in options} | WAITING
    options = {option for _, option in tried} | {
        word for command in (*READ, *BY_NAME) for word in command.split() if word[:2] == "--"
    }
    arguments = {("review import", "sheet"), ("crm confirm", "results")}
    assert {pair for pair in named if pair[1] not in options} - arguments == set()


@pytest.mark.parametrize(
    "command",
    [
        "export --out {}.csv",
        "export --out {}.parquet",
        "sql --parquet {}.parquet",
        "gaps --field npi_count --out {}.csv",
        "report --out {}.html",
        "review export --out {}.csv",
    ],
)
def test_a_pipe_is_not_replaced_by_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse: Path, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("warehouse").symlink_to(warehouse)
    words = command.format("pipe").split()
    os.mkfifo(words[-1])
    done = CliRunner().invoke(cli, [*words, *(["select 1"] if words[0] == "sql" else [])])
    assert isinstance(done.exception, InputError), (done.output, done.exception)
    assert stat.S_ISFIFO(Path(words[-1]).stat().st_mode)


def test_a_device_is_not_replaced() -> None:
    with (
        pytest.raises(InputError, match="/dev/null is a pipe or a device; name a file to write"),
        whole(Path("/dev/null")),
    ):
        pass
    check_no_pipe_to_replace(Path("nothing yet"))


def test_a_scorecard_is_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.toml")
    with pytest.raises(InputError, match=r"mine\.toml is a pipe or a device"):
        load_scorecard(str(tmp_path / "mine.toml"))


def test_defaults_are_no_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("icp.toml")
    done = CliRunner().invoke(cli, ["config"])
    assert "icp.toml is a pipe or a device" in str(done.exception)


def test_what_is_a_file_or_not_there_passes(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("\ufeffA\n", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "names")
    for name in ("names", "link", "none", "."):
        check_no_pipe(tmp_path / name)
    assert read_text(tmp_path / "link", "Names") == "A\n"
    with pytest.raises(InputError, match=r"Names .*none does not exist"):
        read_text(tmp_path / "none", "Names")
    (tmp_path / "names").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"Names .*names cannot be read as UTF-8 text"):
        read_text(tmp_path / "names", "Names")
