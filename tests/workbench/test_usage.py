"""`scorecard usage`: hits per band equal a plain count, and drift what the cells of both sides say."""

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from workbench_clinics import plain_readings, typed_rows, write_rows

from icp_engine.cli import cli
from icp_engine.report.document import document_content
from icp_engine.report.render import document_page
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.workbench.clinics import Source
from icp_engine.workbench.drift import drift_of
from icp_engine.workbench.measures import psi
from icp_engine.workbench.usage import usage


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(typed_rows(), tmp_path_factory.mktemp("clinics") / "clinics.parquet")


def test_hits_equal_a_plain_count(extract):
    old_readings = plain_readings()
    card = load_scorecard("icp")
    content = document_content(usage(card, Source("x", (str(extract),))))
    due: Counter[tuple[str, str]] = Counter()
    for reading in old_readings:
        for entry in reading.entries:
            *code, band = entry["code"].split(".")
            due[".".join(code), band] += 1
    due = Counter({key: count for key, count in due.items() if key[1] != "cap" and "." in key[0]})
    told = {(line["characteristic"], line["band"]): line["clinics"] for line in content["bands"]}
    nothing_known = sum("propensity.missing" in [entry["code"] for entry in found.entries] for found in old_readings)
    assert nothing_known > 0
    assert told.pop(("propensity.roi_readiness", "missing")) == due.pop(("propensity.roi_readiness", "missing")) + (
        nothing_known
    )
    assert {key: count for key, count in told.items() if count and key[1] != "does not apply"} == dict(due)
    idle = {
        (rule.code, band.name) for rule in card.characteristics for band in rule.bands if not due[rule.code, band.name]
    }
    assert {(line["characteristic"], line["band"]) for line in content["idle_bands"]} == idle
    assert content["bands_idle"] == len(idle)
    for rule in card.characteristics:  # every clinic lands somewhere, or the characteristic is not for it
        assert sum(line["clinics"] for line in content["bands"] if line["characteristic"] == rule.code) == 260


def counts(*pairs):
    return pl.DataFrame(pairs, schema=["value", "clinics"], orient="row")


@pytest.mark.parametrize(
    ("old", "new", "cells"),
    [
        pytest.param(
            counts((True, 6), (False, 2), (None, 2)),
            counts((True, 1), (None, 9)),
            ([2, 6, 2, 0], [9, 1, 0, 0]),
            id="flags, missing first",
        ),
        pytest.param(
            counts(("a", 5), ("b", 5)),
            counts(("b", 5), ("c", 2), ("d", 1)),
            ([0, 5, 5, 0], [0, 0, 5, 3]),
            id="texts, those that are new together",
        ),
        pytest.param(
            counts((1, 10), (2, 10), (None, 5)),
            counts((0, 1), (1, 1), (3, 8)),
            ([5, 0, 10, 0, 10, 0], [0, 1, 1, 0, 0, 8]),
            id="numbers, a crowd apart",
        ),
    ],
)
def test_drift_is_the_index_over_the_cells(old, new, cells):
    drift = drift_of({"x": old}, {"x": new})[0]
    assert drift.psi == pytest.approx(psi(*cells))
    missing = [side.filter(pl.col("value").is_null())["clinics"].sum() / side["clinics"].sum() for side in (old, new)]
    assert [drift.old_missing, drift.new_missing] == missing


def test_drift_between_two_extracts_finds_the_field_that_moved(extract, tmp_path):
    other = pl.read_parquet(extract).with_columns(
        pl.col("site_count") + 7, pl.lit(None, pl.Boolean).alias("fqhc_flag"), pl.col("sector").str.to_uppercase()
    )
    other.write_parquet(tmp_path / "other.parquet")
    words = ["scorecard", "usage", "--against", str(extract)]
    told = CliRunner().invoke(cli, [*words, "--extract", str(tmp_path / "other.parquet"), "--json"])
    assert told.exit_code == 0, told.output
    content = json.loads(told.stdout)
    drifts = {line["field"]: line for line in content["drift"]}
    assert {name for name, line in drifts.items() if line["psi"] >= 0.1} == {"site_count", "fqhc_flag"}
    assert (drifts["fqhc_flag"]["new_missing"], drifts["sector"]["psi"]) == (1.0, 0.0)
    assert drifts["site_count"]["new_median"] == drifts["site_count"]["old_median"] + 7
    assert content["sentences"][-2].startswith("2 of 14 fields have shifted since then")


def test_a_page_shows_drift_as_a_picture(extract):
    source = Source("x", (str(extract),))
    assert "How far fields have drifted" in document_page(usage(load_scorecard("icp"), source, source))


def test_clinics_have_to_be_named():
    told = CliRunner().invoke(cli, ["scorecard", "usage", "icp"])
    assert told.exit_code == 2
    assert "Name clinics with --extract or --warehouse." in told.output
