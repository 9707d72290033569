"""The chart of partnerships: practices by score."""

import plotly.graph_objects as go
import polars as pl

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.style import ON_BAR, cut, figure, tier_colour
from icp_engine.scorecard.model import TOTAL, Scorecard, Tier

_ROW = 26  # pixels of a bar and the room around it
_GAP = 6  # pixels between legend and plot
_INSIDE = 0.9  # of the axis, from where there is no room for a number behind the bar
_AROUND = 150  # pixels of heading, legend and axis


def partner_scores(best: pl.DataFrame, rows: int, card: Scorecard, name: str) -> Chart:
    """Return the scores of practices as horizontal bars, coloured by tier, the best on top.

    Args:
        best: rows of `rula_partner_scores`, the best first.
        rows: practices in all, of which `best` may be a part.
        card: the scorecard.
        name: what the files of the chart are called.
    """
    data = best.select("Rank", "Name", "Tier", "Score", "Practice Type", "Location")
    traces = [_bars(data.filter(pl.col("Tier") == tier.label), tier, card.maximum) for tier in card.tiers]
    shown = f"The best {len(data):,} of {rows:,} practices" if rows > len(data) else f"{rows:,} practices"
    title = "Referral partners by score" + (f": the best {len(data)}" if rows > len(data) else "")
    chart = figure(title, _AROUND + _ROW * len(data), traces, barmode="overlay")
    above = 1 + _GAP / (_ROW * len(data))  # in heights of the plot, which may be tall
    chart.update_layout(legend={"traceorder": "normal", "y": above})
    chart.update_xaxes(range=[0, card.maximum], title="Score, points")
    chart.update_yaxes(
        tickmode="array",
        tickvals=data["Rank"].to_list(),
        ticktext=[cut(name) for name in data["Name"]],
        range=[len(data) + 0.5, 0.5],
        showgrid=False,
    )
    for tier in card.tiers:
        edge = tier.at_least.get(TOTAL)
        if edge is not None:
            chart.add_vline(x=edge, line={"width": 1, "dash": "dash"})
    says = f"{shown} by score, the best on top, coloured by tier; dashed lines mark where tiers begin."
    return Chart(name, says, chart, data)


def _bars(own: pl.DataFrame, tier: Tier, highest: float) -> go.Bar:
    told = own.select("Rank", pl.col("Name", "Practice Type", "Location").fill_null("")).rows()
    return go.Bar(
        x=own["Score"].to_list(),
        y=own["Rank"].to_list(),
        orientation="h",
        name=tier.label,
        marker={"color": tier_colour(tier.number)},
        text=[f"{score:.1f}" for score in own["Score"]],
        textposition=["inside" if score > highest * _INSIDE else "outside" for score in own["Score"]],
        insidetextfont={"color": ON_BAR},
        textangle=0,
        cliponaxis=False,
        customdata=[[rank, *(cut(text, 60) if text else "" for text in texts)] for rank, *texts in told],
        hovertemplate="%{customdata[0]}. %{customdata[1]}<br>%{customdata[2]}, %{customdata[3]}<br>"
        "%{x:.2f} points<extra>%{fullData.name}</extra>",
        showlegend=not own.is_empty(),
    )
