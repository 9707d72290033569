"""`icp.duckdb`: a run as one file for ad-hoc SQL, with the scorecard as dimensions and a comment on everything."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa

from icp_engine.columns import HELPERS, KEY
from icp_engine.database import Database, new_file, quoted, sql_text
from icp_engine.errors import InputError, first_line
from icp_engine.networks.grouping import NETWORKS, NetworkOptions, Networks, register_settings
from icp_engine.networks.neutral import (
    CLINIC_SCORES,
    MEMBER_SCORES,
    NETWORK_SCORES,
    TOLD_SCORES,
    clinic_sql,
    member_sql,
    network_sql,
    scores_as_told,
    view,
    view_names,
)
from icp_engine.scorecard.model import REASON_COLUMNS, Scorecard
from icp_engine.scorecard.several import suffix
from icp_engine.scoring.compiler import BANDS
from icp_engine.scoring.reasons import Reasons
from icp_engine.warehouse.comments import comment_all
from icp_engine.warehouse.dimensions import run_frames, scorecard_frames
from icp_engine.warehouse.evidence import add_bibliography
from icp_engine.warehouse.manifest import Manifest
from icp_engine.warehouse.scorecards import add_matrix, add_other

FILE, CLINIC_WHY = "icp.duckdb", "clinic_why"
_PATTERN, _REASONS = f"{HELPERS}pattern", "reason_patterns"
_LEAST_MEMORY = 128 << 20  # bytes; DuckDB itself and small tables
_BATCHES_HELD = 2  # of the size of those that are added: one as it comes, one as it is written
_ROW = f"{HELPERS}row"  # no column has that name, so that no column can be taken for the table
_OF_NETWORKS = {name: f"{_ROW}.{name}" for name in ("network_id", "is_network_anchor")}
_MATCHES = (
    "select clinic_id, field, file, key, value, match, detail from read_parquet($path) "
    "semi join clinics using (clinic_id) order by all"
)
_EVIDENCE = ("network_id", "evidence", "weakest_edge", "is_ambiguous", "num_owners")


@dataclass(slots=True)
class WarehouseFile:
    """The file being filled: one table with everything known of a clinic, the result tables are views on it.

    `memory` are the bytes that DuckDB may take once all rows are there, `ends` what the names of the reasons of each
    scorecard end with.
    """

    db: Database
    memory: int
    ends: tuple[str, ...] = ("",)
    rows: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def write(self, rows: pa.Table, reasons: Sequence[Reasons]) -> None:
        """Add rows, and by scorecard the reasons of patterns that have not come before."""
        table = rows
        for end, spelled in zip(self.ends, reasons, strict=True):
            table = table.append_column(_PATTERN + end, spelled.pattern.to_arrow())
        self.names = names_in_sql(table.column_names)
        table = table.rename_columns([self.names[name] for name in table.column_names])
        if not self.rows:  # DuckDB keeps what it has written as long as there is room, and nobody reads it
            self.db.limit_memory(min(self.memory, max(_LEAST_MEMORY, _BATCHES_HELD * table.nbytes)))
        self.db.append("clinics", table)
        for end, spelled in zip(self.ends, reasons, strict=True):
            self.db.append(_REASONS + end, spelled.fresh.to_arrow(compat_level=pl.CompatLevel.oldest()))
        self.rows += len(table)


@contextmanager
def warehouse_file(folder: Path, cards: Sequence[Scorecard], memory_limit: int, temp: Path) -> Iterator[WarehouseFile]:
    """Make the file of a run; it is complete once `finish` has been called and the context is left."""
    with new_file(folder / FILE, memory_limit=memory_limit, temp_dir=temp) as db:
        yield WarehouseFile(db, memory_limit, ("", *map(suffix, cards[1:])))


def add_matches(file: WarehouseFile, path: Path) -> None:
    """Add the rows of public files that set fields of the clinics, before the file is finished.

    Raises:
        InputError: the file holds something else.
    """
    try:
        file.db.table("build_matches", _MATCHES, {"path": str(path)})
    except InputError as error:
        raise InputError(f"{path} is no list of matches of a build ({first_line(error)}); move it away.") from error


def finish(
    file: WarehouseFile,
    cards: Sequence[Scorecard],
    networks: Networks,
    options: NetworkOptions,
    manifest: Manifest,
    tables: Mapping[str, list[str]],
    *,
    rejects: pl.DataFrame | None = None,
) -> bool:
    """Add index, networks, dimensions, views and comments; return whether there was memory for the index.

    Args:
        file: with all clinics.
        cards: the scorecards of the run, the main one first.
        networks: what grouping found.
        options: how it grouped.
        manifest: what the run says of itself so far.
        tables: the columns of the clinic tables that are views here, `icp_scores` with its reason codes.
        rejects: the rejected rows, if there are any.
    """
    db, card = file.db, cards[0]
    db.limit_memory(file.memory)
    kept = db.frame("select count(*) from clinics").item()
    if kept != manifest.rows.scored:
        raise AssertionError(f"{manifest.rows.scored} clinics were scored and {kept} are in {FILE}")
    indexed = db.try_index("clinics_by_id", "clinics", KEY)
    with db.at_once():
        db.copy(NETWORKS, networks.networks)
        register_settings(db, card, options, networks)
        for name, frame in {**scorecard_frames(card, file.names), **run_frames(manifest)}.items():
            db.copy(name, frame)
        if rejects is not None:
            db.copy("rejects", rejects.rename(names_in_sql(rejects.columns)))
        _views(db, cards, tables, file.names)
        is_stable = _clinic_scores(db, card, tables)
        view(db, MEMBER_SCORES, member_sql(card), f"clinics as {_ROW}")
        view(db, NETWORK_SCORES, network_sql(card), NETWORKS)
        add_bibliography(db, card, file.names)
        db.view("network_evidence", f"select {', '.join(_EVIDENCE)} from {NETWORKS}")
        db.copy("network_edges", networks.edges.collect())
        db.copy("network_aliases", networks.aliases)
        db.copy("network_changes", networks.changes)
        db.copy("decisions", networks.applied.frame())
        db.copy("decision_pairs", networks.applied.pair_frame())
        if networks.questions is not None:
            db.copy("review_queue", networks.questions)
        db.view("shared_names", sql_text("shared_names"))
        if options.grouping == "exact":
            db.view("network_candidates", sql_text("network_candidates"))
        else:
            db.copy("network_candidates", networks.candidates)
        names = view_names(card)
        for step in (
            "network_members",
            "networks_by_tier_and_size",
            "anchors_to_call",
            "members_to_expand_to",
            "tier_by_state",
            "network_ids",
            *(["robust_tier_1"] if is_stable else []),
        ):
            text = sql_text(f"views/{step}")
            db.view(step, text, [names.get(name, name) for name in db.columns_of(text)])
        for other in cards[1:]:
            end = suffix(other)
            source = f"clinics as {_ROW}{_with_reasons(end)}"
            add_other(db, other, file.names, source, f"{_REASONS}{end}.reason_codes")
        if cards[1:]:
            add_matrix(db, cards)
        comment_all(db, cards)
    return indexed


def _with_reasons(end: str) -> str:
    """Return the join with the reasons of a scorecard."""
    return f' left join {_REASONS}{end} on {_REASONS}{end}.pattern = {_ROW}."{_PATTERN}{end}"'


def _clinic_scores(db: Database, card: Scorecard, tables: Mapping[str, list[str]]) -> bool:
    """Make the views of scores under names that belong to no scorecard; return whether one says how sure tiers are."""
    stability = card.column("tier_stability")
    is_stable = any(stability in columns for columns in tables.values())
    standing = {"rank": quoted(card.column("rank"))} | ({"tier_stability": quoted(stability)} if is_stable else {})
    of_warehouse = standing | _OF_NETWORKS | {"reason_codes": f"{_REASONS}.reason_codes"}
    view(db, CLINIC_SCORES, clinic_sql(card) | of_warehouse, f"clinics as {_ROW}{_with_reasons('')}")
    db.view(TOLD_SCORES, scores_as_told(card, {name: name for name in tables}))
    return is_stable


def _views(
    db: Database, cards: Sequence[Scorecard], tables: Mapping[str, list[str]], clinics: Mapping[str, str]
) -> None:
    ends = ["", *map(suffix, cards[1:])]
    texts = {card.column(key): (end, key) for card, end in zip(cards, ends, strict=True) for key in REASON_COLUMNS}
    whys = {
        CLINIC_WHY + end: [KEY, card.column("top_reasons"), card.column("unknown")]
        for card, end in zip(cards, ends, strict=True)
    }
    for name, columns in {**tables, **whys}.items():
        names = names_in_sql(columns)
        chosen = ", ".join(
            f"{_REASONS}{texts[column][0]}.{texts[column][1]} as {quoted(column)}"
            if column in texts
            else f"{_ROW}.{quoted(names[column])}"
            for column in columns
        )
        wanted = dict.fromkeys(texts[column][0] for column in columns if column in texts)
        db.view(name, f"select {chosen} from clinics as {_ROW}{''.join(map(_with_reasons, wanted))}")
    bands = [clinics[BANDS + rule.column] for card in cards for rule in card.characteristics]
    chosen = ", ".join(f"{quoted(name)} as {quoted(name.removeprefix(BANDS))}" for name in bands)
    db.view("icp_bands", f'select clinic_id, "{HELPERS}normalized_name" as normalized_name, {chosen} from clinics')


def names_in_sql(columns: Iterable[str]) -> dict[str, str]:
    """Return what columns are called in SQL, where capitals make no difference and every column has a name."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(columns, key=lambda name: name != name.lower()):  # the engine's own are in lower case
        number, free = 1, name or "unnamed"
        while free.lower() in taken:
            number += 1
            free = f"{name or 'unnamed'}_{number}"
        taken.add(free.lower())
        names[name] = free
    return names
