"""What is made of a run once, and kept for as long as that run answers."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from icp_engine.api.snapshot import Snapshot

_Value = TypeVar("_Value")


class Kept(Generic[_Value]):
    """A value of the run that was asked for last; who asks while it is made waits for it."""

    def __init__(self, make: Callable[[Snapshot], _Value]) -> None:
        """Take what makes it."""
        self._make = make
        self._held: tuple[Path, _Value] | None = None
        self._lock = threading.Lock()

    def of(self, run: Snapshot) -> _Value:
        """Return the value of a run."""
        with self._lock:
            held = self._held
            if held is None or held[0] != run.run.folder:
                held = self._held = (run.run.folder, self._make(run))
            return held[1]
