"""The outlines of the states, carried with the package so that maps need no network.

Source: `usa_110m` of the topojson assets of plotly.js 4.1.1 (MIT licence), made from public-domain Natural Earth data.
"""

from pathlib import Path

NAME = "usa_110m"  # as plotly.js calls scope and resolution


def outlines_script() -> str:
    """Return the script that a page runs before it draws a map: plotly.js looks there before it asks the network."""
    text = Path(__file__).with_name(f"{NAME}.json").read_text(encoding="utf-8").strip()
    return f"window.PlotlyGeoAssets = {{topojson: {{{NAME}: {text}}}}};"
