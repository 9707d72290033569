"""What is not known of the clinics of a run, against every value that the missing field could have."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import icp_engine
from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.pipeline.options import RunOptions
from icp_engine.pipeline.run import run as run_engine
from icp_engine.published.run import Run, open_run
from icp_engine.report.document import document_content, document_text
from icp_engine.workbench.gaps import clinics_lacking, find_gaps, gaps_document, in_short
from icp_engine.workbench.path import path_document

Clinic = dict[str, Any]

HOSPICE: Clinic = {
    "segment_label": "Hospice", "sector": "x", "npi_count": 20, "site_count": 3, "services_count": 5,
    "bene_count": 1_000, "allowed_amt": 2e6, "denial_pressure": 5.0, "coding_complexity": 6.0, "roi_readiness": 5.0,
    "fqhc_flag": False, "aco_member": False, "pecos_enrolled": True, "oig_leie_flag": False, "state_code": "TX",
}  # fmt: skip
CLINICS: dict[str, Clinic] = {
    "whole": HOSPICE,
    "no_denials": HOSPICE | {"denial_pressure": None},
    "no_providers": HOSPICE | {"npi_count": None, "site_count": None, "state_code": "CA"},
    "small": HOSPICE
    | {"npi_count": 1, "site_count": 1, "bene_count": 100, "allowed_amt": 1e5, "coding_complexity": 0.0}
    | {"roi_readiness": 0.0, "denial_pressure": None},
    "poor": HOSPICE | {"segment_label": "Optometry", "denial_pressure": None, "state_code": None},
    "best": HOSPICE | {"denial_pressure": 10.0, "npi_count": 120, "site_count": 10, "aco_member": None},
    "no_flags": HOSPICE | {"segment_label": "Optometry", "fqhc_flag": None, "oig_leie_flag": None},
}
TRIED: dict[str, list[Any]] = {
    "denial_pressure": [0.0, 0.01, 4.0, 6.99, 7.0, 9.9, 10.0],
    "npi_count": [0, 1, 5, 10, 20, 49, 50, 100],
    "site_count": [0, 1, 3, 4, 5, 10],
    "fqhc_flag": [True, False],
    "oig_leie_flag": [True, False],
    "aco_member": [True, False],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("gaps")
    rows = [{"clinic_id": name, "account_name": f"Clinic {name}", **clinic} for name, clinic in CLINICS.items()]
    pl.DataFrame(rows).write_parquet(folder / "clinics.parquet")
    run_engine([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet", charts=False))
    return open_run(folder / "out")


def tried(field: str) -> dict[str, tuple[int, int, int, float]]:
    """Of every clinic that lacks a field: its tier, the best and the worst that a value leads to, and the points."""
    card, found = icp_engine.load_scorecard("icp"), {}
    for name, clinic in CLINICS.items():
        if clinic[field] is None:
            rows = pl.DataFrame([clinic, *(clinic | {field: value} for value in TRIED[field])])
            scored = icp_engine.score(rows, card)
            tiers, totals = scored["icp_tier"].to_list(), scored["icp_total_score"].to_list()
            found[name] = tiers[0], min(tiers), max(tiers), round(max(totals) - min(totals), 2)
    return found


@pytest.mark.parametrize("field", sorted(TRIED))
def test_counts_are_those_of_every_value_tried(run: Run, field: str) -> None:
    due = tried(field)
    row = find_gaps(run).fields.row(by_predicate=pl.col("field") == field, named=True)
    assert row["lacking"] == len(due)
    assert row["up"] == sum(best < now for now, best, _, _ in due.values())
    assert row["down"] == sum(worst > now for now, _, worst, _ in due.values())
    assert row["at_stake"] == pytest.approx(sum(points for *_, points in due.values()) / len(due))


@pytest.mark.parametrize("field", sorted(TRIED))
def test_the_list_for_a_vendor_has_those_first_whose_tier_hangs_on_it(run: Run, field: str) -> None:
    due, listed = tried(field), clinics_lacking(run, field)
    assert set(listed["clinic_id"]) == set(due)
    hangs = [due[name][1] < due[name][0] for name in listed["clinic_id"]]
    assert hangs == sorted(hangs, reverse=True)
    assert listed["icp_tier_best"].to_list() == [due[name][1] for name in listed["clinic_id"]]


def test_groups_add_up_and_a_sample_of_all_is_all(run: Run) -> None:
    gaps = find_gaps(run)
    groups = gaps.groups.group_by("field").agg(pl.col("lacking", "up", "down").sum()).sort("field")
    assert groups.equals(gaps.fields.select("field", "lacking", "up", "down").sort("field"))
    assert find_gaps(run, len(CLINICS)).fields.equals(gaps.fields)
    assert find_gaps(run, 3).clinics == 4  # every second
    clinics = run.table("clinics_icp").collect()
    edges = [tier.at_least.get("total", 0.0) for tier in gaps.card.tiers]
    best = [
        next(number for number, edge in enumerate(edges, 1) if most >= edge) for most in clinics["icp_score_ceiling"]
    ]
    assert gaps.could_rise == sum(tier < now for tier, now in zip(best, clinics["icp_tier"], strict=True))
    assert gaps.certain == clinics["icp_tier_certain"].sum()


def test_the_answer_says_which_field_helps(run: Run) -> None:
    document = gaps_document(run)
    dearest = find_gaps(run).dearest
    assert dearest is not None
    assert document.headline.startswith(f"{dearest} would help the most: ")
    assert (in_short(run) or "").startswith(f"{dearest}: ")
    content = json.loads(json.dumps(document_content(document)))
    assert content["clinics"] == len(CLINICS)
    assert {row["field"] for row in content["fields"]} == set(TRIED)
    assert "unknown" in document_text(document, 100)


def test_an_unknown_field_is_told(run: Run) -> None:
    with pytest.raises(InputError, match="does not read 'npi_cout'"):
        clinics_lacking(run, "npi_cout")


def test_commands(run: Run, tmp_path: Path) -> None:
    runner, where = CliRunner(), ["-w", str(run.warehouse)]
    page, vendor = tmp_path / "gaps.html", tmp_path / "list.csv"
    assert runner.invoke(cli, ["gaps", *where, "--html", str(page)]).exit_code == 0
    assert "Plotly.newPlot" in page.read_text("utf-8")
    assert runner.invoke(cli, ["gaps", *where, "--field", "npi_count", "--out", str(vendor)]).exit_code == 0
    assert vendor.read_text("utf-8").splitlines()[1].startswith("no_providers,")
    assert runner.invoke(cli, ["gaps", *where, "--field", "npi_count"]).exit_code == 2
    told = runner.invoke(cli, ["explain", "small", *where, "--path", "--json"])
    assert json.loads(told.output)["next_tier"] == json.loads(told.output)["paths"][0]["change"]


@pytest.mark.parametrize("name", sorted(CLINICS))
def test_the_path_of_a_clinic_is_the_column(run: Run, name: str) -> None:
    clinic = run.table("clinics_icp").filter(pl.col("clinic_id") == name).collect().row(0, named=True)
    document = path_document(run, name)
    for column in ("icp_next_tier", "icp_score_floor", "icp_score_ceiling", "icp_tier_certain", "icp_coverage"):
        assert document.facts[column.replace("icp_next_tier", "next_tier")] == clinic[column]
    paths = document.tables[0].rows
    assert [row[-1] for row in paths] == sorted(row[-1] for row in paths)
