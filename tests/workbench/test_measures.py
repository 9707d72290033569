"""Small statistics: against published values and by hand."""

import math
import random
from itertools import pairwise

import polars as pl
import pytest

from icp_engine.workbench.measures import cell_counts, decile_cuts, psi, shift_word, wilson


@pytest.mark.parametrize(
    ("won", "accounts", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I: the score method without continuity correction
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_that_are_published(won, accounts, low, high):
    assert [round(edge, 4) for edge in wilson(won, accounts)] == [low, high]
    mirrored = wilson(accounts - won, accounts)
    assert mirrored == pytest.approx((1 - wilson(won, accounts)[1], 1 - wilson(won, accounts)[0]))


@pytest.mark.parametrize("won", [0, 1, 17, 40])
def test_an_interval_holds_the_rates_that_a_score_test_does_not_refuse(won):
    for edge in wilson(won, 40, 1.96):
        if 0 < edge < 1:
            assert abs(won / 40 - edge) / math.sqrt(edge * (1 - edge) / 40) == pytest.approx(1.96)


def test_without_accounts_every_rate_is_possible():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("before", "after", "index"),
    [
        ([50, 50], [50, 50], 0.0),
        ([50, 50], [500, 500], 0.0),
        ([50, 50], [75, 25], 0.25 * math.log(1.5) - 0.25 * math.log(0.5)),
        ([10, 0], [0, 10], 2 * 0.95 * math.log(20)),
        ([0, 5], [0, 5], 0.0),
        ([0, 0], [1, 2], None),
        ([1, 2], [0, 0], None),
    ],
)
def test_stability_index(before, after, index):
    assert psi(before, after) == (index if index is None else pytest.approx(index))
    assert psi(after, before) == psi(before, after) or index is not None


@pytest.mark.parametrize(
    ("index", "word"),
    [(0.0999, "little change"), (0.1, "a shift"), (0.2499, "a shift"), (0.25, "a large shift"), (None, "not known")],
)
def test_words_for_an_index(index, word):
    assert shift_word(index) == word


def plain_cuts(values: list[int]) -> list[float]:
    """Decile cuts one value at a time."""
    values = sorted(values)
    edges = [values[math.ceil(tenth * len(values) / 10) - 1] for tenth in range(1, 10)]
    return sorted({*edges, *(edge - 1 for edge in edges if edges.count(edge) > 1)})


@pytest.mark.parametrize("seed", range(20))
def test_deciles_are_those_of_a_plain_list(seed):
    rng = random.Random(seed)
    values = [int(rng.paretovariate(1 + seed % 3)) for _ in range(rng.choice([1, 2, 9, 10, 11, 500]))]
    others = [value + rng.choice([-1, 0, 3]) for value in values]
    cuts = decile_cuts(pl.DataFrame({"value": values}).group_by("value").len("clinics"), step=1)
    assert cuts == plain_cuts(values)
    counted = cell_counts(pl.DataFrame({"value": others}).group_by("value").len("clinics"), cuts)
    edges = [-math.inf, *cuts, math.inf]
    assert counted == [sum(low < value <= high for value in others) for low, high in pairwise(edges)]


def test_a_crowd_on_one_value_has_a_cell_of_its_own():
    counts = pl.DataFrame({"value": [1.5, 7.25, 9.0], "clinics": [5, 90, 5]})
    cuts = decile_cuts(counts)
    assert cell_counts(counts, cuts) == [5, 90, 5]
    assert cell_counts(pl.DataFrame({"value": [7.2], "clinics": [1]}), cuts) == [1, 0, 0]
    assert decile_cuts(counts.clear()) == []
