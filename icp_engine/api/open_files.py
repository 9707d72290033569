"""How many files the system lets a process open: a connection is one, and none is left for it where all are open."""

import logging
import sys
from dataclasses import dataclass

if sys.platform != "win32":
    import resource

_OWN = 40  # files that the server has open, or opens for an answer
_SPARE = 50  # connections above those that are answered, which are told so
_WAITING = 128  # that the system accepts in one go


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections are answered at once, how many more are told so, and how many wait to be accepted."""

    answered: int
    spare: int = _SPARE
    waiting: int = _WAITING


def room_for(connections: int) -> Room:
    """Return what there is room for, up to so many connections; the limit of this process is raised where it can be."""
    if sys.platform == "win32":
        return Room(connections)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE + _WAITING + _OWN
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return Room(connections)
    if hard != soft:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft >= wanted:
        return Room(connections)
    left = max(soft - _OWN, 4)
    spare, waiting = min(_SPARE, left // 4), min(_WAITING, left // 4)
    return Room(max(1, min(connections, left - spare - waiting)), spare, waiting)


class Once(logging.Filter):
    """Lets what asyncio says of files that cannot be opened pass once, in a sentence and without its traceback.

    asyncio listens again a second later, and also where the server has ended meanwhile: that is left out.
    """

    _said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is printed."""
        message, error = record.getMessage(), record.exc_info[1] if record.exc_info else None
        if "._start_serving(" in message and isinstance(error, ValueError):  # of a socket that is closed
            return False
        if not message.startswith("socket.accept() out of system resource"):
            return True
        record.msg, record.args, record.exc_info = (
            "The system lets this process open no more files: connections wait. Raise its limit, as by ulimit -n.",
            (),
            None,
        )
        first, self._said = not self._said, True
        return first
