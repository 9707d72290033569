"""The charts of a run: one pure function each, a frame of `sql/charts` in, a figure out."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from icp_engine.charts.style import BAR, LOSS, ON_BAR, SEGMENTS, TITLE, cut, figure, short_label, tier_colour
from icp_engine.display import percent
from icp_engine.networks.columns import network_tiers
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.explanation import Explanation

_ROW = 26  # pixels of a bar and the room around it
_SUBTITLES = TITLE + 28  # pixels above figures that have headings inside
_ROOM = 1.55  # of the longest bar: what is written behind it fits on a phone too


def score_distribution(frame: pl.DataFrame, card: Scorecard) -> go.Figure:
    """Return clinics per step of score as bars, coloured by tier, and the scores from which the tiers begin."""
    step = max(round(card.maximum * 100) // 100, 1) / 100
    traces = []
    for tier in card.tiers:
        own = frame.filter(pl.col("tier") == tier.number)
        traces.append(
            go.Bar(
                x=(own["from_score"] + step / 2).to_list(),
                y=own["num_clinics"].to_list(),
                width=step,
                name=tier.label,
                marker={"color": tier_colour(tier.number)},
                customdata=own["from_score"].to_list(),
                hovertemplate="%{y:,} clinics from %{customdata:g} points<extra>%{fullData.name}</extra>",
                showlegend=True,
            )
        )
    chart = figure("How scores spread", 360, traces, barmode="stack", bargap=0)
    chart.update_layout(legend_traceorder="normal")
    chart.update_xaxes(range=[0, card.maximum], title="Score, points")
    chart.update_yaxes(title="Clinics")
    for tier in card.tiers:
        edge = tier.at_least.get("total")
        if edge is not None:
            chart.add_vline(
                x=edge, line={"width": 1, "dash": "dash"}, annotation_text=f"{short_label(tier)} from {edge:g}"
            )
            chart.layout.annotations[-1].update(font={"size": 11}, textangle=-90, xanchor="right", yanchor="top")
    return chart


def tiers_and_segments(frame: pl.DataFrame, card: Scorecard) -> go.Figure:
    """Return how many clinics there are in each tier and in each segment, with their shares."""
    rows = max(_sum(frame, pl.lit(value=True)), 1)
    tiers = [(tier.label, tier.number, _sum(frame, pl.col("tier") == tier.number)) for tier in card.tiers]
    segments = [(letter, label, _sum(frame, pl.col("segment") == letter)) for letter, label in card.segments.items()]
    chart = make_subplots(
        figure=figure(
            "Tiers and segments" if segments else "Tiers",
            140 + (len(tiers) + len(segments)) * 34,
            margin={"t": _SUBTITLES},
            showlegend=False,
        ),
        rows=2 if segments else 1,
        cols=1,
        row_heights=[len(tiers), len(segments)] if segments else None,
        vertical_spacing=0.16,
        subplot_titles=["Tiers", "Segments"] if segments else None,
    )
    chart.add_trace(
        _shares(
            [label for label, _, _ in tiers],
            [count for *_, count in tiers],
            rows,
            [tier_colour(number) for _, number, _ in tiers],
            [label for label, _, _ in tiers],
        ),
        row=1,
        col=1,
    )
    if segments:
        colours = [SEGMENTS[place % len(SEGMENTS)] for place in range(len(segments))]
        names = [f"Segment {letter}" for letter, *_ in segments]
        chart.add_trace(
            _shares(names, [count for *_, count in segments], rows, colours, [label for _, label, _ in segments]),
            row=2,
            col=1,
        )
    for title in chart.layout.annotations:
        title.update(x=0, xanchor="left", font={"size": 13})
    chart.update_xaxes(range=[0, 1.02], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    chart.update_yaxes(autorange="reversed", showgrid=False)
    return chart


def _sum(frame: pl.DataFrame, condition: pl.Expr) -> int:
    return int(frame.filter(condition)["num_clinics"].sum())


def _shares(names: list[str], counts: list[int], rows: int, colours: list[str], hover: list[str]) -> go.Bar:
    return go.Bar(
        x=[count / rows for count in counts],
        y=names,
        orientation="h",
        marker={"color": colours, "line": {"width": 1, "color": colours}},  # without a line nothing is drawn for 0
        text=[f"{count:,} ({percent(count / rows)})" for count in counts],
        textposition=["inside" if count > rows / 2 else "outside" for count in counts],
        insidetextfont={"color": ON_BAR},
        textangle=0,
        cliponaxis=False,
        customdata=hover,
        hovertemplate="%{customdata}: %{text}<extra></extra>",
    )


def category_averages(frame: pl.DataFrame, card: Scorecard) -> go.Figure:
    """Return the average points of each category by segment, beside the most that each can bring."""
    letters = list(card.segments) or [""]
    traces: list[Any] = []
    for place, letter in enumerate(letters):
        own = frame.filter(pl.col("segment") == letter)
        traces.append(
            go.Bar(
                y=own["label"].to_list(),
                x=own["average"].to_list(),
                orientation="h",
                name=f"Segment {letter}" if letter else "All clinics",
                marker={"color": SEGMENTS[place % len(SEGMENTS)]},
                hovertemplate="%{y}: %{x:.2f} points on average<extra>%{fullData.name}</extra>",
            )
        )
    traces.append(
        go.Scatter(
            y=[category.label for category in card.categories],
            x=[category.maximum for category in card.categories],
            mode="markers",
            name="Maximum",
            cliponaxis=False,
            marker={"symbol": "line-ns", "size": 24, "line": {"width": 2, "color": "#7B8794"}},
            hovertemplate="%{y}: at most %{x:g} points<extra></extra>",
        )
    )
    height = 120 + len(card.categories) * (16 + 15 * len(letters))
    chart = figure("What each category brings, and could", height, traces, barmode="group", bargap=0.3)
    chart.update_xaxes(title="Points", rangemode="tozero")
    chart.update_yaxes(
        categoryorder="array", categoryarray=[category.label for category in card.categories], autorange="reversed"
    )
    return chart


def missing_data(frame: pl.DataFrame, card: Scorecard) -> go.Figure:  # noqa: ARG001 (every chart takes both)
    """Return the points that an average clinic loses for want of each field, and how often each field is known."""
    chart = make_subplots(
        figure=figure(
            "Where points are lost to missing data",
            76 + len(frame) * _ROW,
            margin={"t": _SUBTITLES, "b": 12},
            showlegend=False,
        ),
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06,
        subplot_titles=["Points lost", "Known for"],
    )  # fmt: skip
    points, shares = frame["average_points"].to_list(), frame["given_share"].to_list()
    chart.add_trace(
        go.Bar(
            y=frame["field"].to_list(),
            x=points,
            orientation="h",
            marker={"color": LOSS},
            text=[f"{value:.2f}" if value else "" for value in points],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.2f} points a clinic<extra></extra>",
        ),
        row=1,
        col=1,
    )
    chart.add_trace(
        go.Bar(
            y=frame["field"].to_list(),
            x=shares,
            orientation="h",
            marker={"color": BAR},
            text=[percent(value) for value in shares],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: known for %{text} of clinics<extra></extra>",
        ),
        row=1,
        col=2,
    )
    for title in chart.layout.annotations:
        title.update(font={"size": 12})
    chart.update_yaxes(autorange="reversed", showgrid=False)
    chart.update_xaxes(range=[0, max(points, default=0) * _ROOM or 1], showticklabels=False, row=1, col=1)
    chart.update_xaxes(range=[0, _ROOM], showticklabels=False, row=1, col=2)
    return chart


def top_networks(frame: pl.DataFrame, card: Scorecard) -> go.Figure:
    """Return the best networks by score, coloured by tier, each with its size."""
    names = _unique([cut(name, 24) for name in frame["display_name"]])
    traces = []
    for tier in network_tiers(card):
        own = frame.with_columns(pl.Series("name", names)).filter(pl.col("network_tier") == tier.number)
        if own.is_empty():
            continue
        sizes = [
            f"{row['num_clinics']:,} clinics in {row['num_states']} {'state' if row['num_states'] == 1 else 'states'}"
            for row in own.iter_rows(named=True)
        ]
        traces.append(
            go.Bar(
                y=own["name"].to_list(),
                x=own["network_total_score"].to_list(),
                orientation="h",
                name=tier.label,
                marker={"color": tier_colour(tier.number)},
                text=[f"{row['network_total_score']:.1f} · {row['num_clinics']:,}" for row in own.to_dicts()],
                textposition="outside",
                cliponaxis=False,
                customdata=list(zip((cut(name, 90) for name in own["display_name"]), sizes, strict=True)),
                hovertemplate="%{customdata[0]}<br>%{x:.2f} points, %{customdata[1]}<extra>%{fullData.name}</extra>",
                showlegend=True,
            )
        )
    chart = figure(f"The best {len(frame)} networks: score · clinics", 120 + len(frame) * 24, traces)
    half = card.maximum / 2
    chart.update_xaxes(range=[0, card.maximum * _ROOM], title="Score, points", tickvals=[0, half, card.maximum])
    chart.update_yaxes(categoryorder="array", categoryarray=names, autorange="reversed", showgrid=False)
    return chart


def _ticks(maximum: float) -> list[float]:
    return [maximum * part / 5 for part in range(6)]


def _unique(names: Sequence[str]) -> list[str]:
    """Return the names with blanks after those that came before: a bar each, though they read the same."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        found.append(name + "\u200b" * seen.get(name, 0))
        seen[name] = seen.get(name, 0) + 1
    return found


def network_sizes(frame: pl.DataFrame, card: Scorecard) -> go.Figure:
    """Return networks by size and score, a bubble for all of about the same, its area by how many they are."""
    traces = []
    for tier in network_tiers(card):
        own = frame.filter(pl.col("network_tier") == tier.number)
        if own.is_empty():
            continue
        traces.append(
            go.Scatter(
                x=own["num_clinics"].to_list(),
                y=(own["from_score"] + 1).to_list(),
                mode="markers",
                name=tier.label,
                marker={
                    "color": tier_colour(tier.number),
                    "size": [6 + 34 * math.sqrt(count / frame["num_networks"].max()) for count in own["num_networks"]],
                    "opacity": 0.75,
                    "line": {"width": 0.5, "color": "#FFFFFF"},
                },
                customdata=[
                    (*row[:2], cut(row[2], 60)) for row in own.select("num_networks", "from_score", "example").rows()
                ],
                hovertemplate="%{customdata[0]:,} networks of %{x} clinics, %{customdata[1]:g} points and more"
                "<br>such as %{customdata[2]}<extra>%{fullData.name}</extra>",
                showlegend=True,
            )
        )
    chart = figure("Size of networks, and their scores", 400, traces)
    chart.update_xaxes(type="log", title="Clinics in the network", tickvals=[2, 3, 5, 10, 20, 50, 100, 200, 500, 1000])
    chart.update_yaxes(title="Score, points")
    return chart


def waterfall(found: Explanation) -> go.Figure:
    """Return how one clinic's score is put together, category by category."""
    card, total = found.card, found.total
    scores = [found.scores[category.name] for category in card.categories]
    names = [category.label for category in card.categories]
    whole = card.combine == "sum"
    trace = go.Waterfall(
        orientation="h",
        y=[*names, "Total"],
        x=[*scores, total],
        measure=["relative" if whole else "absolute"] * len(scores) + ["total" if whole else "absolute"],
        text=[
            *(f"{score:g} of {category.maximum:g}" for score, category in zip(scores, card.categories, strict=True)),
            f"{total:g} of {card.maximum:g}",
        ],
        textposition="outside",
        cliponaxis=False,
        increasing={"marker": {"color": BAR}},
        totals={"marker": {"color": tier_colour(found.tier)}},
        connector={"line": {"width": 1}},
        hovertemplate="%{y}: %{text} points<extra></extra>",
    )
    name = cut(found.name or found.clinic_id, 48)
    chart = figure(f"{name}: {total:g} points", 84 + 34 * (len(names) + 1), [trace], showlegend=False)
    chart.update_layout(margin={"t": TITLE + 12})
    chart.update_xaxes(range=[0, max(card.maximum, total) * _ROOM], tickvals=_ticks(card.maximum), title="Points")
    chart.update_yaxes(autorange="reversed", showgrid=False)
    return chart
