"""The picture of what is not known: per field the clinics that it could lift or lower."""

import plotly.graph_objects as go
import polars as pl

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.style import BAR, GREY, LOSS, TOP, cut, figure

_ROW = 30  # pixels of a field
_STAYS = "tier stays"


def gaps_chart(fields: pl.DataFrame) -> Chart:
    """Return the clinics that lack each field, by what it could change: rise, fall or neither."""
    shown = fields.reverse().with_columns(
        pl.max_horizontal(pl.col("lacking").cast(pl.Int64) - pl.col("up") - pl.col("down"), 0).alias(_STAYS)
    )
    parts = (("up", "could rise", BAR), ("down", "could fall", LOSS), (_STAYS, _STAYS, GREY))
    names = [cut(name) for name in shown["field"]]
    traces = [
        go.Bar(
            x=shown[column].to_list(),
            y=names,
            name=label,
            orientation="h",
            marker={"color": colour},
            hovertemplate="%{x:,} clinics without %{y}<extra>%{fullData.name}</extra>",
        )
        for column, label, colour in parts
    ]
    chart = figure("Clinics that lack each field", TOP + _ROW * max(len(names), 1) + 60, traces, barmode="stack")
    chart.update_layout(legend_traceorder="normal")
    chart.update_xaxes(title="Clinics", tickformat=",")
    told = "Clinics that lack each field: how many of them it could lift into a better tier, or lower, by itself."
    return Chart("gaps", told, chart, fields)
