"""What fields are worth: which tiers those that are there bring into reach, and which others would, in a sentence."""

from collections.abc import Iterable, Set

from icp_engine.display import listed
from icp_engine.extract.profile import LostPoints
from icp_engine.scorecard.model import TOTAL, Scorecard
from icp_engine.scorecard.reach import reachable_total

_FIELDS = 6  # that are named of those that would bring a tier into reach


def no_tier_in_reach(card: Scorecard, reachable: float, lost: Iterable[LostPoints]) -> str | None:
    """Return that no tier above the last is in reach, and the fields that would change that; None where one is."""
    tier = card.tiers[-2] if card.tiers[1:] else card.tiers[-1]
    if reachable >= tier.at_least.get(TOTAL, 0.0):
        return None
    points: dict[str, float] = {}
    for part in lost:
        fields = listed(part.fields)
        points[fields] = points.get(fields, 0.0) + part.points
    dearest = sorted(points.items(), key=lambda item: -item[1])[:_FIELDS]
    named = "; ".join(f"{fields} ({worth:g})" for fields, worth in dearest)
    return (
        f"No clinic can reach {tier.label}, which begins at {tier.at_least[TOTAL]:g}: the fields that are there allow "
        f"{reachable:g} of {card.maximum:g} points. Fields that would change that, with their points: {named}."
    )


def field_worth(card: Scorecard, absent: Set[str]) -> dict[str, float]:
    """Return for each field that a scorecard reads the points that a clinic without it cannot reach.

    Args:
        card: the scorecard.
        absent: the fields that are missing for everyone; what one of them is worth is what it alone would bring.
    """
    return {
        name: round(reachable_total(card, absent - {name}) - reachable_total(card, absent | {name}), 2)
        for name in card.reads
    }
