"""Extracts for runs on a cluster, what one machine makes of them, and where two results differ."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import card_oracle
import polars as pl
from card_oracle import Content
from card_strategies import clinics as drawn_clinics
from card_strategies import scorecards
from hypothesis import HealthCheck, Phase, given, seed, settings
from statement_frames import clinics

from icp_engine.columns import KEY
from icp_engine.database import database
from icp_engine.distributed.tasks import NO_STATE
from icp_engine.errors import ScorecardError
from icp_engine.extract.reading import Reading
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.warehouse.manifest import Manifest, read_manifest

DECIMAL_POINTS = Reading(decimal_comma=False)  # what the odd numbers of `clinics` prove is both
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # programs of the tests end before more pays
NAMES = ["St. Mary's Clinic, Inc.", "SAINT MARYS CLINIC", "Elm Dental LLC", "Oak &amp; Elm", "NA", "", None, "CO."]
SYLLABLES = ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu"]
MAKE_EXTRACT = Path(__file__).resolve().parents[1] / "scripts" / "make_extract.py"
NETWORK_TABLES = (
    "network_edges", "network_aliases", "network_changes", "excluded_names", "network_overrides", "decisions",
    "decision_pairs", "network_candidates",
)  # fmt: skip
SPARK_TABLES = ("clinics_icp", "icp_scores", "icp_bands", "clinics_icp_with_networks")
OF_TIME = {"run_id", "started_at", "seconds", "elapsed_seconds", "outputs", "engine", "options", "indexed"}


def dirty_extract(folder: Path, size: int, seed: int = 5) -> list[str]:
    """A CSV file and a Parquet file: texts and numbers of all kinds, ids that are blank or stand twice, totals."""
    rng = random.Random(seed)
    texts = clinics(size // 2, (str, str, str), seed)
    typed = clinics(size - size // 2, (float, float, bool), seed + 1)
    ids = [f"{number:06}" for number in range(size)]
    for place in rng.sample(range(size), size // 40):
        ids[place] = rng.choice([" ", "", "000007", "\u00a0000011 ", "c12", "C12", "1.5E+09", "NA"])
    places = [rng.choice(["TX", "Texas", "ok", "NA", "", None, "Atlantis", "PR"]) for _ in range(size)]
    own = {
        "clinic_id": ids,
        "account_name": [rng.choice(NAMES) if rng.random() < 0.3 else own_name(number) for number in range(size)],
        "state_code": places,
        "phone": [rng.choice(["555-010-1234", "(555) 010-9999", "", None]) for _ in range(size)],
    }
    rows = pl.DataFrame(own)
    first = texts.with_columns(rows[: len(texts)].get_columns()).with_columns(pl.lit("7").alias("carried"))
    last = typed.with_columns(rows[len(texts) :].get_columns()).with_columns(
        pl.lit(2.5).alias("amount"), pl.lit(3, pl.UInt8).alias("small"), pl.col("state_code").cast(pl.Categorical)
    )
    flat = first.with_columns(pl.selectors.list().list.join(";", ignore_nulls=True))
    total = pl.DataFrame({"clinic_id": ["Grand total"]})
    pl.concat([flat, total], how="diagonal").write_csv(folder / "a.csv")
    last.write_parquet(folder / "b.parquet")
    return [str(folder / "a.csv"), str(folder / "b.parquet")]


def own_name(number: int) -> str:
    """A name that few others are like."""
    word = "".join(SYLLABLES[int(digit)] for digit in str(number // 20))
    return f"{word} Clinic {number}"


def clean_extract(folder: Path, size: int, files: int) -> list[str]:
    """Files of synthetic clinics, with owners, phones and addresses that some of them share."""
    made = folder / "made.parquet"
    make = [sys.executable, MAKE_EXTRACT, "--rows", str(size), "--out", made]
    subprocess.run(list(map(str, make)), check=True, stdout=subprocess.DEVNULL)
    row = pl.int_range(pl.len())
    rows = pl.read_parquet(made).with_columns(
        pac_id=pl.when(row % 7 == 0).then(pl.format("4{}", 100_000_000 + row * 37 % (size // 20))),
        phone=pl.when(row % 3 == 0).then(pl.format("415555{}", 1_000 + row * 13 % (size // 2) % 9_000)),
        mailing_address=pl.when(row % 5 == 0).then(pl.format("{} Main St", row * 29 % (size // 10))),
    )
    made.unlink()
    for number, part in enumerate(rows.iter_slices(-(-size // files))):
        part.write_parquet(folder / f"part-{number:05}.parquet")
    return [str(folder)]


def drawn_cards(count: int, number: int) -> list[Content]:
    """Contents of scorecards drawn from the whole grammar, under names that one run tells apart."""
    found: list[Content] = []

    @seed(number)
    @settings(
        max_examples=2 * count,  # some are refused
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(content=scorecards())
    def draw(content: Content) -> None:
        name = f"drawn{len(found)}"
        content |= {"id": name, "prefix": name}
        try:
            restore_scorecard(content, name)
        except ScorecardError:
            return
        found.append(content)

    draw()
    assert len(found) >= count
    return found[-count:]  # the first ones are the simplest


def drawn_extract(folder: Path, cards: list[Content], size: int, number: int) -> tuple[list[str], list[str]]:
    """A CSV and a Parquet file of clinics around every edge and phrase of each card, and the files of the cards."""
    rng, rows, kinds, paths = random.Random(number), list[dict[str, Any]](), dict[str, str](), list[str]()
    drawn = [drawn_clinics(content, random.Random(rng.random()), size * len(cards)) for content in cards]
    for place in range(size * len(cards)):
        own = {
            KEY: f"d{place:06}" if rng.random() < 0.97 else rng.choice([" ", "D000007", "NA"]),
            "account_name": rng.choice(NAMES) if rng.random() < 0.3 else f"Clinic {rng.randrange(size)}",
            "state_code": rng.choice(["TX", "Texas", "ok", "NA", "", None, "Atlantis", "PR"]),
        }
        last = place // size  # the card around whose edges all values of this row are
        rows.append({name: value for card in (*drawn, drawn[last]) for name, value in card[place].items()} | own)
    for card, content in enumerate(cards):
        path = folder / f"drawn{card}.toml"
        path.write_text("".join(f"{json.dumps(name)} = {toml(part)}\n" for name, part in content.items()), "utf-8")
        paths.append(str(path))
        kinds |= {name: kind for name, (kind, _) in card_oracle.types_of(content).items()}
    dtypes: dict[str, Any] = {"integer": pl.Int64, "number": pl.Float64, "flag": pl.Boolean, "list": pl.List(pl.String)}
    names = dict.fromkeys(name for row in rows for name in row)
    frame = pl.DataFrame(
        [pl.Series(name, [row.get(name) for row in rows], dtypes.get(kinds.get(name, ""), pl.String)) for name in names]
    )
    half = len(frame) // 2
    flat = frame[:half].with_columns(pl.selectors.list().list.join(";", ignore_nulls=True))
    flat.write_csv(folder / "a.csv")
    frame[half:].write_parquet(folder / "b.parquet")
    return [str(folder / "a.csv"), str(folder / "b.parquet")], paths


def toml(value: Any) -> str:
    """A value of a scorecard as TOML, tables in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(name)} = {toml(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def by_state(folder: Path, table: str) -> pl.DataFrame:
    """A table of a run on a cluster: states by letter, those without one last, parts by number."""
    files = sorted((folder / table).glob("*/*.parquet"), key=lambda path: (path.parent.name.endswith(NO_STATE), path))
    return pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in files])


def differing(one: Path, many: Path, *, networks: bool) -> list[str]:
    """Where the run of one machine and that of a cluster differ, by table and column; in the manifest too."""
    wrong = []
    for table in SPARK_TABLES if networks else SPARK_TABLES[:3]:
        due, found = pl.read_parquet(one / f"{table}.parquet"), by_state(many, table)
        if (due.schema, len(due)) != (found.schema, len(found)):
            wrong.append(f"{table}: {len(found)} rows of {found.schema}, due {len(due)} of {due.schema}")
            continue
        wrong += [f"{table}.{name}" for name in due.columns if not due[name].equals(found[name], null_equal=True)]
        kept = pl.read_parquet_metadata(one / f"{table}.parquet")
        files = (many / table).glob("*/*.parquet")
        wrong += [f"{path}: {table} metadata" for path in files if pl.read_parquet_metadata(path) != kept]
    for path in (one / "rejects.parquet", *([one / "networks_icp.parquet"] if networks else [])):
        if path.exists() != (many / path.name).exists():
            wrong.append(f"{path.name} is there in one alone")
        elif path.exists() and not pl.read_parquet(path).equals(pl.read_parquet(many / path.name)):
            wrong.append(path.name)
    wrong += differing_networks(one, many) if networks else []
    return wrong + differing_manifests(read_manifest(one), read_manifest(many))


def differing_networks(one: Path, many: Path) -> list[str]:
    """The tables about networks that differ; chances are products, whose factors come in any order."""
    wrong = []
    with database(one / "icp.duckdb", read_only=True) as db:
        for name in NETWORK_TABLES:
            due, found = (
                frame.with_columns(pl.selectors.float().round_sig_figs(12)).sort(pl.all())
                for frame in (db.frame(f"from {name}"), pl.read_parquet(many / f"{name}.parquet"))
            )
            wrong += [] if found.equals(due) else [name]
    return wrong


def differing_manifests(due: Manifest, found: Manifest) -> list[str]:
    """What two runs of the same input say of themselves that is not the same, but for time and place."""
    pairs: dict[str, tuple[Any, Any]] = {
        name: (getattr(due, name), getattr(found, name)) for name in due.__struct_fields__ if name not in OF_TIME
    }
    return [f"manifest.{name}: {many!r}, due {one!r}" for name, (one, many) in pairs.items() if one != many]
