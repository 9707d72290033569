"""Pictures of what changes: between scorecards, runs and extracts, and against outcomes."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import polars as pl

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.style import BAR, LOSS, ON_BAR, cut, figure, tier_colour
from icp_engine.scorecard.model import Tier

_ROW = 46  # pixels of a bar and the room around it


def tier_moves(counts: pl.DataFrame, old: Sequence[Tier], new: Sequence[Tier]) -> Chart:
    """Return a bar for each tier before, cut by the tiers now. Source: `old_tier`, `new_tier`, `clinics`."""
    cells = {(before, now): clinics for before, now, clinics in counts.iter_rows()}
    there = [tier for tier in old if any(cells.get((tier.number, other.number)) for other in new)]
    sums = {tier.number: sum(cells.get((tier.number, other.number), 0) for other in new) for tier in there}
    traces = [
        go.Bar(
            y=[cut(tier.label) for tier in there],
            x=[cells.get((tier.number, other.number), 0) / sums[tier.number] for tier in there],
            name=cut(f"now {other.label}"),
            orientation="h",
            marker={"color": tier_colour(other.number)},
            text=[_counted(cells.get((tier.number, other.number), 0)) for tier in there],
            textfont={"color": ON_BAR},
            hovertemplate="%{text} clinics of %{y}<extra>%{fullData.name}</extra>",
        )
        for other in new
    ]
    chart = figure("Where each tier goes", 150 + _ROW * len(there), traces, barmode="stack")
    chart.update_layout(legend_traceorder="normal")
    chart.update_xaxes(tickformat=".0%", range=[0, 1])
    chart.update_yaxes(autorange="reversed")
    says = "A bar for each tier before, cut by the tiers that its clinics are in now."
    return Chart("tier_moves", says, chart, counts.sort("old_tier", "new_tier"))


def _counted(count: int) -> str:
    return f"{count:,}" if count else ""


def drift_bars(drifts: pl.DataFrame, marks: Mapping[str, float]) -> Chart:
    """Return the PSI of every field as bars, with a line where each word begins. Source: `field`, `psi`."""
    bars = go.Bar(
        x=drifts["psi"].to_list(),
        y=drifts["field"].to_list(),
        orientation="h",
        marker={"color": [LOSS if index >= max(marks.values()) else BAR for index in drifts["psi"]]},
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )
    chart = figure("How far fields have drifted", 130 + 24 * len(drifts), [bars], showlegend=False)
    for word, mark in marks.items():
        chart.add_vline(x=mark, line={"width": 1, "dash": "dash"}, annotation_text=word)
    chart.update_xaxes(title="Population stability index", rangemode="tozero")
    chart.update_yaxes(autorange="reversed")
    says = "The population stability index of every field: the farther right, the more its values have changed."
    return Chart("drift", says, chart, drifts)
