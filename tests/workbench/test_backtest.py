"""`backtest` equals a count in plain Python; outcomes are read and matched, and what is not is said."""

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import oracle
import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.run import Run, open_run
from icp_engine.report.document import document_content
from icp_engine.report.render import document_page
from icp_engine.workbench.backtest import BandCell, Cell, _contradictions, backtest
from icp_engine.workbench.measures import wilson
from icp_engine.workbench.outcomes import AMBIGUOUS, NAMELESS, UNMATCHED, read_outcomes

Row = tuple[str | None, ...]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder, rng = tmp_path_factory.mktemp("backtest"), random.Random(8)
    rows = [
        oracle.random_typed_clinic(rng)
        | {"clinic_id": f"{number:05}", "account_name": f"Clinic No {number}, Inc.", "state_code": "TX"}
        for number in range(400)
    ]
    for row in rows[:2]:  # one name twice in one state, and once in another
        row["account_name"] = "Twin Clinic"
    rows[2] |= {"account_name": "TWIN CLINIC LLC", "state_code": "OH"}
    names = sorted({name for row in rows for name in row})
    pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False).write_parquet(
        folder / "clinics.parquet"
    )
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(charts=False, format="parquet", networks=False))
    return open_run(folder / "out")


def write(path: Path, rows: list[Row], header: Row = ("clinic_id", "account_name", "state_code", "outcome", "date")):
    pl.DataFrame(rows, header, orient="row").write_csv(path)
    return [str(path)]


def test_rates_equal_a_plain_count(published, tmp_path):
    rng = random.Random(3)
    ids = rng.sample(range(400), 300)
    deals = {f"{number:05}": rng.random() < (0.9 if number % 3 else 0.2) for number in ids}
    rows: list[Row] = [
        (key, None, None, "Closed Won" if won else "closed-lost", "2026-03-01") for key, won in deals.items()
    ]
    outcomes = read_outcomes(write(tmp_path / "deals.csv", rows), published)
    document = backtest(published, outcomes, top=60)
    content = document_content(document)

    clinics = {row["clinic_id"]: row for row in published.table("icp_scores").collect().iter_rows(named=True)}
    bands = {row["clinic_id"]: row for row in published.table("icp_bands").collect().iter_rows(named=True)}
    average = sum(deals.values()) / len(deals)
    assert (content["accounts"], content["won"], content["matched_by_id"]) == (300, sum(deals.values()), 300)
    by_tier = counted(deals, lambda key: clinics[key]["icp_tier_label"])
    check(content["tiers"], by_tier, "name", average)
    by_segment = counted(deals, lambda key: clinics[key]["icp_segment"])
    check([line | {"name": line["name"][:1]} for line in content["segments"]], by_segment, "name", average)

    order = sorted(clinics, key=lambda key: (-clinics[key]["icp_total_score"], key))
    for line in content["precision"]:
        size = int(line["top"].replace(",", ""))
        best = [deals[key] for key in order[:size] if key in deals]
        assert (line["accounts"], line["won"]) == (len(best), sum(best))
    assert "60" in {line["top"] for line in content["precision"]}
    assert sum(line["accounts"] for line in content["deciles"]) == 300

    by_band: dict[Any, list[bool]] = defaultdict(list)
    for rule in published.card.characteristics:
        for key, won in deals.items():
            if bands[key][rule.column] is not None:
                by_band[rule.code, bands[key][rule.column]].append(won)
    told = sorted((line["characteristic"], line["accounts"], line["won"]) for line in content["bands"])
    assert told == sorted((code, len(found), sum(found)) for (code, _), found in by_band.items())
    assert "How often accounts are won" in document_page(document)


def counted(deals: dict[str, bool], kind: Any) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = defaultdict(list)
    for key, won in deals.items():
        found[kind(key)].append(won)
    return found


def check(lines: list[dict[str, Any]], due: dict[str, list[bool]], name: str, average: float) -> None:
    for line in lines:
        found = due.get(line[name], [])
        assert (line["accounts"], line["won"]) == (len(found), sum(found))
        if len(found) < 30:
            assert (line["rate"], line["low"], line["lift"], line["says"]) == (None, None, None, "too few")
        else:
            assert line["rate"] == sum(found) / len(found)
            assert (line["low"], line["high"]) == wilson(sum(found), len(found))
            assert line["lift"] == pytest.approx(line["rate"] / average)


@pytest.mark.parametrize(("accounts", "enough"), [(29, False), (30, True), (31, True)])
def test_thirty_outcomes_are_enough(accounts, enough):
    assert Cell("x", accounts, 3).enough == enough


@pytest.mark.parametrize(
    ("more", "less", "contradicts"),
    [
        ((100, 20), (100, 60), True),
        ((100, 45), (100, 55), False),  # the intervals overlap
        ((29, 1), (100, 60), False),  # too few
        ((100, 60), (100, 20), False),  # as the points say
    ],
)
def test_bands_that_win_less_than_those_with_fewer_points_are_named(more, less, contradicts):
    bands = [BandCell("a.b", (500, 800), Cell("high", *more)), BandCell("a.b", (200, 200), Cell("low", *less))]
    assert len(list(_contradictions(bands))) == contradicts
    overlapping = [BandCell("a.b", (100, 800), bands[0].cell), bands[1]]
    elsewhere = [bands[0], BandCell("a.c", (200, 200), bands[1].cell)]
    assert not [*_contradictions(overlapping), *_contradictions(elsewhere)]


def test_rows_are_matched_and_what_is_not_is_counted_and_listed(published, tmp_path):
    rows: list[Row] = [
        ("00010", None, None, "won", "2026-01-05"),
        ("00010", None, None, "Lost", "2026-02-05"),  # the later one counts
        ("00011", None, None, "Closed Lost", "2026-02-05"),
        ("00011", None, None, "Closed Won", "2026-02-05"),  # of one day, the one that was won
        ("sf-7", "CLINIC NO 12 INC", "tx", "yes", None),  # by name, the id is of another system
        (None, "clinic no 13", None, "no", None),  # by name alone, which is that of one clinic
        (None, "Twin Clinic", "Ohio", "won", None),
        (None, "Twin Clinic", "TX", "won", None),
        (None, "Twin Clinic", None, "won", None),
        ("nobody", "Nobody", "TX", "won", None),
        (None, "Clinic No 14", "OH", "lost", None),  # of another state
        (None, None, "TX", "lost", None),
        ("00015", None, None, "Negotiation", None),
        ("00016", None, None, None, None),
    ]
    outcomes = read_outcomes(write(tmp_path / "deals.csv", rows), published)
    found = dict(outcomes.accounts.select("clinic_id", "won").iter_rows())
    assert found == {"00010": False, "00011": True, "00012": True, "00013": False, "00002": True}
    assert (outcomes.rows, outcomes.by_id, outcomes.by_name, outcomes.again) == (14, 4, 3, 2)
    assert outcomes.lost_rows == {AMBIGUOUS: 2, UNMATCHED: 2, NAMELESS: 1}
    assert outcomes.open == {"Negotiation": 1, "nothing": 1}
    assert [row for row, *_ in outcomes.examples] == [8, 9, 10, 11, 12]
    assert (str(outcomes.first), str(outcomes.last)) == ("2026-01-05", "2026-02-05")
    sentences = " ".join(backtest(published, outcomes).sentences)
    assert "Rows matched by clinic_id: 4; by name and state: 3; to none, since the name is that of several" in sentences
    assert "Rows left out that say neither won nor lost: Negotiation (1), nothing (1)." in sentences


@pytest.mark.parametrize(
    ("word", "won"),
    [
        *[
            (word, True)
            for word in ("Won", " CLOSED WON ", "closedwon", "Closed - Won", "1", "1.0", "TRUE", "Yes", "win")
        ],
        *[(word, False) for word in ("lost", "Closed Lost", "0", "0.0", "false", "No", "Loss")],
        *[(word, None) for word in ("Prospecting", "10", "won't", "not won", "")],
    ],
)
def test_words_for_won_and_lost(published, tmp_path, word, won):
    outcomes = read_outcomes(write(tmp_path / "deals.csv", [("00010", None, None, word, None)]), published)
    assert outcomes.accounts["won"].to_list() == ([] if won is None else [won])


def test_files_of_other_systems_are_read_as_they_are(published, tmp_path):
    path = tmp_path / "export.csv"
    text = "Account ID;Account Name;Stage;Close Date\n00010;Zoë's;Closed Won;31/12/2025\n00011;;Closed Lost;1/2/2026\n"
    path.write_bytes(text.encode("utf-8-sig"))
    outcomes = read_outcomes([str(path)], published)
    assert outcomes.accounts["clinic_id"].to_list() == ["00010", "00011"]  # zeros in front are kept
    assert str(outcomes.first) == "2025-12-31"
    told = CliRunner().invoke(cli, ["backtest", "--outcomes", str(path), "-w", str(published.warehouse), "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["won"] == 1


@pytest.mark.parametrize(
    ("header", "row", "says"),
    [
        (("clinic_id", "verdict"), ("00010", "won"), "has no column 'outcome'"),
        (("outcome", "date"), ("won", "2026-01-01"), "has neither a column 'clinic_id' nor 'account_name'"),
        (("clinic_id", "outcome"), ("00010", "maybe"), "None of 1 rows tells won or lost of a clinic of"),
    ],
)
def test_files_that_tell_nothing_are_refused(published, tmp_path, header, row, says):
    with pytest.raises(InputError, match=says):
        backtest(published, read_outcomes(write(tmp_path / "deals.csv", [row], header), published))
