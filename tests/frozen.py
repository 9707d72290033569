"""The shipped scorecards as they were at one version, which tests are written for, and the version that they have."""

from pathlib import Path

from icp_engine.scorecard.loader import load_scorecard

_CARDS = Path(__file__).parent / "cards"


def frozen_card(name: str, version: str = "1.0.0") -> Path:
    """Return the file that keeps a shipped scorecard as it was at a version; `scripts/make_docs.py` wrote it."""
    return _CARDS / f"{name}-{version}.toml"


def shipped_version(name: str = "icp") -> str:
    """Return the version that a shipped scorecard has today, as results name it."""
    return load_scorecard(name).version
