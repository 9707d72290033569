"""A published run, opened once: the one door through which everything that reads results comes in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from icp_engine.columns import NAME, STATE
from icp_engine.database import Database, database
from icp_engine.display import listed
from icp_engine.errors import InputError, did_you_mean
from icp_engine.networks.grouping import NETWORKS
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.several import apart
from icp_engine.warehouse.duckdb_file import FILE
from icp_engine.warehouse.folder import published
from icp_engine.warehouse.manifest import Manifest, read_manifest, under


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one run, which stay as they are while newer runs are published.

    Attributes:
        warehouse: what it was published into, as the user names it: for messages.
        folder: where its files are.
        card: its scorecard as it was then, whatever has become of its file.
        manifest: what it says of itself.
        cards: all scorecards of the run, the main one first.
    """

    warehouse: Path
    folder: Path
    card: Scorecard
    manifest: Manifest
    cards: tuple[Scorecard, ...] = ()

    def of(self, scorecard: str | None) -> "Run":
        """Return the run as one of its scorecards sees it; the main one where none is named.

        Raises:
            InputError: the run was not scored with it.
        """
        ids = [card.id for card in self.cards] or [self.card.id]
        if scorecard is None or scorecard == self.card.id:
            return self
        if scorecard not in ids:
            raise InputError(
                f"{self.warehouse} was not scored with '{scorecard}'{did_you_mean(scorecard, ids)}; "
                f"it was with {listed(ids)}."
            )
        assert self.card is self.cards[0], "only the run of the main scorecard knows the others"
        place = ids.index(scorecard)
        manifest = under(self.manifest, self.manifest.other_scorecards[place - 1])
        return replace(self, card=self.cards[place], manifest=manifest)

    @property
    def each(self) -> tuple["Run", ...]:
        """The run as each of its scorecards sees it, the main one first."""
        return tuple(self.of(card.id) for card in self.cards) or (self,)

    def path(self, table: str) -> Path:
        """Return the Parquet file of a table."""
        return self.folder / f"{table}.parquet"

    def table(self, name: str) -> pl.LazyFrame:
        """Return the rows of a table, which are read when they are collected."""
        return pl.scan_parquet(self.path(name))

    def clinics(self) -> pl.LazyFrame:
        """Return the rows of `clinics_icp`, with name and state missing where the extract has none."""
        clinics = self.table("clinics_icp")
        absent = [name for name in (NAME, STATE) if name not in clinics.collect_schema()]
        return clinics.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)

    @property
    def made_networks(self) -> bool:
        """Whether the run's networks are of this scorecard's scores, which only those of the main one are."""
        return self.has_networks and (not self.cards or self.card is self.cards[0])

    @property
    def has_networks(self) -> bool:
        """Whether the run looked for networks."""
        return self.path(NETWORKS).exists()

    @contextmanager
    def database(self, memory_limit: int | None = None) -> Iterator[Database]:
        """Open the warehouse file of the run for reading.

        Raises:
            InputError: the run was published without one.
        """
        path = self.folder / FILE
        if not path.exists():
            raise InputError(
                f"{self.warehouse} was published with --no-networks and has no {FILE}; run again without it."
            )
        with database(path, read_only=True, memory_limit=memory_limit) as db:
            yield db


def open_run(warehouse: Path) -> Run:
    """Return the published run of a warehouse.

    Raises:
        InputError: nothing is published there, or its manifest is damaged.
        ScorecardError: this version of the engine no longer reads its scorecard.
    """
    return run_in(warehouse, published(warehouse))


def run_in(warehouse: Path, folder: Path) -> Run:
    """Return the run whose results lie in a folder, published or kept from before.

    Raises:
        InputError: its manifest is damaged, or not there.
        ScorecardError: this version of the engine no longer reads its scorecard.
    """
    manifest = read_manifest(folder)
    records = (manifest.scorecard, *(other.scorecard for other in manifest.other_scorecards))
    cards = apart(restore_scorecard(record.content, f"scorecard of run {folder.name}") for record in records)
    return Run(warehouse, folder, cards[0], manifest, cards)
