"""The smallest change into a better tier: made, it is scored again; and no smaller one of any single field does it."""

import math
import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import card_oracle as oracle
import polars as pl
import pytest
from card_oracle import Content, Row
from card_strategies import clinics, numbers_in, scorecards, texts_in
from completions import frame_of, scored
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

import icp_engine
from icp_engine import Scorecard
from icp_engine.errors import ScorecardError
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scoring.changes import Lever
from icp_engine.scoring.next_tier import NextTierFinder
from icp_engine.scoring.situations import situated

CARDS, SEED = int(os.environ.get("ICP_CARDS", "30")), int(os.environ.get("ICP_SEED", "11"))
ROWS, ROUNDING = 6, 1e-9
counted: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _enough() -> Iterator[None]:
    yield
    print(f"\n{dict(counted)}")
    if sum(counted.values()) > CARDS >= 30:
        assert counted["changed"] > CARDS / 3


def top_of(name: str, card: Scorecard, content: Content) -> float | None:
    """The highest number that a card names for a field."""
    found = [0.0]
    for category in content["category"].values():
        for rule in oracle.characteristics(category).values():
            found += edges_in(rule, name, rule.get("field"))
    return max(found) or card.fields[name].scale


def edges_in(table: Any, name: str, own: str | None) -> list[float]:
    if isinstance(table, list):
        return [edge for part in table for edge in edges_in(part, name, own)]
    if not isinstance(table, dict):
        return []
    found = [edge for part in table.values() for edge in edges_in(part, name, own)]
    if table.get("field", own) == name:
        found += [float(table[test]) for test in ("at_least", "above", "at_most", "below") if test in table]
        found += [float(end) for end in table.get("over", [])]
    return found


def size_of(now: Any, then: Any, name: str, card: Scorecard, content: Content) -> float:
    if card.fields[name].type not in ("number", "integer"):
        return 1.0
    top = top_of(name, card, content)
    if top:
        return abs(then - (now or 0)) / top
    return 1.0 if now is None else abs(then - now) / max(then, now)


def changes_of(row: Row, content: Content, card: Scorecard) -> Iterator[tuple[str, Any]]:
    """Every single change that may matter: numbers in whole steps around every edge, and where ratios meet edges."""
    edges = sorted({0.0, *numbers_in(content["category"])})
    for name in card.reads:
        kind, scale = oracle.types_of(content)[name]
        now = row[name]
        if kind == "flag":
            yield from ((name, value) for value in (True, False) if value is not now)
        elif kind == "text" and now is None:
            phrases = sorted({*content["lists"]["phrases"], *texts_in(content["category"])})
            yield from ((name, phrase) for phrase in phrases)
        elif kind == "list":
            items = sorted({*content["lists"]["items"], *texts_in(content["category"])})
            yield from ((name, [*(now or []), item]) for item in items)
        elif kind in ("number", "integer"):
            steps = 1 if kind == "integer" else 100
            others = [float(other) for other in row.values() if isinstance(other, int | float)]
            meets = [*edges, *(edge * other for edge in edges for other in others)]
            meets += [other / edge for edge in edges if edge for other in others]
            for meet in {round(edge, 6) for edge in meets if edge < 1e12}:
                for beside in (-1, 0, 1):
                    value = (math.floor(meet * steps) + beside) / steps
                    if 0 <= value <= scale and value != now:
                        yield name, int(value) if kind == "integer" else value


@seed(SEED)
@settings(
    max_examples=CARDS,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(content=scorecards(), row_seed=st.integers(0, 2**32 - 1))
def test_the_change_does_it_and_no_smaller_one(content: Content, row_seed: int) -> None:
    try:
        card = restore_scorecard(content, "drawn")
    except ScorecardError:
        assume(False)
    rng = random.Random(row_seed)
    rows = [conformed(row, card, content) for row in clinics(content, rng, ROWS)]
    frame = scored(frame_of(content, rows, card), card)
    finder = NextTierFinder(card)
    found, told = finder.changes(frame), finder.column(situated(frame, card))
    trials: list[tuple[int, tuple[str, Any], bool]] = []
    for place, row in enumerate(rows):
        change = found.row(place, named=True)
        assert (told[place] is None) == (change["size"] is None)
        counted["none" if change["size"] is None else "changed"] += 1
        trials += [(place, tried, False) for tried in changes_of(row, content, card)]
        if change["size"] is not None:
            trials.append((place, value_of(change, row, finder.levers[change["lever"]]), True))
    tries = [rows[place] | {name: value} for place, (name, value), _ in trials]
    tiers, now = scored(frame_of(content, tries, card), card)[card.column("tier")], frame[card.column("tier")]
    for (place, (name, value), made), tier in zip(trials, tiers, strict=True):
        size, least = size_of(rows[place][name], value, name, card, content), found["size"][place]
        if made:
            assert tier < now[place], (rows[place], name, value, told[place])
            assert least == pytest.approx(size)
        elif tier < now[place]:
            assert least is not None, (rows[place], name, value)
            assert size >= least - ROUNDING, (rows[place], name, value, told[place])


def conformed(row: Row, card: Scorecard, content: Content) -> Row:
    """A clinic as it is conformed."""
    clinic = oracle.Clinic(content, row).values
    return {name: clinic[name] for name in card.reads}


def value_of(change: Row, row: Row, lever: Lever) -> tuple[str, Any]:
    value = change["value"]
    if lever.is_number:
        return lever.field, int(value) if lever.kind == "integer" else value
    dtype = {"flag": pl.Boolean, "list": pl.List(pl.String)}.get(lever.kind, pl.String)
    frame = pl.DataFrame({lever.field: [row[lever.field]]}, schema={lever.field: dtype})
    literal = frame.select(lever.candidates[int(value)].value.alias("value"))["value"][0]
    return lever.field, literal.to_list() if isinstance(literal, pl.Series) else literal


SMALL = {
    "segment_label": "Hospice", "npi_count": 4, "site_count": 2, "denial_pressure": 4.5, "roi_readiness": 4.0,
    "bene_count": 900, "allowed_amt": 1e6, "coding_complexity": 1.0, "fqhc_flag": False, "aco_member": False,
    "pecos_enrolled": False, "oig_leie_flag": False, "services_count": 1, "sector": "x",
}  # fmt: skip


UNKNOWN = dict.fromkeys(("roi_readiness", "npi_count", "bene_count", "allowed_amt"))


@pytest.mark.parametrize(
    ("clinic", "told"),
    [
        (SMALL, "1 more provider"),  # 60 from 58.5
        (SMALL | {"npi_count": 3}, "allowed amt lowered to 899,999"),  # below 1,000 a patient
        (SMALL | {"npi_count": None}, "101 more patients"),
        (SMALL | {"denial_pressure": 10.0} | UNKNOWN, "npi count known and at least 10"),
        (SMALL | {"segment_label": "Optometry"}, None),
    ],
)
def test_a_change_is_told_in_words(clinic: Row, told: str | None) -> None:
    card = icp_engine.load_scorecard("icp")
    row = {name: clinic.get(name) for name in card.reads}
    frame = scored(frame_of({}, [row], card), card)
    assert NextTierFinder(card).column(situated(frame, card)).to_list() == [told]


@pytest.mark.parametrize("card", ["icp", "icp-2025-11"])
def test_the_largest_numbers_end(card: str) -> None:
    rules = icp_engine.load_scorecard(card)
    large = {"npi_count": 2**62, "bene_count": 2**62, "allowed_amt": 1e300, "site_count": 2**62}
    rows = [{name: (SMALL | part).get(name) for name in rules.reads} for part in (large, {"allowed_amt": 1e300}, {})]
    assert len(NextTierFinder(rules).column(situated(scored(frame_of({}, rows, rules), rules), rules))) == len(rows)


def test_a_scorecard_that_is_loaded_again_is_not_worked_out_again() -> None:
    first, again, other = (NextTierFinder(icp_engine.load_scorecard(name)).levers for name in ("icp", "icp", "icf"))
    assert first is again
    assert first != other
