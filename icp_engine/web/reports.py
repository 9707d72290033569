"""`/report` and `/charts`: the pages that a run wrote of itself, as they are."""

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from icp_engine.api.snapshot import Snapshot
from icp_engine.web.access import SECURITY
from icp_engine.web.kept import Kept
from icp_engine.web.missing import NotFoundError
from icp_engine.web.render import CHARTS, REPORT, Frame

_PAGES_OF_RUN = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_TITLE = re.compile(r"<title>([^<]*)</title>")
_HEAD = 4_000  # characters of a page, among which its title stands


def report(run: Snapshot, request: Request, frame: Frame) -> Response:  # noqa: ARG001
    """Return the report of the run.

    Raises:
        NotFoundError: none was made.
    """
    path = run.run.folder / REPORT
    if not path.exists():
        raise NotFoundError("report", run.run_id, why="Run icp-engine report to make it.")
    return _file(path)


def charts(run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:  # noqa: ARG001
    """Return the page that names the charts of the run.

    Raises:
        NotFoundError: none were drawn.
    """
    found = _CHARTS.of(run)
    if not found:
        raise NotFoundError("chart", run.run_id, why="Run icp-engine charts to draw them.")
    return "charts", {"charts": found}


def chart(run: Snapshot, request: Request, frame: Frame) -> Response:  # noqa: ARG001
    """Return a chart, or the script that draws it.

    Raises:
        NotFoundError: there is none of that name.
    """
    name, folder = request.path_params["name"], run.run.folder / CHARTS
    known = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    if name not in known or not name.endswith((".html", ".js", ".png")):
        raise NotFoundError("chart", name, tuple((f"/charts/{each}", title) for each, title in _CHARTS.of(run)))
    return _file(known[name])


def _file(path: Path) -> Response:
    policy = {"Content-Security-Policy": _PAGES_OF_RUN, "Cache-Control": "private, no-cache"}
    return FileResponse(path, headers=SECURITY | policy)


def _drawn(run: Snapshot) -> tuple[tuple[str, str], ...]:
    """Return the names of the charts of a run with their titles."""
    found = []
    for path in sorted((run.run.folder / CHARTS).glob("*.html")):
        with path.open(encoding="utf-8") as file:
            title = _TITLE.search(file.read(_HEAD))
        found.append((path.name, unescape(title[1]) if title else path.stem))
    return tuple(found)


_CHARTS = Kept(_drawn)
