"""Statements executed in Spark, where Java and pyspark are: what comes out is what the engine says, in every column.

ICP_CLINICS says how many dirty clinics are scored, and twice as many clean ones; ICP_CARDS how many cards are drawn.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from card_oracle import Content
from card_strategies import scorecards
from cluster_runs import QUICK_JAVA
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
from icp_engine.errors import ScorecardError
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.toml.source import shipped_names
from icp_engine.statements.dialects import DIALECTS
from icp_engine.statements.statement import statement
from icp_engine.warehouse.duckdb_file import names_in_sql

SIZE = int(os.environ.get("ICP_CLINICS", "300"))
CARDS = int(os.environ.get("ICP_CARDS", "4"))


@pytest.fixture(scope="module")
def spark(java: str) -> Iterator[Any]:  # noqa: ARG001 (skips)
    """One session on this machine, without pages of its own."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.extraJavaOptions", QUICK_JAVA)
    session = builder.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.mark.parametrize("kinds", [(str, str, str), (float, float, bool)], ids=["text", "typed"])
@pytest.mark.parametrize("name", [*shipped_names(), *OWN_CARDS], ids=lambda name: Path(name).stem)
def test_cards_on_dirty_clinics(spark: Any, name: str, kinds: tuple[type, type, type]) -> None:
    card = icp_engine.load_scorecard(name)
    check(spark, card, with_own_fields(clinics(SIZE, kinds, seed=9), card, random.Random(3)))


def check(spark: Any, card: Scorecard, frame: pl.DataFrame) -> None:
    """Execute the statement of a card, under the names that a warehouse tells apart."""
    there = frame.rename(names_in_sql(frame.columns)).to_arrow(compat_level=pl.CompatLevel.oldest())
    spark.createDataFrame(there).createOrReplaceTempView("clinics")
    query = statement(card, DIALECTS["spark"], columns=columns_of(frame, card))
    found = pl.from_arrow(spark.sql(query.rstrip().removesuffix(";")).toArrow())
    assert isinstance(found, pl.DataFrame)
    assert differing(found, scored_by_engine(frame, card), frame) == []


@pytest.mark.parametrize("name", shipped_names())
def test_cards_on_clean_clinics(spark: Any, name: str, tmp_path: Path) -> None:
    check(spark, icp_engine.load_scorecard(name), clean_clinics(2 * SIZE, tmp_path))


@seed(29)
@settings(
    max_examples=CARDS,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[
        HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example,
        HealthCheck.function_scoped_fixture,
    ],
)  # fmt: skip
@given(content=scorecards(), row_seed=st.integers(0, 2**32 - 1))
def test_drawn_cards(spark: Any, content: Content, row_seed: int) -> None:
    try:
        card = restore_scorecard(content, "drawn")
    except ScorecardError:
        assume(False)
    check(spark, card, drawn_frame(content, row_seed, 12))
