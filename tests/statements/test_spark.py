"""Statements executed in Spark, where Java and pyspark are: what comes out is what the engine says, in every column."""

import random
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from statement_frames import OWN_CARDS, clinics, columns_of, differing, scored_by_engine, with_own_fields

import icp_engine
from icp_engine.scorecard.toml.source import shipped_names
from icp_engine.statements.dialects import DIALECTS
from icp_engine.statements.statement import statement

SIZE = 300
TYPES = {pl.String: "string", pl.Int64: "bigint", pl.Float64: "double", pl.Boolean: "boolean"}


@pytest.fixture(scope="module")
def spark(java: str) -> Iterator[Any]:  # noqa: ARG001 (skips)
    """One session on this machine, without pages of its own."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.mark.parametrize("kinds", [(str, str, str), (float, float, bool)], ids=["text", "typed"])
@pytest.mark.parametrize("name", [*shipped_names(), *OWN_CARDS])
def test_cards_on_dirty_clinics(spark: Any, name: str, kinds: tuple[type, type, type]) -> None:
    card = icp_engine.load_scorecard(name)
    frame = with_own_fields(clinics(SIZE, kinds, seed=9), card, random.Random(3))
    schema = ", ".join(f"`{column}` {TYPES.get(dtype, 'array<string>')}" for column, dtype in frame.schema.items())
    spark.createDataFrame(frame.rows(), schema).createOrReplaceTempView("clinics")
    query = statement(card, DIALECTS["spark"], columns=columns_of(frame, card))
    found = pl.from_arrow(spark.sql(query.rstrip().removesuffix(";")).toArrow())
    assert isinstance(found, pl.DataFrame)
    assert differing(found, scored_by_engine(frame, card), frame) == []
