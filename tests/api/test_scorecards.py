"""A run with several scorecards: `?scorecard=` chooses, the main one answers unless it does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Server, served

from icp_engine.pipeline.run import RunOptions, run

CLINICS = Path(__file__).resolve().parents[2] / "docs" / "examples" / "clinics.csv"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    out = tmp_path_factory.mktemp("cards") / "warehouse"
    run([str(CLINICS)], out, RunOptions(("icp", "icf"), format="parquet", charts=False))
    with served(out) as running:
        yield running


def test_lists_are_those_of_the_chosen_scorecard(server: Server) -> None:
    found = server.get("/icp/clinics", scorecard="icf", tier="1", limit=3).json
    assert found["total"] == 17
    scores = [clinic["icf_score"] for clinic in found["clinics"]]
    assert scores == sorted(scores, reverse=True)
    assert {"propensity_score", "primary_driver", "network_icp_score"} < set(found["clinics"][0])
    assert "icp_total_score" not in found["clinics"][0]
    plain, named = server.get("/icp/clinics", limit=3), server.get("/icp/clinics", limit=3, scorecard="icp")
    assert plain.json == named.json
    assert "icp_total_score" in plain.json["clinics"][0]


def test_one_clinic_and_statistics(server: Server) -> None:
    found = server.get("/icp/clinic/C-114", scorecard="icf").json
    assert found["icf_score"] == {"total": 9.5, "breakdown": {"structural_fit": 9.5, "propensity": 10.0}}
    assert found["tier"] == {"number": 1, "label": "Tier 1 - Prime"}
    assert found["segment"] == {"letter": None, "description": None}
    assert found["bibliography"][0]["code"] == "structural_fit.chart_volume.high+bonus"
    assert server.get("/icp/clinic/C-114").json["icp_score"]["total"] == 83.3
    tiers = server.get("/icp/stats", scorecard="icf").json["tier_distribution"]
    assert tiers == {"tier_1_prime": 17, "tier_2_emerging": 13, "tier_3_watchlist": 10}


def test_networks_are_those_of_the_main_scorecard(server: Server) -> None:
    plain, chosen = (server.get("/icp/networks", **asked).json for asked in ({}, {"scorecard": "icf"}))
    assert plain == chosen
    members = server.get(f"/icp/networks/{plain['networks'][0]['network_id']}", scorecard="icf").json["clinics"]
    assert "icf_tier_label" in members[0]


def test_answers_of_two_scorecards_have_two_tags(server: Server) -> None:
    tags = [server.get("/icp/stats", **asked).headers["etag"] for asked in ({}, {"scorecard": "icf"})]
    assert tags[0] != tags[1]
    again = server.get("/icp/stats", headers={"If-None-Match": tags[1]}, scorecard="icf")
    assert again.status == 304


def test_a_scorecard_that_the_run_does_not_have(server: Server) -> None:
    wrong = server.get("/icp/stats", scorecard="icq")
    assert (wrong.status, wrong.detail) == (422, "The run was not scored with 'icq' (did you mean 'icp' or 'icf'?).")
    twice = server.get("/icp/stats?scorecard=icp&scorecard=icf")
    assert (twice.status, twice.detail) == (422, "There is no parameter 'scorecard'.")


def test_the_document_names_the_parameter(server: Server) -> None:
    paths = server.get("/openapi.json").json["paths"]
    for path in ("/icp/clinics", "/icp/stats", "/icp/clinic/{clinic_id}"):
        told = [parameter for parameter in paths[path]["get"]["parameters"] if parameter["name"] == "scorecard"]
        assert [parameter["schema"]["enum"] for parameter in told] == [["icp", "icf"]]
    assert "scorecard" not in [parameter["name"] for parameter in paths["/health"]["get"].get("parameters", [])]
