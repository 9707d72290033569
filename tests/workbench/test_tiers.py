"""What if tiers began elsewhere, and who keeps a tier whatever the weights: against plain Python over a run."""

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import oracle
import polars as pl
import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.lists import query
from icp_engine.published.run import Run, open_run
from icp_engine.report.document import Document
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scoring.stability import tier_stability, weight_factors
from icp_engine.workbench.cutoffs import Wanted, cutoffs_of, found_cutoffs
from icp_engine.workbench.simulate import moved_clinics, simulate
from icp_engine.workbench.stability import robust_clinics, stability, tier_clinics

SIZE = 600
CARDS = Path(__file__).resolve().parents[1] / "cards"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with stability whose tiers all have clinics."""
    folder, rng = tmp_path_factory.mktemp("tiers"), Random(17)
    (folder / "low.toml").write_text(
        'extends = "icp"\nid = "low"\nversion = "1"\ntitle = "Low"\n'
        "[tier.1]\nat_least = 50\n[tier.2]\nat_least = 30.5\n"
    )
    rows = [{**oracle.random_typed_clinic(rng), "clinic_id": f"c{number:03}"} for number in range(SIZE)]
    names = sorted({name for row in rows for name in row})
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False)
    frame.write_parquet(folder / "clinics.parquet")
    options = RunOptions(scorecard=str(folder / "low.toml"), charts=False, format="parquet", stability=True)
    run([str(folder / "clinics.parquet")], folder / "out", options)
    return open_run(folder / "out")


@pytest.fixture(scope="module")
def clinics(graded: Run) -> list[Row]:
    """The published clinics, the best first."""
    return graded.clinics().sort("icp_rank", "clinic_id").collect().to_dicts()


def tiered(row: Row, points: tuple[float, float]) -> int:
    return 1 if row["icp_total_score"] >= points[0] else 2 if row["icp_total_score"] >= points[1] else 3


def rows_of(document: Document, name: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in next(table for table in document.tables if table.name == name).rows]


@pytest.mark.parametrize("points", [(50.0, 30.5), (60.0, 40.0), (40.0, 20.0), (70.25, 69.99), (100.0, 0.01)])
def test_simulated_tiers_equal_plain_python(points: tuple[float, float], graded: Run, clinics: list[Row]) -> None:
    cutoffs = found_cutoffs(graded, points)
    document = simulate(graded, cutoffs)
    now, then = Counter(row["icp_tier"] for row in clinics), Counter(tiered(row, points) for row in clinics)
    table = rows_of(document, "tiers")
    assert [(row[3], row[5], row[7]) for row in table] == [(now[n], then[n], then[n] - now[n]) for n in (1, 2, 3)]
    moves = Counter((row["icp_tier"], tiered(row, points)) for row in clinics if row["icp_tier"] != tiered(row, points))
    labels = {tier.label: tier.number for tier in graded.card.tiers}
    assert {(labels[row[0]], labels[row[1]]): row[2] for row in rows_of(document, "moves")} == dict(moves)
    assert document.facts["moved"] == sum(moves.values())
    moved = moved_clinics(graded, cutoffs)
    assert moved["clinic_id"].to_list() == [r["clinic_id"] for r in clinics if r["icp_tier"] != tiered(r, points)]
    for label, cutoff, within, above, below in rows_of(document, "crowd"):
        scores = [row["icp_total_score"] for row in clinics]
        assert above == sum(cutoff <= score < round(cutoff + within, 2) for score in scores), label
        assert below == sum(round(cutoff - within, 2) <= score < cutoff for score in scores), label


def test_who_stands_at_the_cut_offs(graded: Run, clinics: list[Row]) -> None:
    document = simulate(graded, found_cutoffs(graded, (60.0, 40.0)))
    found = [(row[0], row[1], row[6]) for row in rows_of(document, "marginal")]
    expected = []
    for tier, cutoff in zip(graded.card.tiers, (60.0, 40.0), strict=False):
        inside = [row["clinic_id"] for row in clinics if row["icp_total_score"] >= cutoff]
        outside = [row["clinic_id"] for row in clinics if row["icp_total_score"] < cutoff]
        expected += [(tier.label, "last in", clinic) for clinic in inside[-5:]]
        expected += [(tier.label, "next", clinic) for clinic in outside[:5]]
    assert found == expected


@pytest.mark.parametrize(
    "targets",
    [
        {1: Wanted(share=0.05), 2: Wanted(share=0.2)},
        {1: Wanted(clinics=7), 2: Wanted(clinics=1)},
        {1: Wanted(share=0.001)},
        {2: Wanted(share=0.5)},
        {1: Wanted(share=1.0), 2: Wanted(share=0.1)},
    ],
)
def test_targets_are_met_as_nearly_as_scores_allow(targets: dict[int, Wanted], graded: Run, clinics: list[Row]) -> None:
    scores, before = sorted({row["icp_total_score"] for row in clinics}, reverse=True), cutoffs_of(graded.card).points
    expected: list[float] = []
    below, reached = 1e9, 0
    for number in (1, 2):

        def inside(cutoff: float) -> int:
            return sum(cutoff <= row["icp_total_score"] < below for row in clinics)  # noqa: B023

        if number in targets:
            left = [score for score in scores if score < below]
            if not left:
                with pytest.raises(InputError, match=r"No clinic is left for tier 2: all have .* points or more\."):
                    found_cutoffs(graded, (), targets)
                return
            wanted = targets[number].of(SIZE)
            expected.append(min(left, key=lambda score: (abs(inside(score) - wanted), -score)))
        else:
            expected.append(before[number - 1])
        reached += inside(expected[-1])
        below = expected[-1]
    assert found_cutoffs(graded, (), targets).points == tuple(expected)


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ((75.0,), "low has 3 tiers, of which the last takes the rest: give 2 scores, where Tier 1 - HOT and Tier 2"),
        ((75.0, 75.0), "Tier 1 begins at 75 and tier 2 at 75; it has to begin lower."),
        ((55.0, 75.0), "Tier 1 begins at 55 and tier 2 at 75"),
        ((100.5, 75.0), "No tier can begin at 100.5: scores of low go from 0 to 100."),
        ((50.0, 0.0), "No tier can begin at 0: "),
        ((float("nan"), 10.0), "No tier can begin at nan"),
    ],
)
def test_cut_offs_that_cannot_be(points: tuple[float, ...], told: str, graded: Run) -> None:
    with pytest.raises(InputError) as error:
        found_cutoffs(graded, points)
    assert str(error.value).startswith(told)


def test_targets_that_cannot_be(graded: Run) -> None:
    with pytest.raises(InputError, match="There is no cut-off of tier 3: those of low are of 1 and 2; the last tier"):
        found_cutoffs(graded, (), {3: Wanted(clinics=5)})
    with pytest.raises(InputError, match=r"Tier 1 begins at .* and tier 2 at 30\.5; it has to begin lower\."):
        found_cutoffs(graded, (), {1: Wanted(share=1.0)})


def test_tiers_on_several_categories_are_not_moved_by_one_score() -> None:
    with pytest.raises(
        InputError, match="Gold of other begins at score 60 or more and Room to grow 17 or more: only tiers"
    ):
        cutoffs_of(load_scorecard(str(CARDS / "other.toml")))


def test_stability_report_equals_plain_python(graded: Run, clinics: list[Row]) -> None:
    card, document = graded.card, stability(graded)
    shares = tier_stability(pl.DataFrame(clinics, infer_schema_length=None), card, weight_factors(card)).to_list()
    assert [row["icp_tier_stability"] for row in clinics] == shares
    for tier, row in zip(card.tiers, rows_of(document, "tiers"), strict=True):
        own = [share for share, clinic in zip(shares, clinics, strict=True) if clinic["icp_tier"] == tier.number]
        edges = [(0.95, 2), (0.8, 0.95), (0.5, 0.8), (0, 0.5)]
        assert row[1] == len(own) > 0
        assert row[2] == pytest.approx(sum(own) / len(own))
        assert list(row[3:]) == [sum(low <= share < high for share in own) for low, high in edges]
    robust = [row["clinic_id"] for row in clinics if row["icp_tier"] == 1 and row["icp_tier_stability"] >= 0.95]
    assert 0 < len(robust) < Counter(row["icp_tier"] for row in clinics)[1]
    assert robust_clinics(graded)["clinic_id"].to_list() == robust
    assert query(graded, "from robust_tier_1")["clinic_id"].to_list() == robust
    assert [row[-1] for row in rows_of(document, "robust")] == robust[:10]
    assert document.facts["robust"] == len(robust)
    least = tier_clinics(graded, card.tiers[0]).sort("icp_tier_stability", "icp_rank", "clinic_id")
    assert [row[-1] for row in rows_of(document, "unsure")] == least["clinic_id"].head(10).to_list()


def ask(graded: Run, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "--warehouse", str(graded.warehouse)])


def test_the_commands_answer_in_the_terminal_as_json_and_as_a_page(graded: Run, tmp_path: Path) -> None:
    page, out = tmp_path / "page.html", tmp_path / "moved.csv"
    done = ask(graded, "simulate", "--tiers", "60,40", "--html", str(page), "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "Tier 1 from 60 instead of 50 has " in done.stdout
    assert "dotted lines are where tiers begin now" in page.read_text()
    moved = pl.read_csv(out)
    assert moved.columns[:3] == ["icp_rank", "clinic_id", "account_name"]
    found = json.loads(ask(graded, "simulate", "--target", "1=5%, 2=20", "--json").stdout)
    assert found["moved"] == sum(row["clinics"] for row in found["moves"])
    done = ask(graded, "stability", "--html", str(page), "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "keep it whatever the weights" in done.stdout
    assert "How often clinics keep their tier" in page.read_text()
    assert pl.read_csv(out)["clinic_id"].to_list() == robust_clinics(graded)["clinic_id"].to_list()
    assert json.loads(ask(graded, "stability", "--json").stdout)["variations"] == 200


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "Say where tiers begin, --tiers 75,55, or how many clinics"),
        (["--tiers", "75,55", "--target", "1=5%"], "Say where tiers begin"),
        (["--tiers", "75,x"], "'75,x' is no list of scores; write it like 75,55."),
        (["--target", "1=0%"], "'1=0%' is no target; write each tier once"),
        (["--target", "1=5%,1=6%"], "'1=6%' is no target"),
        (["--target", "1=101%"], "'1=101%' is no target"),
        (["--target", "five"], "'five' is no target"),
    ],
)
def test_mistakes_of_the_command_line(words: list[str], told: str, graded: Run) -> None:
    done = ask(graded, "simulate", *words)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_run_without_stability_has_no_column_and_no_view(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("clinic_id,npi_count\na,5\n")
    run([str(tmp_path / "one.csv")], tmp_path / "out", RunOptions(charts=False, format="parquet"))
    found = open_run(tmp_path / "out")
    assert "icp_tier_stability" not in found.clinics().collect_schema()
    assert "robust_tier_1" not in query(found, "select view_name from duckdb_views()")["view_name"].to_list()
    assert stability(found).headline == "All 1 clinics are in Tier 3 - Monitor: the tiers do not say who comes first."
    with pytest.raises(InputError, match="All clinics are in Tier 3 - Monitor, which takes the rest"):
        robust_clinics(found)
    assert simulate(found, found_cutoffs(found, (70, 50))).headline == "No clinic changes its tier."
