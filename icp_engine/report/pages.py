"""Write the pages of a run: `report.html`, and a page per chart under `charts/`."""

from collections.abc import Iterable
from pathlib import Path

from plotly.offline import get_plotlyjs

from icp_engine.charts.catalogue import Chart
from icp_engine.report.content import Report
from icp_engine.report.render import PLOTLY_JS, chart_page, report_page
from icp_engine.tables.writer import whole

CHARTS, REPORT = "charts", "report.html"


def write_pages(report: Report, folder: Path) -> None:
    """Write the report of a run and the pages of its charts into a folder."""
    write_report(report, folder / REPORT)
    write_charts([*report.charts.values(), *([report.best] if report.best else [])], folder / CHARTS)


def write_report(report: Report, path: Path) -> None:
    """Write the report, whole or not at all."""
    _write(path, report_page(report))


def write_page(chart: Chart, folder: Path) -> None:
    """Write the page of one chart, which needs no other file: to open, or to mail."""
    _write(folder / f"{chart.name}.html", chart_page(chart, alone=True))


def write_charts(charts: Iterable[Chart], folder: Path) -> list[Path]:
    """Write a page per chart, and beside them the script that they share; return the paths of the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / PLOTLY_JS, get_plotlyjs())
    paths = []
    for chart in charts:
        paths.append(folder / f"{chart.name}.html")
        _write(paths[-1], chart_page(chart))
    return paths


def _write(path: Path, text: str) -> None:
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
