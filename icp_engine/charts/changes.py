"""Pictures of what changes: between scorecards, runs and extracts, and against outcomes."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import polars as pl

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.style import BAR, LOSS, ON_BAR, cut, figure, tier_colour
from icp_engine.display import listed
from icp_engine.scorecard.model import Tier

_DASHES = ("solid", "dot", "dash", "dashdot")  # of lines, a scorecard each
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
    for mark in marks.values():
        chart.add_vline(x=mark, line={"width": 1, "dash": "dash"})
    chart.update_xaxes(title="Population stability index", rangemode="tozero")
    chart.update_yaxes(autorange="reversed")
    words = listed([f"{word} from {mark:g} on" for word, mark in marks.items()])
    says = f"The population stability index of every field, with dashed lines where it is called a shift: {words}."
    return Chart("drift", says, chart, drifts)


def tier_history(tiers: pl.DataFrame) -> Chart:
    """Return the share of every tier from run to run as lines.

    Source: `started_at`, `scorecard_id`, `number`, `label`, `clinics`, in the order of runs.
    """
    share = pl.col("clinics") / pl.col("clinics").sum().over("started_at", "scorecard_id")
    shares = tiers.with_columns(share.alias("share"))
    traces, cards = [], shares["scorecard_id"].unique(maintain_order=True).to_list()
    for key, own in shares.group_by("scorecard_id", "number", maintain_order=True):
        card, number = str(key[0]), int(str(key[1]))
        traces.append(
            go.Scatter(
                x=own["started_at"].to_list(),
                y=own["share"].to_list(),
                mode="lines+markers",
                name=cut(f"{card}: {own['label'][-1]}"),
                line={"color": tier_colour(number), "dash": _DASHES[cards.index(card) % len(_DASHES)]},
                customdata=own["clinics"].to_list(),
                hovertemplate="%{customdata:,} clinics, %{y:.1%}<extra>%{fullData.name}</extra>",
            )
        )
    chart = figure("Tiers from run to run", 340, traces)
    chart.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Chart("tier_history", "The share of clinics in each tier, run by run.", chart, shares)


def rates(cells: pl.DataFrame, average: float) -> Chart:
    """Return rates with their intervals as marks, and the average as a line.

    Source: `name`, `rate`, `low`, `high`, `accounts`.
    """
    marks = go.Scatter(
        x=cells["rate"].to_list(),
        y=[cut(name) for name in cells["name"]],
        mode="markers",
        marker={"color": BAR, "size": 11},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (cells["high"] - cells["rate"]).to_list(),
            "arrayminus": (cells["rate"] - cells["low"]).to_list(),
            "color": BAR,
        },
        customdata=cells["accounts"].to_list(),
        hovertemplate="%{y}: %{x:.1%} of %{customdata:,} accounts<extra></extra>",
    )
    chart = figure("How often accounts are won", 150 + _ROW * len(cells), [marks], showlegend=False)
    chart.add_vline(x=average, line={"width": 1, "dash": "dash"}, annotation_text=f"average {average:.1%}")
    chart.update_xaxes(tickformat=".0%", rangemode="tozero", title="Share won, with its 95% interval")
    chart.update_yaxes(autorange="reversed")
    says = "The share of accounts that was won in each tier; where intervals overlap, the difference may be chance."
    return Chart("rates", says, chart, cells)
