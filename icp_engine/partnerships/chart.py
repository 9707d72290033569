"""The chart of scores, as a page that needs no network, and as a picture where a browser is installed."""

from importlib.util import find_spec
from pathlib import Path

import polars as pl

from icp_engine.distribution import install_extra
from icp_engine.errors import InputError
from icp_engine.scorecard.model import Scorecard

_DRAW_WITH = ("plotly", "jinja2")  # of the extra `charts`


def draw_chart(best: pl.DataFrame, rows: int, card: Scorecard, folder: Path, name: str) -> dict[str, str]:
    """Draw the best practices; return why it was not, by the ending of the file; nothing where page and picture were.

    Args:
        best: rows of `rula_partner_scores`, the best first.
        rows: practices in all.
        card: the scorecard.
        folder: where the files go.
        name: their name without an ending.
    """
    if not all(map(find_spec, _DRAW_WITH)):
        return {"html": f"the chart needs more packages: {install_extra('charts')}."}
    from icp_engine.charts.partners import partner_scores
    from icp_engine.charts.png import check_png, write_pngs
    from icp_engine.report.pages import write_page

    chart = partner_scores(best, rows, card, name)
    write_page(chart, folder)
    try:
        check_png()
        write_pngs([chart], folder)
    except InputError as error:
        return {"png": str(error)}
    return {}
