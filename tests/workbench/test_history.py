"""The history of scores: every run adds its rows, whatever is kept, and a run that fails adds none."""

import json
import random
from collections import Counter
from pathlib import Path

import oracle
import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.database import database
from icp_engine.errors import InputError
from icp_engine.pipeline import run as pipeline
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.run import open_run
from icp_engine.warehouse.folder import runs_by_age
from icp_engine.workbench.history import read_history, run_history
from icp_engine.workbench.measures import psi

QUIET = RunOptions(charts=False, format="parquet", networks=False)


def extract(folder: Path, seed: int, rows: int = 120) -> str:
    rng = random.Random(seed)
    found = [oracle.random_typed_clinic(rng) | {"clinic_id": f"c{number}"} for number in range(rows)]
    names = sorted({name for row in found for name in row})
    path = folder / f"{seed}.parquet"
    pl.DataFrame({name: [row.get(name) for row in found] for name in names}, strict=False).write_parquet(path)
    return str(path)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of `icp` and one of another scorecard between them; one run alone is kept."""
    folder = tmp_path_factory.mktemp("history")
    for seed, card in ((1, "icp"), (2, "icp"), (3, "icp-2025-11"), (4, "icp")):
        networks = seed == 4
        options = RunOptions(charts=False, format="parquet", networks=networks, keep=1, scorecard=card)
        run([extract(folder, seed)], folder / "out", options)
        scores = folder / "out" / "icp_scores.parquet"
        (folder / f"scores_{seed}.parquet").write_bytes(scores.read_bytes())
    return folder / "out"


def totals(warehouse: Path, seed: int) -> list[int]:
    frame = pl.read_parquet(warehouse.parent / f"scores_{seed}.parquet")
    return [round(score * 100) for score in frame["icp_total_score"]]


def test_every_run_adds_its_tiers_deciles_and_shift(warehouse):
    history = pl.read_parquet(warehouse / "history.parquet")
    runs = history["run_id"].unique(maintain_order=True).to_list()
    assert (len(runs), len(runs_by_age(warehouse))) == (4, 1)
    deciles = []
    for seed, name in enumerate(runs, 1):
        own = history.filter(pl.col("run_id") == name)
        tiers = own.filter(pl.col("measure") == "tier")
        scored = pl.read_parquet(warehouse.parent / f"scores_{seed}.parquet")
        counted = Counter(scored["icp_tier"])
        assert tiers.select("number", "clinics").rows() == [(number, counted[number]) for number in (1, 2, 3)]
        cells = own.filter(pl.col("measure") == "decile").select("above", "up_to", "clinics").rows()
        assert cells[0][0] is cells[-1][1] is None
        assert [clinics for *_, clinics in cells] == counts(cells, totals(warehouse, seed))
        deciles.append(cells)
    shifts = history.filter(pl.col("measure") == "psi").select("psi", "run_before").rows()
    assert shifts[0] == shifts[2] == (None, None)
    for row, (before, now) in ((1, (1, 2)), (3, (2, 4))):
        cells = deciles[before - 1]
        due = psi([clinics for *_, clinics in cells], counts(cells, totals(warehouse, now)))
        assert shifts[row] == (pytest.approx(due), runs[before - 1])


def counts(cells: list[tuple[float | None, float | None, int]], scores: list[int]) -> list[int]:
    """Clinics of each cell, one score at a time."""
    return [
        sum((above is None or score > round(above * 100)) and (up_to is None or score <= round(up_to * 100))
            for score in scores)
        for above, up_to, _ in cells
    ]  # fmt: skip


def test_the_warehouse_file_has_the_same_rows_and_says_what_they_mean(warehouse):
    with database(warehouse / "icp.duckdb", read_only=True) as db:
        assert db.frame("from history").equals(pl.read_parquet(warehouse / "history.parquet"))
        assert all(comment for _, _, comment in db.described_columns("history"))


def test_stats_tell_the_history(warehouse, tmp_path):
    page = tmp_path / "history.html"
    told = CliRunner().invoke(cli, ["stats", "-w", str(warehouse), "--history", "--json", "--html", str(page)])
    assert told.exit_code == 0, told.output
    content = json.loads(told.stdout)
    assert content["runs"] == sorted(content["runs"], key=lambda line: line["run_id"], reverse=True)
    assert [line["scorecard"].split()[0] for line in content["runs"]] == ["icp", "icp-2025-11", "icp", "icp"]
    assert content["headline"].startswith("4 runs since 20")
    assert "Tiers from run to run" in page.read_text(encoding="utf-8")
    assert CliRunner().invoke(cli, ["stats", "--html", str(page)]).exit_code == 2


def test_a_run_that_fails_or_is_killed_adds_nothing(tmp_path, monkeypatch):
    out = tmp_path / "out"
    run([extract(tmp_path, 1)], out, QUIET)
    before = read_history(out)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run([extract(tmp_path, 2)], out, QUIET)
    assert read_history(out).equals(before)
    run([extract(tmp_path, 3)], out, QUIET)
    after = read_history(out)
    assert after.head(len(before)).equals(before)
    assert after["run_id"].n_unique() == 2


def test_a_damaged_history_stops_a_run_and_an_older_run_has_none(tmp_path):
    out = tmp_path / "out"
    run([extract(tmp_path, 1)], out, QUIET)
    path = open_run(out).path("history")
    path.unlink()
    with pytest.raises(InputError, match="has no history yet: an older version published it"):
        run_history(open_run(out))
    assert read_history(out).is_empty()
    path.write_bytes(b"no")
    with pytest.raises(InputError, match="the history of scores goes on from it; put it right"):
        run([extract(tmp_path, 2)], out, QUIET)


def test_every_scorecard_of_a_run_has_its_history(tmp_path):
    options = RunOptions(charts=False, format="parquet", networks=False, scorecard=("icp", "icf"))
    for seed in (1, 2):
        run([extract(tmp_path, seed)], tmp_path / "out", options)
    found = pl.read_parquet(tmp_path / "out" / "history.parquet").filter(pl.col("measure") == "psi")
    assert found["scorecard_id"].to_list() == ["icp", "icf"] * 2
    assert found["run_before"].to_list() == [None, None, *found["run_id"][:2]]
    shifts = dict(found[2:].select("scorecard_id", "psi").rows())
    for card, index in shifts.items():
        document = run_history(open_run(tmp_path / "out").of(card))
        assert f"is {index:.3f}" in " ".join(document.sentences), card
