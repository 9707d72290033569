"""Floor and ceiling against every completion of the missing fields, on scorecards drawn from the whole grammar.

ICP_CARDS says how many cards are drawn, ICP_SEED which.
"""

import os
import random
from collections import Counter

import card_oracle as oracle
import polars as pl
import pytest
from card_oracle import Content, Row
from card_strategies import clinics, scorecards
from completions import completions, frame_of, scored, values
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from icp_engine import Scorecard
from icp_engine.errors import ScorecardError
from icp_engine.scorecard import completions as engine
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scoring.bounds import BoundsFinder

CARDS, SEED = int(os.environ.get("ICP_CARDS", "40")), int(os.environ.get("ICP_SEED", "11"))
ROWS, MOST = 6, 4_000
counted: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _enough() -> None:
    """Most of what is drawn is compared, exact and otherwise."""
    yield
    print(f"\n{dict(counted)}")
    if CARDS >= 40:
        assert counted["exact"] > CARDS / 2
        assert counted["wider"] > CARDS / 4


def is_exact(missing: list[str], card: Scorecard) -> bool:
    """Whether no missing field is read twice, or is a part of a ratio of which the other part is known or a count."""
    parts = {name for ratio in card.derived.values() for name in ratio}
    reads = Counter(
        part for rule in card.characteristics for name in rule.value_fields for part in card.derived.get(name, (name,))
    )
    ratios = [set(ratio) for ratio in card.derived.values() if set(ratio) & set(missing)]
    free = all(
        ratio <= set(missing)
        and len(ratio) == 2
        and all(card.fields[name].type == "number" and card.fields[name].scale is None for name in ratio)
        for ratio in ratios
    )
    apart = all(
        not states.together
        for category in outcome_table(card).categories
        for states in engine.situations(card, category)
    )
    return apart and free and all(reads[name] <= 1 or name not in missing for name in parts | set(card.reads))


def some_missing(row: Row, card: Scorecard, content: Content, rng: random.Random) -> tuple[Row, list[str]]:
    """The clinic with at most a few fields missing, so that every completion can be tried."""
    row = {name: row.get(name) for name in card.reads}
    known = oracle.Clinic(content, row).values
    gone = [name for name in row if known[name] is None or rng.random() < 0.4]
    rng.shuffle(gone)
    tried = 1
    missing: list[str] = []
    for name in gone:
        tried *= 1 + len(values(name, content))
        if tried <= MOST:
            missing.append(name)
            row[name] = None
        else:
            tried //= 1 + len(values(name, content))
            row[name] = rng.choice(
                [value for value in values(name, content) if not isinstance(value, float) or value < 1e12]
            )
    return row, missing


@seed(SEED)
@settings(
    max_examples=CARDS,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(content=scorecards(), row_seed=st.integers(0, 2**32 - 1))
def test_bounds_hold_for_every_completion(content: Content, row_seed: int) -> None:
    try:
        card = restore_scorecard(content, "drawn")
    except ScorecardError:
        assume(False)
    rng = random.Random(row_seed)
    drawn = [some_missing(row, card, content, rng) for row in clinics(content, rng, ROWS)]
    frame, finder = scored(frame_of(content, [row for row, _ in drawn], card), card), BoundsFinder(card)
    part, found = finder.add(frame[: ROWS // 2]), finder.add(frame)  # what was found before is found again
    assert found[: len(part)].equals(part)
    complete = [list(completions(row, missing, content)) for row, missing in drawn]
    every = scored(frame_of(content, [row for rows in complete for row in rows], card), card)
    start = 0
    for (row, missing), rows, bounds in zip(drawn, complete, found.iter_rows(named=True), strict=True):
        totals = every[start : start + len(rows)]
        start += len(rows)
        check(row, missing, bounds, totals, card)


def check(row: Row, missing: list[str], bounds: Row, every: pl.DataFrame, card: Scorecard) -> None:
    total, tier = every[card.column("total_score")], every[card.column("tier")]
    floor, ceiling = bounds[card.column("score_floor")], bounds[card.column("score_ceiling")]
    assert floor <= total.min(), (row, missing)
    assert total.max() <= ceiling, (row, missing)
    assert not bounds[card.column("tier_certain")] or tier.n_unique() == 1
    assert 0 <= bounds[card.column("coverage")] <= 1
    if not missing:
        assert bounds[card.column("coverage")] == 1
        assert floor == ceiling
    exact = is_exact(missing, card)
    counted["exact" if exact else "wider"] += bool(missing)
    if exact:
        assert (floor, ceiling) == (total.min(), total.max()), (row, missing)
        assert bounds[card.column("tier_certain")] == (tier.n_unique() == 1)
