"""Where the scores of clinics stand, and where tiers begin: now, and where they might."""

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.style import figure, short_label, tier_colour
from icp_engine.scorecard.model import Scorecard

_STEPS = 100  # bars from 0 to the highest score


def cutoff_chart(frame: pl.DataFrame, card: Scorecard, before: Sequence[float], after: Sequence[float]) -> Chart:
    """Return the clinics of each step of score, coloured by tier, with old and new cut-offs.

    Args:
        frame: `score` in points, `tier` as it would be, `clinics`.
        card: the scorecard.
        before: from which scores tiers begin now.
        after: from which they would.
    """
    step = card.maximum / _STEPS
    steps = frame.group_by((pl.col("score") // step * step).alias("from_score"), "tier").agg(pl.col("clinics").sum())
    steps = steps.sort("from_score", "tier")
    traces = [_bars(steps, step, tier.number, tier.label) for tier in card.tiers]
    chart = figure("Scores, and where tiers would begin", 360, traces, barmode="stack", bargap=0)
    chart.update_layout(legend_traceorder="normal")
    chart.update_xaxes(range=[0, card.maximum], title="Score, points")
    chart.update_yaxes(title="Clinics")
    for tier, old, new in zip(card.tiers, before, after, strict=False):
        if old != new:
            _line(chart, old, f"{short_label(tier)} now, {old:g}", "dot")
        _line(chart, new, f"{short_label(tier)} from {new:g}", "solid")
    says = "Clinics per step of score, by the tier they would be in; dotted lines are where tiers begin now."
    return Chart("cutoffs", says, chart, steps)


def _bars(steps: pl.DataFrame, step: float, number: int, label: str) -> go.Bar:
    own = steps.filter(pl.col("tier") == number)
    return go.Bar(
        x=(own["from_score"] + step / 2).to_list(),
        y=own["clinics"].to_list(),
        width=step,
        name=label,
        marker={"color": tier_colour(number)},
        customdata=own["from_score"].to_list(),
        hovertemplate="%{y:,} clinics from %{customdata:g} points<extra>%{fullData.name}</extra>",
        showlegend=True,
    )


def _line(chart: go.Figure, place: float, text: str, dash: str) -> None:
    chart.add_vline(x=place, line={"width": 1, "dash": dash}, annotation_text=text)
    chart.layout.annotations[-1].update(font={"size": 11}, textangle=-90, xanchor="right", yanchor="top")
