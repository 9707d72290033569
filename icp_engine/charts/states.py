"""The map of a run's charts: where clinics are above the lowest tier, as far as states can be compared."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from icp_engine.charts.style import GREY, TITLE, figure, short_label
from icp_engine.display import percent
from icp_engine.scorecard.model import Scorecard

_MIN_CLINICS = 20  # of a state, for a share of them to be compared
_MIN_EXPECTED = 5  # clinics above the lowest tier, for the same


def tiers_by_state(frame: pl.DataFrame, card: Scorecard) -> go.Figure:
    """Return a map of the United States: the share of clinics above the lowest tier. Needs outlines in the page.

    The scale begins at nothing, so that small differences look small; states with few clinics are grey.
    """
    states = _states(frame, card)
    told = [
        "<br>".join(
            [
                f"{row['state_code']}: {row['clinics']:,} clinics, mean {row['mean']:.1f}",
                *(f"{tier.label}: {row[f'tier {tier.number}']:,}" for tier in card.tiers),
            ]
        )
        for row in states.iter_rows(named=True)
    ]
    states = states.with_columns(pl.Series("told", told, pl.String))
    many, few = states.filter("comparable"), states.filter(~pl.col("comparable"))
    top = many["share"].max()
    shares = _outlined(
        many,
        many["share"].to_list(),
        "<br>above the lowest: %{z:.1%}",
        zmin=0,
        zmax=top or 1,
        colorbar={
            "orientation": "h", "y": -0.02, "yanchor": "top", "len": 0.7, "thickness": 10, "tickformat": ".1~%",
            "title": {"text": f"Share of clinics in {_better(card)}", "side": "top", "font": {"size": 12}},
        },
    )  # fmt: skip
    grey = _outlined(few, [0] * len(few), "<br>too few clinics to compare", colorscale=[[0, GREY], [1, GREY]])
    grey.showscale = False
    chart = figure("Where the better clinics are", 400, [shares, grey])
    chart.update_layout(geo={"scope": "usa"}, margin={"t": TITLE, "b": 70})
    return chart


def _states(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return clinics, mean score, share above the lowest tier and clinics per tier of every state, by its code.

    `comparable` is a state in which chance alone would not leave the tiers above the lowest empty.
    """
    clinics, score, above = pl.col("num_clinics"), pl.col("sum_of_scores"), pl.col("tier") < card.tiers[-1].number
    everywhere = frame.select(clinics.filter(above).sum() / clinics.sum()).item()
    enough = max(_MIN_CLINICS, _MIN_EXPECTED / everywhere if everywhere else 0)
    return (
        frame.drop_nulls("state_code")
        .group_by("state_code")
        .agg(
            clinics.sum().alias("clinics"),
            (score.sum() / clinics.sum()).alias("mean"),
            (clinics.filter(above).sum() / clinics.sum()).alias("share"),
            (clinics.sum() >= enough).alias("comparable"),
            *(clinics.filter(pl.col("tier") == tier.number).sum().alias(f"tier {tier.number}") for tier in card.tiers),
        )
        .sort("state_code")
    )


def _outlined(states: pl.DataFrame, values: list[float], hover: str, **look: Any) -> go.Choropleth:
    return go.Choropleth(
        locationmode="USA-states",
        locations=states["state_code"].to_list(),
        z=values,
        text=states["told"].to_list(),
        hovertemplate=f"%{{text}}{hover}<extra></extra>",
        marker={"line": {"width": 0.5}},
        **look,
    )


def spread_of_states(frame: pl.DataFrame, card: Scorecard) -> str:
    """Return in words how far apart the states of the map are."""
    states = _states(frame, card)
    many = states.filter("comparable").sort("share", "state_code")
    few = len(states) - len(many)
    if many.is_empty():
        return "Every state is grey: each has too few clinics to compare."
    low, high = many.row(0, named=True), many.row(-1, named=True)
    grey = f" {few} {'state is' if few == 1 else 'states are'} grey: too few clinics to compare." if few else ""
    if low["share"] == high["share"]:
        return f"It is {percent(low['share'])} in every state: the map tells nothing apart.{grey}"
    ends = f"{percent(low['share'])} in {low['state_code']} to {percent(high['share'])} in {high['state_code']}"
    return f"Shares run from {ends}; the colours begin at 0%.{grey}"


def _better(card: Scorecard) -> str:
    """Return the tiers above the lowest in words."""
    return " or ".join(map(short_label, card.tiers[:-1]))
