"""A query that a signal ends is an interruption, and no mistake of ours."""

import subprocess
import sys

import pytest

# One task of this query takes minutes. In a process of its own: a signal that comes late would end the tests instead.
PROGRAM = """
import os, signal, threading
from icp_engine.database import database

signal.signal(signal.SIGINT, signal.default_int_handler)
with database() as db:
    threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
    try:
        db.STATEMENT
    except KeyboardInterrupt:
        assert db.row("select 1") == (1,), "the connection is of use afterwards"
        print("interrupted")
"""
LONG = "select count(*) from range(100000) as a, range(10000000) as b where (a.range * b.range) % 7 = 3"


@pytest.mark.parametrize("statement", [f'run("create table t as {LONG}")', f'frame("{LONG}")', f'row("{LONG}")'])
def test_a_signal_ends_a_query_at_once(statement: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("STATEMENT", statement)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("interrupted\n", "", 0)
