"""Small files that a user names are never waited for: a pipe or a device gets one sentence."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from icp_engine import load_scorecard
from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.named_files import check_no_pipe, read_text

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/null"])
@pytest.mark.parametrize(
    "options",
    [
        ["validate", "--mapping", "{}"],
        ["run", "--decisions", "{}"],
        ["run", "--exclude-names", "{}"],
        ["run", "--network-overrides", "{}"],
        ["partners", "run", "--sla", "{}"],
        ["partners", "run", "--owners", "{}"],
        ["partners", "run", "--hooks", "{}"],
    ],
    ids=lambda options: options[-2],
)
def test_a_pipe_or_device_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clinics.csv").write_text("clinic_id,account_name\n1,A\n", encoding="utf-8")
    if name == "pipe":
        os.mkfifo(name)
    done = CliRunner().invoke(cli, [*(option.format(name) for option in options), "clinics.csv"])
    assert isinstance(done.exception, InputError), (done.output, done.exception)
    assert f"{name} is a pipe or a device" in str(done.exception)


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
