"""What this package is called where packages are installed from, and how its extras are installed."""

from importlib.metadata import version

NAME = "clinic-icp"


def engine_version() -> str:
    """Return the version that is installed."""
    return version(NAME)


def install_extra(extra: str) -> str:
    """Return how the packages of an extra are installed, as the end of a sentence.

    Nothing is published on a package index, so the clone and the wheel are the two places to install from.
    """
    return f"run pip install '.[{extra}]' in the clone, or pip install WHEEL[{extra}] with the path of the wheel"
