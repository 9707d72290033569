"""A query that a signal ends is an interruption, and no mistake of ours."""

import os
import signal
import threading

import pytest

from icp_engine.database import database

LONG = "select count(*) from range(100000) as a, range(10000000) as b where (a.range * b.range) % 7 = 3"


def test_a_signal_ends_a_query_as_an_interruption() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT])
    try:
        with database() as db:
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                db.run(f"create table t as {LONG}")
            assert db.row("select 1") == (1,), "the connection is of use afterwards"
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
