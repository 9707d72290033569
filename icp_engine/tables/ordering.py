"""Put rows into the order of the result in bounded memory: bucket by bucket, each sorted by itself."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import polars as pl

from icp_engine.columns import HELPERS, KEY, STATE
from icp_engine.scorecard.model import Scorecard

ORDER = f"{HELPERS}order"
_PART = f"{HELPERS}part"
_PARTS = 4  # of the rows that fit into memory: one is put into order while those before it are written
_BATCHES = 8  # of the rows that fit into memory: several are on their way while one is written
_STAGED = "scored"
_AT_ONCE = 4  # columns that are put into order
_MANY_TIES = 4  # clinics of one order, on average
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STATES = [first + second for first in _LETTERS for second in _LETTERS]


def with_order(lf: pl.LazyFrame, rank: str) -> pl.LazyFrame:
    """Return the frame with one whole number that sorts by state (missing last), then rank.

    One number and the id sort four times as fast as state, rank and id.
    """
    return lf.with_columns((_state_number().cast(pl.Int64) * 2**32 + pl.col(rank)).alias(ORDER))


def _state_number() -> pl.Expr:
    """Return the place of the state among all, the last where it is missing."""
    return pl.col(STATE).replace_strict(_STATES, range(len(_STATES)), return_dtype=pl.UInt32).fill_null(len(_STATES))


def best_first(card: Scorecard, known: Collection[str]) -> dict[str, bool]:
    """Return the columns that put clinics into order, the best first, and of each whether the highest comes first.

    Tables of older versions have no rank, and go by score.
    """
    rank = card.column("rank")
    return ({rank: False} if rank in known else {card.column("total_score"): True}) | {KEY: False}


def materialised(lf: pl.LazyFrame, rows: int, max_rows: int, temp: Path, name: str = "scored") -> pl.LazyFrame:
    """Return the frame computed once: in memory up to `max_rows` rows, else in a file of `temp`, in order of rows."""
    if rows <= max_rows:
        return lf.collect().rechunk().lazy()  # in one piece: rows are fetched from all over, and no second copy later
    staged = temp / f"{name}.parquet"
    lf.sink_parquet(staged, compression="lz4", statistics=False)
    return pl.scan_parquet(staged)


def staged(lf: pl.LazyFrame, rows: int, max_rows: int, temp: Path) -> pl.LazyFrame:
    """Return clinics computed once: in memory up to `max_rows` rows, else in files of `temp`, each of one state.

    Rows of a state that are together need not be copied again to be put into order.
    """
    if rows <= max_rows:
        return materialised(lf, rows, max_rows, temp)
    folder = temp / _STAGED
    write_by_state(_batches(lf, max_rows), folder)
    return scan_states(folder)


def staged_files(temp: Path) -> list[Path]:
    """Return the files of the clinics that `staged` computed; none where they are in memory."""
    return sorted((temp / _STAGED).rglob("*.parquet"))


def write_by_state(batches: Iterable[pl.DataFrame], folder: Path) -> None:
    """Write clinics to a folder, from which `scan_states` reads them, in place of those that are there."""
    if folder.exists():
        rmtree(folder)
    _write_parts(batches, _state_number(), folder)


def scan_states(folder: Path) -> pl.LazyFrame:
    """Return the clinics that `write_by_state` wrote, with a column by which files of other states are not read."""
    return pl.scan_parquet(folder, hive_partitioning=True, hive_schema={_PART: pl.UInt32})


def sorted_slices(
    given: pl.LazyFrame | list[pl.LazyFrame],
    rows: int,
    max_rows: int,
    size: int,
    temp: Path,
    ties: Sequence[str] = (KEY,),
) -> Iterator[pl.DataFrame]:
    """Yield all rows in order, `size` at a time. Memory is bounded by `max_rows` rows, not by the number of all.

    Source: a frame of `staged` or `materialised` with a column `ORDER`, a whole number; rows that tie in it are sorted
    by `ties`, which together are never the same. What does not fit into memory goes to `temp`. A list with the frame is
    emptied: rows that nobody else holds are put into order without a copy of all.
    """
    waiting, is_held = (given, False) if isinstance(given, list) else ([given], rows <= max_rows)
    del given
    frames = _whole(waiting) if rows <= max_rows else _parted(waiting.pop(), max_rows, temp, ties[0])
    while (frame := next(frames, None)) is not None:
        frame = frame.rechunk()
        place, columns = _place(frame, ties), [name for name in frame.columns if name != ORDER]
        frame = frame.drop(ORDER)
        if is_held:
            yield from (frame[place.slice(start, size)] for start in range(0, len(place), size))
            continue
        for start in range(0, len(columns), _AT_ONCE):  # each in place of what it is made from
            frame = frame.with_columns(pl.col(columns[start : start + _AT_ONCE]).gather(place))
        yield from frame.iter_slices(size)


def _whole(waiting: list[pl.LazyFrame]) -> Iterator[pl.DataFrame]:
    """Yield the rows of a frame that is held by nobody meanwhile."""
    while waiting:
        # The streaming engine would cut what is in memory into pieces, and putting these together is a second copy.
        yield waiting.pop().collect(engine="in-memory")


def _parted(lf: pl.LazyFrame, max_rows: int, temp: Path, tie: str) -> Iterator[pl.DataFrame]:
    yield from (_states if _PART in lf.collect_schema() else _ranges)(lf, max_rows, temp, tie)


def _ranges(lf: pl.LazyFrame, max_rows: int, temp: Path, tie: str) -> Iterator[pl.DataFrame]:
    return parts(lf, max_rows, ORDER, temp, tie)


def _states(lf: pl.LazyFrame, max_rows: int, temp: Path, tie: str) -> Iterator[pl.DataFrame]:
    """Yield the rows of one state after the other, of several small ones together."""
    counts = lf.group_by(_PART).agg(pl.len()).sort(_PART).collect()
    size = max(1, max_rows // _PARTS)
    for states in _together(counts, size):
        low, high = states[_PART][0], states[_PART][-1]
        some = lf.filter(pl.col(_PART) >= low, pl.col(_PART) <= high).drop(_PART)
        if states["len"].sum() <= 2 * size:
            yield some.collect()
        else:
            yield from _ranges(some, max_rows, temp, tie)


def _together(counts: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """Yield runs of states that have `size` rows together, and those that have more by themselves."""
    start = rows = 0
    for place, count in enumerate(counts["len"]):
        if rows and rows + count > size:
            yield counts[start:place]
            start, rows = place, 0
        rows += count
    yield counts[start:]


def _place(frame: pl.DataFrame, by: Sequence[str]) -> pl.Series:
    """Return the row numbers in order. Where many tie ids are compared within ties only, which costs less."""
    keys = frame.lazy().select(ORDER, *by).with_row_index("row")
    if keys.select(pl.col(ORDER).approx_n_unique()).collect().item() * _MANY_TIES > len(frame):
        return keys.sort(ORDER, *by).collect()["row"]
    ties = keys.group_by(ORDER)
    return ties.agg(pl.col("row").sort_by(*by)).sort(ORDER).collect()["row"].explode()


def parts(
    lf: pl.LazyFrame, max_rows: int, by: str, temp: Path, tie: str | None = None, *, descending: bool = False
) -> Iterator[pl.DataFrame]:
    """Yield the rows range by range of a column, a quarter of `max_rows` or so at a time.

    Each range is copied to files of its own first, all in one pass: to look for it among all rows costs a pass each.

    Args:
        lf: rows that do not fit into memory, and cost little to read twice.
        max_rows: how many rows do.
        by: a column without missing values, the lowest first.
        temp: where the files are, until they are read.
        tie: a text that parts rows that are the same in `by` where they are too many; without it they stay together.
        descending: the highest come first.
    """
    size = max(1, max_rows // _PARTS)
    cuts = list(_cuts(lf, size, by, tie))
    beyond = [_from(by, low) if text is None else _from(by, low, tie, text) for low, text in cuts]
    number = pl.sum_horizontal(pl.lit(0, pl.UInt32), *beyond)
    with TemporaryDirectory(dir=temp) as folder:
        _write_parts(_batches(lf, max_rows), number, Path(folder))
        for place in sorted(range(len(cuts) + 1), reverse=descending):
            frame = pl.read_parquet(Path(folder, f"{_PART}={place}"), hive_partitioning=False)
            rmtree(Path(folder, f"{_PART}={place}"))
            yield frame


def _batches(lf: pl.LazyFrame, max_rows: int) -> Iterator[pl.DataFrame]:
    return lf.collect_batches(chunk_size=max(1, max_rows // _BATCHES), maintain_order=False, lazy=True)


def _write_parts(batches: Iterable[pl.DataFrame], number: pl.Expr, folder: Path) -> None:
    """Write rows to files by the number of their part, a few of each part at a time.

    Polars' own sink by key takes 1.5 times the CPU time and, of 5 million clinics, 3 GB.
    """
    for place, batch in enumerate(batches):
        found = batch.with_columns(number.alias(_PART)).partition_by(_PART, as_dict=True, include_key=False)
        for (part,), rows in found.items():
            of_part = folder / f"{_PART}={part}"
            of_part.mkdir(parents=True, exist_ok=True)
            rows.write_parquet(of_part / f"{place}.parquet", compression="lz4", statistics=False)


def _from(by: str, low: float, tie: str | None = None, text: str | None = None) -> pl.Expr:
    """Return whether rows stand at a cut or behind it."""
    column = pl.col(by)
    return column >= low if tie is None else (column > low) | ((column == low) & (pl.col(tie) >= text))


def _cuts(lf: pl.LazyFrame, size: int, by: str, tie: str | None) -> Iterator[tuple[float, str | None]]:
    """Yield where parts begin, but the first: a value of `by`, and of the rows of one value also a value of `tie`."""
    counts = lf.group_by(by).agg(pl.len()).sort(by)
    part = (pl.col("len").cum_sum() - pl.col("len")) // size
    found = counts.with_columns(begins=(part != part.shift()).fill_null(value=False)).collect()
    for low, count, begins in found.filter(pl.col("begins") | (pl.col("len") > size)).iter_rows():
        if begins:
            yield low, None
        if tie is not None and count > size:
            texts = lf.filter(pl.col(by) == low).select(pl.col(tie).sort()).collect().to_series()
            inside = texts.gather_every(size, size).drop_nulls().unique(maintain_order=True)
            yield from ((low, text) for text in inside if text != texts[0])  # before which there is a row
