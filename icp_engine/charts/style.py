"""How pictures look: colours that hold on white and on dark paper, and told apart without red and green."""

from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go

from icp_engine.scorecard.model import Tier

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
TIERS = ("#D1495B", "#B7791F", "#6B7C93")
SEGMENTS = ("#2A7FBA", "#9C62C4", "#2F9E72", "#B7791F", "#D1495B", "#6B7C93")
ON_BAR = "#000000"  # text on any of the colours above
BAR = "#2A7FBA"
LOSS = "#C2553D"
GREY = "#9AA5B1"  # what cannot be compared
TITLE = 32  # pixels of a figure's heading
TOP = TITLE + 44  # and of its legend
_SCALE = ((0.0, "#DCE9F2"), (0.5, "#5B9BC8"), (1.0, "#12486F"))
_SCALE_DARK = ((0.0, "#1F3A4D"), (0.5, "#3F88BB"), (1.0, "#BFE0F5"))


def _template(paper: str, ink: str, grid: str, land: str, scale: Sequence[tuple[float, str]]) -> dict[str, Any]:
    axis = {
        "gridcolor": grid,
        "linecolor": grid,
        "zerolinecolor": grid,
        "automargin": True,
        "title": {"standoff": 8, "font": {"size": 12}},
    }
    return {
        "layout": {
            "paper_bgcolor": paper,
            "plot_bgcolor": paper,
            "font": {"family": FONT, "size": 13, "color": ink},
            "title": {
                "x": 0,
                "xref": "container",
                "xanchor": "left",
                "y": 1,
                "yref": "container",
                "yanchor": "top",
                "pad": {"l": 12, "t": 12},
                "font": {"size": 17},
            },
            "margin": {"l": 12, "r": 16, "t": TOP, "b": 40, "pad": 2},
            "xaxis": axis,
            "yaxis": axis,
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
            "hoverlabel": {"bgcolor": paper, "font": {"family": FONT, "size": 13, "color": ink}},
            "bargap": 0.25,
            "colorscale": {"sequential": scale},
            "geo": {
                "bgcolor": paper,
                "landcolor": land,
                "subunitcolor": paper,
                "showlakes": False,
                "showframe": False,
                "showcoastlines": False,
                "showland": True,
            },
            "annotationdefaults": {"font": {"color": ink}},
            "shapedefaults": {"line": {"color": ink}},
        }
    }


TEMPLATES: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "light": _template("#FFFFFF", "#1F2933", "#DDE3E9", "#E8ECF0", _SCALE),
        "dark": _template("#171C22", "#E6EBF0", "#3A444F", "#262E37", _SCALE_DARK),
    }
)


def figure(title: str, height: int, traces: Sequence[Any] = (), **layout: Any) -> go.Figure:
    """Return a figure on white paper; `height` in pixels, the width is that of the page."""
    look = {"template": TEMPLATES["light"], "title": {"text": title}, "height": height}  # at once: else Plotly's own
    return go.Figure(data=list(traces), layout=look | layout)  # template is copied into every figure first


def tier_colour(number: int) -> str:
    """Return the colour of a tier, 1 is best; the last colour serves all below."""
    return TIERS[min(number, len(TIERS)) - 1]


def cut(text: str | None, width: int = 32) -> str:
    """Return a name as a figure can show it: on one line, and none of it taken for markup or mathematics."""
    line = " ".join((text or "No name").split())
    short = line if len(line) <= width else line[: width - 1].rstrip() + "…"
    return escape(short, quote=False).replace("$", "&#36;")


def short_label(tier: Tier) -> str:
    """Return the name of a tier without what it means: `Tier 1` of `Tier 1 - HOT`."""
    return cut(tier.label.partition(" - ")[0], 16)
