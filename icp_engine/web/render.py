"""Pages from templates. Everything that comes from data is escaped; no page holds a script or a style of its own."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from icp_engine.api.snapshot import Snapshot
from icp_engine.display import percent
from icp_engine.report.document import spelled
from icp_engine.report.environment import page_environment
from icp_engine.scorecard import words
from icp_engine.web import spelling

CHARTS, REPORT = "charts", "report.html"  # as `report.pages` has them, which would load all that draws
_TEMPLATES = Path(__file__).with_name("templates")
PAGES = (
    ("/", "Home"),
    ("/clinics", "Clinics"),
    ("/networks", "Networks"),
    ("/review", "Review"),
    ("/scorecard", "Scorecard"),
    ("/compare", "Compare"),
    ("/runs", "Runs"),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page.

    Attributes:
        here: the address of the page of `PAGES` that it belongs to.
        run: the line at its foot about the run and its scorecard; empty where no run answers.
        links: what else there is of the run, as address and name.
        signed_in: whether there is somebody to sign out.
    """

    here: str = ""
    run: str = ""
    links: tuple[tuple[str, str], ...] = ()
    signed_in: bool = False


def frame_of(run: Snapshot, here: str, *, signed_in: bool = False) -> Frame:
    """Return the frame of a page of a run."""
    manifest, card = run.run.manifest, run.rows.card
    line = f"Run of {spelling.moment(manifest.started_at)}. Scorecard {card.id} {card.version}."
    made = (("/report", "Report", REPORT), ("/charts", "Charts", CHARTS))
    links = [(url, name) for url, name, file in made if (run.run.folder / file).exists()]
    return Frame(here, line, (*links, ("/docs", "API")), signed_in)


def page(template: str, frame: Frame, **values: Any) -> str:
    """Return a page."""
    return _environment().get_template(f"{template}.html").render(frame=frame, pages=PAGES, **values)


@cache
def _environment() -> Environment:
    environment = page_environment(_TEMPLATES)
    environment.filters |= {
        "share": percent,
        "points": spelling.points,
        "signed": spelling.signed,
        "score": "{:,.2f}".format,
        "number": "{:,}".format,
        "moment": spelling.moment,
        "place": spelling.place,
        "named": spelling.name,
        "field": spelling.field,
        "inside": spelling.inside,
        "upper_first": lambda text: text[:1].upper() + text[1:],
        "of": _of,
        "spelled": spelled,
    }
    environment.globals |= {"count": spelling.count, "words": words}
    return environment


def _of(value: float, maximum: float) -> str:
    """Return a length as a share of a picture's width."""
    return f"{max(0.0, min(1.0, value / maximum)):.4%}" if maximum else "0%"
