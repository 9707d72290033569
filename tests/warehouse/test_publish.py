"""Publishing is one switch: readers see the old run or the new one, whole, whatever happens to the run in between."""

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from icp_engine.errors import InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.run import open_run
from icp_engine.warehouse.folder import new_run, publish, published
from icp_engine.warehouse.manifest import Manifest, read_manifest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("icp-engine")
ROWS = 40_000
TABLES = [
    "clinics_icp.csv",
    "clinics_icp.parquet",
    "clinics_icp_with_networks.csv",
    "clinics_icp_with_networks.parquet",
    "history.csv",
    "history.parquet",
    "icp.duckdb",
    "icp_bands.parquet",
    "icp_scores.csv",
    "icp_scores.parquet",
    "networks_icp.csv",
    "networks_icp.parquet",
]

# DuckDB writes other bytes every time, and the history names the run itself and those before it.
SAME = [name for name in TABLES if name not in ("icp.duckdb", "history.csv", "history.parquet")]

Score = Callable[..., Manifest]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


@pytest.fixture
def score(tmp_path: Path, out: Path) -> Score:
    """Runs a small extract of the given ids into the warehouse, without charts, and gives the manifest."""

    def runs(*ids: str, **options: Any) -> Manifest:
        file = tmp_path / "small.csv"
        file.write_text("clinic_id,account_name\n" + "".join(f"{clinic_id},NAME {clinic_id}\n" for clinic_id in ids))
        return run([str(file)], out, RunOptions(**{"charts": False, **options}))

    return runs


def names(folder: Path) -> list[str]:
    """What stands in a folder, hidden files left out."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def runs_of(out: Path) -> list[str]:
    return sorted(path.name for path in (out / ".runs").iterdir() if path.is_dir())


def hashes(out: Path) -> dict[str, str]:
    """The tables that readers see, with a hash of what they hold."""
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names(out) if name in SAME}


def ids_of(out: Path) -> list[str]:
    return pl.read_parquet(out / "clinics_icp.parquet")["clinic_id"].to_list()


def test_every_name_is_a_link_through_the_current_run(out: Path, score: Score) -> None:
    manifest = score("a", charts=True)
    assert names(out) == sorted([*TABLES, "charts", "report.html", "run.json"])
    assert all(str((out / name).readlink()) == f".current/{name}" for name in names(out))
    assert str((out / ".current").readlink()) == f".runs/{manifest.run_id}"
    assert names(out / ".runs" / manifest.run_id) == names(out)
    assert published(out) == (out / ".runs" / manifest.run_id).resolve()
    assert read_manifest(published(out)).run_id == manifest.run_id
    assert sorted(path.name for path in (out / ".runs").iterdir()) == [manifest.run_id, "lock"]


def test_a_warehouse_may_be_moved(out: Path, score: Score, tmp_path: Path) -> None:
    score("a", "b")
    out.rename(tmp_path / "elsewhere")
    assert ids_of(tmp_path / "elsewhere") == ["a", "b"]
    assert open_run(tmp_path / "elsewhere").manifest.rows.scored == 2


def test_a_table_that_the_new_run_did_not_make_is_gone(out: Path, score: Score) -> None:
    score("a", "b", "a", duplicates="first")
    assert names(out) == [*TABLES, "rejects.csv", "rejects.parquet", "run.json"]
    score("a")
    assert names(out) == [*TABLES, "run.json"]
    score("b", format="parquet")
    assert names(out) == [*(name for name in TABLES if not name.endswith("csv")), "run.json"]
    assert not [path for path in out.iterdir() if path.is_symlink() and not path.exists()]
    score("c", "c", duplicates="first")
    assert names(out) == [*TABLES, "rejects.csv", "rejects.parquet", "run.json"]
    assert ids_of(out) == ["c"]


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_as_many_runs_are_kept_as_asked_for(out: Path, score: Score, keep: int) -> None:
    made = [score(f"run {number}", keep=keep).run_id for number in range(4)]
    assert runs_of(out) == made[-keep:]
    assert ids_of(out) == ["run 3"]
    older = [pl.read_parquet(out / ".runs" / one / "clinics_icp.parquet")["clinic_id"][0] for one in made[-keep:]]
    assert older == [f"run {number}" for number in range(4 - keep, 4)]


def test_fewer_are_kept_as_soon_as_fewer_are_asked_for(out: Path, score: Score) -> None:
    made = [score("a", keep=5).run_id for _ in range(4)]
    assert runs_of(out) == made
    last = score("b", keep=2).run_id
    assert runs_of(out) == [made[-1], last]


def test_files_of_the_users_are_never_touched(out: Path, score: Score, tmp_path: Path) -> None:
    (out / "sub").mkdir(parents=True)
    (out / "notes.csv").write_text("mine")
    (out / "sub" / "clinics_icp.parquet").write_text("mine")
    (out / ".hidden").write_text("mine")
    (out / "rejects.csv").write_text("mine")  # no run of this test has rejects
    (out / "link").symlink_to(tmp_path)
    (out / "dangling").symlink_to(tmp_path / "gone")
    before = {path.name: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in out.iterdir()}
    for number in range(3):
        score(f"run {number}", keep=1)
    after = {
        path.name: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in out.iterdir() if path.name in before
    }
    assert after == before
    assert (out / "sub" / "clinics_icp.parquet").read_text() == "mine"


@pytest.mark.parametrize("name", ["clinics_icp.csv", "icp_bands.parquet", "run.json"])
@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling link"])
def test_a_users_own_file_in_the_way_of_a_result_is_never_overwritten(
    out: Path, score: Score, tmp_path: Path, name: str, kind: str
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("mine")
    out.mkdir()
    target = out / name
    if kind == "file":
        target.write_text("mine")
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to(own if kind == "link" else tmp_path / "gone")
    inode = target.lstat().st_ino
    with pytest.raises(InputError) as error:
        score("a")
    assert f"{target} is in the way" in str(error.value)
    assert target.lstat().st_ino == inode
    assert kind != "file" or target.read_text() == "mine"
    assert own.read_text() == "mine"
    assert names(out) == [name]


def test_a_failed_first_run_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("clinic_id\n")
    with pytest.raises(InputError, match="no rows"):
        run([str(tmp_path / "bad.csv")], tmp_path / "new" / "deep" / "warehouse", RunOptions())
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


def test_a_failed_run_leaves_the_results_of_before(out: Path, score: Score) -> None:
    manifest = score("a")
    before = hashes(out)
    with pytest.raises(InputError, match="more than once"):
        score("b", "b")
    assert hashes(out) == before
    assert runs_of(out) == [manifest.run_id]


def test_a_second_run_at_the_same_time_is_refused(out: Path, score: Score, tmp_path: Path) -> None:
    score("a")
    before = hashes(out)
    with new_run(out) as folder:
        with pytest.raises(InputError, match=r"Another run is writing to .*warehouse; wait"):
            score("b")
        assert folder.is_dir()  # the refused one has removed nothing of the first
        done = subprocess.run(
            [PROGRAM, "run", tmp_path / "small.csv", "-o", out], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr.startswith("Error: Another run is writing to ")
    assert hashes(out) == before
    score("b")
    assert ids_of(out) == ["b"]


def test_leftovers_of_a_killed_run_are_removed(out: Path, score: Score) -> None:
    score("a")
    left = out / ".runs" / "20200101T000000000000Z-abcdef.unfinished"
    (left / "icp-temp").mkdir(parents=True)
    (left / "clinics_icp.parquet").write_text("half")
    score("b", keep=1)
    assert len(runs_of(out)) == 1
    assert not left.exists()


def test_a_link_of_a_killed_run_is_removed(out: Path, score: Score) -> None:
    score("a")
    (out / ".current.abcdef").symlink_to(Path(".runs") / "20200101T000000000000Z-abcdef")
    score("b")
    assert sorted(path.name for path in out.iterdir() if path.name.startswith(".")) == [".current", ".runs"]


def test_readers_of_the_old_files_keep_reading(out: Path, score: Score) -> None:
    many = [f"{number:05}" for number in range(20_000)]
    score(*many)
    with (out / "clinics_icp.csv").open() as reader:
        start = reader.readline() + reader.readline()
        score("new", keep=1)
        rest = reader.read()
    assert start.splitlines()[1].startswith("00000,")
    assert [line.split(",")[0] for line in rest.splitlines()] == many[1:]
    assert ids_of(out) == ["new"]


PUBLISHER = """
import sys
from pathlib import Path
from icp_engine.warehouse.folder import new_run, publish

out = Path(sys.argv[1])
for number in range(1, int(sys.argv[2])):
    with new_run(out) as folder:
        for name in [*"abcdef", "run.json", *(["sometimes"] if number % 2 else [])]:
            (folder / name).write_text(str(number))
        publish(folder, out, 3)
"""


def test_every_name_leads_to_the_same_run_at_any_moment(out: Path) -> None:
    """Read one after the other, names may lead to a newer run each time, and never back to an older one."""
    always, last = [*"abcdef", "run.json"], 80
    with new_run(out) as folder:
        for name in always:
            (folder / name).write_text("0")
        publish(folder, out, 3)
    seen = [0]
    with subprocess.Popen([sys.executable, "-c", PUBLISHER, str(out), str(last + 1)], cwd=ROOT) as child:
        while child.poll() is None:
            seen += [int((out / name).read_text()) for name in always]
            with suppress(FileNotFoundError):
                seen.append(int((out / "sometimes").read_text()))
            seen += [int((out / name).read_text()) for name in reversed(always)]
    assert child.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > last / 10  # it did look while runs were published
    assert {(out / name).read_text() for name in always} == {str(last)}
    assert names(out) == always


@pytest.fixture(scope="module")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic extract that takes a run a second or two."""
    path = tmp_path_factory.mktemp("clinics") / "clinics.parquet"
    make = [sys.executable, ROOT / "scripts" / "make_extract.py", "--rows", str(ROWS), "--out", path]
    subprocess.run(make, check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def finished(clinics: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], float]:
    """What a run of the synthetic extract makes, and the seconds that it takes."""
    out = tmp_path_factory.mktemp("finished") / "warehouse"
    start = time.monotonic()
    subprocess.run([PROGRAM, "run", clinics, "--out", out, "--quiet"], check=True)
    return hashes(out), time.monotonic() - start


@pytest.mark.parametrize("moment", range(8))
def test_a_run_that_is_killed_leaves_the_results_of_before(
    out: Path, score: Score, clinics: Path, finished: tuple[dict[str, str], float], moment: int
) -> None:
    score("old")
    before, (after, seconds) = hashes(out), finished
    with subprocess.Popen([PROGRAM, "run", clinics, "--out", out, "--quiet"]) as child:
        time.sleep(seconds * (moment + 0.5) / 8)
        child.kill()
    seen = hashes(out)
    assert seen in ([before] if moment < 4 else [before, after])  # a quick machine may be through by then
    assert child.returncode in ((-signal.SIGKILL,) if seen == before else (-signal.SIGKILL, 0))
    score("new")
    assert ids_of(out) == ["new"]
    assert not [one for one in runs_of(out) if "unfinished" in one]


def waiting(out: Path, pattern: str, child: subprocess.Popen[str]) -> Iterator[None]:
    """Wait until a run has made a file."""
    while not list((out / ".runs").glob(pattern)):
        assert child.poll() is None, "the run was over before it could be interrupted"
        yield time.sleep(0.005)


def test_intermediate_files_of_a_killed_run_are_removed_by_the_next(out: Path, score: Score, clinics: Path) -> None:
    score("old")
    with subprocess.Popen([PROGRAM, "run", clinics, "--out", out, "--quiet"], text=True) as child:
        for _ in waiting(out, "*.unfinished", child):
            pass
        time.sleep(0.1)
        child.kill()
    score("new", keep=9)
    assert [one for one in runs_of(out) if not (out / ".runs" / one / "run.json").exists()] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("pattern", ["*.unfinished", "*.unfinished/*.csv"])
def test_an_interrupted_run_says_so_and_leaves_nothing_unfinished(
    out: Path, score: Score, clinics: Path, number: signal.Signals, pattern: str
) -> None:
    manifest = score("old")
    before = hashes(out)
    with subprocess.Popen(
        [PROGRAM, "run", clinics, "--out", out, "--bibliography"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (ignored where tests run unattended)
    ) as child:
        for _ in waiting(out, pattern, child):
            pass
        time.sleep(0.05)
        child.send_signal(number)
        said, error = child.communicate(timeout=60)
    assert (child.returncode, said) == (130, "")
    assert error.strip() == "Interrupted; what was published before is still there."
    assert hashes(out) == before
    assert runs_of(out) == [manifest.run_id]
    assert names(out) == [*TABLES, "run.json"]
