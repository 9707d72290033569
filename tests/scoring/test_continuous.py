"""`icp-continuous` gives on the edges what `icp` gives, never falls where a clinic grows, and breaks its ties."""

import importlib.util
from pathlib import Path
from random import Random
from typing import Any

import oracle
import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Compare, Line
from icp_engine.scoring.score import score
from icp_engine.tables.ranks import ranked

CARD, STEPS = load_scorecard("icp-continuous"), load_scorecard("icp")
TOTAL = CARD.column("total_score")
TYPES = {name: CARD.fields[name].dtype for name in (*CARD.reads, "clinic_id")}
EDGES = {
    "npi_count": (0, 1, 5, 10, 20, 50, 100),
    "site_count": (0, 1, 3, 5, 10),
    "services_count": (0, 10),
    "bene_count": (0, 500, 1_000, 5_000, 10_000),
    "allowed_amt": (0.0, 500e3, 1e6, 5e6, 10e6),
    "denial_pressure": (0.0, 7.0, 10.0),
    "roi_readiness": (0.0, 4.0, 7.0),
    "coding_complexity": (0.0, 5.0, 10.0),
}
LABELS = ("Dermatology", "Primary Care", "Home Health", "Mental Health", "Community Health", "Health System", None)


def scored(rows: list[dict[str, Any]], name: str = "icp-continuous") -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema_overrides=TYPES, infer_schema_length=None)
    return score(frame, load_scorecard(name))


def clinic(rng: Random) -> dict[str, Any]:
    """A clinic with about half of the fields, near edges and far from them."""
    row: dict[str, Any] = {"segment_label": rng.choice(LABELS), "fqhc_flag": rng.choice([None, True, False])}
    for name, edges in EDGES.items():
        value = rng.choice([*edges, rng.uniform(0, edges[-1] * 1.3)])
        row[name] = rng.choice([None, int(value) if CARD.fields[name].type == "integer" else min(value, 10.0)])
        if name == "allowed_amt" and row[name] is not None:
            row[name] = value
    return row


ON_EDGES = [
    ("fit", "site_count", (0, 1, 5, 10)),
    ("fit", "services_count", (0, 10)),
    ("pain", "denial_pressure", (0.0, 7.0, 10.0)),
    ("pain", "coding_complexity", (0.0, 5.0, 10.0, 15.0)),
    ("pain", "allowed_amt", (0.0, 30_000.0, 60_000.0, 100_000.0, 200_000.0)),  # of 100 patients
    ("propensity", "roi_readiness", (0.0, 4.0, 7.0, 10.0)),
    ("propensity", "coding_complexity", (0.0, 8.0, 15.0)),
    ("scale", "npi_count", EDGES["npi_count"]),
    ("scale", "site_count", EDGES["site_count"]),
    ("scale", "bene_count", EDGES["bene_count"]),
    ("scale", "allowed_amt", EDGES["allowed_amt"]),
    ("segment", "npi_count", (0, 20, 50, 100)),
]


@pytest.mark.parametrize(("category", "field", "values"), ON_EDGES)
def test_on_the_edges_of_bands_points_are_those_of_icp(category: str, field: str, values: tuple[float, ...]) -> None:
    patients = {"bene_count": 100} if (category, field) == ("pain", "allowed_amt") else {}
    rows = [{"segment_label": label, **patients, field: value} for label in LABELS for value in (*values, None)]
    column = next(part.column for part in CARD.categories if part.name == category)
    assert scored(rows)[column].to_list() == scored(rows, "icp")[column].to_list()


@pytest.mark.parametrize("name", [name for name in EDGES if name != "allowed_amt"])
def test_more_never_lowers_the_score(name: str) -> None:
    """Money alone may: more of it per patient is less pain."""
    rng, rows = Random(name), []
    for number in range(150):
        row, top = clinic(rng), EDGES[name][-1]
        near = [edge + step for edge in EDGES[name] for step in (-1, 0, 1) if edge + step >= 0]
        values = {int(value) for value in near} if CARD.fields[name].type == "integer" else {min(v, 10.0) for v in near}
        values |= {type(top)(rng.uniform(0, top)) for _ in range(4)}
        rows += [{**row, name: value, "clinic_id": f"{number}"} for value in sorted(values)]
    found = scored(rows)
    falls = found.select(pl.col(TOTAL).diff().over("clinic_id").lt(-1e-9)).to_series()
    assert found.filter(falls).select("clinic_id", name, TOTAL).rows() == []


@pytest.mark.parametrize("name", [name for name in EDGES if name not in ("coding_complexity", "allowed_amt")])
def test_there_is_no_step_within_a_characteristic(name: str) -> None:
    """A clinic of which nothing else is known gets a little more for a little more; from 0 to something is a step."""
    if CARD.fields[name].type == "integer":
        values: list[Any] = list(range(1, 130)) if EDGES[name][-1] < 1_000 else list(range(1, 10_100, 50))
    else:
        values = [step / 20 for step in range(1, 200)]
    found = scored([{"segment_label": "Dermatology", name: value} for value in values])
    assert found[TOTAL].diff().max() <= 1  # type: ignore[operator]  # a provider of one to five: 0.38 and 0.2


def test_the_maxima_are_those_of_icp_and_every_band_of_a_number_is_a_line_or_its_end() -> None:
    assert [(part.name, part.maximum) for part in CARD.categories] == [
        (part.name, part.maximum) for part in STEPS.categories
    ]
    for rule, steps in zip(CARD.characteristics, STEPS.characteristics, strict=True):
        assert max(band.points.most for band in rule.bands) == max(band.points.most for band in steps.bands)
        by_number = [band for band in rule.bands[1:-1] if isinstance(band.condition, Compare)]
        assert all(isinstance(band.points, Line) for band in by_number), rule.code
        assert (rule.sources, rule.missing, rule.only_for) == (steps.sources, steps.missing, steps.only_for)


def test_clinics_that_still_tie_have_the_same_data(tmp_path: Path) -> None:
    rng = Random(11)
    rows = [{**oracle.random_typed_clinic(rng), "clinic_id": f"c{number}"} for number in range(6_000)]
    rows += [{**row, "clinic_id": f"d{number}"} for number, row in enumerate(rows[:300])]
    names = sorted({name for row in rows for name in row})
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False)
    frame = score(frame, CARD)
    found = ranked(frame.lazy(), CARD, len(frame), len(frame), tmp_path).collect()
    texts = (pl.col(pl.String).str.strip_chars().str.to_lowercase(),)
    groups = found.with_columns(texts).group_by("icp_rank").agg(pl.col(CARD.reads).n_unique(), pl.len())
    assert groups.filter(pl.any_horizontal(pl.col(CARD.reads) > 1)).is_empty()
    assert groups.filter(pl.col("len") > 1).height >= 250
    assert set(CARD.tie_fields) == set(CARD.reads)


def test_far_fewer_clinics_share_a_score_than_under_icp(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "scripts" / "make_extract.py"
    spec = importlib.util.spec_from_file_location("make_extract", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = tmp_path / "clinics.parquet"
    done = CliRunner().invoke(module.command, ["--rows", "20000", "--out", str(path)])
    assert done.exit_code == 0, done.output
    largest = {}
    for card in (STEPS, CARD):
        found = score(pl.scan_parquet(path), card).group_by(TOTAL).len().collect()
        largest[card.id] = found["len"].max()
    assert largest["icp-continuous"] * 3 <= largest["icp"]
