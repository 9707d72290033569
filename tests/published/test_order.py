"""Every list that is best first stands in one order: rank, then id, whatever the order of the rows of the extract."""

import random
from typing import Any

import polars as pl
import pytest

from icp_engine.api.snapshot import snapshot
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.filters import Filter
from icp_engine.published.lists import export, network, query
from icp_engine.published.ranking import best_tie, ranking_doubts
from icp_engine.published.run import Run, open_run
from icp_engine.published.statistics import run_statistics
from icp_engine.report.lists import call_lists
from icp_engine.tables.ordering import best_first

CARD = """\
extends = "icp"
id = "tied"
version = "1"
title = "Ties by providers"
[columns]
rank = "place"
[[tie_break]]
field = "npi_count"
order = "descending"
[[tie_break]]
field = "sector"
order = "ascending"
"""


def rows() -> list[dict[str, Any]]:
    """Clinics of three scores, of which many tie; nothing but `npi_count` and `sector` sets them apart."""
    rng = random.Random(5)
    return [
        {
            "clinic_id": f"c{number:03}",
            "account_name": "ELM HEALTH" if number % 3 else f"CLINIC {number}",
            "state_code": rng.choice(["TX", "CA"]),
            "segment_label": rng.choice(["Hospice", "Dental"]),
            "sector": rng.choice(["b", "A", None]),
            "npi_count": rng.choice([101, 150, 300]),
        }
        for number in range(120)
    ]


def place(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a clinic is sorted by: hospices score higher, and all have the points of 100 providers."""
    sector = row["sector"]
    return (
        row["segment_label"] != "Hospice",
        -row["npi_count"],
        sector is None,
        (sector or "").lower(),
        row["clinic_id"],
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the clinics in another order."""
    folder, clinics = tmp_path_factory.mktemp("order"), rows()
    (folder / "tied.toml").write_text(CARD)
    random.Random(1).shuffle(clinics)
    pl.DataFrame(clinics).write_parquet(folder / "clinics.parquet")
    options = RunOptions(scorecard=str(folder / "tied.toml"), charts=False, format="parquet")
    run([str(folder / "clinics.parquet")], folder / "out", options)
    return open_run(folder / "out")


@pytest.fixture(scope="module")
def expected() -> list[str]:
    return [row["clinic_id"] for row in sorted(rows(), key=place)]


def test_lists_of_clinics(published: Run, expected: list[str]) -> None:
    assert export(published, "clinics", Filter())["clinic_id"].to_list() == expected
    assert export(published, "clinics", Filter(), ["clinic_id", "npi_count"])["clinic_id"].to_list() == expected
    assert [clinic.clinic_id for clinic in run_statistics(published).top] == expected[:10]
    assert [clinic.clinic_id for clinic in call_lists(published).clinics] == expected


def test_tables_stand_by_state_and_then_in_that_order(published: Run, expected: list[str]) -> None:
    states = {row["clinic_id"]: row["state_code"] for row in rows()}
    wanted = sorted(expected, key=lambda clinic: states[clinic])
    for table in ("clinics_icp", "icp_scores", "clinics_icp_with_networks"):
        assert published.table(table).collect()["clinic_id"].to_list() == wanted


def test_members_of_networks(published: Run, expected: list[str]) -> None:
    [network_id] = export(published, "networks", Filter())["network_id"]
    anchor, *members = network(published, network_id).members["clinic_id"].to_list()
    inside = [clinic for clinic in expected if clinic in {anchor, *members}]
    assert [anchor, *members] == [anchor, *(clinic for clinic in inside if clinic != anchor)]
    assert query(published, "from members_to_expand_to")["clinic_id"].to_list() == members


def test_the_list_of_the_api(published: Run, expected: list[str]) -> None:
    with snapshot(published) as answers:
        page = answers.clinics.page((), "icp_total_score", descending=True, limit=1_000, offset=0)
        assert page.rows["clinic_id"].to_list() == expected
        assert page.rows["place"].is_sorted()
        assert [clinic["clinic_id"] for clinic in answers.statistics["top_10_clinics"]] == expected[:10]


def test_ties_are_those_that_the_tie_breakers_leave(published: Run) -> None:
    keys = [place(row)[:-1] for row in rows()]
    tie = best_tie(published)
    assert tie.clinics == keys.count(min(keys))
    largest = max(keys.count(key) for key in keys)
    assert published.table("clinics_icp").select(pl.col("icp_tie_size").max()).collect().item() == largest
    assert not any("share the best score" in doubt for doubt in ranking_doubts(published, tie))


def test_tables_of_older_versions_go_by_score(published: Run) -> None:
    assert best_first(published.card, ["clinic_id", "icp_total_score"]) == {"icp_total_score": True, "clinic_id": False}
    assert best_first(published.card, ["clinic_id", "place"]) == {"place": False, "clinic_id": False}
