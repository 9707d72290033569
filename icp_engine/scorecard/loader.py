"""Load a scorecard: read it, build the model, check it; all mistakes come at once."""

from pathlib import Path
from typing import Any

from icp_engine.errors import ScorecardError
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.toml.build import build
from icp_engine.scorecard.toml.check import check
from icp_engine.scorecard.toml.files import Source
from icp_engine.scorecard.toml.source import read_source
from icp_engine.scorecard.toml.table import Notes


def load_scorecard(name: str | Path = "icp") -> Scorecard:
    """Return a scorecard, checked.

    Args:
        name: the id of a shipped scorecard (`icp`, `icp-2025-11`) or the path of a `.toml` file.

    Raises:
        InputError: there is no such scorecard.
        ScorecardError: the file has mistakes; `problems` holds all of them, with their lines.

    >>> import icp_engine as icp
    >>> card = icp.load_scorecard("icp")
    >>> print(card.id, card.maximum, card.column("total_score"))
    icp 100.0 icp_total_score
    """
    return _load(read_source(str(name)))


def restore_scorecard(content: dict[str, Any], name: str) -> Scorecard:
    """Return the scorecard that a run has kept: `Scorecard.content`, everything already merged.

    Raises:
        ScorecardError: this version of the engine no longer reads it.
    """
    return _load(Source(name, content))


def _load(source: Source) -> Scorecard:
    notes = Notes(source)
    card = build(source, notes)
    check(card, notes)
    if notes.problems:
        raise ScorecardError(notes.problems)
    return card
