"""What the workers of a cluster do: score a slice, rank clinics, send them to their state, write a part of the result.

A task may be done twice, or die and be done again elsewhere: what it writes depends on its input alone, and stands
under its name whole or not at all.
"""

import json
import platform
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

import polars as pl
import pyarrow as pa

from icp_engine.columns import HELPERS, KEY, STATE
from icp_engine.distributed.address import is_address
from icp_engine.distributed.bucket import put
from icp_engine.distributed.job import KEYS, SCORED, Job, Slice, rows_of
from icp_engine.distributed.session import Batches, check_same, own_versions
from icp_engine.errors import InputError
from icp_engine.extract.conform import ABSENT, CLIPPED, INVALID
from icp_engine.extract.extract import FILE, ROW
from icp_engine.extract.ids import is_totals_row
from icp_engine.extract.profile import value_counts
from icp_engine.pipeline.clinics import Scored, clinic_outputs, hidden_finder, with_scores, write_clinics
from icp_engine.scorecard.model import Scorecard
from icp_engine.tables.ordering import with_order
from icp_engine.tables.ranks import with_ranks
from icp_engine.tables.writer import arrow, whole

NO_STATE = "__HIVE_DEFAULT_PARTITION__"
SLICE, PART, LOW, TOTAL, BUCKET, BLOB, TOLD = (
    f"{HELPERS}{name}" for name in ("slice", "part", "low", "totals", "bucket", "rows", "told")
)
PLACE = (SLICE, FILE, ROW)
COUNTED = f"{SLICE} long, {TOLD} string"
SENT = f"{STATE} string, {PART} long, {BLOB} binary"
WRITTEN = f"{STATE} string, {PART} long, {TOLD} string"
_NETWORKS = "networks.parquet"


def score_slices(job: Job, batches: Batches) -> Batches:
    """Score slices, given by their numbers, into files; yield what was counted of each."""
    check_same(job.versions, own_versions(), platform.node())
    hidden = hidden_finder(job.cards)
    for batch in batches:
        for number in batch.column(0).to_pylist():
            counted = json.dumps(_score(job, number, hidden))
            yield pa.RecordBatch.from_pylist(
                [{SLICE: number, TOLD: counted}], schema=pa.schema([(SLICE, pa.int64()), (TOLD, pa.string())])
            )


def _score(job: Job, number: int, hidden: Callable[[pl.DataFrame], pl.DataFrame]) -> dict[str, int | None]:
    part = job.slices[number]
    frame = with_scores(rows_of(job, part), job.cards, job.options).collect()
    _check_rows(frame, job, part)
    _write(hidden(frame.drop(pl.selectors.starts_with(INVALID, CLIPPED, ABSENT))), job.path(SCORED, number))
    totals = is_totals_row(frame.columns).alias(TOTAL)
    ties = dict.fromkeys(name for card in job.cards for name in (card.column("total_score"), *card.tie_fields))
    place = (pl.lit(number, pl.Int64).alias(SLICE), pl.col(FILE).cast(pl.Int64), pl.col(ROW).cast(pl.Int64))
    low = pl.col(KEY).str.to_lowercase().alias(LOW)
    names = [name for name in ties if name not in {KEY, STATE}]
    _write(frame.select(*place, KEY, low, STATE, totals, *names), job.path(KEYS, number))
    return frame.lazy().select(value_counts(job.extract, frame.lazy())).collect().row(0, named=True)


def _check_rows(frame: pl.DataFrame, job: Job, part: Slice) -> None:
    """Make sure that this machine reads of every file what the driver read."""
    found = dict(frame.group_by(FILE).len().iter_rows())
    for piece in part.pieces:
        if found.get(piece.file, 0) != piece.rows:
            path, host = job.extract.files[piece.file].path, platform.node()
            raise InputError(f"{path} holds other rows on {host} than on the driver; put it on a shared disk.")


def keep_rejected(job: Job, places: pl.DataFrame, batches: Batches) -> Batches:
    """Put the rows aside, as they stand in their files, that are rejected of slices, given by their numbers."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            for piece, frame in enumerate(job.raw(job.slices[number])):
                rows = frame.join(places.lazy(), on=[FILE, ROW], how="semi").collect()
                with _whole(job.rejected(number, piece)) as fresh:
                    rows.write_ipc(fresh, compression="lz4")
        yield batch


def _write(frame: pl.DataFrame, path: str) -> None:
    with _whole(path) as fresh:
        frame.write_parquet(fresh, compression="lz4", statistics=False)


def _whole(path: str) -> AbstractContextManager[Path | str]:
    """Give what to write a file to that is there whole or not at all, which an object is anyway."""
    return nullcontext(path) if is_address(path) else whole(Path(path))


def keys(job: Job, schema: pa.Schema, batches: Batches) -> Batches:
    """Yield what tells clinics apart and ranks them, of slices that are given by their numbers."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            rows = pl.read_parquet(job.path(KEYS, number), hive_partitioning=False)
            yield from arrow(rows.select(schema.names)).cast(schema).to_batches()


@dataclass(frozen=True, slots=True)
class Ranking:
    """How clinics of a scorecard are ranked: of each bucket of scores how many have a better one, and how many rank."""

    card: Scorecard
    before: Mapping[int, int]
    rows: int

    @property
    def schema(self) -> str:
        """What ranking gives, in the words of Spark."""
        kinds = {column.name: "double" if column.dtype.is_float() else "long" for column in self.card.rank_columns}
        return ", ".join(
            [f"{SLICE} long, {FILE} long, {ROW} long", *(f"{name} {kind}" for name, kind in kinds.items())]
        )


def rank(ranking: Ranking, table: pa.Table) -> pa.Table:
    """Return the ranks of all clinics whose score is in a bucket."""
    frame = _frame(table)
    card, before = ranking.card, ranking.before[frame[BUCKET][0]]
    ranks = [
        pl.col(column.name).cast(pl.Float64 if column.dtype.is_float() else pl.Int64) for column in card.rank_columns
    ]
    return arrow(with_ranks(frame, card, before, ranking.rows).select(*PLACE, *ranks))


def send(job: Job, parts: pl.DataFrame, table: pa.Table) -> pa.Table:
    """Return the clinics of a slice, with their ranks, by state and part of the result, each packed into one value.

    Args:
        job: the run.
        parts: by state and total score which part of the result clinics belong to.
        table: places and ranks of the clinics that are not rejected.
    """
    ranks = _frame(table)
    columns = [column for card in job.cards for column in card.rank_columns]
    ranks = ranks.select(
        pl.col(FILE, ROW).cast(pl.UInt32), *(pl.col(column.name).cast(column.dtype) for column in columns)
    )
    frame = pl.read_parquet(job.path(SCORED, table.column(SLICE)[0].as_py()))
    frame = frame.drop(column.name for column in columns if column.name in frame.columns)
    total = job.cards[0].column("total_score")
    frame = frame.join(ranks, on=[FILE, ROW], how="inner").drop(FILE, ROW)
    frame = frame.join(parts, on=[STATE, total], how="left", nulls_equal=True)
    rows = [
        {STATE: state, PART: part, BLOB: _packed(piece.drop(PART))}
        for (state, part), piece in frame.partition_by(STATE, PART, as_dict=True).items()
    ]
    schema = pa.schema([(STATE, pa.string()), (PART, pa.int64()), (BLOB, pa.binary())])
    return pa.Table.from_pylist(rows, schema=schema)


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def write_part(job: Job, table: pa.Table) -> pa.Table:
    """Write all tables of one part of the result; return what was counted, and the files."""
    state, part = table.column(STATE)[0].as_py(), table.column(PART)[0].as_py()
    frame = pl.concat([pl.read_ipc(BytesIO(blob.as_py())) for blob in table.column(BLOB)])
    card, rows = job.cards[0], len(frame)
    beside = Path(mkdtemp(prefix="part-", dir=None if is_address(job.work) else job.work))
    scored = Scored(with_order(frame.lazy(), card.column("rank")), rows, rows, beside)
    try:
        outputs = clinic_outputs(job.extract, job.cards, job.options, beside, None)
        counts = write_clinics(scored, outputs, job.cards, _networks(job, frame), lambda *_: None, has_hidden=True)
        within = f"{STATE}={state or NO_STATE}/part-{part:05}.parquet"
        made = {f"{path.stem}/{within}": path for path in sorted(beside.glob("*.parquet"))}
        files = {name: path.stat().st_size for name, path in made.items()}
        _hand_in(made, job.results)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    told = json.dumps({"rows": rows, "files": files, "counts": [asdict(count) for count in counts]})
    schema = pa.schema([(STATE, pa.string()), (PART, pa.int64()), (TOLD, pa.string())])
    return pa.Table.from_pylist([{STATE: state, PART: part, TOLD: told}], schema=schema)


def _hand_in(files: Mapping[str, Path], results: str) -> None:
    """Put the files of a part among the results, by their names there."""
    if is_address(results):
        put(files, results)
        return
    for name, path in files.items():
        place = Path(results, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole(place) as fresh:  # what workers throw away may lie on another disk than results
            shutil.move(path, fresh)


def networks_path(job: Job) -> str:
    """Return the file of the network columns of clinics, which the driver writes."""
    return f"{job.work}/{_NETWORKS}"


def _networks(job: Job, frame: pl.DataFrame) -> pl.DataFrame | None:
    if not job.options.networks:
        return None
    return pl.scan_parquet(networks_path(job)).join(frame.lazy().select(KEY), on=KEY, how="semi").collect()


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
