"""What a clinic scored in runs that are kept: whatever state it was in, and not where it was not."""

import polars as pl
import pytest

from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.former_scores import FormerScore, former_scores, runs_before
from icp_engine.published.run import Run, open_run

FIRST = "clinic_id,account_name,state_code,npi_count\nstays,A,TX,10\nmoves,B,TX,60\nblank,C,,5\ngone,D,OK,5\n"
SECOND = "clinic_id,account_name,state_code,npi_count\nstays,A,TX,120\nmoves,B,CA,60\nblank,C,,5\nnew,E,OK,5\n"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("former")
    for text, card in ((FIRST, "icf"), (FIRST, "icp"), (SECOND, "icp")):
        (folder / "c.csv").write_text(text)
        run([str(folder / "c.csv")], folder / "out", RunOptions(format="parquet", charts=False, keep=9, scorecard=card))
    return open_run(folder / "out")


def test_runs_of_the_same_scorecard_come_before(published: Run) -> None:
    found = runs_before(published)
    assert [each.card.id for each in found] == ["icp"]
    assert found[0].folder.name < published.folder.name


@pytest.mark.parametrize("clinic", ["stays", "moves", "blank", "new"])
def test_scores_are_those_of_the_run_then(published: Run, clinic: str) -> None:
    before = runs_before(published)
    row = published.clinics().filter(clinic_id=clinic).collect().row(0, named=True)
    [found] = former_scores(published, before, clinic, row["state_code"])
    then = (
        before[0].clinics().filter(clinic_id=clinic).select("icp_total_score", "icp_tier", "icp_tier_label").collect()
    )
    assert (found.scorecard, found.same_rules) == ("icp 1.0.0", True)
    assert [(found.score, found.tier, found.tier_label)] == (then.rows() or [(None, None, None)])
    assert (found.score is None) == (clinic == "new")


def test_a_run_that_is_gone_by_now_is_left_out(published: Run) -> None:
    before = runs_before(published)
    gone = Run(published.warehouse, published.folder / "nowhere", before[0].card, before[0].manifest)
    found: tuple[FormerScore, ...] = former_scores(published, [gone, *before], "stays", "TX")
    assert [each.run_id for each in found] == [before[0].folder.name]
    assert isinstance(found[0].score, float)
    assert pl.Series([found[0].score]).is_not_nan().all()
