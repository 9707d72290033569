"""The run that answers: the published one. A newer one is opened beside it, and it goes once nobody reads it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from icp_engine.api.snapshot import Snapshot, snapshot
from icp_engine.display import listed
from icp_engine.errors import IcpError, first_line
from icp_engine.published.run import open_run
from icp_engine.scorecard.model import Scorecard
from icp_engine.warehouse.folder import published

_LOOK_EVERY = 0.5  # seconds between two looks at what is published
_TRIES = 3  # at opening a run: another may be published, and this one removed, meanwhile


OTHER_CARDS = "A run of another scorecard has just been published; ask again."


class UnavailableError(IcpError):
    """There is no run to answer from; the message says why."""


@dataclass(slots=True)
class _Held:
    """An open run under each of its scorecards by id, the main one first; its readers, and whether it is replaced."""

    runs: dict[str, Snapshot]
    folder: Path
    open: ExitStack
    readers: int = 0
    replaced: bool = False

    @property
    def run(self) -> Snapshot:
        """The run under its main scorecard."""
        return next(iter(self.runs.values()))


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
    def cards(self) -> tuple[Scorecard, ...]:
        """The scorecards of the run that answers, the main one first; none where there is no run."""
        held = self._held
        return () if held is None else tuple(run.rows.card for run in held.runs.values())

    @contextmanager
    def run(self, scorecard: str | None = None) -> Iterator[Snapshot]:
        """Give the run that answers, under one of its scorecards; it stays open for as long as it is used.

        Args:
            scorecard: the id of the scorecard; the main one unless given.

        Raises:
            UnavailableError: there is no run, or it has no such scorecard.
        """
        with self._lock:
            held = self._held
            if held is None:
                raise UnavailableError(self.trouble or f"{self.warehouse} holds no published run.")
            if scorecard is not None and scorecard not in held.runs:
                raise UnavailableError(OTHER_CARDS)
            held.readers += 1
        try:
            yield held.run if scorecard is None else held.runs[scorecard]
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
            runs = {each.card.id: stack.enter_context(snapshot(each)) for each in opened.each}
            self._replace(_Held(runs, opened.folder, stack.pop_all()))
        self._refused = None
        run = runs[opened.card.id]
        named = listed([f"{card.id} {card.version}" for card in opened.cards])
        word = "scorecards" if opened.cards[1:] else "scorecard"
        self.say(f"Answering from run {run.run_id}: {run.count:,} clinics, {word} {named}")

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
