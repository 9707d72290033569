"""`compare` equals a comparison in plain Python, one clinic at a time."""

import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import card_oracle
import oracle
import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.report.document import document_content
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.warehouse.folder import runs_by_age
from icp_engine.workbench.compare import compare
from icp_engine.workbench.network_moves import _followed
from icp_engine.workbench.sides import open_side

ROWS = 260
FIELDS = ("npi_count", "site_count", "denial_pressure", "segment_label")
NEW_CARD = """
id = "icp"
version = "2.0.0"
title = "Clinic Ideal Customer Profile, changed"
extends = "icp"
[category.scale]
max = 14
[category.scale.provider_count]
bands = [
  { name = "large", at_least = 100, points = 8, reason = "100 and more" },
  { name = "mid_size", at_least = 50, points = 7, reason = "50 to 99" },
  { name = "growing", at_least = 15, points = 5.5, reason = "15 to 49" },
  { name = "small", points = 3, reason = "Fewer" },
]
[tier.2]
at_least = 52
"""
Row = dict[str, Any]


@dataclass(frozen=True)
class Runs:
    """Two runs of one warehouse, the rows and the contents of the scorecards behind them."""

    out: Path
    names: tuple[str, str]
    rows: tuple[dict[str, Row], dict[str, Row]]
    contents: tuple[dict[str, Any], dict[str, Any]]


def clinics() -> tuple[list[Row], list[Row]]:
    """Rows of two extracts: some gone, some new, some with other values."""
    rng, old = random.Random(4), []
    for number in range(ROWS):
        row = oracle.random_typed_clinic(rng)
        pressure = row.get("denial_pressure")
        row["denial_pressure"] = pressure and round(pressure, 2)  # no half hundredths, which floats round either way
        row |= {"clinic_id": f"c{number:03}", "account_name": f"Group {number // 4}", "state_code": "TX"}
        old.append(row)
    new = []
    for row in old[: ROWS - 30]:
        other = dict(row)
        if rng.random() < 0.5:
            name = rng.choice(FIELDS)
            other[name] = rng.choice([other_row.get(name) for other_row in old])
        new.append(other)
    new += [row | {"clinic_id": f"n{row['clinic_id']}", "account_name": "New Group"} for row in old[:20]]
    new += [row | {"clinic_id": f"m{row['clinic_id']}"} for row in old[4:6]]
    return old, new


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("compare")
    (folder / "new.toml").write_text(NEW_CARD, encoding="utf-8")
    contents = load_scorecard("icp").content, load_scorecard(folder / "new.toml").content
    both = clinics()
    for number, (rows, card) in enumerate(zip(both, ("icp", str(folder / "new.toml")), strict=True)):
        names = sorted({name for row in rows for name in row})
        frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False)
        frame.write_parquet(folder / f"{number}.parquet")
        options = RunOptions(scorecard=card, charts=False, format="parquet")
        run([str(folder / f"{number}.parquet")], folder / "out", options)
    new, old = (found.name for found in runs_by_age(folder / "out"))
    by_id = tuple({row["clinic_id"]: row for row in rows} for rows in both)
    return Runs(folder / "out", (old, new), by_id, contents)


@pytest.fixture(scope="module")
def content(runs) -> dict[str, Any]:
    sides = [open_side(name, runs.out) for name in runs.names]
    return document_content(compare(*sides))


def points(reading: card_oracle.Reading) -> Counter[str]:
    """Hundredths by characteristic, and what maxima take away; a category of which nothing is known gives nothing."""
    found: Counter[str] = Counter()
    for entry in reading.entries:
        category, part, *_ = entry["code"].split(".")
        if part != "missing":
            found[f"{category}.{part}"] += round(entry["points"] * 100)
    return Counter({code: count for code, count in found.items() if count})


def test_compare_equals_a_plain_comparison(runs, content):
    old, new = runs.rows
    kept = sorted(old.keys() & new.keys())
    before = {key: card_oracle.read(runs.contents[0], row) for key, row in old.items()}
    after = {key: card_oracle.read(runs.contents[1], row) for key, row in new.items()}
    assert content["clinics_new"] == len(new.keys() - old.keys()) == 22
    assert content["clinics_gone"] == len(old.keys() - new.keys()) == 30
    moves = Counter((before[key].tier, after[key].tier) for key in kept)
    for number, line in enumerate(content["tier_moves"], 1):
        assert [line[f"to_{tier}"] for tier in (1, 2, 3)] == [moves[number, tier] for tier in (1, 2, 3)]
    moved = [key for key in kept if before[key].tier != after[key].tier]
    assert content["clinics_moved"] == len(moved) > 10

    causes, parts, fields = Counter[str](), Counter[tuple[str, str]](), Counter[str]()
    labels = {
        f"{category.name}.{rule.name}": f"{category.label}: {rule.label}"
        for category in load_scorecard("icp").categories
        for rule in category.characteristics
    } | {"scale.cap": "Operational scale: its maximum", "fit.cap": "Fit: its maximum"}
    edges, because = Counter[bool](), {line["clinic_id"]: line["because"] for line in content["movers"]}
    for key in moved:
        middle = card_oracle.read(runs.contents[0], new[key])
        data, rule = points(middle) - points(before[key]), points(after[key]) - points(middle)
        data |= points(before[key]) - points(middle)
        rule |= points(middle) - points(after[key])
        by_data, by_rule = bool(data), bool(rule) or middle.tier != after[key].tier
        causes["both" if by_data and by_rule else "data" if by_data else "rule"] += 1
        parts.update(("data", labels[code]) for code in data)
        parts.update(("rule", labels[code]) for code in rule)
        as_before = card_oracle.read({**runs.contents[1], "tier": runs.contents[0]["tier"]}, new[key])
        if as_before.tier != after[key].tier:
            parts["rule", "Where tiers begin"] += 1
            edges[bool(rule)] += 1
            assert because.get(key, ["Where tiers begin (rule)"])[-1] == "Where tiers begin (rule)"
        fields.update(name for name in FIELDS if by_data and old[key].get(name) != new[key].get(name))
    assert edges[True], "no clinic whose points changed by rules too"
    told = {line["cause"]: line["clinics"] for line in content["causes"]}
    words = {"data": "Their data changed", "rule": "The rules changed", "both": "Data and rules changed"}
    assert told == {words[cause]: count for cause, count in causes.items()}
    found = {(line["cause"], line["characteristic"]): line["clinics"] for line in content["characteristics"]}
    assert found == dict(parts)
    assert {line["field"]: line["clinics"] for line in content["fields"]} == dict(fields)
    assert {line["clinic_id"] for line in content["movers"]} <= set(moved)
    assert {line["clinic_id"] for line in content["new_clinics"]} <= new.keys() - old.keys()


def test_old_ids_of_networks_are_followed(runs, content):
    """Networks are those of the published tables; an id that is gone leads where its clinics are."""
    tables = [pl.read_parquet(runs.out / ".runs" / name / "networks_icp.parquet") for name in runs.names]
    members = [pl.read_parquet(runs.out / ".runs" / name / "clinics_icp.parquet") for name in runs.names]
    ids = [set(table["network_id"]) for table in tables]
    assert content["networks_gone"] == len(ids[0] - ids[1]) > 0
    assert content["networks_new"] == len(ids[1] - ids[0]) > 0
    tier = dict(tables[0].select("network_id", "network_icp_tier").iter_rows())
    now = dict(tables[1].select("network_id", "network_icp_tier").iter_rows())
    moved = {key for key in ids[0] & ids[1] if tier[key] != now[key]}
    assert content["networks_moved"] == len(moved)
    belongs = [dict(table.drop_nulls("network_id").select("clinic_id", "network_id").iter_rows()) for table in members]
    for line in content["moved_networks"]:
        network = line["network_id"]
        came = [key for key, found in belongs[1].items() if found == network and belongs[0].get(key) != network]
        left = [key for key, found in belongs[0].items() if found == network and belongs[1].get(key) != network]
        assert (line["came"], line["left"]) == (len(came), len(left))


def test_a_run_compared_with_itself_has_not_changed(runs):
    side = open_side(runs.names[1], runs.out)
    document = compare(side, side)
    assert document.headline.startswith("No tier changes for ")
    facts = {name: document.facts[name] for name in ("clinics_new", "clinics_gone", "clinics_moved", "rules_changed")}
    assert set(facts.values()) == {0}


def test_warehouses_runs_and_files_are_the_same_sides(runs, content, tmp_path):
    words = [
        [runs.names[0], str(runs.out), "--warehouse", str(runs.out)],
        *([[str(runs.out / ".runs" / name / "clinics_icp.parquet") for name in runs.names]]),
    ]
    for word in words:
        told = CliRunner().invoke(cli, ["compare", *word, "--json"])
        assert told.exit_code == 0, told.output
        found = json.loads(told.stdout)
        assert (found["causes"], found["movers"]) == (content["causes"], content["movers"])
    copied = tmp_path / "copy.parquet"
    copied.write_bytes((runs.out / ".runs" / runs.names[1] / "clinics_icp.parquet").read_bytes())
    with pytest.raises(
        InputError, match=r"was scored with icp 2\.0\.0, which is not here; name its file with --scorecard"
    ):
        open_side(str(copied), runs.out)
    side = open_side(str(copied), runs.out, [str(runs.out.parent / "new.toml")])
    assert side.card.version == "2.0.0"


def test_a_file_without_the_fields_says_that_causes_are_not_known(runs):
    name = runs.out / ".runs" / runs.names[0] / "icp_scores.parquet"
    document = compare(open_side(str(name), runs.out), open_side(runs.names[1], runs.out))
    told = {line["cause"]: line["clinics"] for line in document_content(document)["causes"]}
    unknown = told["Not known: scoring again does not give what was published"]
    assert f"Of {unknown:,} it cannot be told" in " ".join(document.sentences)
    assert "Networks are not compared: one side has none." in document.sentences


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("20200101T000000Z-abcdef", "keeps no run 20200101T000000Z-abcdef; it keeps 20"),
        ("nothing", "nothing is no run of"),
        ("text.parquet", "is no Parquet file of results"),
        ("other.parquet", "was scored with a scorecard that it does not name"),
    ],
)
def test_what_holds_no_results_is_refused(runs, word, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.parquet").write_text("no")
    pl.DataFrame({"clinic_id": ["1"]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match=says):
        open_side(word, runs.out)


def test_every_fate_of_an_old_id_is_followed():
    before = pl.DataFrame(
        {"network_id": ["stays", "renamed", "merged", "gone", "unknown"], "network_name": list("abcde")},
    ).with_columns(pl.lit(2, pl.Int8).alias("network_tier"), pl.lit(3, pl.Int64).alias("num_clinics"))
    after = pl.DataFrame(
        {"network_id": ["stays", "now", "big"], "network_name": list("abc"), "network_tier": [1, 2, 3]}
    )
    after = after.with_columns(pl.col("network_tier").cast(pl.Int8), pl.lit(4, pl.Int64).alias("num_clinics"))
    aliases = pl.DataFrame(
        {
            "former_id": ["renamed", "merged", "gone", "of another time"],
            "network_id": ["now", "big", None, "now"],
            "why": ["renamed", "merged", "gone", "merged"],
        }
    )
    found = _followed(before, after, aliases).sort("network_name")
    assert found.select("network_id", "new_id", "new_tier", "fate").rows() == [
        ("stays", "stays", 1, "same"),
        ("renamed", "now", 2, "renamed"),
        ("merged", "big", 3, "merged"),
        ("gone", None, None, "gone"),
        ("unknown", None, None, "gone"),
    ]


def test_a_clinic_that_stands_twice_is_refused(runs, tmp_path):
    frame = pl.read_parquet(runs.out / "clinics_icp.parquet")
    pl.concat([frame, frame.head(1)]).write_parquet(tmp_path / "twice.parquet")
    side = open_side(str(tmp_path / "twice.parquet"), runs.out, [str(runs.out.parent / "new.toml")])
    with pytest.raises(InputError, match=r"stands more than once in .*twice\.parquet"):
        compare(open_side(runs.names[0], runs.out), side)
