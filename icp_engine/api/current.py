"""The run that answers: the published one. A newer one is opened beside it, and it goes once nobody reads it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from icp_engine.api.snapshot import Snapshot, snapshot
from icp_engine.errors import IcpError, first_line
from icp_engine.published.run import open_run
from icp_engine.scorecard.model import Scorecard
from icp_engine.warehouse.folder import published

_LOOK_EVERY = 0.5  # seconds between two looks at what is published
_TRIES = 3  # at opening a run: another may be published, and this one removed, meanwhile


class UnavailableError(IcpError):
    """There is no run to answer from; the message says why."""


@dataclass(slots=True)
class _Held:
    """An open run, how many requests read it, and whether a newer one has taken its place."""

    run: Snapshot
    folder: Path
    open: ExitStack
    readers: int = 0
    replaced: bool = False


@dataclass(slots=True)
class Current:
    """The run of a warehouse that answers, kept up with what is published there.

    A run that is published but cannot be served leaves the one before it at work; `trouble` says so.
    """

    warehouse: Path
    say: Callable[[str], None] = lambda _: None
    trouble: str | None = None
    _held: _Held | None = None
    _refused: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def __enter__(self) -> "Current":
        """Open what is published, and look for newer runs from now on."""
        self.look()
        self._watcher = threading.Thread(target=self._watch, name="published-runs", daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more, and close the run once its last request is done."""
        self._ended.set()
        if self._watcher is not None:
            self._watcher.join()
        self._replace(None)

    @property
    def card(self) -> Scorecard | None:
        """The scorecard of the run that answers; None where there is none."""
        held = self._held
        return None if held is None else held.run.rows.card

    @contextmanager
    def run(self) -> Iterator[Snapshot]:
        """Give the run that answers, which stays open for as long as it is used.

        Raises:
            UnavailableError: there is none.
        """
        with self._lock:
            held = self._held
            if held is None:
                raise UnavailableError(self.trouble or f"{self.warehouse} holds no published run.")
            held.readers += 1
        try:
            yield held.run
        finally:
            with self._lock:
                held.readers -= 1
                done = held.replaced and not held.readers
            if done:
                held.open.close()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_EVERY):
            self.look()

    def look(self) -> None:
        """Open what is published now, unless it answers already."""
        for left in reversed(range(_TRIES)):
            folder = None
            try:
                folder = published(self.warehouse)
                if folder != self._refused and (self._held is None or folder != self._held.folder):
                    self._open()
                elif self._held is not None and folder == self._held.folder:
                    self._note(None)
            except Exception as error:  # of whatever kind: who asks gets answers from the run before
                if left and folder is not None and not folder.exists():
                    continue  # a newer run was published, and this one removed
                self._refused = folder
                self._note(str(error) if isinstance(error, IcpError) else f"{folder}: {first_line(error)}.")
            return

    def _open(self) -> None:
        opened = open_run(self.warehouse)
        with ExitStack() as stack:
            run = stack.enter_context(snapshot(opened))
            self._replace(_Held(run, opened.folder, stack.pop_all()))
        self._refused = None
        card = run.rows.card
        self.say(f"Answering from run {run.run_id}: {run.count:,} clinics, scorecard {card.id} {card.version}")

    def _replace(self, held: _Held | None) -> None:
        """Let another run answer from now on, and close the one before it, unless a request still reads it."""
        with self._lock:
            before, self._held = self._held, held
            self.trouble = None  # that of the run before; whoever sees the new one sees none
            if before is not None:
                before.replaced = True
            done = before is not None and not before.readers
        if before is not None and done:
            before.open.close()

    def _note(self, trouble: str | None) -> None:
        if trouble and trouble != self.trouble:
            self.say(trouble if self._held is None else f"{trouble} Run {self._held.run.run_id} goes on answering.")
        self.trouble = trouble
