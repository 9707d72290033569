"""How a run tells where it is, and how long each of its stages took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Report = Callable[[str, int, int], None]
"""Called with a stage, the rows done and the rows in all; 0 where a stage does not count rows."""


@dataclass(slots=True)
class Stages:
    """The seconds that each stage of a run took."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began; stages that run beside each other count once."""
        return round(time.perf_counter() - self.began, 3)

    @contextmanager
    def __call__(self, name: str, rows: int = 0) -> Iterator[None]:
        """Time what happens inside."""
        self.report(name, 0, rows)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
