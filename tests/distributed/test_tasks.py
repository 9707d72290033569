"""What workers do, called here one after the other as a cluster would: the result is that of one machine."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import polars as pl
import pyarrow as pa
import pytest
from cluster_runs import DECIMAL_POINTS, by_state, dirty_extract

from icp_engine.columns import STATE
from icp_engine.distributed import tasks
from icp_engine.distributed.job import KEYS, Job, job_of, opened
from icp_engine.extract.extract import FILE, ROW, find_rejects, rejected_rows
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.several import apart
from icp_engine.scorecard.toml.source import shipped_names

ROWS = 400
SCORECARDS = (load_scorecard("icf"),)


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return dirty_extract(tmp_path_factory.mktemp("extract"), ROWS)


def through_tasks(job: Job) -> None:
    """All tasks of a run, with the shuffles between them done by Polars."""
    for part in job.slices:
        list(tasks.score_slices(job, iter([pa.RecordBatch.from_pydict({"id": [part.number]})])))
    rejects = find_rejects(job.extract, totals=True, duplicates=True).positions.with_columns(
        pl.col(FILE, ROW).cast(pl.Int64)
    )
    keys = job.all(KEYS).collect().join(rejects, on=[FILE, ROW], how="anti")
    ranks = keys.select(tasks.PLACE)
    for card in job.cards:
        total = card.column("total_score")
        better = pl.col(total) > 20
        ranking = tasks.Ranking(card, {0: 0, 1: keys.select(better.sum()).item()}, len(keys))
        buckets = keys.with_columns((~better).cast(pl.Int64).alias(tasks.BUCKET)).partition_by(tasks.BUCKET)
        found = pl.concat([pl.DataFrame(tasks.rank(ranking, bucket.to_arrow())) for bucket in buckets])
        ranks = ranks.join(found, on=[*tasks.PLACE])
    total = job.cards[0].column("total_score")
    parts = keys.select(STATE, total).unique().with_columns((pl.col(total) < 20).cast(pl.Int64).alias(tasks.PART))
    sent = [tasks.send(job, parts, group.to_arrow()) for _, group in ranks.group_by(tasks.SLICE)]
    for _, group in pl.concat([pl.DataFrame(table) for table in sent]).group_by(STATE, tasks.PART):
        tasks.write_part(job, group.to_arrow())


@pytest.mark.parametrize(
    ("names", "slice_rows"),
    [*(((name,), 150) for name in shipped_names()), (("icp-continuous", "icf"), 2 * ROWS)],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else str(value),
)
def test_every_shipped_scorecard_gives_what_one_machine_gives(
    names: tuple[str, ...], slice_rows: int, extract: list[str], tmp_path: Path
) -> None:
    options = RunOptions(
        names,
        reading=DECIMAL_POINTS,
        format="parquet",
        duplicates="first",
        networks=False,
        charts=False,
        stability=True,
        bibliography=True,
    )
    run(extract, tmp_path / "one", options)
    cards = apart(map(load_scorecard, names))
    for folder in ("many", "temp"):
        (tmp_path / folder).mkdir()
    opened_here = partial(opened, extract, cards, options, tmp_path / "temp")
    through_tasks(job_of(opened_here(), cards, options, slice_rows, str(tmp_path / "many"), str(tmp_path / "temp")))
    for table in ("clinics_icp", "icp_scores", "icp_bands"):
        due, found = pl.read_parquet(tmp_path / "one" / f"{table}.parquet"), by_state(tmp_path / "many", table)
        assert due.schema == found.schema
        assert [name for name in due.columns if not due[name].equals(found[name], null_equal=True)] == []


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than that of the test's own folder."""
    for folder in ("/dev/shm", gettempdir(), Path(__file__).parent):
        if Path(folder).is_dir() and Path(folder).stat().st_dev != tmp_path.stat().st_dev:
            with TemporaryDirectory(dir=folder) as temp:
                yield Path(temp)
                return
    pytest.skip("needs another disk, as /dev/shm is")


def test_a_part_comes_from_another_disk_than_that_of_the_results(
    extract: list[str], tmp_path: Path, other_disk: Path
) -> None:
    options = RunOptions("icf", reading=DECIMAL_POINTS, networks=False, format="parquet")
    here = opened(extract, SCORECARDS, options, tmp_path)
    through_tasks(job_of(here, SCORECARDS, options, 2 * ROWS, str(tmp_path / "results"), str(other_disk)))
    assert not list(other_disk.glob("part-*"))
    assert 0 < len(by_state(tmp_path / "results", "clinics_icp")) < ROWS
    assert {path.suffix for path in (tmp_path / "results").rglob("*") if path.is_file()} == {".parquet"}


@pytest.mark.parametrize("slice_rows", [40, 2 * ROWS])
def test_rejected_rows_stand_as_one_machine_finds_them(slice_rows: int, extract: list[str], tmp_path: Path) -> None:
    options = RunOptions("icf", reading=DECIMAL_POINTS)
    here = opened(extract, SCORECARDS, options, tmp_path)
    rejects = find_rejects(here, totals=True, duplicates=True)
    assert set(rejects.reasons) == {"blank clinic_id", "duplicate clinic_id"}
    job = job_of(here, SCORECARDS, options, slice_rows, str(tmp_path), str(tmp_path))
    numbers = pa.RecordBatch.from_pydict({"id": [part.number for part in job.slices]})
    list(tasks.keep_rejected(job, rejects.positions.select(FILE, ROW), iter([numbers])))
    found = [pl.scan_ipc(job.rejected(part.number, piece)) for part in job.slices for piece in range(len(part.pieces))]
    assert rejected_rows(here, rejects, found).equals(rejected_rows(here, rejects))
    assert rejected_rows(here, rejects, found).schema == rejected_rows(here, rejects).schema
