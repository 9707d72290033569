"""One run, opened once and read only through what is open: it stays whole when its files are removed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from icp_engine.api.listing import Listing
from icp_engine.api.mapped import mapped, mapped_rows
from icp_engine.api.rows import ANCHOR, OPERATIONAL, Rows, rows_of
from icp_engine.columns import HELPERS, KEY, NAME, STATE, Column
from icp_engine.database import Database, quoted, sql_text
from icp_engine.errors import InputError
from icp_engine.networks.grouping import NETWORKS
from icp_engine.published.filters import Filter
from icp_engine.published.lists import former_ids
from icp_engine.published.run import Run
from icp_engine.published.sources import matches_file, read_matches
from icp_engine.published.statistics import score_statistics
from icp_engine.scoring.explain import Explainer
from icp_engine.scoring.explanation import bibliography_content, entries_of

_POOL = 512 << 20  # bytes that DuckDB may hold: a look-up takes some 15 MB, and forty of them may run at once
_POOL_AT_FIRST = 32 << 20  # while columns are read, each of them hardly ever twice
_TOP = 10
_PLACE = f"{HELPERS}place"
_CLINIC = sql_text("api/clinic")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run to answer from: its lists, mapped, its statistics, and its warehouse file for one clinic at a time.

    Attributes:
        run: where its files are, and what it says of itself.
        members: the clinics of networks, network by network, anchor first; `places` says from where on, and how many.
        network_rows: the number of each network's row in the list of networks.
        former: ids that networks no longer have, with the network that each leads to, if any, since when and why.
        former_ids: the same as a look-up.
        given: the columns of the table that one clinic is read from.
        schema: the same with their types, and after them the fields that it lacks.
        explainer: spells out a bibliography.
        matches: the file that says which rows of public files set the fields of clinics, if there is one.
    """

    run: Run
    run_id: str
    rows: Rows
    clinics: Listing
    networks: Listing
    members: pl.DataFrame
    places: dict[str, tuple[int, int]]
    network_rows: dict[str, int]
    former: pl.DataFrame
    former_ids: dict[str, str | None]
    statistics: dict[str, Any]
    given: frozenset[str]
    schema: pl.Schema
    explainer: Explainer
    db: Database
    matches: Path | None

    @property
    def count(self) -> int:
        """The number of clinics."""
        return int(self.statistics["total_clinics"])


@contextmanager
def snapshot(run: Run) -> Iterator[Snapshot]:
    """Read what answers need of a run.

    Raises:
        InputError: it has no warehouse file, or is not there any more.
    """
    card, rows = run.card, rows_of(run.card, run.cards[0])
    with run.database(memory_limit=_POOL) as db:
        db.run("set threads = 1")  # a look-up has no use for more, and several of them run at once
        clinics = Listing(
            [column.name for column in rows.clinic],
            _reader(db, "clinics", rows.clinic),
            key=KEY,
            score=rows.total,
            names=[NAME],
            rank=rows.rank,
        )
        networks = Listing(
            [column.name for column in rows.network],
            _reader(db, NETWORKS, rows.network),
            key="network_id",
            score=rows.network_total,
            names=["display_name", "network_name"],
        )
        members, places = _members(_reader(db, "clinics where network_id is not null", rows.clinic), rows)
        given, former = db.frame("from clinics limit 0").schema, former_ids(db)
        absent = {name: card.fields[name].dtype for name in card.reads if name not in given}
        _hold(db, _POOL)
        yield Snapshot(
            run=run,
            run_id=run.folder.name,
            rows=rows,
            clinics=clinics,
            networks=networks,
            members=members,
            places=places,
            network_rows={each: row for row, each in enumerate(networks.rows["network_id"])},
            former=former,
            former_ids=dict(former.select("former_id", "network_id").iter_rows()),
            statistics=_statistics(clinics, run, rows),
            given=frozenset(given),
            schema=pl.Schema({**given, **absent}),
            explainer=Explainer(card),
            db=db,
            matches=matches_file(run),
        )


def _reader(db: Database, source: str, columns: Sequence[Column]) -> Callable[[str], pl.Series]:
    """Return what reads a column, row by row as they stand; what the extract did not give is missing."""
    given, dtypes = set(db.columns_of(f"from {source}")), {column.name: column.dtype for column in columns}
    height = db.frame(f"select count(*) from {source}").item()

    def read(name: str) -> pl.Series:
        if name not in given:
            return pl.Series(name, dtype=dtypes[name]).extend_constant(None, height)
        place = f'cast(rowid as uinteger) as "{_PLACE}"'  # by which the columns belong together
        rows = _rows(db, f"select {place}, {quoted(name)} from {source}")
        return (rows if rows[_PLACE].is_sorted() else rows.sort(_PLACE))[name]

    return read


def _rows(db: Database, query: str) -> pl.DataFrame:
    """Return the rows of a query, mapped, in the small pool unless a value is too long for it."""
    _hold(db, _POOL_AT_FIRST)
    with suppress(InputError), db.batches(query) as batches:
        return mapped_rows(batches)
    _hold(db, _POOL)
    with db.batches(query) as batches:
        return mapped_rows(batches)


def _hold(db: Database, pool: int) -> None:
    """Have DuckDB hold no more than a pool from now on, and give back to the system what it is done with."""
    for size in (_POOL_AT_FIRST >> 1, pool):
        db.run(f"set memory_limit = '{size}B'")


def _members(read: Callable[[str], pl.Series], rows: Rows) -> tuple[pl.DataFrame, dict[str, tuple[int, int]]]:
    """Return the members of all networks, and where those of each stand: from which row on, and how many."""
    members = pl.DataFrame([read(name) for name in ("network_id", *rows.member)])
    members = members.sort("network_id", ANCHOR, rows.total, KEY, descending=[False, True, True, False])
    counts = members.group_by("network_id", maintain_order=True).len()
    ends = counts["len"].cum_sum()
    starts = (ends - counts["len"]).to_list()
    places = dict(zip(counts["network_id"], zip(starts, counts["len"].to_list(), strict=True), strict=True))
    return mapped(members[name] for name in rows.member), places


def _statistics(clinics: Listing, run: Run, rows: Rows) -> dict[str, Any]:
    """Return the statistics in the names of the API."""
    found = score_statistics(clinics.rows.lazy(), run.card, run.manifest)
    averages = {category.category: category.average for category in found.categories}
    quality = found.data_quality
    return {
        "total_clinics": found.total_clinics,
        "score_distribution": asdict(found.scores),
        "tier_distribution": {rows.tiers[tier.tier]: tier.clinics for tier in found.tiers},
        "segment_distribution": {rows.segments[segment.segment]: segment.clinics for segment in found.segments},
        "category_averages": {
            rows.breakdown[category.column]: averages[category.name] for category in run.card.categories
        },
        "top_10_clinics": clinics.rows.head(_TOP).to_dicts(),
        "data_quality": {
            "distinct_scores": quality.distinct_scores,
            "most_common_share": quality.most_common_share,
            "missing_share": dict(quality.missing_share),
        },
    }


def clinic(run: Snapshot, clinic_id: str) -> dict[str, Any] | None:
    """Return everything known of one clinic, its score explained; None where there is none of that id."""
    with run.db.cursor() as db:
        values = db.row(_CLINIC, {"clinic_id": clinic_id})
    if values is None:
        return None
    values += (None,) * (len(run.schema) - len(values))
    row = dict(zip(run.schema, values, strict=True))
    found = entries_of(run.explainer, pl.DataFrame([values], run.schema, orient="row"))
    card = run.rows.card
    letter = row[card.column("segment")] if card.segment_source else None
    return {
        **{name: row.get(name) for name in (KEY, NAME, STATE, "segment_label")},
        run.rows.score: {
            "total": row[run.rows.total],
            "breakdown": {name: row[column] for column, name in run.rows.breakdown.items()},
        },
        "tier": {"number": row[card.column("tier")], "label": row[card.column("tier_label")]},
        "segment": {"letter": letter, "description": card.segments[letter] if letter else None},
        "operational_data": {name: row.get(name) for name in OPERATIONAL},
        "network": {name: row[name] for name in run.rows.of_network} if row["network_id"] is not None else None,
        "bibliography": bibliography_content(found),
        "sources": [asdict(match) for match in read_matches(run.matches, clinic_id)] if run.matches else [],
    }


def led(run: Snapshot, wanted: Filter) -> Filter:
    """Return a filter with the id that a network has now for one that is no longer in use."""
    return replace(wanted, network_id=current_network(run, wanted.network_id)) if wanted.network_id else wanted


def led_query(run: Snapshot, query: Mapping[str, str]) -> dict[str, str]:
    """Return what a form asks for, with the id that its network has now."""
    asked = query.get("network_id")
    return {**query, "network_id": current_network(run, asked)} if asked else dict(query)


def current_network(run: Snapshot, network_id: str) -> str:
    """Return the id that a network has now, by one that it has or had."""
    return run.former_ids.get(network_id) or network_id


def network(run: Snapshot, network_id: str) -> dict[str, Any] | None:
    """Return a network and its members, anchor first, then as clinics are listed; None where there is none.

    An id that is no longer in use leads to the network that has its clinics now, which then says so.
    """
    current = current_network(run, network_id)
    if current not in run.places:
        return None
    return {
        **network_values(run, current),
        "former_id": network_id if network_id != current else None,
        "clinics": members_of(run, current).to_dicts(),
    }


def network_values(run: Snapshot, network_id: str) -> dict[str, Any]:
    """Return the row of a network that there is."""
    return run.networks.rows.row(run.network_rows[network_id], named=True)


def members_of(run: Snapshot, network_id: str) -> pl.DataFrame:
    """Return the clinics of a network that there is, anchor first, then as clinics are listed."""
    return run.members.slice(*run.places[network_id])
