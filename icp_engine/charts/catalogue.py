"""All charts of a run, each with a sentence that says what it shows and the numbers behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

import plotly.graph_objects as go
import polars as pl

from icp_engine.charts import figures, states
from icp_engine.charts.aggregates import Aggregates
from icp_engine.scorecard.model import TOTAL, Scorecard
from icp_engine.scoring.explanation import Explanation


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture: its name in files, a sentence for those who cannot see it, the figure, and its numbers."""

    name: str
    says: str
    figure: go.Figure
    data: pl.DataFrame

    @property
    def title(self) -> str:
        """The heading of the figure as text, which the figure holds as markup."""
        return unescape(str(self.figure.layout.title.text))

    @property
    def has_map(self) -> bool:
        """Whether the page has to carry outlines."""
        return any(trace.type == "choropleth" for trace in self.figure.data)


_Draw = Callable[[pl.DataFrame, Scorecard], go.Figure]
_CHARTS: tuple[tuple[str, _Draw, str], ...] = (
    (
        "score_distribution",
        figures.score_distribution,
        "Clinics per step of score.",
    ),
    (
        "tiers_and_segments",
        figures.tiers_and_segments,
        "Clinics in each tier.",
    ),
    (
        "category_averages",
        figures.category_averages,
        "Average points of each category; the mark is the most that the category can bring. What is "
        "short of it is either a poor fit or missing data.",
    ),
    (
        "points_out_of_reach",
        figures.missing_data,
        "Points that an average clinic cannot get because a field is unknown, and the share of clinics for which it "
        "is known. Filling in the field on top moves the ranking most.",
    ),
    (
        "tiers_by_state",
        states.tiers_by_state,
        "Share of each state's clinics above the lowest tier. Territories, and clinics without a state, are in the "
        "numbers below.",
    ),
    (
        "top_networks",
        figures.top_networks,
        "Networks with the highest scores, and how many clinics each has: one call to the anchor opens the door to "
        "all of them.",
    ),
    (
        "network_sizes",
        figures.network_sizes,
        "Every network by size and score; a bubble stands for all networks of about the same. Large ones high up "
        "are worth the most work.",
    ),
)


def _of_edges(_: pl.DataFrame, card: Scorecard) -> str:
    dashed = (
        "Dashed lines mark where tiers begin: how many stand close below one tells what a lower cut-off would bring."
    )
    return dashed if any(TOTAL in tier.at_least for tier in card.tiers) else ""


def _of_segments(_: pl.DataFrame, card: Scorecard) -> str:
    return "Tiers sort by score, segments by kind of clinic, whatever the score." if card.segments else ""


# What depends on the scorecard and on what was found.
_ALSO: dict[str, Callable[[pl.DataFrame, Scorecard], str]] = {
    "score_distribution": _of_edges,
    "tiers_and_segments": _of_segments,
    "tiers_by_state": states.spread_of_states,
}


def draw(found: Aggregates) -> list[Chart]:
    """Return the charts of a run; what it has no data for, networks for example, is left out."""
    return [
        Chart(name, _whole(name, says, found), picture(found[name], found.card), found[name])
        for name, picture, says in _CHARTS
        if _has_data(name, found[name])
    ]


def _whole(name: str, says: str, found: Aggregates) -> str:
    """Return all that is to be said of a chart."""
    also = _ALSO[name](found[name], found.card) if name in _ALSO else ""
    return f"{says} {also}" if also else says


def _has_data(name: str, frame: pl.DataFrame) -> bool:
    """Return whether there is anything to draw; a map needs a state."""
    return not frame.is_empty() and (name != "tiers_by_state" or frame["state_code"].count() > 0)


def draw_clinic(found: Explanation) -> Chart:
    """Return one clinic's score as a waterfall."""
    card = found.card
    data = pl.DataFrame(
        {
            "category": [category.label for category in card.categories],
            "points": [found.scores[category.name] for category in card.categories],
            "maximum": [float(category.maximum) for category in card.categories],
        }
    )
    says = "How the score of one clinic is put together, category by category."
    return Chart("waterfall", says, figures.waterfall(found), data)
