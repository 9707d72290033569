"""A command that a signal ends says so, whatever the library that was interrupted makes of it."""

import signal
import subprocess
import sys

import pytest

# DuckDB raises a RuntimeError of its own in some places, Polars a ComputeError, an import an ImportError.
PROGRAM = """
import os, signal
from icp_engine import cli
from icp_engine.errors import InputError

signal.signal(signal.SIGINT, signal.HANDLER)

def interrupted(standalone_mode):
    try:
        os.kill(os.getpid(), signal.SIGNAL)
    except KeyboardInterrupt:
        ERROR
    return 7

cli.cli.main = interrupted
cli.main()
"""


def ended(number: signal.Signals, error: str, handler: str = "default_int_handler") -> tuple[int, str, str]:
    program = PROGRAM.replace("SIGNAL", number.name).replace("ERROR", error).replace("HANDLER", handler)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("error", ["raise", "raise RuntimeError('Query interrupted')", "raise InputError('of a file')"])
def test_whatever_ends_an_interrupted_command_is_the_interruption(number: signal.Signals, error: str) -> None:
    assert ended(number, error) == (130, "", "Interrupted; what was published before is still there.\n")


def test_a_signal_that_is_ignored_stays_so() -> None:
    assert ended(signal.SIGINT, "raise", "SIG_IGN") == (7, "", "")
