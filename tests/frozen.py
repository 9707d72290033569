"""The shipped scorecards as they were at one version, which the oracle and the tables of bands are written for."""

from pathlib import Path

_CARDS = Path(__file__).parent / "cards"


def frozen_card(name: str, version: str = "1.0.0") -> Path:
    """Return the file that keeps a shipped scorecard as it was at a version; `scripts/make_docs.py` wrote it."""
    return _CARDS / f"{name}-{version}.toml"
