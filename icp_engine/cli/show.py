"""Printing for people: tables and bars of `display`, numbers with separators, progress on a terminal."""

import json
import math
import re
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from icp_engine.display import bar, cut, percent, table
from icp_engine.errors import printable

if TYPE_CHECKING:
    from icp_engine.published.matrix import TierMatrix

__all__ = ["Progress", "bar", "csv", "cut", "emit", "percent", "say", "table", "tier_matrix", "width"]

_CONTROL = re.compile("[\x7f-\x9f]")  # which JSON leaves alone, and some terminals obey
_TICK = 0.2  # seconds between two looks at the clock


def emit(value: Any) -> None:
    """Print a value as JSON on stdout; characters that its encoding may lack are escaped as JSON does."""
    ascii_only = "utf" not in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    text = json.dumps(_finite(value), indent=2, ensure_ascii=ascii_only, default=str)
    click.echo(_CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def say(text: str, *, err: bool = False) -> None:
    """Print a text for people; control characters in it are shown, and do nothing."""
    click.echo(printable(text), file=sys.stderr if err else sys.stdout)  # of its own, click takes ASCII for a mistake


def csv(content: bytes) -> None:
    """Print CSV, in UTF-8 as files are, whatever the encoding: it is data. A terminal shows its control characters."""
    if sys.stdout.isatty():
        click.echo(printable(content.decode()), file=sys.stdout, nl=False)
    else:
        click.echo(content, nl=False)


def _finite(value: Any) -> Any:
    """Return the value with null for the numbers that JSON has no word for."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def tier_matrix(matrix: "TierMatrix") -> str:
    """Return the clinics by the tiers of two scorecards as a table, and what it says."""
    heading = (f"{matrix.card.id} / {matrix.other.id}", *(tier.label for tier in matrix.other.tiers))
    counts = zip(matrix.card.tiers, matrix.counts, strict=True)
    rows = [(tier.label, *(f"{clinics:,}" for clinics in row)) for tier, row in counts]
    return f"{table([heading, *rows], '<' + '>' * len(matrix.other.tiers), header=True)}\n{matrix.sentence}"


def width() -> int:
    """Return the width of the terminal, or a readable one where there is none."""
    return min(shutil.get_terminal_size((110, 24)).columns, 140)


class Progress:
    """One line on stderr that tells the stage, the rows and the time; silent where it is not a terminal.

    The time goes on while a stage has nothing to say. The line is gone when the context is left.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._on = not quiet and sys.stderr.isatty()
        self._start = time.monotonic()
        self._now = ("", 0, 0)
        self._left = threading.Event()
        self._clock = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Progress":
        """Start the clock."""
        if self._on:
            self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the clock and clear the line."""
        if self._on:
            self._left.set()
            self._clock.join()
            click.echo("\r\x1b[K", nl=False, err=True)

    def __call__(self, stage: str, done: int, rows: int) -> None:
        """Show where the work is."""
        self._now = (stage, done, rows)
        self._draw()

    def _tick(self) -> None:
        while not self._left.wait(_TICK):
            self._draw()

    def _draw(self) -> None:
        stage, done, rows = self._now
        if not self._on or not stage:
            return
        counted = f"{bar(done / rows, 20):<20}  {done:,} of {rows:,} rows" if rows and done else ""
        part = counted or (f"{rows:,} rows" if rows else "")
        click.echo(f"\r\x1b[K{time.monotonic() - self._start:6.1f} s  {stage:<9}  {part}", nl=False, err=True)
