"""Pages from templates: the report, and a page per chart. Everything that comes from data is escaped."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.outlines import outlines_script
from icp_engine.charts.style import TEMPLATES, TITLE, TOP
from icp_engine.display import percent
from icp_engine.extract.findings import Step, verdict
from icp_engine.extract.validate import Validation
from icp_engine.networks.evidence import carried_columns
from icp_engine.report.content import Report
from icp_engine.report.document import Document, Table, spelled
from icp_engine.report.environment import page_environment
from icp_engine.scorecard import words
from icp_engine.scorecard.outcomes import outcome_table

_TEMPLATES = Path(__file__).with_name("templates")
_LONGEST = 120  # characters of a text in a table; names of 10,000 occur
_SMALL = 100_000  # bytes below which kilobytes read better
PLOTLY_JS = "plotly.min.js"  # beside the pages of single charts, which share it


def report_page(report: Report) -> str:
    """Return the page of a run, whole: scripts, styles and outlines are in it."""
    charts = [*report.charts.values(), *([report.best] if report.best else [])]
    page = _environment().get_template("report.html")
    categories = outcome_table(report.card).categories
    return page.render(
        report=report, words=words, categories=categories, has_map=any(chart.has_map for chart in charts)
    )


def validation_page(found: Validation, steps: Sequence[Step]) -> str:
    """Return the page of an extract that is not scored yet; no script is in it."""
    evidence, carried = carried_columns(found)
    return (
        _environment()
        .get_template("validation.html")
        .render(found=found, verdict=verdict(found), steps=steps, evidence=evidence, carried=carried)
    )


def document_page(document: Document) -> str:
    """Return the page of an answer, whole; scripts are in it only where it has pictures."""
    parts = [
        {"table": part, "chart": None} if isinstance(part, Table) else {"table": None, "chart": part.draw()}
        for part in document.parts
    ]
    charts = [part["chart"] for part in parts if part["chart"] is not None]
    return _environment().get_template("document.html").render(document=document, parts_of_page=parts, charts=charts)


def chart_page(chart: Chart, *, alone: bool = False) -> str:
    """Return the page of one chart, which wants `PLOTLY_JS` beside it, or carries it where it has to stand alone."""
    return _environment().get_template("chart.html").render(chart=chart, has_map=chart.has_map, alone=alone)


@cache
def _environment() -> Environment:
    environment = page_environment(_TEMPLATES)
    environment.filters |= {
        "percent": percent,
        "bytes": _bytes,
        "cell": _cell,
        "points": "{:,.2f}".format,
        "spelled": spelled,
        "moment": _moment,
        "specification": _specification,
    }
    environment.globals |= {
        "plotly_js": lambda: Markup(get_plotlyjs().replace("</script", "<\\/script")),
        "outlines_js": lambda: Markup(outlines_script()),
        "templates": Markup(_json({name: dict(template) for name, template in TEMPLATES.items()})),
        "asset": lambda name: Markup((_TEMPLATES / name).read_text(encoding="utf-8")),
        "PLOTLY_JS": PLOTLY_JS,
    }
    return environment


def _specification(chart: Chart) -> Markup:
    """Return a figure for the script of the page, which adds the theme; the page has the heading."""
    layout = chart.figure.layout.to_plotly_json()
    figure = {"data": json.loads(chart.figure.to_json())["data"], "layout": layout}
    for key in ("template", "title"):
        layout.pop(key, None)
    margin = layout.setdefault("margin", {})
    margin["t"] = margin.get("t", TOP) - TITLE
    layout["height"] -= TITLE
    return Markup(_json(figure))


def _json(value: Any) -> str:
    """Return a value as JSON that no browser takes for markup."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _cell(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _moment(text: str) -> str:
    """Return a time of the manifest as people read it."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"


def _bytes(count: int) -> str:
    """Return a size in megabytes, small ones in kilobytes."""
    return f"{count / 1e6:,.1f} MB" if count >= _SMALL else f"{count / 1e3:,.1f} kB"
