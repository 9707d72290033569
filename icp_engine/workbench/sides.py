"""Results of two runs to compare: kept ones by name, warehouses, or Parquet files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from icp_engine.columns import KEY
from icp_engine.database import Database
from icp_engine.display import listed
from icp_engine.errors import IcpError, InputError, first_line
from icp_engine.networks.columns import OF_NETWORK
from icp_engine.networks.grouping import NETWORKS
from icp_engine.published.lists import former_ids
from icp_engine.published.run import Run, open_run, run_in
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.warehouse.folder import MANIFEST, runs_by_age
from icp_engine.warehouse.switch import CLINICS, RUN_ID
from icp_engine.workbench.clinics import CLINICS as TABLE

_ALIASES = {"former_id": pl.String, "network_id": pl.String, "why": pl.String}
_NETWORKS = {"network_id": pl.String, "network_name": pl.String, "network_tier": pl.Int8, "num_clinics": pl.Int64}
_KEPT = 5  # names of kept runs in a message


@dataclass(frozen=True, slots=True)
class Side:
    """The results of one run.

    Attributes:
        says: what people call it.
        card: the scorecard that made them.
        clinics: a row per clinic, scored.
        run: the run itself, where it is one.
        known_aliases: ids that its networks no longer have, where whoever asks has its warehouse file open already.
    """

    says: str
    card: Scorecard
    clinics: pl.LazyFrame
    run: Run | None = None
    known_aliases: pl.DataFrame | None = None

    @property
    def networks(self) -> pl.DataFrame | None:
        """Networks with name, tier and clinics; None where there are none to compare."""
        if self.run is None or not self.run.has_networks:
            return None
        tier = pl.col(OF_NETWORK + self.card.column("tier")).alias("network_tier")
        return self.run.table(NETWORKS).select("network_id", "network_name", tier, "num_clinics").collect()

    @property
    def aliases(self) -> pl.DataFrame:
        """Ids that networks no longer have, and where each leads now."""
        if self.known_aliases is not None:
            return self.known_aliases
        if self.run is None or not self.run.has_networks:
            return pl.DataFrame(schema=_ALIASES)
        with self.run.database() as db:
            return aliases_in(db)


def aliases_in(db: Database) -> pl.DataFrame:
    """Return ids that networks no longer have, and where each leads now, of an open warehouse file."""
    return former_ids(db).select(*_ALIASES)


def side_of(run: Run, aliases: pl.DataFrame | None = None) -> Side:
    """Return the results of a run; `aliases` where its warehouse file is open already."""
    card = run.card
    return Side(f"run {run.manifest.run_id} ({card.id} {card.version})", card, run.table(TABLE), run, aliases)


def open_side(word: str, warehouse: Path, cards: Iterable[str] = ()) -> Side:
    """Return the results that a word names: a kept run of a warehouse, a warehouse, or a Parquet file.

    Args:
        word: `20261122T083012Z-1a2b3c`, a folder, or a file.
        warehouse: whose kept runs are meant.
        cards: scorecards of files, where they do not ship and the file does not lie in its run.

    Raises:
        InputError: there is nothing of that name, or it holds no results.
    """
    path = Path(word)
    if RUN_ID.fullmatch(word):
        return side_of(_kept(word, warehouse))
    if path.is_dir():
        return side_of(run_in(path, path) if (path / MANIFEST).exists() and not _is_warehouse(path) else open_run(path))
    if path.is_file():
        return _of_file(path, [load_scorecard(card) for card in cards])
    raise InputError(f"{word} is no run of {warehouse}, no folder and no file; {_there(warehouse)}.")


def _is_warehouse(path: Path) -> bool:
    return (path / CLINICS.runs).exists()


def _kept(word: str, warehouse: Path) -> Run:
    folder = warehouse / CLINICS.runs / word
    if not folder.is_dir():
        raise InputError(f"{warehouse} keeps no run {word}; {_there(warehouse)}.")
    return run_in(warehouse, folder)


def _there(warehouse: Path) -> str:
    runs = [run.name for run in runs_by_age(warehouse)]
    more = f" and {len(runs) - _KEPT} older ones" if len(runs) > _KEPT else ""
    return f"it keeps {listed(runs[:_KEPT])}{more}" if runs else f"{warehouse} keeps no runs"


def _of_file(path: Path, cards: list[Scorecard]) -> Side:
    """Return the results in a Parquet file. The run that it lies in, or its own metadata, tell the scorecard."""
    try:
        said, columns = pl.read_parquet_metadata(path), pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} is no Parquet file of results ({first_line(error)}).") from error
    card = _card_of(path, said, cards)
    due = [KEY, card.column("total_score"), card.column("tier")]
    absent = [name for name in due if name not in columns]
    if absent:
        raise InputError(
            f"{path} has no column '{absent[0]}', which {card.id} writes; give clinics_icp.parquet of a run."
        )
    return Side(f"{path} ({card.id} {card.version})", card, pl.scan_parquet(path))


def _card_of(path: Path, said: dict[str, str], cards: list[Scorecard]) -> Scorecard:
    folder, due = path.resolve().parent, said.get("scorecard_hash")
    known = [*cards, *_beside(folder), *_shipped(said.get("scorecard_id"))]
    if due is None and len(cards) == 1:
        return cards[0]
    found = next((card for card in known if card.hash == due), None)
    if found is None:
        named = (
            f"{said.get('scorecard_id')} {said.get('scorecard_version')}"
            if due
            else "a scorecard that it does not name"
        )
        raise InputError(f"{path} was scored with {named}, which is not here; name its file with --scorecard.")
    return found


def _beside(folder: Path) -> list[Scorecard]:
    try:
        return [run_in(folder, folder).card]
    except (IcpError, OSError):  # it lies in no run
        return []


def _shipped(name: str | None) -> list[Scorecard]:
    try:
        return [load_scorecard(name)] if name else []
    except IcpError:
        return []
