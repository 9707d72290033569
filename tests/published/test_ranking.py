"""A ranking that means nothing says so first: shared best scores, no tier in reach; and networks by name."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from conftest import BEST

from icp_engine.cli import cli
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.ranking import Tie, best_tie, largest_tie, ranking_doubts
from icp_engine.published.run import Run, open_run
from icp_engine.published.statistics import LargestNetwork, largest_networks
from icp_engine.report.content import content
from icp_engine.report.render import report_page

ALL_FIELDS = {**BEST, "services_count": 5, "coding_complexity": 10.0, "fqhc_flag": False, "oig_leie_flag": False}
UPPER = {"segment_label": "Hospice", "denial_pressure": 5.0, "npi_count": 20, "allowed_amt": 1e6, "bene_count": 3000}


def published(rows: Sequence[dict[str, object]], folder: Path, *, charts: bool = False) -> Run:
    rows = [{"clinic_id": f"{number:03}", **row} for number, row in enumerate(rows)]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet", charts=charts))
    return open_run(folder / "out")


@pytest.mark.parametrize(
    ("clinics", "best", "doubted"),
    [(1, 1, False), (2, 1, False), (2, 2, True), (10, 1, False), (20, 2, False), (20, 3, True), (21, 2, False)],
)
def test_a_best_score_that_more_than_a_tenth_share_is_said_first(
    clinics: int, best: int, doubted: bool, tmp_path: Path
) -> None:
    rows = [{**ALL_FIELDS, "npi_count": 120 if number < best else number - best + 1} for number in range(clinics)]
    found = published([{**row, "npi_count": row["npi_count"]} for row in rows], tmp_path)
    tie = best_tie(found)
    assert tie.clinics == best
    said = f"{best} of {clinics} clinics share the best score, {tie.score:g}, and stand in the order of their ids."
    assert ranking_doubts(found, tie) == ((said,) if doubted else ())


def test_no_tier_in_reach_is_said_first_just_below_the_edge_and_not_on_it(tmp_path: Path) -> None:
    from msgspec.structs import replace

    found = published([{**UPPER, "npi_count": number + 1} for number in range(20)], tmp_path)
    edge = found.card.tiers[-2].at_least["total"]
    doubts = {}
    for reachable in (edge - 0.01, edge, edge + 0.01):
        changed = Run(found.warehouse, found.folder, found.card, replace(found.manifest, reachable=reachable))
        doubts[reachable] = [doubt for doubt in ranking_doubts(changed, best_tie(changed)) if "can reach" in doubt]
    assert [len(said) for said in doubts.values()] == [1, 0, 0]
    assert doubts[edge - 0.01][0].startswith("No clinic can reach Tier 2 - Qualified, which begins at 60: the fields")


def test_the_summary_and_the_report_have_no_top_list_then(tmp_path: Path) -> None:
    hospitals = [("MEMORIAL HOSPITAL", state) for state in ("TX", "TX", "TX", "TX")] + [
        ("MERCY", "CO"),
        ("MERCY", "AZ"),
    ]
    rows = [{"account_name": name, "state_code": state} for name, state in hospitals]
    found = published(rows, tmp_path, charts=True)
    assert largest_networks(found, 1) == (LargestNetwork("MEMORIAL HOSPITAL", 4, 1),)
    words = ["run", str(tmp_path / "clinics.parquet"), "--out", str(tmp_path / "out"), "--format", "parquet"]
    lines = CliRunner().invoke(cli, words).stdout.splitlines()
    assert lines[0].startswith("No clinic can reach Tier 2")
    assert lines[1].startswith("6 of 6 clinics share the best score")
    assert not any(line.startswith("Top") for line in lines)
    assert "Largest  MEMORIAL HOSPITAL  4 clinics in 1 state" in lines
    told = content(found).verdict
    assert told.headline == "The order of the best clinics means nothing."
    assert [caveat.split(",")[0][:20] for caveat in told.caveats[:2]] == [
        "No clinic can reach ",
        "6 of 6 clinics share",
    ]
    page = report_page(content(found))
    assert page.index("<summary>Show the clinics all the same</summary>") < page.index('id="top-clinics"')
    stats = CliRunner().invoke(cli, ["stats", "-w", str(tmp_path / "out")]).stdout
    assert stats.startswith("No clinic can reach Tier 2")


def test_a_ranking_that_means_something_has_its_list(tmp_path: Path) -> None:
    rows = [{**ALL_FIELDS, "denial_pressure": number / 4} for number in range(12)]
    found = published(rows, tmp_path, charts=True)
    assert content(found).verdict.headline.endswith(("start with it.", "start with them.", "start here."))
    assert "all the same" not in report_page(content(found))


def test_rejected_rows_come_first_where_they_are_more_than_one_in_a_hundred(tmp_path: Path) -> None:
    for blanks, first in ((1, False), (2, True)):
        ids = [f"c{number}" for number in range(100)] + [""] * blanks
        (tmp_path / "clinics.csv").write_text(
            "clinic_id,npi_count\n" + "".join(f"{name},{n}\n" for n, name in enumerate(ids))
        )
        words = ["run", str(tmp_path / "clinics.csv"), "--out", str(tmp_path / f"out{blanks}"), "--no-charts"]
        lines = CliRunner().invoke(cli, words).stdout.splitlines()
        said = f"Rejected {blanks} of {100 + blanks} rows"
        assert lines[0].startswith(said) == first, blanks
        assert any(line.startswith("Rejected") and "blank clinic_id; see rejects.parquet" in line for line in lines)


def test_most_rows_rejected_is_the_first_line(tmp_path: Path) -> None:
    rows = [f"{number},NAME\n" for number in range(53)] + [",NAME\n"] * 65
    (tmp_path / "providers.csv").write_text("npi,provider_name\n" + "".join(rows))
    words = ["run", str(tmp_path / "providers.csv"), "--map", "clinic_id=npi", "--map", "account_name=provider_name"]
    lines = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "out"), "--no-charts"]).stdout.splitlines()
    assert lines[0] == "Rejected 65 of 118 rows (55.1%): blank clinic_id"


def test_the_mean_and_the_largest_tie(tmp_path: Path) -> None:
    rows = [{"npi_count": 100}, {"npi_count": 100}, {"npi_count": 1}, {"npi_count": 1}, {"npi_count": 20}]
    found = published(rows, tmp_path)
    scores = found.table("icp_scores").collect()["icp_total_score"].to_list()
    mean, tie = largest_tie(found)
    assert (round(mean, 6), tie) == (round(sum(scores) / 5, 6), Tie(max(scores), 2))
