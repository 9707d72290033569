"""icp_engine: whom to call first in US healthcare, and why.

The public names below are all there is to the Python API; they are loaded when they are first asked for, so that
the command line can set the number of threads before Polars starts.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icp_engine.errors import GateError, IcpError, InputError, Problem, ScorecardError
    from icp_engine.extract.normalized_names import normalized_name
    from icp_engine.scorecard.loader import load_scorecard
    from icp_engine.scorecard.model import Scorecard
    from icp_engine.scoring.explanation import Entry, Explanation
    from icp_engine.scoring.score import explain, score

_HOMES = {
    "Entry": "scoring.explanation",
    "Explanation": "scoring.explanation",
    "GateError": "errors",
    "IcpError": "errors",
    "InputError": "errors",
    "Problem": "errors",
    "Scorecard": "scorecard.model",
    "ScorecardError": "errors",
    "explain": "scoring.score",
    "load_scorecard": "scorecard.loader",
    "normalized_name": "extract.normalized_names",
    "score": "scoring.score",
}

__all__ = [
    "Entry",
    "Explanation",
    "GateError",
    "IcpError",
    "InputError",
    "Problem",
    "Scorecard",
    "ScorecardError",
    "explain",
    "load_scorecard",
    "normalized_name",
    "score",
]


def __getattr__(name: str) -> object:
    """Load a public name from the module that it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'icp_engine' has no attribute '{name}'")
    return getattr(import_module(f"icp_engine.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
