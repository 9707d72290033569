"""What a statement gives in a database and what the engine gives, as frames of the same columns."""

import dataclasses
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import card_oracle
import oracle
import polars as pl
from card_strategies import clinics as drawn_clinics

import icp_engine
from icp_engine import Scorecard
from icp_engine.columns import KEY
from icp_engine.extract.conform import conform
from icp_engine.scoring.score import add_bands, band_columns
from icp_engine.statements.source import Kind, SourceColumn, usual_columns
from icp_engine.warehouse.duckdb_file import names_in_sql

MAKE_EXTRACT = Path(__file__).resolve().parents[1] / "scripts" / "make_extract.py"
OWN_CARDS = [str(Path(__file__).parent / "cards" / name) for name in ("other.toml", "product.toml")]
LISTS = [
    "Aetna; Cigna", "aetna;;  ; United Healthcare", "BCBS", "Blue Cross/Blue Shield", "", " ", "NA", "\u2014", None,
    "?", "\ufeff", "\\N", "\u2010",
    "UHC;\u00a0Oscar\tHealth", "Medicare;Medicaid;Humana;Aetna;AETNA", "Aetna, Cigna", "\u0130;Optum",
]  # fmt: skip
KINDS: dict[Any, Kind] = {pl.String: "text", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "flag"}
ODD_TEXTS = [  # around phrases of the shipped cards: white space, dashes, marks of no width, NFKC, capitals
    "home\u00a0health",
    "Home \t Health", "home\u2011health", "post\u2013acute", "post\u2212acute", "PRE home  health",
    "fq\u200bhc", "\u200b fqhc \ufeff", "\uff26\uff31\uff28\uff23", "o\ufb03ce hospice", "hosp\u0130ce", "\u212Aome",
    "hospice\u0301", "hosp\u00edce", "hospi\u0327ce", "psychiatr\u00ff", "\U0001d4bd\u2134\u2133\u212f health",
    "rural\u2028health", "rural\u3000health\u2122", "fqhc\u2120x", "behaviora\u2113", "na", "N/A", "\u2013", "\u2014",
    "?", "\\N", "\u2212\u2212", "\u200b", "\u200b\u200b", "---",
    "un\u212Anown", "unknown.", " #N/A\u00a0", "<UNAVAIL>", "\u00a0", "", "fqhc\n", "it\u2019s fqhc", "FQHC\u0085",
    "fam\u0131ly medicine", "family medicine", "FAM\u0130LY MEDICINE", "primary\u00adcare", "primary\u00a0\u00a0care",
]  # fmt: skip
ODD_NUMBERS = [
    "1e3", "1E-1", "+5", ".5", "5.", "$1,200.50", "$-0", "-$0", "-0", "--5", "+$+5", "$", "1,23", "1e999", "1e-400",
    "9223372036854775807", "9223372036854775808", "1,234,567.", "1234,567", "\u0663", "5 x", "NaN", "Infinity", "-inf",
    "\u00a07\u2003", "10.0001", "\uff15", "1_000", "0x1F", "12.5e0", "7e+0", "100", "499.9999", "true", "\u2014",
]  # fmt: skip


def clinics(size: int, kinds: tuple[type, type, type], seed: int) -> pl.DataFrame:
    """Clinics of the oracle's generator, with odd texts and numbers among them, in columns of the given types."""
    rng, counts, numbers, flags = random.Random(seed), *kinds
    rows = []
    for _ in range(size):
        row = oracle.random_typed_clinic(rng, *kinds)
        for name in ("segment_label", "sector"):
            row |= {name: rng.choice(ODD_TEXTS)} if rng.random() < 0.3 else {}
        if numbers is str:
            row |= {name: rng.choice(ODD_NUMBERS) for name in (*oracle.NUMBERS, *oracle.INTEGERS) if rng.random() < 0.1}
        rows.append(row)
    groups = ((oracle.INTEGERS, counts), (tuple(oracle.NUMBERS), numbers), (oracle.FLAGS, flags), (TEXTS, str))
    dtypes = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}
    columns = {
        name: pl.Series([row.get(name) for row in rows], dtype=dtypes[kind]) for names, kind in groups for name in names
    }
    return pl.DataFrame({KEY: [f"c{number:06}" for number in range(size)], **columns})


def clean_clinics(size: int, folder: Path) -> pl.DataFrame:
    """Clinics of a synthetic extract as it is, in the types that it has."""
    made = folder / "made.parquet"
    make = [sys.executable, MAKE_EXTRACT, "--rows", str(size), "--out", made]
    subprocess.run(list(map(str, make)), check=True, stdout=subprocess.DEVNULL)
    return pl.read_parquet(made)


TEXTS = ("segment_label", "sector", "account_name", "state_code")


def drawn_frame(content: card_oracle.Content, seed: int, size: int) -> pl.DataFrame:
    """Clinics around every edge and phrase of a drawn card, in the types of its fields."""
    rows, kinds = drawn_clinics(content, random.Random(seed), size), card_oracle.types_of(content)
    dtypes = {"text": pl.String, "integer": pl.Int64, "number": pl.Float64, "flag": pl.Boolean}
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [
        pl.Series(name, [row.get(name) for row in rows], dtypes.get(kinds[name][0], pl.List(pl.String)))
        for name in names
    ]
    return pl.DataFrame([pl.Series(KEY, list(map(str, range(len(rows))))), *columns])


def columns_of(frame: pl.DataFrame, card: Scorecard) -> dict[str, SourceColumn]:
    """The columns of a frame as a statement knows them, under names that SQL tells apart."""
    names = names_in_sql(frame.columns)
    found = {}
    for field, column in usual_columns(card).items():
        if field in frame.columns:
            kind = KINDS.get(frame.schema[field], "list")
            found[field] = dataclasses.replace(column, name=names[field], kind=kind)
    return found


def scored_by_engine(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Id, scores, bands and reason codes of the engine, in the order of ids."""
    scored = icp_engine.score(frame, card, reason_codes=True)
    fields = [field for name, field in card.fields.items() if name in frame.columns or name in card.reads]
    bands = add_bands(conform(frame.lazy(), fields), card)
    found = bands.select(pl.col(KEY), *(pl.col(column).alias(name) for name, column in band_columns(card).items()))
    parts = [scored.select(KEY, *(column.name for column in card.columns)), found.collect().drop(KEY)]
    return pl.concat([*parts, scored.select(card.column("reason_codes"))], how="horizontal").sort(KEY)


def differing(found: pl.DataFrame, due: pl.DataFrame, frame: pl.DataFrame) -> list[str]:
    """Where two results differ: column, both values and the clinic."""
    assert found.columns == due.columns
    assert len(found) == len(due) == len(frame)
    found, frame = found.sort(KEY), frame.sort(KEY)
    wrong = []
    for name in due.columns:
        other = found[name].cast(due.schema[name])
        rows = other.ne_missing(due[name]).arg_true()
        wrong += [f"{name}: {other[row]!r}, due {due[name][row]!r}: {frame.row(row, named=True)}" for row in rows[:2]]
    return wrong


def with_own_fields(frame: pl.DataFrame, card: Scorecard, rng: random.Random) -> pl.DataFrame:
    """The clinics with values in the fields that a card declares itself."""
    own = [name for name in card.reads if name not in frame.columns]
    columns = {name: [own_value(card.fields[name].type, rng) for _ in range(len(frame))] for name in own}
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


def own_value(kind: str, rng: random.Random) -> Any:
    """A value of a field that the card declares itself."""
    if kind == "list":
        return rng.choice(LISTS)
    if kind == "text":
        return rng.choice(["full", "Partial Gap", " NONE ", "full gap", "x", None])
    if kind == "flag":
        return rng.choice([True, False, None])
    return rng.choice([None, 0, 1, 5, 9, 49, 50, 51, 120])
