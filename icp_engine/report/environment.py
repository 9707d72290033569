"""How templates are read, wherever pages are made: what comes from data is escaped, and a missing value stops.

Control characters of data are shown as they are on a terminal.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from icp_engine.errors import printable


def page_environment(templates: Path) -> Environment:
    """Return an environment for the templates of a folder."""
    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )


def _shown(value: Any) -> Any:
    """Return what a page shows of a value; what is markup already stays, of which scripts are a part."""
    return printable(value) if type(value) is str else value
