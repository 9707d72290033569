"""Other names of the items of lists: which scorecards may state, and what they count for."""

from pathlib import Path

import polars as pl
import pytest

import icp_engine as icp

CARD = """\
id = "mine"
version = "1"
title = "Mine"
prefix = "mine"
[fields.plans]
type = "list"
description = "Plans"
[aliases]
"Blue  Cross" = ["BCBS", "Blue/Cross"]
[category.c]
label = "C"
max = 10
[category.c.plans]
field = "plans"
missing = { points = 0 }
bands = [{ name = "x", points = { share_of = ["Blue Cross", "Aetna"], times = 10 }, reason = "R" }]
[tier.1]
label = "One"
"""


def loaded(path: Path, text: str) -> icp.Scorecard:
    (path / "mine.toml").write_text(text)
    return icp.load_scorecard(path / "mine.toml")


@pytest.mark.parametrize(
    ("plans", "points"),
    [
        (["Blue Cross"], 5),
        (["bcbs"], 5),
        ([" B C B S "], 5),
        (["BCBS", "Blue / Cross", "bluecross"], 5),  # one item by three names
        (["blue/cross", "AETNA"], 10),
        (["BCBS of Texas", "Aet na x"], 0),
        ([], 0),
        (None, 0),
    ],
)
def test_an_item_counts_by_all_of_its_names(tmp_path: Path, plans: list[str] | None, points: float) -> None:
    frame = pl.DataFrame({"clinic_id": ["1"], "plans": pl.Series([plans], dtype=pl.List(pl.String))})
    assert icp.score(frame, loaded(tmp_path, CARD))["mine_c_score"].to_list() == [points]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"Cigna" = ["CG"]', "aliases.Cigna: 'Cigna' is an item of no rule"),
        ('"Blue  Cross" = ["AETNA"]', "'aetna' is an item that a rule looks for; it stands for itself"),
        ('"Blue  Cross" = ["blue cross"]', "'blue cross' is the item itself"),
        ('"Blue  Cross" = ["X"]\n"Aetna" = ["x"]', "'x' is the name of another item too"),
        ('"Blue  Cross" = [" "]', "a blank name would match everything"),
        ('"Blue  Cross" = [5]', "expected"),
    ],
)
def test_names_that_cannot_be(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(icp.ScorecardError) as error:
        loaded(tmp_path, CARD.replace('"Blue  Cross" = ["BCBS", "Blue/Cross"]', line))
    assert message in str(error.value)


def test_a_variant_adds_names(tmp_path: Path) -> None:
    loaded(tmp_path, CARD)
    (tmp_path / "other.toml").write_text(
        f'id = "o"\nversion = "1"\ntitle = "O"\nextends = "{(tmp_path / "mine.toml").as_posix()}"\n'
        'aliases.Aetna = ["CVS"]\n'
    )
    card = icp.load_scorecard(tmp_path / "other.toml")
    assert card.aliases == {"bcbs": "bluecross", "blue/cross": "bluecross", "cvs": "aetna"}


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("BCBS", "Blue Cross Blue Shield"),
        ("Blue Cross/Blue Shield", "Blue Cross Blue Shield"),
        ("UHC", "United Healthcare"),
        ("United Health Care", "United Healthcare"),
        ("Molina", "Molina Healthcare"),
        ("Oscar", "Oscar Health"),
    ],
)
def test_the_shipped_card_of_practices_knows_plans_by_their_usual_names(name: str, item: str) -> None:
    card = icp.load_scorecard("rula")
    frame = pl.DataFrame({"insurance_networks": [[name], [item], [name, item]]})
    assert (
        icp.score(frame.with_columns(clinic_id=pl.Series(["1", "2", "3"])), card)["rula_networks_score"].to_list()
        == [2.1] * 3
    )
