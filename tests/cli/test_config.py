"""Defaults of options: a flag wins over a variable, a variable over icp.toml, and `config` says which it was."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli, defaults

CLINICS = "id no,name,providers\na,ONE,5\nb,TWO,6\n"
MAP = 'map = ["clinic_id=id no", "npi_count=providers"]\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("clinics.csv").write_text(CLINICS)
    return tmp_path


def call(*args: str, **variables: str) -> Result:
    return CliRunner().invoke(cli, args, prog_name="icp-engine", env=variables)


def settings(*args: str, **variables: str) -> dict[tuple[str, str], tuple[Any, str, str | None]]:
    """What holds, where it comes from, by command and option."""
    found = json.loads(call("config", *args, "--json", **variables).stdout)["settings"]
    return {(each["command"], each["option"]): (each["value"], each["source"], each["where"]) for each in found}


def problems(text: str) -> list[str]:
    Path("icp.toml").write_text(text)
    return str(call("validate", "clinics.csv").exception).splitlines()


@pytest.mark.parametrize(
    ("file", "variables", "flags", "found"),
    [
        ("", {}, (), "icp"),
        ('scorecard = "icp-2025-11"\n', {}, (), "icp-2025-11"),
        ('scorecard = "icp-2025-11"\n', {"ICP_ENGINE_SCORECARD": "icp"}, (), "icp"),
        ('scorecard = "icp-2025-11"\n', {"ICP_ENGINE_SCORECARD": ""}, (), "icp-2025-11"),
        ('scorecard = "rula"\n', {"ICP_ENGINE_SCORECARD": "rula"}, ("--scorecard", "icp-2025-11"), "icp-2025-11"),
        ('scorecard = "rula"\n[validate]\nscorecard = "icp-2025-11"\n', {}, (), "icp-2025-11"),
        ("", {"ICP_ENGINE_SCORECARD": "rula", "ICP_ENGINE_VALIDATE_SCORECARD": "icp"}, (), "icp"),
        ('[run]\nscorecard = "rula"\n', {"ICP_ENGINE_RUN_SCORECARD": "rula"}, (), "icp"),
    ],
)
def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(
    file: str, variables: dict[str, str], flags: tuple[str, ...], found: str
) -> None:
    Path("icp.toml").write_text(MAP + file)
    done = call("validate", "clinics.csv", "--json", *flags, **variables)
    assert json.loads(done.stdout)["scorecard"]["id"] == found


def test_options_that_repeat_take_lists_in_the_file_and_semicolons_in_a_variable() -> None:
    Path("icp.toml").write_text(MAP)
    assert json.loads(call("validate", "clinics.csv", "--json").stdout)["fields"]["npi_count"]["column"] == "providers"
    Path("icp.toml").unlink()
    done = call("validate", "clinics.csv", "--json", ICP_ENGINE_MAP="clinic_id=id no;npi_count=providers")
    assert json.loads(done.stdout)["fields"]["npi_count"]["column"] == "providers"


def test_paths_start_at_the_file_and_the_whole_of_a_run_goes_by_it(folder: Path) -> None:
    Path("ours.toml").write_text('[map]\nclinic_id = "id no"\n')
    Path("icp.toml").write_text(
        'mapping = "ours.toml"\nout = "results"\nwarehouse = "results"\nno-charts = true\nformat = "parquet"\n'
    )
    assert call("run", "clinics.csv").exit_code == 0
    assert (folder / "results" / "clinics_icp.parquet").exists()
    assert not (folder / "results" / "clinics_icp.csv").exists()
    assert "b" in call("explain", "b").stdout


def test_a_key_is_for_the_commands_whose_option_means_the_same() -> None:
    Path("icp.toml").write_text(
        'out = "w"\nscorecard = "icp"\nmap = ["clinic_id=x"]\nstrict = true\nmin-clinics = 3\nowners = "team.toml"\n'
        '[partners]\nout = "p"\n[partners.sla]\nas-of = 2026-03-16\n'
    )
    found = {key for key, (_, source, _) in settings().items() if source == "file"}
    runs = {"partners run", "partners score", "partners crm", "partners sla", "partners outreach", "partners report"}
    publish = {"published pull", "run", *runs, "partners demo"}
    assert {command for command, option in found if option == "out"} == publish
    assert {command for command, option in found if option == "scorecard"} == {"run", "validate"}
    assert {command for command, option in found if option == "map"} == {
        "backtest", "enrich", "run", "scorecard diff", "scorecard usage", "validate",
    }  # fmt: skip
    assert {command for command, option in found if option == "strict"} == {"run", *runs}
    assert {command for command, option in found if option == "min-clinics"} == {"run"}
    assert {command for command, option in found if option == "as-of"} == {"partners sla"}
    assert settings()["run", "out"] == ("w", "file", "icp.toml, line 1")
    assert settings()["partners score", "out"] == ("p", "file", "icp.toml, line 8")
    assert settings()["export", "out"] == (None, "default", None)


def test_config_says_what_holds_and_where_it_comes_from() -> None:
    Path("icp.toml").write_text('\nscorecard = "icp-2025-11"\n')
    done = call("config", ICP_ENGINE_KEEP="7", ICP_ENGINE_KEPT="8").stdout
    assert [line.split() for line in done.splitlines()[2:4]] == [
        ["keep", "7", "ICP_ENGINE_KEEP", "published", "pull,", "run"],
        ["scorecard", "icp-2025-11", "icp.toml,", "line", "2", "run,", "validate"],
    ]
    assert "ICP_ENGINE_KEPT sets nothing: there is no such option (did you mean 'ICP_ENGINE_KEEP'" in done
    assert settings("run", ICP_ENGINE_KEEP="7")["run", "keep"] == ("7", "variable", "ICP_ENGINE_KEEP")
    assert settings("run")["run", "keep"] == (2, "default", None)
    assert {command for command, _ in settings("networks")} == {"networks list", "networks show"}
    assert "There is no command 'rum' with options (did you mean 'run'" in str(call("config", "rum").exception)


def test_nothing_is_set_where_nothing_is_said() -> None:
    assert "There is no icp.toml in" in call("config").stdout
    assert {source for _, source, _ in settings().values()} == {"default"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('a = 1\nscorcard = "icp"\n', ["icp.toml:1: there is no option 'a'.",
                                       "icp.toml:2: there is no option 'scorcard' (did you mean 'scorecard'?)."]),
        ("memory_limit = 3\n", ["icp.toml:1: there is no option 'memory_limit' (did you mean 'memory-limit'?)."]),
        ("[exprot]\n", ["icp.toml:1: there is no command 'exprot' (did you mean 'export'?)."]),
        ("[export]\nkeep = 3\n", ["icp.toml:2: there is no option 'keep' of export."]),
        ("[partners.rum]\nas-of = 2026-03-16\n",
         ["icp.toml:1: there is no command 'rum' of partners (did you mean 'run' or 'crm'?)."]),
        ("keep = 0\n", ["icp.toml:1: keep: 0 is not in the range x>=1."]),
        ("keep = true\n", ["icp.toml:1: keep: True is no value of --keep."]),
        ('strict = "yes"\n', ["icp.toml:1: strict: 'yes' is neither true nor false."]),
        ('out = ["a", "b"]\n', ["icp.toml:1: out: ['a', 'b'] is no value of --out."]),
        ("tier = [[1]]\n", ["icp.toml:1: tier: [[1]] is no value of --tier."]),
        ('map = ["npi"]\n', ["icp.toml:1: map: 'npi' is not a mapping; write it like npi_count=provider_total."]),
        ('map = {npi_count = "npi"}\n', ["icp.toml:1: map: expected a value, or a list of them, and found a table."]),
        ("keep = = 3\n", ["icp.toml:1: not valid TOML: Invalid value"]),
        ('out = "w"\nid = "mine"\n',
         ["icp.toml:2: there is no option 'id'. A scorecard has such a key: give scorecards another name."]),
    ],
)  # fmt: skip
def test_every_mistake_of_the_file_is_named_with_its_line(text: str, found: list[str]) -> None:
    assert problems(text) == found


def test_a_scorecard_of_that_name_is_no_defaults_and_scores_as_before() -> None:
    own = 'id = "own"\nextends = "icp"\nversion = "1.0.0"\n'
    Path("icp.toml").write_text(own)
    done = call("validate", "clinics.csv", "--map", "clinic_id=id no", "--json", "--scorecard", "icp.toml")
    assert json.loads(done.stdout)["scorecard"]["id"] == "own"
    assert done.stderr.startswith("Note: icp.toml in this folder is a scorecard: no defaults are read from it.")


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from icp_engine.cli import _outcome

    monkeypatch.setenv("ICP_ENGINE_KEEP", "0")
    monkeypatch.setattr("sys.argv", ["icp-engine", "run", "clinics.csv"])
    assert _outcome() == 2
    assert "Invalid value for ICP_ENGINE_KEEP: 0 is not in the range" in capsys.readouterr().err


def test_threads_are_set_before_polars_starts(folder: Path) -> None:
    import subprocess
    import sys

    Path("icp.toml").write_text("threads = 1\n")
    told = (
        "from icp_engine.cli import cli\n"
        "cli.main(['validate', 'clinics.csv', '--map', 'clinic_id=id no'], standalone_mode=False)\n"
        "import polars\nprint(polars.thread_pool_size())\n"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stdout.splitlines()[-1] == "1"


def test_every_option_has_a_variable_of_its_command() -> None:
    for words, _, option in defaults.options_of(cli):
        assert isinstance(option.envvar, list)
        own = "_".join(words)
        assert option.envvar[0] == f"ICP_ENGINE_{own}_{defaults.option_key(option)}".upper().replace("-", "_")
