"""Whether the fields that are there bring any tier above the last into reach, and which others would, in a sentence."""

from collections.abc import Iterable

from icp_engine.display import listed
from icp_engine.extract.profile import LostPoints
from icp_engine.scorecard.model import TOTAL, Scorecard

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
