"""Ranks, percentiles and sizes of ties equal plain Python, whatever the order of the rows and the room in memory."""

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.score import score
from icp_engine.tables.ordering import sorted_slices, with_order
from icp_engine.tables.ranks import ranked

CARD = """\
id = "t"
version = "1"
title = "T"
prefix = "t"
[derived.per_patient]
description = "R"
numerator = "allowed_amt"
denominator = "bene_count"
[category.c]
label = "C"
max = 10
[category.c.size]
field = "npi_count"
missing = { points = 1 }
bands = [
  { name = "big", at_least = 9, points = 5, reason = "Big" },
  { name = "small", points = 0, reason = "Small" },
]
[tier.1]
label = "One"
at_least = 5
[tier.2]
label = "Two"
"""
TIES = {
    "none": [],
    "numbers": [("site_count", "descending"), ("denial_pressure", "ascending")],
    "a ratio": [("per_patient", "descending")],
    "a flag and a text": [("fqhc_flag", "descending"), ("sector", "ascending"), ("segment_label", "descending")],
}
ROWS = 400


def card_of(tmp_path: Path, ties: list[tuple[str, str]]) -> Scorecard:
    file = tmp_path / "t.toml"
    breaks = "".join(f'[[tie_break]]\nfield = "{field}"\norder = "{order}"\n' for field, order in ties)
    file.write_text(CARD + breaks)
    return load_scorecard(str(file))


def clinics() -> list[dict[str, Any]]:
    rng = random.Random(3)
    return [
        {
            "clinic_id": f"c{number}",
            "state_code": rng.choice(["TX", "CA", None]),
            "npi_count": rng.choice([None, 3, 8, 9, 40]),
            "site_count": rng.choice([None, 0, 1, 2]),
            "denial_pressure": rng.choice([None, 0.0, 4.5, 9.0]),
            "allowed_amt": rng.choice([None, 0.0, 100.0, 200.0]),
            "bene_count": rng.choice([None, 0, 10]),
            "fqhc_flag": rng.choice([None, True, False]),
            "sector": rng.choice([None, "Rural", " rural", "Urban"]),
            "segment_label": rng.choice([None, "Alpha", "beta"]),
        }
        for number in range(ROWS)
    ]


def value(row: dict[str, Any], field: str) -> Any:
    if field == "per_patient":
        top, bottom = row["allowed_amt"], row["bene_count"]
        return top / bottom if top and bottom else None
    found = row[field]
    return found.strip().lower() if isinstance(found, str) else found


def places(row: dict[str, Any], ties: list[tuple[str, str]]) -> tuple[Any, ...]:
    """What a clinic is sorted by, in numbers of which the least comes first; texts as the letters they are made of."""
    points = {None: 1, 3: 0, 8: 0, 9: 5, 40: 5}[row["npi_count"]]
    keys: list[Any] = [-points]
    for field, order in ties:
        found = value(row, field)
        sign = -1 if order == "descending" else 1
        if isinstance(found, str):
            keys.append((False, *(sign * ord(letter) for letter in found)))
        else:
            keys.append((found is None, sign * (found or 0)))
    return tuple(keys)


@pytest.mark.parametrize("ties", TIES.values(), ids=TIES)
@pytest.mark.parametrize("max_rows", [ROWS, 50], ids=["in memory", "range by range"])
def test_ranks_equal_plain_python(ties: list[tuple[str, str]], max_rows: int, tmp_path: Path) -> None:
    card, rows = card_of(tmp_path, ties), clinics()
    keys = {row["clinic_id"]: places(row, ties) for row in rows}
    expected = {}
    for clinic, key in keys.items():
        before = sum(other < key for other in keys.values())
        tied = sum(other == key for other in keys.values())
        expected[clinic] = (before + 1, round((ROWS - before - tied) * 100 / ROWS, 2), tied)
    for seed in range(2):
        random.Random(seed).shuffle(rows)
        scored = score(pl.DataFrame(rows).lazy(), card).with_columns(pl.lit("of an older run").alias("t_rank"))
        found = ranked(scored, card, ROWS, max_rows, tmp_path).collect()
        shown = found.select("clinic_id", "t_rank", "t_percentile", "t_tie_size")
        assert {clinic: tuple(rest) for clinic, *rest in shown.iter_rows()} == expected
        states = {"CA": 0, "TX": 1, None: 2}
        by = sorted(rows, key=lambda row: (states[row["state_code"]], keys[row["clinic_id"]], row["clinic_id"]))
        slices = sorted_slices(with_order(found.lazy(), "t_rank"), ROWS, max_rows, 64, tmp_path)
        assert pl.concat(slices)["clinic_id"].to_list() == [row["clinic_id"] for row in by]


def test_the_columns_of_ranks_are_those_that_the_scorecard_names(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(CARD + '[columns]\nrank = "place"\n')
    card = load_scorecard(str(file))
    one = pl.DataFrame({"clinic_id": ["a"], "npi_count": [9]})
    found = ranked(score(one.lazy(), card), card, 1, 1, tmp_path).collect()
    assert found.select("place", "t_percentile", "t_tie_size").row(0) == (1, 0.0, 1)
