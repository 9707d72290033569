"""`scorecard diff` equals a difference in plain Python, one clinic at a time."""

import copy
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import card_oracle
import polars as pl
import pytest
from click.testing import CliRunner
from workbench_clinics import plain_readings, typed_rows, write_rows

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.report.document import Document, document_content
from icp_engine.report.render import document_page
from icp_engine.scorecard.loader import load_scorecard, restore_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.workbench.clinics import Source
from icp_engine.workbench.diff import diff_cards, diff_clinics
from icp_engine.workbench.measures import psi

TOP = 25


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(typed_rows(), tmp_path_factory.mktemp("clinics") / "clinics.parquet")


def changed_content() -> dict[str, Any]:
    """`icp` with other edges, points, keywords, caps and tiers."""
    content = copy.deepcopy(load_scorecard("icp").content)
    content.pop("example", None)
    content["version"] = "9.9.9"
    content["category"]["scale"]["max"] = 12
    content["category"]["pain"]["denial_pressure"]["bands"][0]["at_least"] = 6
    content["category"]["scale"]["provider_count"]["bands"][5]["points"] = 4
    content["category"]["segment"]["strategic_segment"]["bands"][5]["segment"] = "B"
    content["category"]["fit"]["specialty"]["bands"][0]["mentions"] = ["home health", "wound care"]
    content["tier"]["1"]["at_least"], content["tier"]["2"]["at_least"] = 62, 41.5
    return content


def entries_by_part(reading: card_oracle.Reading) -> Counter[str]:
    """Hundredths by characteristic, and what maxima take away."""
    found: Counter[str] = Counter()
    for entry in reading.entries:
        category, part, *_ = entry["code"].split(".")
        found[f"{category}.{part}"] += round(entry["points"] * 100)
    return found


@pytest.mark.parametrize("other", ["changed", "ties", "tests/cards/other.toml", "icp-2025-11"])
def test_diff_equals_a_plain_difference(extract, other, request):
    rows = typed_rows()
    old = load_scorecard("icp")
    if other == "changed":
        new = restore_scorecard(changed_content(), "changed")
    elif other == "ties":
        tie = {"field": "site_count", "order": "descending"}
        new = restore_scorecard(changed_content() | {"tie_break": [tie]}, "ties")
    else:
        new = load_scorecard(request.config.rootpath / other if "/" in other else other)
    readings = [plain_readings(), [card_oracle.read(new.content, row) for row in rows]]
    clinics = list(zip(rows, *readings, strict=True))
    document, churn = diff_clinics(Source("x", (str(extract),)), old, new, TOP)
    content = document_content(document)
    check_moves(content, clinics, old, new)
    check_points(content, clinics)

    def sites(row: dict[str, Any], card: Scorecard) -> int:
        known = row.get("site_count") if card.tie_breaks else None
        return -1 if known is None else known

    best = [
        {
            row["clinic_id"]
            for row, *_ in sorted(clinics, key=lambda c: (-c[side].total, -sites(c[0], card), c[0]["clinic_id"]))[:TOP]
        }
        for side, card in ((1, old), (2, new))
    ]
    assert content["top_leaving"] == len(best[0] - best[1])
    assert churn == len(best[0] - best[1]) / TOP
    check_deciles(content, [found.total for found in readings[0]], [found.total for found in readings[1]])
    assert "Traceback" not in document_page(document)


def check_moves(content: dict[str, Any], clinics: list[Any], old: Scorecard, new: Scorecard) -> None:
    moves = Counter((before.tier, after.tier) for _, before, after in clinics)
    labels = [{tier.label: tier.number for tier in card.tiers} for card in (old, new)]
    for line in content["tier_moves"]:
        number = labels[0][line["old_tier"]]
        assert line == {"old_tier": line["old_tier"]} | {
            f"to_{tier.number}": moves[number, tier.number] for tier in new.tiers
        }
    assert content["up"] == sum(count for (before, after), count in moves.items() if after < before)
    assert content["down"] == sum(count for (before, after), count in moves.items() if after > before)
    for name, key in (("states", "state_code"), ("segments", "old_segment")):
        for line in content[name]:
            group = [
                (before.tier, after.tier)
                for row, before, after in clinics
                if (row["state_code"] if name == "states" else before.segment)
                == (line[key] if name == "states" else line[key][:1])
            ]
            assert line["clinics"] == len(group)
            assert line["moved"] == sum(before != after for before, after in group)
            for pair, count in Counter(pair for pair in group if pair[0] != pair[1]).items():
                assert line[f"from_{pair[0]}_to_{pair[1]}"] == count
    assert sum(line["clinics"] for line in content["segments"]) == 260


def check_points(content: dict[str, Any], clinics: list[Any]) -> None:
    changes = {row["clinic_id"]: after.total - before.total for row, before, after in clinics}
    due = sorted((key for key in changes if changes[key]), key=lambda key: (-abs(changes[key]), key))[:10]
    assert [line["clinic_id"] for line in content["movers"]] == due
    assert [round(line["change"] * 100) for line in content["movers"]] == [changes[key] for key in due]

    parts, up = {}, Counter[str]()
    for row, before, after in clinics:
        old, new = entries_by_part(before), entries_by_part(after)
        parts[row["clinic_id"]] = [new[code] - old[code] for code in {**old, **new} if new[code] != old[code]]
        up.update(code for code in {**old, **new} if new[code] > old[code] and not code.endswith(".missing"))
    told = {key: [] for key in due}
    for line in content["mover_characteristics"]:
        told[line["clinic_id"]].append(round(line["change"] * 100))
    assert {key: sorted(found) for key, found in told.items()} == {key: sorted(parts[key]) for key in due}
    assert all(sum(found) == changes[key] for key, found in told.items())
    assert sum(line["up"] for line in content["characteristics"]) == sum(up.values())


def check_deciles(content: dict[str, Any], old: list[int], new: list[int]) -> None:
    cells = []
    for line in content["deciles"]:
        low = -math.inf if line["above"] is None else round(line["above"] * 100)
        high = math.inf if line["up_to"] is None else round(line["up_to"] * 100)
        cells.append([sum(low < score <= high for score in scores) for scores in (old, new)])
        assert cells[-1] == [line["old_clinics"], line["new_clinics"]]
    assert [sum(side) for side in zip(*cells, strict=True)] == [260, 260]
    assert content["psi"] == psi([cell[0] for cell in cells], [cell[1] for cell in cells])


def test_the_order_of_rows_and_blank_or_double_rows_change_nothing(extract, tmp_path):
    cards = load_scorecard("icp"), restore_scorecard(changed_content(), "changed")
    frame = pl.read_parquet(extract)
    more = frame.sample(fraction=1, shuffle=True, seed=3)
    more = pl.concat([more, more.head(5), more.head(3).with_columns(pl.lit(" ").alias("clinic_id"))])
    more.write_parquet(tmp_path / "more.parquet")
    first, _ = diff_clinics(Source("x", (str(extract),)), *cards)
    second, _ = diff_clinics(Source("x", (str(tmp_path / "more.parquet"),)), *cards)
    assert (first.facts["left_out"], second.facts["left_out"]) == (0, 8)
    assert without_left_out(first) == without_left_out(second)


def without_left_out(document: Document) -> dict[str, Any]:
    content = document_content(document)
    return {key: value for key, value in content.items() if key not in ("left_out", "sentences")}


def test_a_top_that_holds_everybody_is_refused(extract):
    card = load_scorecard("icp")
    with pytest.raises(InputError, match="--top 260 takes in all 260 clinics"):
        diff_clinics(Source("x", (str(extract),)), card, card, 260)


def test_fields_that_mean_two_things_are_refused(extract):
    old = load_scorecard("icp")
    content = changed_content() | {"fields": {"days": {"type": "text", "description": "Days"}}}
    content["category"]["pain"]["coding_complexity"] |= {"field": "days"}
    content["category"]["pain"]["coding_complexity"]["bands"] = [
        {"name": "some", "mentions": ["many"], "points": 3, "reason": "Many"},
        {"name": "none", "points": 0, "reason": "None"},
    ]
    other = copy.deepcopy(changed_content()) | {"fields": {"days": {"type": "number", "description": "Days"}}}
    other["category"]["pain"]["coding_complexity"] |= {"field": "days"}
    cards = restore_scorecard(content, "text"), restore_scorecard(other, "number")
    assert rule_count(diff_cards(*cards)) > 1
    assert rule_count(diff_cards(old, old)) == 0
    with pytest.raises(InputError, match="read field 'days' by another type or scale"):
        diff_clinics(Source("x", (str(extract),)), *cards)


def rule_count(document: Document) -> int:
    return document.facts["rules_changed"]


def test_the_command_says_all_and_holds_the_gate(extract, tmp_path):
    words = ["scorecard", "diff", "icp", "icp-2025-11"]
    alone = CliRunner().invoke(cli, words)
    assert alone.exit_code == 0
    assert "differ in 14 places: 12 changed, 1 added, 1 removed." in " ".join(alone.output.split())
    words += ["--extract", str(extract), "--top", str(TOP)]
    page = tmp_path / "diff.html"
    told = CliRunner().invoke(cli, [*words, "--json", "--html", str(page), "--max-churn", "100%"])
    assert told.exit_code == 0
    churn = json.loads(told.stdout)["churn"]
    assert "Where each tier goes" in page.read_text(encoding="utf-8")
    assert 0 < churn < 1
    for limit, code in ((churn, 0), (churn - 0.001, 3)):
        gated = CliRunner().invoke(cli, [*words, "--max-churn", repr(limit)])
        assert (gated.exit_code, type(gated.exception).__name__) == ((0, "NoneType") if code == 0 else (1, "GateError"))
        assert "Clinics whose score changes the most" in gated.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--max-churn", "5"], "'5' is not a share; write it like 5%."),
        (["--max-churn", "5%"], "--max-churn needs clinics"),
        (["--extract", "x.parquet", "--warehouse", "w"], "both name clinics; drop one"),
    ],
)
def test_words_that_make_no_sense_are_refused(words, says):
    told = CliRunner().invoke(cli, ["scorecard", "diff", "icp", "icp", *words])
    assert told.exit_code == 2
    assert says in told.output


def test_an_extract_wins_over_the_warehouse_that_is_the_default(extract, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "icp.toml").write_text('warehouse = "results"\n', encoding="utf-8")
    told = CliRunner().invoke(cli, ["scorecard", "diff", "icp", "icp", "--extract", str(extract)])
    assert told.exit_code == 0, told.output
    assert "No tier changes for 260 clinics." in told.output
    assert "results holds no published run" in str(
        CliRunner().invoke(cli, ["scorecard", "diff", "icp", "icp"]).exception
    )
