"""Scorecards drawn from the whole grammar: whatever tells a score or explains it says what the card says.

ICP_CARDS says how many cards are drawn, ICP_SEED which:

    ICP_CARDS=20000 sh scripts/test.sh -o faulthandler_timeout=0 tests/scoring/test_random_cards.py
"""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import card_oracle as oracle
import polars as pl
import pytest
from card_oracle import Content, Reading, Row
from card_strategies import clinics, scorecards
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

import icp_engine
from icp_engine import Scorecard
from icp_engine.columns import KEY
from icp_engine.database import Database, database
from icp_engine.errors import ScorecardError
from icp_engine.extract.conform import conform
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.reach import out_of_reach, reachable_total
from icp_engine.scoring.compiler import compared
from icp_engine.scoring.explain import Explainer, with_bibliography
from icp_engine.scoring.reasons import ReasonSpeller
from icp_engine.scoring.score import add_bands
from icp_engine.warehouse.dimensions import scorecard_frames
from icp_engine.warehouse.duckdb_file import names_in_sql
from icp_engine.warehouse.evidence import add_bibliography

CARDS, SEED = int(os.environ.get("ICP_CARDS", "100")), int(os.environ.get("ICP_SEED", "11"))
ROWS, EXPLAINED = 12, 2
SHRUNK = 1_000  # up to so many cards one that fails is made small, which takes minutes
DTYPES: dict[str, Any] = {
    "text": pl.String, "integer": pl.Int64, "number": pl.Float64, "flag": pl.Boolean, "list": pl.List(pl.String),
}  # fmt: skip
CARRIED = {  # columns that no card reads, under names that SQL may take for others
    "NPI_COUNT": pl.Int64, "sELECT": pl.String, "band": pl.String, "shown": pl.Int64, "Plans": pl.String, "": pl.Int64,
}  # fmt: skip
ENTRY = ["score", "code", "sources", "value", "points", "status", "reason", "note"]
counted: Counter[str] = Counter()


@pytest.fixture(scope="module")
def db() -> Iterator[Database]:
    """One connection for all cards, and how many of them were drawn in vain."""
    with database(threads=1) as db:
        yield db
    assert counted["refused"] <= counted["cards"] * 0.1, counted
    assert counted["undecided"] <= counted["rows"] * 0.1, counted
    print(f"\n{dict(counted)}")


@seed(SEED)
@settings(
    max_examples=CARDS,
    deadline=None,
    database=None,
    phases=(Phase.generate,) if CARDS > SHRUNK else (Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(content=scorecards(), row_seed=st.integers(0, 2**32 - 1))
def test_every_reading_of_a_card_agrees(db: Database, content: Content, row_seed: int) -> None:
    counted["cards"] += 1
    try:
        card = restore_scorecard(content, "drawn")
    except ScorecardError:
        counted["refused"] += 1
        assume(False)
    rows = clinics(content, random.Random(row_seed), ROWS)
    frame = frame_of(content, rows)
    due = [oracle.read(content, row) for row in rows]
    scored = icp_engine.score(frame.lazy(), card, reason_codes=True).collect()
    banded = bands_of(frame, card)
    texts = with_bibliography(banded, card)["drawn_bibliography"].to_list()
    entries = [json.loads(text, object_pairs_hook=distinct) for text in texts]
    codes = scored["drawn_reason_codes"].to_list()

    for number, reading in enumerate(due):
        counted["rows"] += 1
        counted["undecided"] += reading.undecided
        if not reading.undecided:
            assert entries[number] == reading.entries, rows[number]
            assert result_of(scored.row(number, named=True), card) == expected(reading, card), rows[number]
    assert codes == ["|".join(entry["code"] for entry in found) for found in entries]

    reasons = ReasonSpeller(card).spell(banded)
    assert reasons.to_text("reason_codes").to_list() == codes
    assert reasons.to_text("top_reasons").to_list() == [reading.top_reasons for reading in due]
    assert reasons.to_text("unknown").to_list() == [reading.unknown for reading in due]
    explainer = Explainer(card)
    assert [explainer.entries(banded[number]) for number in range(EXPLAINED)] == entries[:EXPLAINED]
    assert in_sql(db, banded, card, some=row_seed % 4 == 0) == {
        str(number): entry for number, entry in enumerate(entries)
    }
    check_reach(content, card, frame, scored[card.column("total_score")].to_list())


def distinct(pairs: list[tuple[str, Any]]) -> Content:
    """An object of JSON, whose keys stand once."""
    assert len({key for key, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def frame_of(content: Content, rows: list[Row]) -> pl.DataFrame:
    """The clinics as an extract gives them: fields that none of them has are not there."""
    kinds = oracle.types_of(content)
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [pl.Series(KEY, [str(number) for number in range(len(rows))])]
    columns += [pl.Series(name, [row.get(name) for row in rows], DTYPES[kinds[name][0]]) for name in names]
    taken = {column.name for column in columns}
    sevens = pl.Series([None, *["7"] * (len(rows) - 1)])
    carried = [sevens.cast(dtype).alias(name) for name, dtype in CARRIED.items()]
    return pl.DataFrame([*columns, *(column for column in carried if column.name not in taken)])


def bands_of(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """The clinics as a run keeps them: conformed fields and bands."""
    fields = [field for name, field in card.fields.items() if name in frame.columns or name in card.reads]
    banded = add_bands(conform(frame.lazy(), fields), card)
    return banded.drop(expr.meta.output_name() for expr in compared(card)).collect()


def result_of(row: Row, card: Scorecard) -> Content:
    return {column.name: row[column.name] for column in card.columns}


def expected(reading: Reading, card: Scorecard) -> Content:
    columns = {category.column: reading.scores[category.name] / 100 for category in card.categories}
    columns |= {card.column("total_score"): reading.total / 100}
    columns |= {card.column("tier"): reading.tier, card.column("tier_label"): reading.label}
    return columns | ({card.column("segment"): reading.segment} if card.segment_source else {})


def in_sql(db: Database, banded: pl.DataFrame, card: Scorecard, *, some: bool) -> dict[str, list[Content]]:
    """The entries of the warehouse's view; with `some` those of its table macro are compared with them."""
    with scratch(db):
        return entries_in(db, banded, card, some=some)


@contextmanager
def scratch(db: Database) -> Iterator[None]:
    """A database of its own that is gone afterwards."""
    db.run("attach ':memory:' as icp")
    db.run("use icp")
    try:
        yield
    finally:
        db.run("use memory")
        db.run("detach icp")


def entries_in(db: Database, banded: pl.DataFrame, card: Scorecard, *, some: bool) -> dict[str, list[Content]]:
    names = names_in_sql(banded.columns)
    for name, table in {"clinics": banded.rename(names), **scorecard_frames(card, names)}.items():
        db.copy(name, table)
    add_bibliography(db, card, names)
    columns = f"{KEY}, {', '.join(ENTRY)}, position"
    found = db.connection.execute(f"select {columns} from clinic_bibliography order by {KEY}, position").fetchall()
    if some:
        ids = "(select list(clinic_id) from clinics where clinic_id <> '0')"
        part = db.connection.execute(f"select {columns} from bibliography_of({ids}) order by {KEY}, position")
        assert part.fetchall() == [row for row in found if row[0] != "0"]
    entries: dict[str, list[Content]] = {}
    for key, *values in found:
        entry = {name: value for name, value in zip(ENTRY, values, strict=False) if value is not None}
        entry |= {"value": json.loads(entry["value"], object_pairs_hook=distinct)} if "value" in entry else {}
        entries.setdefault(key, []).append(entry)
    return entries


def check_reach(content: Content, card: Scorecard, frame: pl.DataFrame, totals: list[float]) -> None:
    """No clinic gets more than is within reach, and no more is said to be than bands can give."""
    absent = {name for name in card.reads if name not in frame.columns or frame[name].null_count() == len(frame)}
    for gone in (absent, set[str]()):
        within = reachable_total(card, gone)
        assert max(totals) <= within <= card.maximum
        best = oracle.best_total(content, gone)
        assert best is None or within == best / 100
        counted["reach"] += best is not None
    assert out_of_reach(card, set()) == []
    assert all(lost.points > 0 for lost in out_of_reach(card, absent))
