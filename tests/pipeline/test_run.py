"""A run keeps its contract: names, order and types of every table, the order of rows, the manifest, the statistics."""

import csv
import json
import random
import statistics as plain
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import oracle
import polars as pl
import pyarrow.parquet as pq
import pytest
from frozen import frozen_card

from icp_engine.extract.profile import Description
from icp_engine.extract.validate import validate
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.explain import explain_clinic
from icp_engine.published.run import open_run
from icp_engine.published.statistics import run_statistics, statistics_content
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scoring.explanation import bibliography_content
from icp_engine.warehouse.manifest import RowCounts

PROGRAM = Path(sys.executable).with_name("icp-engine")
TEXT, FLOAT, WHOLE, FLAG = pl.String(), pl.Float64(), pl.Int64(), pl.Boolean()
CATEGORIES = {
    "icp_fit_score": 20, "icp_pain_score": 20, "icp_compliance_score": 10, "icp_propensity_score": 10,
    "icp_scale_score": 20, "icp_segment_score": 20,
}  # fmt: skip
RESULTS: dict[str, pl.DataType] = {
    "icp_total_score": FLOAT, "icp_tier": pl.Int8(), "icp_tier_label": TEXT, "icp_segment": TEXT,
    **dict.fromkeys(CATEGORIES, FLOAT),
}  # fmt: skip
RANKS: dict[str, pl.DataType] = {"icp_rank": WHOLE, "icp_percentile": FLOAT, "icp_tie_size": WHOLE}
HIDDEN: dict[str, pl.DataType] = {
    "icp_coverage": FLOAT, "icp_score_floor": FLOAT, "icp_score_ceiling": FLOAT, "icp_tier_certain": FLAG,
    "icp_next_tier": TEXT,
}  # fmt: skip
NETWORK: dict[str, pl.DataType] = {
    "network_id": TEXT, "network_name": TEXT, "network_icp_score": FLOAT, "network_tier": pl.Int8(),
    "network_tier_label": TEXT, "is_network_anchor": FLAG, "num_clinics": WHOLE,
}  # fmt: skip
SCORES: dict[str, pl.DataType] = {
    "clinic_id": TEXT, "account_name": TEXT, "state_code": TEXT, "segment_label": TEXT, **RESULTS,
    "npi_count": WHOLE, "site_count": WHOLE, "fqhc_flag": FLAG, "aco_member": FLAG, "icp_reason_codes": TEXT,
}  # fmt: skip
WHY: dict[str, pl.DataType] = {"icp_top_reasons": TEXT, "icp_unknown": TEXT}
FOR_CRM: dict[str, pl.DataType] = {
    "clinic_id": TEXT, "account_name": TEXT, "state_code": TEXT, "segment_label": TEXT, **RESULTS, **RANKS, **HIDDEN,
    "npi_count": WHOLE, "site_count": WHOLE, "fqhc_flag": FLAG, "aco_member": FLAG, **WHY, **NETWORK,
}  # fmt: skip
CHARACTERISTICS = [
    "fit_specialty", "fit_multi_site", "fit_service_breadth", "pain_denial_pressure", "pain_revenue_per_patient",
    "pain_coding_complexity", "compliance_exposure", "propensity_roi_readiness", "propensity_pecos_enrolled",
    "propensity_aco_member", "propensity_coding_complexity", "scale_provider_count", "scale_site_count",
    "scale_patient_volume", "scale_billing_size", "segment_strategic_segment",
]  # fmt: skip
BANDS = {"clinic_id": TEXT, "normalized_name": TEXT, **dict.fromkeys(CHARACTERISTICS, pl.UInt8())}
INPUT: dict[str, pl.DataType] = {
    "carried": TEXT, "clinic_id": TEXT, "account_name": TEXT, "state_code": TEXT, "segment_label": TEXT,
    "sector": TEXT, **dict.fromkeys(oracle.INTEGERS, WHOLE), **dict.fromkeys(oracle.NUMBERS, FLOAT),
    **dict.fromkeys(oracle.FLAGS, FLAG),
}  # fmt: skip
TABLES = ["clinics_icp", "icp_scores", "icp_bands", "clinics_icp_with_networks"]
SIZE = 2_000


@pytest.fixture(scope="module")
def extract() -> pl.DataFrame:
    """Random clinics with gaps; ids and names of many alphabets and lengths."""
    rng = random.Random(2025)
    rows = []
    for number in range(SIZE):
        key = "".join(rng.choices("abAZé诊🦷 -9", k=rng.randrange(1, 6))).lstrip() + f"{number}x"
        rows.append({"clinic_id": key, "carried": rng.choice(["", "NA", 'a "b", c', "x\ny", None])})
        rows[-1] |= oracle.random_typed_clinic(rng)
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in INPUT}, INPUT)


@pytest.fixture(scope="module")
def warehouse(extract: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the extract publishes."""
    return published(extract, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def spelled(extract: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the extract publishes with `--bibliography`."""
    return published(extract, tmp_path_factory.mktemp("spelled"), bibliography=True)


def published(frame: pl.DataFrame, folder: Path, **options: Any) -> Path:
    frame.write_parquet(folder / "extract.parquet")
    run([str(folder / "extract.parquet")], folder / "warehouse", RunOptions(**options))
    return folder / "warehouse"


def tables(out: Path) -> dict[str, pl.DataFrame]:
    return {name: pl.read_parquet(out / f"{name}.parquet") for name in TABLES}


def same(found: Path, due: Path) -> None:
    """Compare all tables of two warehouses: columns, types, rows and their order."""
    for name, frame in tables(due).items():
        assert tables(found)[name].equals(frame), name
        assert tables(found)[name].schema == frame.schema


@pytest.mark.parametrize(
    ("table", "schema"),
    [
        ("clinics_icp", {**INPUT, **RESULTS, **RANKS, **HIDDEN, **NETWORK}),
        ("icp_scores", SCORES),
        ("icp_bands", BANDS),
        ("clinics_icp_with_networks", FOR_CRM),
    ],
)
def test_names_order_and_types_of_the_columns(
    warehouse: Path, extract: pl.DataFrame, table: str, schema: dict[str, pl.DataType]
) -> None:
    found = pl.read_parquet(warehouse / f"{table}.parquet")
    assert list(found.schema.items()) == list(schema.items())
    assert sorted(found["clinic_id"]) == sorted(extract["clinic_id"])


def test_columns_that_the_extract_lacks_are_in_the_scores_and_not_in_the_clinics(tmp_path: Path) -> None:
    found = tables(published(pl.DataFrame({"clinic_id": [1, 2]}), tmp_path))
    assert list(found["clinics_icp"].schema.items()) == [
        ("clinic_id", TEXT),
        *RESULTS.items(),
        *RANKS.items(),
        *HIDDEN.items(),
        *NETWORK.items(),
    ]
    assert list(found["icp_scores"].schema.items()) == list(SCORES.items())
    assert found["icp_scores"]["account_name"].null_count() == 2
    assert found["icp_bands"]["normalized_name"].to_list() == [None, None]


def test_the_bibliography_is_one_more_column_of_the_scores(spelled: Path) -> None:
    assert pl.read_parquet_schema(spelled / "icp_scores.parquet").names() == [*SCORES, "icp_bibliography"]


@pytest.mark.parametrize("table", TABLES)
def test_parquet_is_compressed_typed_and_plain_to_readers(warehouse: Path, table: str) -> None:
    file = pq.ParquetFile(warehouse / f"{table}.parquet")
    group = file.metadata.row_group(0)
    columns = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    for name in {"state_code", "icp_total_score", "icp_tier"} & set(columns):
        assert columns[name].is_stats_set, name  # what readers prune by
    assert not [
        kind for kind in file.schema_arrow.types if str(kind).startswith(("dictionary", "large_", "string_view"))
    ]
    repetitive = {"icp_tier_label", "icp_segment", "icp_tier", "state_code", "icp_reason_codes", "fit_specialty"}
    assert [name for name in repetitive & set(columns) if not columns[name].has_dictionary_page] == []
    assert not columns["clinic_id"].has_dictionary_page


@pytest.mark.parametrize("table", TABLES)
def test_parquet_says_which_scorecard_made_it(warehouse: Path, table: str) -> None:
    card = load_scorecard("icp")
    found = pq.read_metadata(warehouse / f"{table}.parquet").metadata or {}
    due = {b"scorecard_id": b"icp", b"scorecard_version": card.version.encode(), b"scorecard_hash": card.hash.encode()}
    assert due.items() <= found.items()


def test_clinics_stand_by_state_then_score_then_id(warehouse: Path) -> None:
    rows = pl.read_parquet(warehouse / "icp_scores.parquet").select("state_code", "icp_total_score", "clinic_id").rows()
    assert rows == sorted(rows, key=lambda row: (row[0] is None, row[0] or "", -row[1], row[2]))
    assert (rows[0][0] is None, rows[-1][0] is None) == (False, True)
    for name, frame in tables(warehouse).items():
        assert frame["clinic_id"].to_list() == [row[2] for row in rows], name


@pytest.mark.parametrize("table", ["clinics_icp", "icp_scores"])
def test_csv_says_what_parquet_says(warehouse: Path, spelled: Path, table: str) -> None:
    for out in (warehouse, spelled):
        from_parquet = pl.read_parquet(out / f"{table}.parquet")
        from_csv = pl.read_csv(out / f"{table}.csv", schema_overrides=from_parquet.schema)
        assert from_csv.equals(from_parquet)
        with (out / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert (header, len(rows)) == (from_parquet.columns, SIZE)
    assert not (warehouse / "icp_bands.csv").exists()


def test_lists_in_csv_are_joined_by_semicolons(tmp_path: Path) -> None:
    out = published(pl.DataFrame({"clinic_id": ["a", "b"], "many": [["x", "y, z"], []], "n": [[1, 2], None]}), tmp_path)
    with (out / "clinics_icp.csv").open(newline="") as file:
        assert [row[:3] for row in csv.reader(file)] == [
            ["clinic_id", "many", "n"],
            ["a", "x;y, z", "1;2"],
            ["b", "", ""],
        ]
    assert pl.read_parquet(out / "clinics_icp.parquet")["many"].to_list() == [["x", "y, z"], []]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (pl.Struct({"a": pl.Int64}), {"a": 1}),
        (pl.Time, None),
        pytest.param(pl.Binary, b"\xff\x00"),
        pytest.param(pl.Duration("us"), 5),
        pytest.param(pl.List(pl.List(pl.Int64)), [[1], [2]]),
    ],
)
def test_columns_that_csv_has_no_word_for_do_not_stop_a_run(tmp_path: Path, dtype: Any, value: Any) -> None:
    file = tmp_path / "a.parquet"
    pl.DataFrame({"clinic_id": ["a"], "odd": pl.Series([value], dtype=dtype)}).write_parquet(file)
    done = subprocess.run([PROGRAM, "run", file, "-o", tmp_path, "-q"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    with (tmp_path / "clinics_icp.csv").open(newline="") as lines:
        assert [row[0] for row in csv.reader(lines)] == ["clinic_id", "a"]


SOME_HAVE_SEGMENTS = """
id = "own"
version = "1"
title = "Own"
prefix = "own"
[category.fit]
label = "Fit"
max = 5
[category.fit.known]
field = "site_count"
missing = { points = 0 }
bands = [{ name = "known", points = 0, reason = "Sites known" }]
[category.fit.size]
field = "npi_count"
only_for = { known = ["known"] }
missing = { points = 0, segment = "S" }
bands = [
  { name = "big", at_least = 9, points = 5, segment = "L", reason = "Big" },
  { name = "small", points = 1, segment = "S", reason = "Small" },
]
[segment.L]
label = "Large"
[segment.S]
label = "Small"
[tier.1]
label = "All"
"""


def test_clinics_without_a_segment_are_in_no_count_and_there_may_be_one_tier(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(SOME_HAVE_SEGMENTS)
    clinics = pl.DataFrame({"clinic_id": list("abcd"), "npi_count": [9, 9, 3, 20], "site_count": [1, None, 1, 1]})
    clinics.write_parquet(tmp_path / "clinics.parquet")
    manifest = run([str(tmp_path / "clinics.parquet")], tmp_path / "out", RunOptions(str(tmp_path / "own.toml")))
    assert (manifest.tiers, manifest.segments) == ({1: 4}, {"L": 2, "S": 1})
    scored = pl.read_parquet(tmp_path / "out" / "clinics_icp.parquet").sort("clinic_id")
    assert scored["own_segment"].to_list() == ["L", None, "S", "L"]


def test_the_bibliography_of_all_is_that_of_explain_and_its_codes_are_the_reason_codes(spelled: Path) -> None:
    found = pl.read_parquet(spelled / "icp_scores.parquet")
    label = {"compliance_risk": "compliance", "propensity_to_buy": "propensity", "strategic_segment": "segment"}
    for row in found.iter_rows(named=True):
        entries = json.loads(row["icp_bibliography"])
        assert "|".join(entry["code"] for entry in entries) == row["icp_reason_codes"]
        points: Counter[str] = Counter()
        for entry in entries:
            points[f"icp_{label.get(entry['score'], entry['score'])}_score"] += entry["points"]
        assert {name: round(points[name], 2) for name in CATEGORIES} == {name: row[name] for name in CATEGORIES}
    published_run = open_run(spelled)
    for row in found[:: SIZE // 25].iter_rows(named=True):
        entries = explain_clinic(published_run, row["clinic_id"]).bibliography
        assert bibliography_content(entries) == json.loads(row["icp_bibliography"])


def test_reason_codes_are_the_same_without_the_bibliography(warehouse: Path, spelled: Path) -> None:
    with_it = pl.read_parquet(spelled / "icp_scores.parquet").drop("icp_bibliography")
    assert with_it.select(*SCORES).equals(pl.read_parquet(warehouse / "icp_scores.parquet"))


def test_scores_are_those_of_the_oracle(extract: pl.DataFrame, tmp_path: Path) -> None:
    out = published(extract, tmp_path, scorecard=str(frozen_card(oracle.ICP)), charts=False)
    found = {row["clinic_id"]: row for row in tables(out)["clinics_icp"].iter_rows(named=True)}
    for raw in extract.iter_rows(named=True):
        due, row = oracle.score(raw, oracle.ICP), found[raw["clinic_id"]]
        assert (row["icp_total_score"], row["icp_tier"], row["icp_segment"]) == (
            due["total"],
            due["tier"],
            due["segment"],
        )


def variants(frame: pl.DataFrame, folder: Path) -> dict[str, list[str]]:
    """The same clinics in other files and other orders."""
    mixed = frame.sample(fraction=1, shuffle=True, seed=7)
    for name, part in (("1", mixed[:700]), ("2", mixed[700:701]), ("3", mixed[701:])):
        part.write_parquet(folder / f"part{name}.parquet", row_group_size=100)
        part.write_csv(folder / f"part{name}.csv")
    mixed.write_parquet(folder / "mixed.parquet")
    mixed.reverse().write_csv(folder / "mixed.tsv", separator="\t")
    frame.write_parquet(folder / "whole.parquet")
    cut = [folder / "part3.csv", folder / "part1.parquet", folder / "part2.csv"]
    named = {"mixed": ["mixed.parquet"], "parts": ["part?.parquet"], "tsv": ["mixed.tsv"], "csv": ["part?.csv"]}
    return {key: [str(folder / one) for one in value] for key, value in named.items()} | {
        "both": [str(one) for one in cut]
    }


@pytest.mark.parametrize("kind", ["mixed", "parts", "tsv", "csv", "both"])
def test_order_and_division_of_the_input_change_nothing(
    warehouse: Path, extract: pl.DataFrame, tmp_path: Path, kind: str
) -> None:
    run(variants(extract, tmp_path)[kind], tmp_path / "out", RunOptions(format="parquet", charts=False))
    found, due = tables(tmp_path / "out"), tables(warehouse)
    blank = pl.col("carried").fill_null("")  # CSV knows no missing text in columns of nobody
    found["clinics_icp"], due["clinics_icp"] = (one["clinics_icp"].with_columns(blank) for one in (found, due))
    for name in TABLES:
        assert found[name].equals(due[name]), name


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_changes_nothing(warehouse: Path, tmp_path: Path, threads: int) -> None:
    file = warehouse.parent / "extract.parquet"
    subprocess.run([PROGRAM, "run", file, "--out", tmp_path, "--threads", str(threads), "--quiet"], check=True)
    same(tmp_path, warehouse)
    for name in ("clinics_icp.csv", "icp_scores.csv"):
        assert (tmp_path / name).read_bytes() == (warehouse / name).read_bytes()


@pytest.mark.parametrize("size", [260_000, 122_900])
def test_many_rows_in_little_memory_give_the_same_tables_in_groups_that_can_be_pruned(
    size: int, tmp_path: Path
) -> None:
    """Without those that stand twice the second ones fit into memory: what was on the disk before must not be read."""
    limit, twice = 122_880, 61
    number = pl.int_range(size, dtype=pl.Int64, eager=True)
    frame = pl.DataFrame(
        {
            "clinic_id": (number % (size - twice) * 7919 % 1_000_003).cast(pl.String),
            "account_name": "Quillhaven " + (number * 37 % (size // 4)).cast(pl.String),
            "phone": (2125550000 + number * 11 % 50_000).cast(pl.String),
            "state_code": pl.Series(["TX", "ca", None, "??", "OK"]).gather(number * 31 % 5),
            "npi_count": number * 17 % 130,
            "denial_pressure": (number * 13 % 101) / 10,
        }
    )
    large = published(frame, tmp_path, format="parquet", duplicates="first", charts=False)
    options = RunOptions(format="parquet", duplicates="first", charts=False, memory_limit=1)
    run([str(tmp_path / "extract.parquet")], tmp_path / "small", options)
    same(tmp_path / "small", large)
    networks = [pl.read_parquet(out / "networks_icp.parquet") for out in (large, tmp_path / "small")]
    assert networks[0].equals(networks[1])
    assert len(networks[0]) > 100
    assert not list(tmp_path.glob("*/.runs/icp-*"))
    keys = pl.col("state_code"), -pl.col("icp_total_score"), pl.col("clinic_id")
    for out in (large, tmp_path / "small"):
        found = pl.read_parquet(out / "icp_scores.parquet")
        assert found["clinic_id"].to_list() == found.sort(*keys, nulls_last=True)["clinic_id"].to_list()
        for table in TABLES:
            metadata = pq.read_metadata(out / f"{table}.parquet")
            groups = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
            assert max(groups) <= limit
            assert sum(groups) == size - twice


def test_the_manifest(warehouse: Path, extract: pl.DataFrame) -> None:
    manifest = json.loads((warehouse / "run.json").read_text())
    file, card = warehouse.parent / "extract.parquet", load_scorecard("icp")
    assert manifest["run_id"] == (warehouse / ".current").readlink().name
    assert manifest["started_at"][:10].replace("-", "") == manifest["run_id"][:8]
    assert set(manifest["engine"]) == {"python", "clinic-icp", "polars", "duckdb", "pyarrow"}
    assert [manifest["scorecard"][key] for key in ("id", "version", "hash")] == ["icp", card.version, card.hash]
    assert manifest["inputs"] == [{"path": str(file), "rows": SIZE, "bytes": file.stat().st_size}]
    assert manifest["rows"] == {"in": SIZE, "scored": SIZE, "rejected": 0, "reasons": {}}
    scores = pl.read_parquet(warehouse / "icp_scores.parquet")
    assert {int(tier): count for tier, count in manifest["tiers"].items()} == Counter(scores["icp_tier"])
    assert manifest["segments"] == Counter(scores["icp_segment"])
    outputs = {output["file"]: (output["rows"], output["bytes"]) for output in manifest["outputs"]}
    pages = [warehouse / "report.html", *(warehouse / "charts").iterdir()]
    assert len(pages) == 10
    rows = {
        "icp.duckdb": None,
        **dict.fromkeys(["networks_icp.csv", "networks_icp.parquet"], manifest["networks"]["found"]),
        **dict.fromkeys(["history.csv", "history.parquet"], len(pl.read_parquet(warehouse / "history.parquet"))),
    }
    assert {path.name: outputs.pop(path.relative_to(warehouse).as_posix()) for path in pages} == {
        path.name: (None, path.stat().st_size) for path in pages
    }
    assert outputs == {
        path.name: (rows.get(path.name, SIZE), path.stat().st_size)
        for path in warehouse.iterdir()
        if path.suffix in (".csv", ".parquet", ".duckdb")
    }
    assert {"read", "score", "networks", "write", "warehouse", "audit", "charts"} <= set(manifest["seconds"])
    assert all(seconds >= 0 for seconds in manifest["seconds"].values())
    for name, one in manifest["fields"].items():
        column = extract[name]
        blank = int((column.str.strip_chars() == "").sum()) if column.dtype == pl.String else 0
        nothing = column.null_count() + blank + (int(column.is_nan().sum() or 0) if column.dtype.is_float() else 0)
        assert one["given"] + one["missing"] + one["invalid"] == SIZE
        infinite = int(column.is_infinite().sum() or 0) if column.dtype.is_float() else 0
        assert one["missing"] <= nothing + infinite + one["absent_words"]
        assert one["missing"] >= nothing
    assert (manifest["carried_columns"], manifest["replaced_columns"]) == (["carried"], [])


def test_statistics_are_those_of_plain_python(warehouse: Path) -> None:
    rows = pl.read_parquet(warehouse / "icp_scores.parquet").to_dicts()
    totals = [row["icp_total_score"] for row in rows]
    published_run = open_run(warehouse)
    found = statistics_content(run_statistics(published_run), published_run)
    assert found["total_clinics"] == SIZE
    assert found["score_distribution"] == {
        "mean": pytest.approx(plain.mean(totals), abs=0.005 + 1e-9),
        "median": plain.median(totals),
        "min": min(totals),
        "max": max(totals),
        "std": pytest.approx(plain.stdev(totals), abs=0.005 + 1e-9),
    }
    tiers, segments = Counter(row["icp_tier"] for row in rows), Counter(row["icp_segment"] for row in rows)
    assert [(match["tier"], match["clinics"]) for match in found["tiers"]] == [
        (tier, tiers[tier]) for tier in (1, 2, 3)
    ]
    assert [(match["segment"], match["clinics"]) for match in found["segments"]] == [
        (key, segments[key]) for key in "ABC"
    ]
    assert all(match["share"] == match["clinics"] / SIZE for match in (*found["tiers"], *found["segments"]))
    for match, (column, maximum) in zip(found["categories"], CATEGORIES.items(), strict=True):
        values = [row[column] for row in rows]
        assert (match["min"], match["max"], match["maximum"]) == (min(values), max(values), maximum)
        assert match["average"] == pytest.approx(plain.mean(values), abs=0.005 + 1e-9)
    best = sorted(rows, key=lambda row: (-row["icp_total_score"], row["clinic_id"]))[:10]
    assert [match["clinic_id"] for match in found["top"]] == [row["clinic_id"] for row in best]
    quality, ((_, most), *_) = found["data_quality"], Counter(totals).most_common(1)
    assert (quality["distinct_scores"], quality["most_common_share"]) == (len(set(totals)), most / SIZE)
    known = pl.read_parquet(warehouse / "clinics_icp.parquet")
    assert set(quality["missing_share"]) == set(INPUT) - {
        "carried", "clinic_id", "account_name", "state_code", "emr_friction", "scale_velocity",
    }  # fmt: skip
    assert quality["missing_share"] == {name: known[name].null_count() / SIZE for name in quality["missing_share"]}


MAPPING = {
    "clinic_id": "NPI",
    "account_name": "Provider Organization Name (Legal Business Name)",
    "state_code": "Provider Business Practice Location Address State Name",
}
NOT_THERE = set(INPUT) - {"carried", *MAPPING}


@pytest.fixture(scope="module")
def organisations(shared_data: Path) -> str:
    return str(shared_data / "nppes" / "npidata_weekly_20240101-20240211_type2.csv")


def check_organisations(found: Description) -> None:
    """What the manifest and `validate` both say of the real file."""
    states = found.fields["state_code"]
    assert (states.invalid, states.column) == (5, MAPPING["state_code"])
    assert {"ISRAEL", "NORTHUMBERLAND", "PANAMA"} <= set(states.examples)
    assert found.fields["clinic_id"].given == 28_611
    assert {name for name, field in found.fields.items() if not field.given} == NOT_THERE | {
        "emr_friction",
        "scale_velocity",
    }
    assert found.reachable == 10.0
    assert sum(lost.points for lost in found.out_of_reach) >= 90
    assert len(found.carried_columns) == 109 - len(MAPPING)


def test_the_real_organisations_are_scored(organisations: str, tmp_path: Path) -> None:
    manifest = run([organisations], tmp_path, RunOptions(mapping=MAPPING))
    assert manifest.rows == RowCounts(28_611, 28_611, 0)
    names = (field.name for field in fields(Description))
    check_organisations(Description(**{name: getattr(manifest, name) for name in names}))
    found = pl.read_parquet(tmp_path / "clinics_icp.parquet")
    with Path(organisations).open(newline="", encoding="utf-8") as file:
        given = {row["NPI"]: row for row in csv.DictReader(file)}
    new = {old: name for name, old in MAPPING.items()}
    assert found.columns == [
        *(new.get(name, name) for name in next(iter(given.values()))),
        *RESULTS,
        *RANKS,
        *HIDDEN,
        *NETWORK,
    ]
    for row in found[::97].iter_rows(named=True):
        due = given[row["clinic_id"]]
        assert {name: row[name] for name in due if name not in new} == {
            name: due[name] for name in due if name not in new
        }
        assert (row["account_name"] or "") == due[MAPPING["account_name"]]
    assert set(found["icp_total_score"]) == {10.0}
    assert all(len(state) == 2 for state in found["state_code"].drop_nulls())
    assert len(explain_clinic(open_run(tmp_path), found["clinic_id"][0]).bibliography) > 5


def test_the_real_organisations_are_validated(organisations: str) -> None:
    found = validate([organisations], mapping=MAPPING)
    profile = found.profile
    assert (profile.rows, profile.blank_ids, profile.duplicate_ids) == (28_611, 0, 0)
    check_organisations(found.description)
