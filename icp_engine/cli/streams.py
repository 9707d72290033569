"""Standard streams as a command finds them: closed, full, read no further, or of an encoding that lacks a character."""

import os
import sys
from contextlib import suppress
from typing import TextIO

_STDERR = 2


def prepare() -> None:
    """Have all three streams open, and able to print any text.

    Else the next file that is opened becomes stdout, and what is printed goes into it.
    """
    for descriptor in range(_STDERR + 1):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    sys.stdout = _able(sys.stdout)
    sys.stderr = _able(sys.stderr)


def _able(stream: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 (lives as long as the process)
    with suppress(AttributeError, OSError, ValueError):
        stream.reconfigure(errors="replace")  # type: ignore[attr-defined]
    return stream


def drop(stream: TextIO) -> None:
    """Throw away what is printed from now on: whoever read it has gone."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def finish() -> None:
    """Print what is waiting to be printed.

    Raises:
        OSError: there is no room for it.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            drop(stream)
        except OSError:
            drop(stream)
            raise
