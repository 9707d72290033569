"""Only what a run made is ever removed, moved, truncated or replaced, whatever a user keeps beside it."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.locks import temporary_folder
from icp_engine.partnerships.demo import PRACTICES
from icp_engine.partnerships.run import PartnerOptions, run_partners
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.warehouse import folder as folder_module
from icp_engine.warehouse.folder import new_run, publish
from icp_engine.warehouse.manifest import Manifest, read_manifest
from icp_engine.warehouse.switch import CLINICS, PARTNERS, Switch

Score = Callable[..., Manifest]
KEPT = [
    "exp1",
    "keep-q3",
    "20250101",
    "20250101T000000Z",
    "20250101T000000000000Z-abcdef.bak",
    "my.unfinished",
    "icp-notes",
    "icp-q3.unfinished",
    "99990101T000000000000Z-ABCDEF",
    "copy-of-20250101T000000Z-abcdef",
]
IN_THE_WAY = [
    "lock",
    "dangling-lock",
    "runs",
    "unfinished",
    "run",
    "switch",
    "file-as-switch",
    "folder-as-switch",
    "file-as-runs",
]
KILLED = """
import os, sys, pathlib
from icp_engine.locks import temporary_folder
with temporary_folder(pathlib.Path(sys.argv[1])) as folder:
    (folder / "big").write_text("x")
    os._exit(9)
"""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


@pytest.fixture
def score(tmp_path: Path, out: Path) -> Score:
    def runs(*ids: str, **options: Any) -> Manifest:
        file = tmp_path / "small.csv"
        file.write_text("clinic_id,account_name\n" + "".join(f"{clinic_id},NAME {clinic_id}\n" for clinic_id in ids))
        return run([str(file)], out, RunOptions(**{"charts": False, "networks": False, "keep": 1, **options}))

    return runs


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, links not followed."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "only copy.txt").write_text("mine")
    return folder


@pytest.mark.parametrize("name", KEPT)
def test_folders_and_files_of_other_names_beside_the_runs_stay(out: Path, score: Score, name: str) -> None:
    score("a")
    for place, kind in ((out / ".runs" / name, "folder"), (out / ".runs" / f"{name}.txt", "file")):
        if kind == "folder":
            place.mkdir()
            (place / "notes.txt").write_text("mine")
        else:
            place.write_text("mine")
    with pytest.raises(InputError):
        score("b", "b")
    score("c")
    score("d")
    assert (out / ".runs" / name / "notes.txt").read_text() == "mine"
    assert (out / ".runs" / f"{name}.txt").read_text() == "mine"


@pytest.mark.parametrize("name", [".current.bak", ".current.2025", ".current.abcdef", ".current.zzzzzz"])
def test_files_named_as_the_switch_stay(out: Path, score: Score, name: str) -> None:
    out.mkdir()
    (out / name).write_text("mine")
    score("a")
    score("b")
    assert (out / name).read_text() == "mine"


def test_the_input_is_read_before_anything_is_removed(out: Path, score: Score, tmp_path: Path) -> None:
    score("a")
    left = out / ".runs" / "20200101T000000000000Z-abcdef.unfinished"
    left.mkdir()
    with pytest.raises(InputError, match="does not exist"):
        run([str(tmp_path / "nothing.csv")], out, RunOptions())
    assert left.exists()
    (left / "rest.csv").write_text("clinic_id\nz\n")
    assert run([str(left / "rest.csv")], out, RunOptions(charts=False)).rows.scored == 1
    assert (left / "rest.csv").exists()  # it was the input
    score("b")
    assert not left.exists()


@pytest.mark.parametrize("switch", [CLINICS, PARTNERS], ids=["clinics", "partnerships"])
@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_links_and_files_that_no_run_made_are_refused(
    out: Path, precious: Path, tmp_path: Path, switch: Switch, kind: str
) -> None:
    runs, current = out / switch.runs, out / switch.current
    out.mkdir()
    if kind == "runs":
        runs.symlink_to(precious)
    elif kind == "file-as-runs":
        runs.write_text("mine")
    elif "switch" in kind:
        if kind == "switch":
            current.symlink_to(precious)
        elif kind == "folder-as-switch":
            current.mkdir()
        else:
            current.write_text("mine")
    else:
        runs.mkdir()
        name = {"unfinished": "x.unfinished", "run": "20250101T000000000000Z-abcdef"}.get(kind, "lock")
        target = tmp_path / "gone" if "dangling" in kind else precious if name != "lock" else precious / "only copy.txt"
        (runs / name).symlink_to(target)
    before = content(tmp_path)
    with pytest.raises(InputError, match="icp-engine did not make it; move it") as error, new_run(out, switch):
        pass
    assert "\n" not in str(error.value)
    assert content(tmp_path) == before
    assert not (tmp_path / "gone").exists()


def test_a_lock_is_never_truncated(out: Path, score: Score) -> None:
    (out / ".runs").mkdir(parents=True)
    (out / ".runs" / "lock").write_text("mine")
    score("a")
    assert (out / ".runs" / "lock").read_text() == "mine"


@pytest.mark.parametrize("target", [".current/run.json", "../precious/only copy.txt", ".current"])
def test_links_of_the_user_at_published_names(out: Path, score: Score, precious: Path, target: str) -> None:
    out.mkdir()
    (out / "clinics_icp.csv").symlink_to(target)
    with pytest.raises(InputError, match="is in the way, and icp-engine did not make it"):
        score("a")
    assert (out / "clinics_icp.csv").readlink() == Path(target)
    assert (precious / "only copy.txt").read_text() == "mine"


def test_the_runs_that_were_published_last_are_kept_whatever_the_clock_said(
    out: Path, score: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for year in (2026, 2040, 1999, 2026):

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> "Clock":  # noqa: ARG003
                return cls(year, 1, 1, tzinfo=UTC)  # noqa: B023

        monkeypatch.setattr(folder_module, "datetime", Clock)
        made.append(score(str(year), keep=2).run_id)
        assert {path.name for path in (out / ".runs").iterdir() if path.is_dir()} == set(made[-2:])
        assert pl.read_parquet(out / "clinics_icp.parquet")["clinic_id"].to_list() == [str(year)]


def test_runs_of_older_versions_come_first(out: Path, score: Score) -> None:
    first = score("a", keep=3).run_id
    (out / ".runs" / first / ".order").unlink()
    second, third = score("b", keep=3).run_id, score("c", keep=2).run_id
    assert {path.name for path in (out / ".runs").iterdir() if path.is_dir()} == {second, third}


@pytest.mark.parametrize("place", ["temp-dir", "beside"])
def test_temporary_folders_of_the_killed_go_and_those_of_the_living_stay(
    out: Path, score: Score, tmp_path: Path, place: str
) -> None:
    score("a")
    temp = tmp_path / "temp" if place == "temp-dir" else out / ".runs"
    temp.mkdir(exist_ok=True)
    (temp / "icp-mine.unfinished").mkdir()
    (temp / "icp-12345678.unfinished").mkdir()  # of no process: it has no lock
    (temp / "icp-12345678.unfinished" / "notes.txt").write_text("mine")
    subprocess.run([sys.executable, "-c", KILLED, temp], check=False)
    assert list(temp.glob("icp-*/big"))
    with temporary_folder(temp) as living:
        (living / "small").write_text("y")
        with pytest.raises(InputError):
            score("b", "b", temp_dir=str(temp))
        score("b", temp_dir=str(temp))
        assert not list(temp.glob("icp-*/big"))
        assert (living / "small").exists()
    assert sorted(path.name for path in temp.glob("icp-*")) == ["icp-12345678.unfinished", "icp-mine.unfinished"]


WAYS: list[tuple[str, ...]] = [
    ("export", "--out", "{}/clinics_icp.csv"),
    ("export", "--out", "{}/.current/mine.csv"),
    ("export", "--out", "{}/link/mine.csv"),
    ("export", "--out", "{}/inner.csv"),
    ("sql", "from clinics", "--parquet", "{}/clinics_icp.parquet"),
    ("sql", "from clinics", "--parquet", "{}/.runs/mine.parquet"),
    ("report", "--out", "{}/run.json"),
    ("report", "--out", "{}/.current/mine.html"),
    ("charts", "--out", "{}/.current/charts"),
    ("charts", "--out", "{}/link"),
    ("simulate", "--tiers", "75,55", "--out", "{}/link/mine.csv"),
    ("simulate", "--tiers", "75,55", "--html", "{}/.current/mine.html"),
    ("gaps", "--html", "{}/.current/mine.html"),
    ("gaps", "--field", "npi_count", "--out", "{}/link/mine.csv"),
    ("stats", "--history", "--html", "{}/.current/mine.html"),
    ("stability", "--html", "{}/link/mine.html"),
    ("backtest", "--outcomes", "{}/../deals.csv", "--html", "{}/link/mine.html"),
    ("scorecard", "diff", "icp", "icf", "--html", "{}/.runs/mine.html"),
    ("scorecard", "usage", "icp", "--html", "{}/link/mine.html"),
    ("validate", "{}/../deals.csv", "--html", "{}/link/mine.html"),
    ("validate", "{}/../deals.csv", "--write-mapping", "{}/link/mine.toml"),
    ("enrich", "{}/../deals.csv", "--out", "{}/link/mine.parquet"),
    ("build", "--nppes", "{}/../deals.csv", "--out", "{}/.current/mine.parquet"),
    ("partners", "demo", "--out", "{}/link"),
    ("partners", "score", "{}/../deals.csv", "--map", "name=clinic_id", "--out", "{}/.runs/mine"),
    ("review", "decide", "rename", "a", "X", "--decisions", "{}/link/mine.csv"),
    ("review", "import", "{}/../sheet.csv", "--decisions", "{}/.current/mine.csv"),
]
WITHOUT_WAREHOUSE = ("validate", "enrich", "build", "partners")


@pytest.mark.parametrize("way", WAYS, ids=[" ".join(way) for way in WAYS])
def test_no_writer_writes_into_the_published_run(out: Path, score: Score, way: tuple[str, ...]) -> None:
    score("a", networks=True)
    (out / "link").symlink_to((out / ".current").resolve())
    (out / "inner.csv").symlink_to((out / ".current").resolve() / "clinics_icp.csv")
    (out.parent / "deals.csv").write_text("clinic_id,outcome\na,won\n")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    warehouse = [] if way[0] in WITHOUT_WAREHOUSE else ["--warehouse", str(out)]
    done = CliRunner().invoke(cli, [*(word.format(out) for word in way), *warehouse])
    assert isinstance(done.exception, InputError)
    assert "leads into a published run" in str(done.exception)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_partnerships_are_published_by_one_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any moment, tables and manifest are those of one run."""
    out = tmp_path / "partners"
    run_partners([str(PRACTICES)], out, PartnerOptions(), ["scores", "sla"])
    before = content(out / ".partners")
    (out / "clinics_icp.csv").write_text("mine")
    replaced: list[Path] = []

    def killed(_: Path, target: Path) -> Path:
        replaced.append(target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        run_partners([str(PRACTICES)], out, PartnerOptions(strict=True), ["scores", "sla"])
    monkeypatch.undo()
    assert replaced == [out / ".partners"]
    assert content(out / ".partners") == before
    run_partners([str(PRACTICES)], out, PartnerOptions(), ["scores"])
    assert (out / "clinics_icp.csv").read_text() == "mine"
    assert json.loads((out / "rula_run.json").read_text())["outputs"] == [
        "rula_partner_scores.csv", "rula_partner_scores.parquet"]  # fmt: skip


def test_a_users_file_at_a_name_of_partnerships_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "rula_crm_records.csv").write_text("mine")
    with pytest.raises(InputError, match=r"rula_crm_records.csv is in the way"):
        run_partners([str(PRACTICES)], tmp_path, PartnerOptions(), ["crm"])
    assert [path.name for path in tmp_path.iterdir()] == ["rula_crm_records.csv"]


def test_report_and_charts_after_a_run_stand_in_its_manifest(out: Path, score: Score) -> None:
    score("a", networks=True)
    assert "report.html" not in {file.file for file in read_manifest(out).outputs}
    for command in ("report", "charts"):
        assert CliRunner().invoke(cli, [command, "--warehouse", str(out), "--quiet"]).exit_code == 0
        files = {file.file: file for file in read_manifest(out).outputs}
        assert files["report.html"].bytes == (out / "report.html").stat().st_size
    assert any(name.startswith("charts/") for name in files)
    assert files["clinics_icp.parquet"].rows == 1
    assert not any(name.startswith(".") for name in files)


def test_a_partial_file_of_the_users_stays(out: Path, score: Score, tmp_path: Path) -> None:
    score("a", networks=True)
    (tmp_path / ".list.csv.partial").write_text("mine")
    done = CliRunner().invoke(cli, ["export", "--warehouse", str(out), "--out", str(tmp_path / "list.csv")])
    assert done.exit_code == 0
    assert (tmp_path / ".list.csv.partial").read_text() == "mine"


@pytest.mark.parametrize("keep", [1, 3])
def test_a_run_that_cannot_be_removed_is_no_error(out: Path, keep: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, target: Path) -> Path:
        if str(target).endswith(".unfinished"):
            raise PermissionError(13, "in use")
        return real(self, target)

    real = Path.rename
    monkeypatch.setattr(Path, "rename", refused)
    for number in range(3):
        with new_run(out) as folder:
            (folder / "run.json").write_text(str(number))
            publish(folder, out, keep)
    assert (out / "run.json").read_text() == "2"
    assert len([path for path in (out / ".runs").iterdir() if path.is_dir()]) == 3


@pytest.mark.parametrize(
    ("words", "file", "start"),
    [
        (["export", "--out", "f.xlsx"], "f.xlsx", b"PK"),
        (["export", "--out", "F.XLSX"], "F.XLSX", b"PK"),
        (["export", "--out", "f.parquet"], "f.parquet", b"PAR1"),
        (["export", "--out", "f.json"], "f.json", b"["),
        (["export", "--out", "f.v2"], "f.v2.csv", b"clinic_id"),
        (["export", "--out", "f.v2", "--format", "parquet"], "f.v2.parquet", b"PAR1"),
        (["export", "--out", "f.xlsx", "--format", "csv"], None, b"--format csv and --out"),
        (["export", "--out", "f.csv", "--format", "xlsx"], None, b"name two formats; drop --format"),
        (["sql", "from clinics", "--parquet", "f.parquet"], "f.parquet", b"PAR1"),
        (["sql", "from clinics", "--parquet", "f.v2"], None, b"name it f.v2.parquet"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_list_is_written_in_the_format_that_its_name_says(
    out: Path, score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], file: str, start: bytes
) -> None:
    score("a", networks=True)
    (tmp_path / "lists").mkdir()
    monkeypatch.chdir(tmp_path / "lists")
    done = CliRunner().invoke(cli, [*words, "--warehouse", str(out)])
    written = [path.name for path in Path().iterdir()]
    assert written == ([] if file is None else [file])
    said = Path(file).read_bytes() if file else " ".join(done.stderr.split()).encode()
    assert said.startswith(start) if file else start in said
