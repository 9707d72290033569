"""Extracts with faults made at random, seeded: bytes flipped, columns renamed, types changed, parts mixed."""

import csv
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

IDS = (
    [f"{number:05}" for number in range(0, 20)]
    + [f"1{number:09}" for number in range(10)]
    + [f"C-{n}/x" for n in range(10)]
)
TEXTS = ("Hospice", "HH/PAC", "Primary Care", "", "N/A", "é, ü", 'say "x"', "two\nlines")


def types_of(column: pl.Expr) -> list[pl.Expr]:
    """A column of text in many other types."""
    day, length = pl.lit("2026-03-16"), column.str.len_chars()
    zoned = day.str.to_datetime().dt.replace_time_zone("America/New_York")
    numbers = [length, length / 3, length.cast(pl.Decimal(20, 3)), pl.lit(float("nan")), length > 3]
    nested = [pl.concat_list(column), pl.struct(column.alias("inner"))]
    others = [column.cast(pl.Categorical), column.cast(pl.Binary), pl.lit(None), pl.lit(5).cast(pl.Duration("us"))]
    return [*numbers, *nested, *others, day.str.to_date(), zoned]


def clinics(rng: random.Random, prefix: str = "") -> pl.DataFrame:
    """Forty sound clinics, all of text; `own` is a column of the user's."""
    rows = range(len(IDS))
    return pl.DataFrame(
        {
            "clinic_id": [prefix + name for name in IDS],
            "account_name": [f"Clinic {rng.randrange(9)}, Inc." for _ in rows],
            "state_code": [rng.choice(["TX", "OK", "Texas", ""]) for _ in rows],
            "segment_label": [rng.choice(TEXTS) for _ in rows],
            "npi_count": [str(rng.randrange(200)) for _ in rows],
            "denial_pressure": [str(rng.randrange(100) / 10) for _ in rows],
            "fqhc_flag": [rng.choice(["true", "false", ""]) for _ in rows],
            "own": [rng.choice(TEXTS) for _ in rows],
        }
    )


def renamed(rng: random.Random, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with a column, not that of the ids, under a name that is hard to take."""
    old = rng.choice(frame.columns[1:])
    names = ("", " ", "CLINIC_ID", "clinic id", old.upper(), f" {old} ", "__icp_x", "icp_tier", "a\nb", "x" * 300, "é",
             "Name", "network_id", "*", "^.*$", "literal", "len", "=1+1", '"', "a.b", "a,b")  # fmt: skip
    return frame.rename({old: rng.choice([name for name in names if name not in frame.columns])})


def retyped(rng: random.Random, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with columns, not that of the ids, of other types."""
    for name in rng.sample(frame.columns[1:], rng.randint(1, 3)):
        frame = frame.with_columns(rng.choice(types_of(pl.col(name))).alias(name))
    return frame


def reworded(rng: random.Random, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with values of columns, not that of the ids, that are hard to read."""
    words = ("1e400", "-0", "NaN", "inf", "\uff11\uff12", "12,5", "1.234,56", "9" * 400, "\t", "\u200b", "=1+1",
             "2026-03-16", "TRUE", "0x1F", "1_000", "null", "\ufb01", "\ufeff", "'", ";", "a\rb")  # fmt: skip
    for name in rng.sample(frame.columns[1:], rng.randint(1, 4)):
        values = pl.Series(name, [rng.choice(words) for _ in range(len(frame))])
        frame = frame.with_columns(values)
    return frame


def flipped(rng: random.Random, content: bytes, max_places: int) -> bytes:
    """The content with some bytes that are others, gone, or more."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, max_places)):
        place = rng.randrange(len(changed))
        kind = rng.random()
        if kind < 0.6:
            changed[place] ^= 1 << rng.randrange(8)
        elif kind < 0.75:
            changed[place] = rng.choice(b'\x00\xff"\n\r,;\t\xc3')
        elif kind < 0.85:
            del changed[place : place + rng.randint(1, 3)]
        elif kind < 0.95:
            changed[place:place] = rng.choice([b"\x00", b'"', b"\n", b",", b"\r\n", b"\xef\xbb\xbf", b"\xff"])
        elif kind < 0.97:
            del changed[place:]
    return bytes(changed) or b"\n"


def as_csv(rng: random.Random, frame: pl.DataFrame) -> bytes:
    """The frame as CSV in one of the dialects that are read."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=rng.choice(",,,;\t|"), lineterminator=rng.choice(["\n", "\r\n"]),
                        quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))  # fmt: skip
    writer.writerows([frame.columns, *frame.iter_rows()])
    return rng.choice([b"", b"", b"\xef\xbb\xbf"]) + text.getvalue().encode()


def as_parquet(rng: random.Random, frame: pl.DataFrame) -> bytes:
    """The frame as Parquet in one of its forms."""
    content = io.BytesIO()
    kind = rng.choice(["zstd", "snappy", "uncompressed"])
    frame.write_parquet(
        content, compression=kind, row_group_size=rng.choice([7, None]), statistics=rng.choice([True, False])
    )  # type: ignore[arg-type]
    return content.getvalue()


def odd_ids(rng: random.Random, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The frame with ids of another type, and these as text."""
    numbers = [rng.randrange(10**15) for _ in range(len(frame))]
    numbers = list(dict.fromkeys(numbers))
    frame = frame.head(len(numbers))
    kinds: tuple[Callable[[pl.Series], pl.Series], ...] = (
        lambda ids: ids, lambda ids: ids.cast(pl.UInt64), lambda ids: ids.cast(pl.Float64),
        lambda ids: ids.cast(pl.Decimal(38, 0)), lambda ids: ids.cast(pl.Decimal(30, 2)),
        lambda ids: ids.cast(pl.String).cast(pl.Categorical), lambda ids: ids.cast(pl.String).cast(pl.Binary),
        lambda ids: " " + ids.cast(pl.String) + "\u00a0",
    )  # fmt: skip
    ids = rng.choice(kinds)(pl.Series(numbers)).alias("clinic_id")
    return frame.with_columns(ids), [str(number) for number in numbers]


def plain_ids(content: bytes) -> list[str] | None:
    """The ids of a CSV text as Python's own reader has them, stripped and without blank ones; None where it cannot."""
    try:
        text = content.decode("utf-8-sig")
        first = next(line for line in text.splitlines() if line.strip())
        delimiter = max(",\t;|", key=first.count)
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return None
    plain = [re.sub(r"[\W_]+", "_", name.strip().lower()) for name in rows[0]]
    place = plain.index("clinic_id") if "clinic_id" in plain else None
    if place is None:
        return None
    return [row[place].strip() for row in rows[1:] if len(row) > place and row[place].strip()]


@dataclass(frozen=True)
class Faulty:
    """An extract with a fault of some kind; `ids` are those that a run may publish, None where they may be any."""

    kind: str
    paths: list[str]
    ids: list[str] | None


def faulty(form: str, seed: int, folder: Path) -> Faulty:
    """Write the faulty extract of a seed into a folder, in the form `csv` or `parquet`."""
    rng = random.Random(f"{form} {seed}")
    kind = rng.choice(["bytes", "bytes", "names", "types", "values", "ids", "parts"])
    write = as_csv if form == "csv" else as_parquet
    frame, ids = clinics(rng), IDS
    if kind == "names":
        frame = renamed(rng, frame)
    elif kind == "types" and form == "parquet":
        frame = retyped(rng, frame)
    elif kind in ("types", "values"):
        frame = reworded(rng, frame)
    elif kind == "ids":
        frame, ids = odd_ids(rng, frame)
    elif kind == "bytes" and form == "parquet" and rng.random() < 0.7:  # most of a small file is its footer
        frame = pl.concat([clinics(rng, f"{part}-") for part in range(30)])
    content = write(rng, _as_text(frame) if form == "csv" else frame)
    if kind == "bytes":
        content = flipped(rng, content, 4 if form == "csv" else 20)
        return Faulty(kind, [_written(folder / f"a.{form}", content)], plain_ids(content) if form == "csv" else None)
    paths = [_written(folder / f"a.{form}", content)]
    if kind == "parts":
        other = rng.choice([renamed, retyped, reworded])(rng, clinics(rng, "P"))
        ids = [*ids, *other["clinic_id"]]
        ending = rng.choice(["csv", "parquet"])
        content = as_csv(rng, _as_text(other)) if ending == "csv" else as_parquet(rng, other)
        paths.append(_written(folder / f"b.{ending}", content))
    return Faulty(kind, paths, ids)


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as CSV can hold it: what is no text and no number becomes a word."""
    words = [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype in (pl.Binary, pl.Duration)]
    ids = [name.decode() if isinstance(name, bytes) else str(name) for name in frame["clinic_id"].to_list()]
    return frame.with_columns(pl.lit("x").alias(name) for name in words).with_columns(pl.Series("clinic_id", ids))


def _written(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)
