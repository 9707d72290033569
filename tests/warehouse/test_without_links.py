"""Where there are no symbolic links and no `fcntl`, as on Windows, everything works by a file that names the run."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from icp_engine.warehouse.folder import new_run, publish, published

PROGRAM = """
import os, sys
if "fcntl" in sys.argv[1]:
    sys.modules["fcntl"] = None
if "links" in sys.argv[1]:
    def refused(*_, **__):
        raise OSError(1, "A required privilege is not held by the client")
    os.symlink = refused
del sys.argv[1]
from icp_engine.cli import main
main()
"""
CLINICS = "clinic_id,account_name,state_code,segment_label\n" + "".join(
    f"{number},Same Name,{state},Behavioral Health\n" for number, state in enumerate(["TX", "CA", "TX"])
)


def call(folder: Path, *words: str, without: str = "fcntl and links") -> str:
    program = [sys.executable, "-W", "error", "-c", PROGRAM, without, *words]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr if words[0] not in ("export", "partners") else "") == (0, "")
    return done.stdout


def test_the_commands_work(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(CLINICS)
    said = call(tmp_path, "run", "c.csv", "--out", "w")
    out = tmp_path / "w"
    run = (out / ".current").read_text().strip()
    assert sorted(path.name for path in out.iterdir()) == [".current", ".runs"]
    assert not (out / ".current").is_symlink()
    assert f"Report     {Path('w') / run / 'report.html'}: open it" in said
    assert f"Results    {Path('w') / run} (run" in said
    assert published(out) == (out / run).resolve()
    assert "Same Name, TX" in call(tmp_path, "explain", "0", "-w", "w")
    assert "3 clinics" in call(tmp_path, "stats", "-w", "w")
    assert call(tmp_path, "sql", "select count(*) as n from clinics", "--csv", "-w", "w").split() == ["n", "3"]
    assert call(tmp_path, "export", "-w", "w", "--columns", "clinic_id").split()[0] == "clinic_id"
    call(tmp_path, "export", "-w", "w", "--out", "list.csv")
    assert (tmp_path / "list.csv").read_text().count("Same Name") >= 3
    assert call(tmp_path, "report", "-w", "w").strip() == str(Path("w") / run / "report.html")
    assert "ok" in call(tmp_path, "audit", "-w", "w")
    call(tmp_path, "run", "c.csv", "--out", "w", "--quiet", "--keep", "1", "--no-charts")
    assert (out / ".current").read_text().strip() != run
    assert len([path for path in (out / ".runs").iterdir() if path.is_dir()]) == 1


def test_partnerships_work(tmp_path: Path) -> None:
    said = call(tmp_path, "partners", "demo", "--out", "p")
    run = (tmp_path / "p" / ".partners").read_text().strip()
    assert f"Files in {Path('p') / run}" in said
    before = json.loads((tmp_path / "p" / run / "rula_run.json").read_text())["owners"]
    call(tmp_path, "partners", "demo", "--out", "p")
    run = (tmp_path / "p" / ".partners").read_text().strip()
    assert json.loads((tmp_path / "p" / run / "rula_run.json").read_text())["owners"] == before


def test_the_server_answers(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(CLINICS)
    call(tmp_path, "run", "c.csv", "--out", "w", "--no-charts", "--quiet")
    program = [sys.executable, "-c", PROGRAM, "fcntl and links", "serve", "-w", "w", "--port", "0"]
    with subprocess.Popen(program, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            line = next(line for line in server.stderr if line.startswith("Listening on "))
            with urllib.request.urlopen(f"{line.split()[2].rstrip(';')}/health", timeout=30) as answer:
                assert json.load(answer)["rows"] == 3
        finally:
            server.terminate()


@pytest.mark.skipif(os.name == "nt", reason="Windows publishes without links alone")
def test_a_warehouse_goes_from_links_to_none_and_back(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(CLINICS)
    for without, linked in (("nothing", True), ("links", False), ("nothing", True), ("links", False)):
        call(tmp_path, "run", "c.csv", "--out", "w", "--no-charts", "--quiet", without=without)
        out = tmp_path / "w"
        assert (out / ".current").is_symlink() == linked
        assert (out / "run.json").exists() == linked
        assert (out / "run.json").is_symlink() == linked  # no link is left that leads nowhere
        assert json.loads((published(out) / "run.json").read_text())["rows"]["scored"] == 3


def test_readers_see_one_whole_run_whatever_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is renamed over its older self: whoever looks finds the run before or the one after."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refused)
    seen = []
    real = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append((published(tmp_path) / "run.json").read_text() if seen or target.exists() else "none")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    for number in range(3):
        with new_run(tmp_path) as folder:
            (folder / "run.json").write_text(str(number))
            publish(folder, tmp_path, 2)
        seen.append((published(tmp_path) / "run.json").read_text())
    assert seen == ["none", "0", "0", "1", "1", "2"]
