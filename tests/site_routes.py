"""The addresses that the pages answer, as the site itself has them."""

from pathlib import Path
from typing import Any

from starlette.routing import Match, Route

from icp_engine.api.current import Current
from icp_engine.web.curation import Curation
from icp_engine.web.site import Site


def routes_of(folder: Path) -> list[Route]:
    """Every address of a page, with decisions and a token, over a folder without a run."""

    async def api(*_: Any) -> None:
        raise AssertionError("no page goes on to the API")

    return [route for route in Site(api, Current(folder), "t", Curation(folder)).routes if isinstance(route, Route)]


def route_of(routes: list[Route], path: str, method: str = "GET") -> str | None:
    scope = {"type": "http", "method": method, "path": path}
    return next((route.path for route in routes if route.matches(scope)[0] is Match.FULL), None)
