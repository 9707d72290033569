"""Standard streams as a command finds them: closed, full, read no further, or of an encoding that lacks a character."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TextIO

_STDERR = 2
_BACKTRACE = "RUST_BACKTRACE"
# Without traces only the first panic of a process ends with a note; what follows another one is left out with it.
_PANIC = re.compile(
    rb"\n?thread '[^\n]*' (\(\d+\) )?panicked at .*?(\nnote: [^\n]*`RUST_BACKTRACE[^\n]*\n|\Z)", re.DOTALL
)


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


@contextmanager
def without_panics() -> Iterator[None]:
    """Keep what libraries write to stderr past Python until the end, and leave out what Polars says of its own code.

    An input can make it panic, which is an error like others then. With RUST_BACKTRACE=full all of it is printed.
    """
    if os.environ.get(_BACKTRACE) == "full":
        yield
        return
    before, outer = sys.stderr, os.dup(_STDERR)
    with tempfile.TemporaryFile() as kept, ExitStack() as stack:
        if _number(before) == _STDERR:
            stack.callback(setattr, sys, "stderr", before)
            own = open(os.dup(outer), "w", buffering=1, encoding=before.encoding, errors="replace")  # noqa: PTH123, SIM115
            sys.stderr = stack.enter_context(own)
        os.dup2(kept.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(outer, _STDERR)
            os.close(outer)
            kept.seek(0)
            with suppress(OSError):  # nobody reads stderr
                os.write(_STDERR, _PANIC.sub(b"", kept.read()))


def _number(stream: TextIO) -> int | None:
    """Return the file number of a stream, if it has one."""
    with suppress(OSError, ValueError):
        return stream.fileno()
    return None


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
