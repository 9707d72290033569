"""Tier stability equals a plain loop over every clinic and every variation of the weights."""

from pathlib import Path
from random import Random

import polars as pl
import pytest

from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring import stability
from icp_engine.scoring.score import score
from icp_engine.scoring.stability import DRAWS, WITHIN, stability_expr, weight_factors

CARDS = Path(__file__).resolve().parents[1] / "cards"
NAMES = ["icp", "icp-2025-11", "icp-continuous", str(CARDS / "other.toml"), str(CARDS / "product.toml")]


def tier_of(points: list[float], card: Scorecard) -> int:
    """The tier of categories in hundredths, in plain Python."""
    total = points[0]
    for part in points[1:]:
        total = total + part if card.combine == "sum" else total * part
    if card.combine == "product":
        total /= card.divide_by * 100 ** (len(points) - 1)
    reached = {part.name: round(value) for part, value in zip(card.categories, points, strict=True)}
    reached["total"] = round(total)
    return next(
        tier.number
        for tier in card.tiers
        if all(reached[part] >= round(edge * 100, 6) for part, edge in tier.at_least.items())
    )


def looped(points: list[int], card: Scorecard, variations: tuple[tuple[float, ...], ...]) -> float:
    """The share of variations in which a clinic keeps its tier, one after the other."""
    now = tier_of([*map(float, points)], card)
    varied = ([part * factor for part, factor in zip(points, factors, strict=True)] for factors in variations)
    return sum(tier_of(values, card) == now for values in varied) / len(variations)


def clinics(card: Scorecard) -> list[list[int]]:
    """Points of the categories in hundredths: anywhere, at their ends, and several clinics of the same points."""
    rng, found = Random(card.id), []
    for _ in range(110):
        fill = rng.random()
        near = [part.maximum * min(1.0, max(0.0, rng.gauss(fill, 0.2))) for part in card.categories]
        found.append([round(value * 100) for value in near])
    return [*found, *found[:20], [0] * len(card.categories), [round(part.maximum * 100) for part in card.categories]]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: Path(name).stem)
def test_stability_equals_a_plain_loop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability, "_ROWS", 60)
    card = load_scorecard(name)
    rows, variations = clinics(card), weight_factors(card)
    tiers = [tier_of([*map(float, points)], card) for points in rows]
    found = pl.DataFrame(
        {
            **{part.column: [points[place] / 100 for points in rows] for place, part in enumerate(card.categories)},
            card.column("tier"): pl.Series(tiers, dtype=pl.Int8),
        }
    )
    expected = [looped(points, card, variations) for points in rows]
    column = card.column("tier_stability")
    assert found.lazy().with_columns(stability_expr(card)).collect()[column].to_list() == expected
    assert 5 < sum(share < 1 for share in expected) < len(expected) - 5


@pytest.mark.parametrize("name", NAMES, ids=lambda name: Path(name).stem)
def test_weights_vary_within_a_fifth_and_keep_their_sum(name: str) -> None:
    card = load_scorecard(name)
    weights, variations = [part.maximum for part in card.categories], weight_factors(card)
    assert len(set(variations)) == DRAWS
    assert variations == weight_factors(card)
    for factors in variations:
        assert sum(map(float.__mul__, weights, factors)) == pytest.approx(sum(weights))
        assert max(factors) / min(factors) <= (1 + WITHIN) / (1 - WITHIN) + 1e-9
    widest = max(max(factors) / min(factors) for factors in variations)
    assert widest > (1 + WITHIN) / (1 - WITHIN) * 0.9


def test_a_clinic_far_from_every_edge_keeps_its_tier_for_certain() -> None:
    card = load_scorecard("icp")
    empty = score(pl.DataFrame({"clinic_id": ["a"]}), card).with_columns(stability_expr(card))
    assert empty["icp_tier_stability"].to_list() == [1.0]
    none = score(pl.DataFrame(schema={"clinic_id": pl.String}), card).with_columns(stability_expr(card))
    assert none["icp_tier_stability"].to_list() == []
