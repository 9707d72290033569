"""How often the clinics of each tier keep it when weights are varied."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import polars as pl

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.style import cut, figure
from icp_engine.display import percent

_COLOURS = ("#12486F", "#5B9BC8", "#B7C9D9", "#C2553D")  # from sure to unsure
_ROW = 44  # pixels of a bar and the room around it


def stability_chart(counts: Mapping[str, Sequence[int]], classes: Sequence[str]) -> Chart:
    """Return the clinics of each tier by how often they keep it, as shares of the tier.

    Args:
        counts: clinics of each class, by the label of the tier.
        classes: what the classes are called, the surest first.
    """
    tiers = [(label, row) for label, row in counts.items() if sum(row)]
    labels = [cut(label) for label, _ in tiers]
    traces = []
    for place, name in enumerate(classes):
        shares = [row[place] / sum(row) for _, row in tiers]
        traces.append(
            go.Bar(
                x=shares,
                y=labels,
                orientation="h",
                name=name,
                marker={"color": _COLOURS[place % len(_COLOURS)]},
                customdata=[[f"{row[place]:,}", percent(share)] for (_, row), share in zip(tiers, shares, strict=True)],
                hovertemplate="%{customdata[0]} clinics, %{customdata[1]}<extra>%{fullData.name}</extra>",
            )
        )
    chart = figure("How often clinics keep their tier", 130 + _ROW * len(tiers), traces, barmode="stack")
    chart.update_layout(legend_traceorder="normal")
    chart.update_xaxes(range=[0, 1], tickformat=".0%", title="Share of the tier")
    chart.update_yaxes(autorange="reversed")
    data = [(label, name, row[place]) for label, row in tiers for place, name in enumerate(classes)]
    says = "Clinics of each tier by the share of variations of the weights in which they keep it."
    return Chart("stability", says, chart, pl.DataFrame(data, ["tier", "keeps_it_in", "clinics"], orient="row"))
