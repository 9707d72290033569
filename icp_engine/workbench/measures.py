"""Small statistics of the workbench: how far two distributions are apart, and how sure a rate is."""

import math
from collections.abc import Sequence

import polars as pl

Z_95 = 1.959963984540054  # of the normal distribution: 95% lie within so many standard deviations
SHIFT, LARGE_SHIFT = 0.1, 0.25  # of a PSI: from where on it is called a shift, and a large one
WORDS = {"a shift": SHIFT, "a large shift": LARGE_SHIFT}
_EMPTY = 0.5  # clinics that an empty cell counts as: a share of 0 has no logarithm
_TENTHS = 10


def psi(expected: Sequence[int], actual: Sequence[int]) -> float | None:
    """Return the population stability index of two counts by the same cells; None where one side has nobody.

    The sum over cells of (a - e) * ln(a / e), with e and a the shares of a cell. Below 0.1 little has changed, above
    0.25 much has. A cell that is empty on one side counts as half a clinic there; one that is empty on both is left
    out. Source: Siddiqi, Credit Risk Scorecards (2006), chapter 8.
    """
    before, after = sum(expected), sum(actual)
    if not before or not after:
        return None
    terms = []
    for old, new in zip(expected, actual, strict=True):
        if old or new:
            e, a = (old or _EMPTY) / before, (new or _EMPTY) / after
            terms.append((a - e) * math.log(a / e))
    return math.fsum(terms)


def shift_word(index: float | None) -> str:
    """Return in words what a PSI says."""
    if index is None:
        return "not known"
    if index < SHIFT:
        return "little change"
    return "a shift" if index < LARGE_SHIFT else "a large shift"


def wilson(won: int, accounts: int, z: float = Z_95) -> tuple[float, float]:
    """Return the interval of a rate, 95% unless `z` says otherwise; all of 0 to 1 where there are no accounts.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Source: Wilson, JASA 22 (1927), 209-212.
    """
    if not accounts:
        return 0.0, 1.0
    rate, part = won / accounts, z * z / accounts
    middle = rate + part / 2
    half = z * math.sqrt(rate * (1 - rate) / accounts + part / (4 * accounts))
    low, high = (middle - half) / (1 + part), (middle + half) / (1 + part)
    return (0.0 if won == 0 else low), (1.0 if won == accounts else high)


def decile_cuts(counts: pl.DataFrame, step: float | None = None) -> list[float]:
    """Return the values up to which deciles go, rising; the last decile has none.

    The k-th is the smallest value that k tenths of the clinics do not exceed. A value that fills several deciles is
    kept apart from those below it, so that a crowd on one score stands in a cell of its own.

    Args:
        counts: `value` (numbers, none missing) and `clinics`, a row for each value.
        step: the distance of two values that are next to each other; that of floats unless given.
    """
    if counts.is_empty():
        return []
    rising = counts.sort("value").with_columns(pl.col("clinics").cum_sum().alias("up_to"))
    total = rising["up_to"][-1]
    wanted = pl.DataFrame({"up_to": [math.ceil(tenth * total / _TENTHS) for tenth in range(1, _TENTHS)]})
    places = rising["up_to"].cast(pl.Int64).search_sorted(wanted["up_to"], side="left")
    edges = rising["value"].gather(places).to_list()
    crowds = {edge for edge in edges if edges.count(edge) > 1}
    below = {edge - step if step is not None else math.nextafter(edge, -math.inf) for edge in crowds}
    return sorted({*edges, *below})


def cell_counts(counts: pl.DataFrame, cuts: Sequence[float]) -> list[int]:
    """Return the clinics of each cell that cuts make, one more than there are cuts. Source: as for `decile_cuts`."""
    cell = pl.Series(cuts, dtype=pl.Float64).search_sorted(counts["value"].cast(pl.Float64), side="left")
    found = dict(counts.select(cell.alias("cell"), "clinics").group_by("cell").agg(pl.col("clinics").sum()).iter_rows())
    return [found.get(number, 0) for number in range(len(cuts) + 1)]
