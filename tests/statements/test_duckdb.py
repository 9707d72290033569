"""Statements executed in DuckDB: what comes out is what the engine says, in every column of every row.

ICP_CLINICS says how many dirty clinics are scored, and twice as many clean ones; ICP_CARDS how many cards are drawn.
"""

import dataclasses
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import card_oracle
import polars as pl
import pytest
from card_strategies import scorecards
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from statement_frames import (
    OWN_CARDS,
    clean_clinics,
    clinics,
    columns_of,
    differing,
    drawn_frame,
    scored_by_engine,
    with_own_fields,
)

import icp_engine
from icp_engine import Scorecard
from icp_engine.columns import KEY
from icp_engine.database import Database, database
from icp_engine.errors import ScorecardError
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.toml.source import shipped_names
from icp_engine.statements.dialects import DIALECTS
from icp_engine.statements.source import SourceColumn
from icp_engine.statements.statement import statement
from icp_engine.warehouse.duckdb_file import names_in_sql

CARDS = int(os.environ.get("ICP_CARDS", "15"))
SIZE = int(os.environ.get("ICP_CLINICS", "600"))
BATCHES = {"text": (str, str, str), "typed": (int, float, bool), "floats": (float, float, int)}


@pytest.fixture(scope="module")
def db() -> Iterator[Database]:
    with database(threads=2) as db:
        yield db


def check(db: Database, card: Scorecard, frame: pl.DataFrame, columns: dict[str, SourceColumn] | None = None) -> None:
    columns = columns or columns_of(frame, card)
    db.register("clinics", frame.rename(names_in_sql(frame.columns)))
    query = statement(card, DIALECTS["duckdb"], columns=columns)
    wrong = differing(db.frame(query.rstrip().removesuffix(";")), scored_by_engine(frame, card), frame)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", [*shipped_names(), *OWN_CARDS], ids=lambda name: Path(name).stem)
def test_cards_on_dirty_clinics(db: Database, name: str, batch: str) -> None:
    card = icp_engine.load_scorecard(name)
    check(db, card, with_own_fields(clinics(SIZE, BATCHES[batch], seed=5), card, random.Random(7)))


@pytest.mark.parametrize("name", shipped_names())
def test_cards_on_clean_clinics(db: Database, name: str, tmp_path: Path) -> None:
    check(db, icp_engine.load_scorecard(name), clean_clinics(2 * SIZE, tmp_path))


@seed(23)
@settings(
    max_examples=CARDS,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(content=scorecards(), row_seed=st.integers(0, 2**32 - 1))
def test_drawn_cards(db: Database, content: card_oracle.Content, row_seed: int) -> None:
    try:
        card = restore_scorecard(content, "drawn")
    except ScorecardError:
        assume(False)
    check(db, card, drawn_frame(content, row_seed, 12))


STATES = [
    "TX",
    "tx",
    " Texas ",
    "NA",
    "T.X.",
    "new_york",
    "New\u00a0 York,State",
    "ma\u00dfachusetts",
    "\uff23\uff21",
    "XX",
    None,
]


def test_states_and_sigmas(db: Database) -> None:
    bands = [
        {"name": "a", "field": "state_code", "equals": ["TX", "NY", "MA", "CA"], "points": 1, "reason": "State"},
        {
            "name": "b",
            "field": "sector",
            "mentions": ["\u039f\u0394\u039f\u03a3", "\u00c9COLE"],
            "points": 2,
            "reason": "Word",
        },
        {"name": "c", "points": 0, "reason": "Rest"},
    ]
    rule = {"missing": "never", "bands": bands}
    card = drawn({"fit": {"label": "Fit", "max": 5, "x": rule}})
    words = [
        "\u03bf\u03b4\u03bf\u03c3",
        "\u03bf\u03b4\u03bf\u03c2",
        "\u039f\u0394\u039f\u03a3\u0391",
        "A \u039f\u0394\u039f\u03a3.",
        "\u039f\u0394\u039f\u03a3'\u0391",
        "e\u0301cole",
    ]
    words += [
        "E\u0301COLE",
        "\u00c9cole",
        "e\u200b\u0301cole",
        "ecole",
        "\u039f\u0394\u039f\u03a3 \u039f\u0394\u039f\u03a3",
    ]
    rows = [(state, word) for state in STATES for word in words]
    frame = pl.DataFrame(rows, schema={"state_code": pl.String, "sector": pl.String}, orient="row")
    check(db, card, frame.with_columns(pl.int_range(pl.len()).cast(pl.String).alias(KEY)))


def drawn(categories: dict[str, Any], **tables: Any) -> Scorecard:
    content = {"id": "drawn", "version": "1", "title": "Drawn", "prefix": "drawn", "category": categories}
    return restore_scorecard({**content, "tier": {"1": {"label": "All"}}, **tables}, "drawn")


def test_what_is_declared_of_a_column(db: Database) -> None:
    """Decimal commas and separators are read as the engine reads them once the column has proved them."""
    bands = [
        {"name": "a", "includes": ["aetna"], "field": "plans", "points": 3, "reason": "Plan"},
        {"name": "b", "points": {"from": 0, "to": 3, "over": [0, 10], "field": "denial_pressure"}, "reason": "Line"},
    ]
    category = {"fit": {"label": "Fit", "max": 5, "x": {"missing": "never", "bands": bands}}}
    card = drawn(category, fields={"plans": {"type": "list", "description": "Plans"}})
    written = pl.DataFrame(
        {KEY: ["a", "b", "c"], "denial_pressure": ["7,25", "1.234,5", "x"], "plans": ["b|Aetna", "c", "aetna;"]}
    )
    due = written.with_columns(
        denial_pressure=pl.Series(["7.25", "1234.5", None]), plans=pl.Series(["b;Aetna", "c", "aetna\\;"])
    )
    columns = columns_of(written, card)
    columns["denial_pressure"] = dataclasses.replace(columns["denial_pressure"], decimal_comma=True)
    columns["plans"] = dataclasses.replace(columns["plans"], separator="|")
    db.register("clinics", written)
    found = db.frame(statement(card, DIALECTS["duckdb"], columns=columns).rstrip().removesuffix(";"))
    due = due.with_columns(plans=pl.Series([["b", "Aetna"], ["c"], ["aetna;"]]))
    assert differing(found, scored_by_engine(due, card), written) == []
